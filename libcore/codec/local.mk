libcore_a_SOURCES += %D%/block.c %D%/block.h %D%/unpack.c %D%/unpack.h
libcore_a_SOURCES += %D%/unlz4.c %D%/unlz4.h
