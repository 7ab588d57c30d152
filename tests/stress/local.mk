# tests/stress: for as long as it is told to, make stress
check_PROGRAMS += tests/stress/states
tests_stress_states_SOURCES = %D%/states.c $(FAULT_WORLD) tests/fault/txn_small.c tests/fault/merge_small.c
tests_stress_states_LDFLAGS = $(FAULT_WRAP)
tests_stress_states_LDADD = libcore.a $(POPT_LIBS)
