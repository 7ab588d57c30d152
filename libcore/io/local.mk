libcore_a_SOURCES += \
	%D%/backend.c %D%/backend.h %D%/local.c %D%/mem_backend.c \
	%D%/lock.c %D%/lock.h %D%/file.c %D%/file.h %D%/view.c %D%/view.h \
	%D%/fault.c %D%/fault.h %D%/platter.c %D%/platter.h \
	%D%/stream.c %D%/stream.h %D%/in.c %D%/out.c \
	%D%/ioq.c %D%/ioq.h %D%/ioq_calls.h
