# libcore/store: keys, and what durable means
libcore_a_SOURCES += \
	%D%/entry.c %D%/entry.h %D%/iter.h %D%/segment.h %D%/run.h \
	%D%/log.h %D%/manifest.h %D%/store.h
libcore_a_SOURCES += \
	%D%/segment.c %D%/segment_writer.c %D%/segment_disk.h \
	%D%/run.c %D%/run_inside.h %D%/run_disk.h %D%/run_iter.c \
	%D%/run_writer.c %D%/run_verify.c %D%/rows.c %D%/rows.h \
	%D%/filter.c %D%/filter.h %D%/iter.c
