# tests/integration: a Debian kernel in qemu, an NVMe drive, power cuts out of its log.
# No part of make check: CUTS, STEPS, SEED, KERNEL, MODULES as tests/integration/run says.
check_PROGRAMS += tests/integration/replay
tests_integration_replay_SOURCES = %D%/replay.c

EXTRA_DIST += %D%/run %D%/init %D%/workload
check-integration: $(bin_PROGRAMS) tests/integration/replay tests/stress/life
	$(AM_TESTS_ENVIRONMENT) $(SHELL) $(top_srcdir)/%D%/run
.PHONY: check-integration
