# tests/stress: for as long as it is told to, make stress
check_PROGRAMS += tests/stress/states
tests_stress_states_SOURCES = %D%/states.c $(FAULT_WORLD) tests/fault/txn_small.c tests/fault/merge_small.c
tests_stress_states_LDFLAGS = $(FAULT_WRAP)
tests_stress_states_LDADD = libcore.a $(POPT_LIBS)

check_PROGRAMS += tests/stress/life
tests_stress_life_SOURCES = %D%/life.c %D%/run.c %D%/run.h
tests_stress_life_LDADD = libcore.a $(POPT_LIBS)

EXTRA_DIST += %D%/all %D%/images
stress: $(bin_PROGRAMS) tests/stress/states tests/stress/life
	$(AM_TESTS_ENVIRONMENT) $(SHELL) $(top_srcdir)/%D%/all
.PHONY: stress
