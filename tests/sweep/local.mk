# tests/sweep: every command, one fault at a time, under ptrace.  The commands that
# tests/damage puts together (DAMAGE_MAINS) ask what became of the store.
SWEEP_TESTS = tests/sweep/sweep
tests_sweep_sweep_SOURCES = %D%/sweep.c %D%/sweep.h %D%/calls.c %D%/trace.c %D%/cases.c %D%/found.c \
	%D%/judge.c %D%/service.c %D%/service.h \
	%D%/stand.c %D%/world.c
tests_sweep_sweep_LDFLAGS = -Wl,--wrap=clock_random,--wrap=clock_wall_ns
tests_sweep_sweep_LDADD = $(DAMAGE_MAINS) libcmd.a libcore.a $(POPT_LIBS)
tests_sweep_sweep_DEPENDENCIES = $(DAMAGE_MAINS) libcmd.a libcore.a
check_PROGRAMS += $(SWEEP_TESTS)
TESTS += $(SWEEP_TESTS)

# preloaded: allocations that fail
check_DATA += tests/sweep/refuse.so
EXTRA_DIST += %D%/refuse.c
CLEANFILES += tests/sweep/refuse.so
tests/sweep/refuse.so: tests/sweep/refuse.c
	@$(MKDIR_P) tests/sweep
	$(AM_V_CCLD)$(CC) $(CPPFLAGS) -Wall -Wextra -O1 -fPIC -shared -o $@ \
		$(srcdir)/tests/sweep/refuse.c

# every point: some hours; EVERY=10 is a tenth of them
check-faults: $(SWEEP_TESTS) tests/sweep/refuse.so
	$(SWEEP_TESTS) --every=$${EVERY-1}
# Does it find what it should?  A copy of the sources, an error branch taken out.
check-faults-mutants:
	rm -rf fault-mutants && mkdir fault-mutants
	cd $(srcdir) && tar cf - --exclude=./.git --exclude=./build --exclude='./build-*' --exclude=./autom4te.cache \
		--exclude='*-mutants' . | (cd $(abs_builddir)/fault-mutants && tar xf -)
	cp -r $(srcdir)/build-aux fault-mutants/
	cd fault-mutants && rm -f config.status && mkdir -p out && cd out && \
		../configure -q CC='$(CC)' CFLAGS='-O1' && \
		$(MAKE) all tests/sweep/sweep tests/sweep/refuse.so
	fault-mutants/tests/sweep/mutants fault-mutants/out $(MUTANTS)
	rm -rf fault-mutants
.PHONY: check-faults check-faults-mutants
EXTRA_DIST += %D%/mutants
