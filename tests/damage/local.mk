# tests/damage: a store with every kind of file, harmed bit by bit and at random.  The
# commands are in the program, each one object whose only name is main_COMMAND.
DAMAGE_MAIN = $(AM_V_GEN)$(MKDIR_P) %D% && name=main_`basename $@ .o` && \
	$(CC) -r -nostdlib -o $@.whole $^ && \
	$(OBJCOPY) --redefine-sym main=$$name --keep-global-symbol=$$name $@.whole $@ && \
	rm -f $@.whole
DAMAGE_MAINS =

DAMAGE_MAINS += %D%/backup.o
%D%/backup.o: $(strato_backup_OBJECTS)
	$(DAMAGE_MAIN)

DAMAGE_MAINS += %D%/compact.o
%D%/compact.o: $(strato_compact_OBJECTS)
	$(DAMAGE_MAIN)

DAMAGE_MAINS += %D%/config.o
%D%/config.o: $(strato_config_OBJECTS)
	$(DAMAGE_MAIN)

DAMAGE_MAINS += %D%/diff.o
%D%/diff.o: $(strato_diff_OBJECTS)
	$(DAMAGE_MAIN)

DAMAGE_MAINS += %D%/get.o
%D%/get.o: $(strato_get_OBJECTS)
	$(DAMAGE_MAIN)

DAMAGE_MAINS += %D%/graph.o
%D%/graph.o: $(strato_graph_OBJECTS)
	$(DAMAGE_MAIN)

DAMAGE_MAINS += %D%/init.o
%D%/init.o: $(strato_init_OBJECTS)
	$(DAMAGE_MAIN)

DAMAGE_MAINS += %D%/ls.o
%D%/ls.o: $(strato_ls_OBJECTS)
	$(DAMAGE_MAIN)

DAMAGE_MAINS += %D%/put.o
%D%/put.o: $(strato_put_OBJECTS)
	$(DAMAGE_MAIN)

DAMAGE_MAINS += %D%/restore.o
%D%/restore.o: $(strato_restore_OBJECTS)
	$(DAMAGE_MAIN)

DAMAGE_MAINS += %D%/rm.o
%D%/rm.o: $(strato_rm_OBJECTS)
	$(DAMAGE_MAIN)

DAMAGE_MAINS += %D%/snapshot.o
%D%/snapshot.o: $(strato_snapshot_OBJECTS)
	$(DAMAGE_MAIN)

DAMAGE_MAINS += %D%/stat.o
%D%/stat.o: $(strato_stat_OBJECTS)
	$(DAMAGE_MAIN)

DAMAGE_MAINS += %D%/walcheck.o
%D%/walcheck.o: $(strato_walcheck_OBJECTS)
	$(DAMAGE_MAIN)

# Clocks and random numbers are the program's, so the store is the same every time.
DAMAGE_TESTS = tests/damage/damage
tests_damage_damage_SOURCES = %D%/damage.c %D%/damage.h %D%/stand.c %D%/world.c \
	%D%/harm.c %D%/ask.c \
	%D%/here.c %D%/resident.c
tests_damage_damage_LDFLAGS = -Wl,--wrap=clock_random,--wrap=clock_wall_ns,--wrap=tail_make,--wrap=exit \
	-Wl,--wrap=pthread_create,--wrap=pthread_join,--wrap=backend_local,--wrap=madvise
tests_damage_damage_LDADD = $(DAMAGE_MAINS) libcmd.a libcore.a $(POPT_LIBS)
tests_damage_damage_DEPENDENCIES = $(DAMAGE_MAINS) libcmd.a libcore.a
check_PROGRAMS += $(DAMAGE_TESTS)
TESTS += $(DAMAGE_TESTS)
CLEANFILES += $(DAMAGE_MAINS)

# Every bit, and 100,000 damages: an hour or more.  DAMAGE_FLIPS=N, DAMAGE_RANDOM=N,
# DAMAGE_TIME=SECONDS for each of both, SEED=N.
check-damage: $(DAMAGE_TESTS)
	$(DAMAGE_TESTS) --flips=$${DAMAGE_FLIPS-all} --random=$${DAMAGE_RANDOM-100000} \
		--time=$${DAMAGE_TIME-0} --seed=$${SEED-1}

# Does it find what it should?  A copy of the sources, a check taken out, some seconds of it.
check-damage-mutants:
	rm -rf damage-mutants && mkdir damage-mutants
	cd $(srcdir) && tar cf - --exclude=./.git --exclude=./build --exclude='./build-*' --exclude=./autom4te.cache . | \
		(cd $(abs_builddir)/damage-mutants && tar xf -)
	cp -r $(srcdir)/build-aux damage-mutants/
	cd damage-mutants && rm -f config.status && mkdir -p out && cd out && \
		../configure -q CC='$(CC)' CFLAGS='-O1' && \
		$(MAKE) tests/damage/damage
	damage-mutants/tests/damage/mutants damage-mutants/out $(MUTANTS)
	rm -rf damage-mutants
.PHONY: check-damage check-damage-mutants
EXTRA_DIST += %D%/mutants
