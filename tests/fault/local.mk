# tests/fault: the store on a disk that fails, forgets and fills up
FAULT_TESTS = tests/fault/crash tests/fault/points
FAULT_WORLD = %D%/merge_small.h %D%/world.c %D%/world.h %D%/world_clock.c %D%/check.c %D%/explore.c \
	%D%/keep.c %D%/net.c %D%/weave.c
FAULT_WRAP = -Wl,--wrap=clock_random,--wrap=clock_ns,--wrap=clock_wall_ns
UNIT_TESTS += $(FAULT_TESTS)

tests_fault_crash_SOURCES = %D%/crash.c $(FAULT_WORLD) %D%/txn_small.c %D%/merge_small.c
tests_fault_crash_LDFLAGS = $(FAULT_WRAP)
tests_fault_crash_LDADD = $(UNIT_LDADD)

tests_fault_points_SOURCES = %D%/points.c $(FAULT_WORLD) %D%/txn_small.c
tests_fault_points_LDFLAGS = $(FAULT_WRAP) \
	-Wl,--wrap=mem_alloc,--wrap=mem_zalloc,--wrap=mem_resize,--wrap=mem_pages
tests_fault_points_LDADD = $(UNIT_LDADD)

# merges, expiry and snapshots, no power cut
FAULT_AGES = %D%/ages.c %D%/ages.h %D%/merge_small.h
UNIT_TESTS += tests/fault/aged
tests_fault_aged_SOURCES = %D%/aged.c $(FAULT_AGES) %D%/merge_small.c
tests_fault_aged_LDFLAGS = -Wl,--wrap=clock_wall_ns
tests_fault_aged_LDADD = $(UNIT_LDADD)

# one program a mutant: its file stands before the library's own
FAULT_MUTANT = %D%/mutant.c %D%/mutants/mutant.h $(FAULT_WORLD)

UNIT_TESTS += tests/fault/no_flush
tests_fault_no_flush_SOURCES = $(FAULT_MUTANT) %D%/mutants/no_flush.c %D%/txn_small.c
tests_fault_no_flush_LDFLAGS = $(FAULT_WRAP)
tests_fault_no_flush_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/no_dir_sync
tests_fault_no_dir_sync_SOURCES = $(FAULT_MUTANT) %D%/mutants/no_dir_sync.c %D%/txn_small.c
tests_fault_no_dir_sync_LDFLAGS = $(FAULT_WRAP)
tests_fault_no_dir_sync_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/no_checksum
tests_fault_no_checksum_SOURCES = $(FAULT_MUTANT) %D%/mutants/no_checksum.c %D%/txn_small.c
tests_fault_no_checksum_LDFLAGS = $(FAULT_WRAP)
tests_fault_no_checksum_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/ack_early
tests_fault_ack_early_SOURCES = $(FAULT_MUTANT) %D%/mutants/ack_early.c %D%/txn_small.c
tests_fault_ack_early_LDFLAGS = $(FAULT_WRAP)
tests_fault_ack_early_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/claim_early
tests_fault_claim_early_SOURCES = $(FAULT_MUTANT) %D%/mutants/claim_early.c %D%/txn_small.c
tests_fault_claim_early_LDFLAGS = $(FAULT_WRAP)
tests_fault_claim_early_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/manifest_unflushed
tests_fault_manifest_unflushed_SOURCES = $(FAULT_MUTANT) %D%/mutants/manifest_unflushed.c %D%/txn_small.c
tests_fault_manifest_unflushed_LDFLAGS = $(FAULT_WRAP)
tests_fault_manifest_unflushed_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/blob_unflushed
tests_fault_blob_unflushed_SOURCES = $(FAULT_MUTANT) %D%/mutants/blob_unflushed.c
tests_fault_blob_unflushed_LDFLAGS = $(FAULT_WRAP)
tests_fault_blob_unflushed_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/segment_unflushed
tests_fault_segment_unflushed_SOURCES = $(FAULT_MUTANT) %D%/mutants/segment_unflushed.c %D%/txn_small.c
tests_fault_segment_unflushed_LDFLAGS = $(FAULT_WRAP)
tests_fault_segment_unflushed_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/log_unflushed
tests_fault_log_unflushed_SOURCES = $(FAULT_MUTANT) %D%/mutants/log_unflushed.c %D%/txn_small.c
tests_fault_log_unflushed_LDFLAGS = $(FAULT_WRAP)
tests_fault_log_unflushed_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/heir_unsynced
tests_fault_heir_unsynced_SOURCES = $(FAULT_MUTANT) %D%/mutants/heir_unsynced.c %D%/txn_small.c
tests_fault_heir_unsynced_LDFLAGS = $(FAULT_WRAP)
tests_fault_heir_unsynced_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/torn_taken
tests_fault_torn_taken_SOURCES = $(FAULT_MUTANT) %D%/mutants/torn_taken.c %D%/txn_small.c
tests_fault_torn_taken_LDFLAGS = $(FAULT_WRAP)
tests_fault_torn_taken_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/creation_unsynced
tests_fault_creation_unsynced_SOURCES = $(FAULT_MUTANT) %D%/mutants/creation_unsynced.c %D%/txn_small.c
tests_fault_creation_unsynced_LDFLAGS = $(FAULT_WRAP)
tests_fault_creation_unsynced_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/delta_ahead
tests_fault_delta_ahead_SOURCES = $(FAULT_MUTANT) %D%/mutants/delta_ahead.c %D%/txn_small.c
tests_fault_delta_ahead_LDFLAGS = $(FAULT_WRAP)
tests_fault_delta_ahead_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/update_blind
tests_fault_update_blind_SOURCES = $(FAULT_MUTANT) %D%/mutants/update_blind.c %D%/txn_small.c
tests_fault_update_blind_LDFLAGS = $(FAULT_WRAP)
tests_fault_update_blind_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/replace_counts
tests_fault_replace_counts_SOURCES = $(FAULT_MUTANT) %D%/mutants/replace_counts.c %D%/txn_small.c
tests_fault_replace_counts_LDFLAGS = $(FAULT_WRAP)
tests_fault_replace_counts_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/keep_unflushed
tests_fault_keep_unflushed_SOURCES = $(FAULT_MUTANT) %D%/mutants/keep_unflushed.c %D%/txn_small.c
tests_fault_keep_unflushed_LDFLAGS = $(FAULT_WRAP)
tests_fault_keep_unflushed_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/backup_ageless
tests_fault_backup_ageless_SOURCES = $(FAULT_MUTANT) %D%/mutants/backup_ageless.c %D%/txn_small.c
tests_fault_backup_ageless_LDFLAGS = $(FAULT_WRAP)
tests_fault_backup_ageless_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/check_torn
tests_fault_check_torn_SOURCES = $(FAULT_MUTANT) %D%/mutants/check_torn.c %D%/txn_small.c
tests_fault_check_torn_LDFLAGS = $(FAULT_WRAP)
tests_fault_check_torn_LDADD = $(UNIT_LDADD)

