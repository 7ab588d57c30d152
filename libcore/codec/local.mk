libcore_a_SOURCES += %D%/block.c %D%/block.h %D%/unpack.c %D%/unpack.h
