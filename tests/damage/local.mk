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
	%D%/harm.c %D%/ask.c
tests_damage_damage_LDFLAGS = -Wl,--wrap=clock_random,--wrap=clock_wall_ns
tests_damage_damage_LDADD = $(DAMAGE_MAINS) libcmd.a libcore.a $(POPT_LIBS)
tests_damage_damage_DEPENDENCIES = $(DAMAGE_MAINS) libcmd.a libcore.a
check_PROGRAMS += $(DAMAGE_TESTS)
TESTS += $(DAMAGE_TESTS)
CLEANFILES += $(DAMAGE_MAINS)

# every bit, and 100,000 damages: hours
check-damage: $(DAMAGE_TESTS)
	$(DAMAGE_TESTS) --flips=all --random=100000 --seed=$${SEED-1}
.PHONY: check-damage
