# tests/fault: the store on a disk that fails, forgets and fills up
FAULT_TESTS = tests/fault/crash
FAULT_WORLD = %D%/world.c %D%/world.h %D%/world_clock.c %D%/check.c %D%/explore.c \
	%D%/weave.c
FAULT_WRAP = -Wl,--wrap=clock_random,--wrap=clock_ns,--wrap=clock_wall_ns
UNIT_TESTS += $(FAULT_TESTS)

tests_fault_crash_SOURCES = %D%/crash.c $(FAULT_WORLD) %D%/txn_small.c
tests_fault_crash_LDFLAGS = $(FAULT_WRAP)
tests_fault_crash_LDADD = $(UNIT_LDADD)
