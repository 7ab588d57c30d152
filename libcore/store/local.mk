# libcore/store: keys, and what durable means
libcore_a_SOURCES += \
	%D%/entry.c %D%/entry.h %D%/iter.h %D%/segment.h %D%/run.h \
	%D%/log.h %D%/store.h \
	%D%/blob.c %D%/blob.h \
	%D%/manifest.c %D%/manifest.h %D%/manifest_disk.h \
	%D%/merge.c %D%/snapshot.c %D%/store.c %D%/store_priv.h \
	%D%/txn.c %D%/value.c
libcore_a_SOURCES += \
	%D%/segment.c %D%/segment_writer.c %D%/segment_disk.h
