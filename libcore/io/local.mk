libcore_a_SOURCES += \
	%D%/backend.c %D%/backend.h %D%/local.c %D%/mem_backend.c \
	%D%/lock.c %D%/lock.h %D%/file.c %D%/file.h %D%/view.c %D%/view.h
