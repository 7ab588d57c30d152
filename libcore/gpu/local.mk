# libcore/gpu: only strato-gpucache refers to it, and so only that links OpenCL
libcore_a_SOURCES += %D%/device.c %D%/device.h
