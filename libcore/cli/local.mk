libcore_a_SOURCES += \
	%D%/cli.c %D%/cli.h %D%/help.c %D%/help.h %D%/message.c %D%/message.h \
	%D%/options.c %D%/output.c %D%/output.h %D%/progress.c %D%/progress.h \
	%D%/record.h %D%/record_json.c %D%/record_json.h \
	%D%/record_read.c %D%/record_write.c %D%/signals.c %D%/signals.h
