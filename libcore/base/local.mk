libcore_a_SOURCES += \
	%D%/cpu.c %D%/cpu.h \
	%D%/bytes.c %D%/bytes.h %D%/clock.c %D%/clock.h \
	%D%/crc32c.c %D%/crc32c.h %D%/disk.h %D%/endian.h \
	%D%/err.c %D%/err.h %D%/hash.c %D%/hash.h \
	%D%/lazylib.c %D%/lazylib.h %D%/mem.c %D%/mem.h \
	%D%/nearest.c %D%/nearest.h %D%/setting.c %D%/setting.h \
	%D%/size.c %D%/size.h
libcore_a_SOURCES += \
	%D%/team.c %D%/team.h
libcore_a_SOURCES += %D%/json.c %D%/json.h
libcore_a_SOURCES += %D%/utf8.c %D%/utf8.h
libcore_a_SOURCES += %D%/base64.c %D%/base64.h
libcore_a_SOURCES += %D%/siphash.c %D%/siphash.h
