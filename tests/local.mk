# tests: unit/ (cmocka, in-process), cmd/ (bats, what people see), and tests of
# the tree itself (layering.tap).  One summary of all cases: the TAP driver.
TEST_EXTENSIONS = .bats .tap
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
LOG_COMPILER = $(SHELL) $(top_srcdir)/%D%/lib/run-unit
BATS_LOG_DRIVER = $(TAP_DRIVER)
BATS_LOG_COMPILER = env BATS='$(BATS)' $(SHELL) $(top_srcdir)/%D%/lib/run-bats
TAP_LOG_DRIVER = $(TAP_DRIVER)
TAP_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	PATH='$(abs_top_builddir)':$$PATH; export PATH; \
	STRATO_SOURCE='$(abs_top_srcdir)'; export STRATO_SOURCE; \
	STRATO_BUILD='$(abs_top_builddir)'; export STRATO_BUILD; \
	STRATO_HARDENED='$(STRATO_HARDENED)'; export STRATO_HARDENED; \
	STRATO_PROGRAMS='$(bin_PROGRAMS)'; export STRATO_PROGRAMS; \
	unset STRATO_STORE STRATO_GRAPH; LC_ALL=C; export LC_ALL;

# A unit test is a program tests/unit/NAME.c; adding its name here is enough.
UNIT_TESTS =
check_DATA =
THREADED_TESTS =
include %D%/unit/local.mk
include %D%/fault/local.mk
include %D%/service/local.mk
include %D%/damage/local.mk
include %D%/stress/local.mk
include %D%/sweep/local.mk
include %D%/mutation/local.mk
include %D%/fuzz/local.mk
include %D%/integration/local.mk
include %D%/gpu/local.mk
if HAVE_CMOCKA
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
endif
# Those that run threads: what --enable-tsan is for.
check-threads: $(THREADED_TESTS)
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(THREADED_TESTS)'
.PHONY: check-threads
# what PoCL compiled for them
clean-local: clean-pocl
.PHONY: clean-pocl
clean-pocl:
	rm -rf .pocl

UNIT_LDADD = libcore.a $(CMOCKA_LIBS) $(POPT_LIBS)

CMD_TESTS =
include %D%/cmd/local.mk
TESTS += $(CMD_TESTS)
TESTS += %D%/layering.tap %D%/man.tap %D%/hardening.tap
EXTRA_DIST += $(CMD_TESTS) %D%/layering.tap %D%/man.tap %D%/hardening.tap \
	%D%/RESULTS.md %D%/lint %D%/lib/run-unit %D%/lib/run-bats %D%/lib/run-examples \
	%D%/lib/common.bash %D%/lib/gpucache.bash %D%/lib/tools.tsv %D%/lib/kit.h %D%/lib/opencl_kit.h \
	%D%/lib/service_kit.h \
	%D%/lib/made_csr.h \
	%D%/lib/complete-bash %D%/lib/complete-zsh %D%/lib/coverage

# after --enable-coverage: what the tests ran, and 90 % of the lines or status 1
.PHONY: coverage
coverage: check
	$(SHELL) $(top_srcdir)/%D%/lib/coverage $(srcdir)

# what machines find by reading
.PHONY: lint
lint:
	LINT_CPPFLAGS='$(SERD_CFLAGS) $(EXPAT_CFLAGS) $(OPENCL_CFLAGS)' \
		$(srcdir)/%D%/lint $(srcdir) .
clean-local: clean-lint
.PHONY: clean-lint
clean-lint:
	rm -rf lint

# changes of a graph, as one commit, for the tests of what sees them
check_PROGRAMS += tests/lib/give-changes
tests_lib_give_changes_SOURCES = %D%/lib/give-changes.c
tests_lib_give_changes_LDADD = libcore.a $(POPT_LIBS)
