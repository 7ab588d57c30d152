# libcore/store: keys, and what durable means
libcore_a_SOURCES += \
	%D%/entry.c %D%/entry.h \
	%D%/segment.c %D%/segment.h %D%/segment_writer.c %D%/segment_disk.h \
	%D%/run.c %D%/run.h %D%/run_inside.h %D%/run_disk.h %D%/run_iter.c \
	%D%/run_writer.c %D%/run_verify.c %D%/rows.c %D%/rows.h \
	%D%/filter.c %D%/filter.h %D%/iter.c %D%/iter.h
libcore_a_SOURCES += \
	%D%/wal.c %D%/wal.h %D%/wal_disk.h %D%/tail.c %D%/tail.h \
	%D%/recover.c %D%/recover.h %D%/log.c %D%/log.h %D%/log_inside.h \
	%D%/log_file.c %D%/log_index.c %D%/log_read.c %D%/log_walk.c
libcore_a_SOURCES += \
	%D%/store.c %D%/store.h %D%/store_priv.h \
	%D%/store_create.c %D%/store_sweep.c %D%/store_reserve.c \
	%D%/manifest.c %D%/manifest.h %D%/manifest_disk.h \
	%D%/kept.c %D%/kept.h %D%/image.c %D%/image.h %D%/image_disk.h \
	%D%/backup.c %D%/backup.h %D%/restore.c \
	%D%/snapshot.c %D%/txn.c %D%/merge.c %D%/reclaim.c %D%/reclaim.h \
	%D%/bulk.c %D%/bulk.h %D%/bulk_disk.h %D%/bulk_merge.c \
	%D%/piece.c %D%/piece.h %D%/aside.c %D%/aside.h \
	%D%/blob.c %D%/blob.h %D%/blob_inside.h \
	%D%/blob_press.c %D%/blob_press.h %D%/blob_writer.c %D%/blob_reader.c %D%/value.c
libcore_a_SOURCES += \
	%D%/ahead.c %D%/ahead.h \
	%D%/blob_span.c \
	%D%/fetch.c %D%/fetch.h %D%/fetch_inside.h %D%/fetch_file.c \
	%D%/cache.c %D%/cache.h %D%/lookup.c %D%/lookup.h \
	%D%/lookup_inside.h %D%/lookup_read.c %D%/lookup_value.c
libcore_a_SOURCES += \
	%D%/check.c %D%/check.h %D%/check_inside.h %D%/check_log.c \
	%D%/check_segments.c %D%/salvage.c %D%/salvage.h \
	%D%/salvage_inside.h %D%/salvage_kept.c %D%/salvage_log.c %D%/salvage_log.h %D%/salvage_merge.c \
	%D%/salvage_run.c %D%/salvage_run.h