# those that no power cut shows: histories of ages.c
FAULT_AGED_MUTANT = %D%/mutant.c %D%/mutants/mutant.h $(FAULT_AGES)

UNIT_TESTS += tests/fault/revive_expired
tests_fault_revive_expired_SOURCES = $(FAULT_AGED_MUTANT) %D%/mutants/revive_expired.c
tests_fault_revive_expired_CPPFLAGS = $(AM_CPPFLAGS) -DMUTANT_AGES
tests_fault_revive_expired_LDFLAGS = -Wl,--wrap=clock_wall_ns
tests_fault_revive_expired_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/tombstone_early
tests_fault_tombstone_early_SOURCES = $(FAULT_AGED_MUTANT) %D%/mutants/tombstone_early.c
tests_fault_tombstone_early_CPPFLAGS = $(AM_CPPFLAGS) -DMUTANT_AGES
tests_fault_tombstone_early_LDFLAGS = -Wl,--wrap=clock_wall_ns
tests_fault_tombstone_early_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/kept_blob_swept
tests_fault_kept_blob_swept_SOURCES = $(FAULT_AGED_MUTANT) %D%/mutants/kept_blob_swept.c %D%/merge_small.c
tests_fault_kept_blob_swept_CPPFLAGS = $(AM_CPPFLAGS) -DMUTANT_AGES
tests_fault_kept_blob_swept_LDFLAGS = -Wl,--wrap=clock_wall_ns
tests_fault_kept_blob_swept_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/held_blob_swept
tests_fault_held_blob_swept_SOURCES = $(FAULT_AGED_MUTANT) %D%/mutants/held_blob_swept.c %D%/merge_small.c
tests_fault_held_blob_swept_CPPFLAGS = $(AM_CPPFLAGS) -DMUTANT_AGES
tests_fault_held_blob_swept_LDFLAGS = -Wl,--wrap=clock_wall_ns
tests_fault_held_blob_swept_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/fault/clock_believed
tests_fault_clock_believed_SOURCES = $(FAULT_AGED_MUTANT) %D%/mutants/clock_believed.c %D%/merge_small.c
tests_fault_clock_believed_CPPFLAGS = $(AM_CPPFLAGS) -DMUTANT_AGES
tests_fault_clock_believed_LDFLAGS = -Wl,--wrap=clock_wall_ns
tests_fault_clock_believed_LDADD = $(UNIT_LDADD)
