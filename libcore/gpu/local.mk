# libcore/gpu: what a device holds.  Only device.c and opencl.c call OpenCL, and only
# strato-gpucache refers to them, and so only that links OpenCL
libcore_a_SOURCES += %D%/device.c %D%/device.h
libcore_a_SOURCES += %D%/gpu_index.c %D%/gpu_index.h
libcore_a_SOURCES += %D%/gpu_index_disk.h
libcore_a_SOURCES += %D%/gpu_index_find.c
libcore_a_SOURCES += %D%/gpu_index_inside.h
libcore_a_SOURCES += %D%/gpu_index_write.c
libcore_a_SOURCES += %D%/hot.c %D%/hot.h
libcore_a_SOURCES += %D%/sieve.c %D%/sieve.h
libcore_a_SOURCES += %D%/slab.c %D%/slab.h
libcore_a_SOURCES += %D%/arena.c %D%/arena.h
libcore_a_SOURCES += %D%/host.c
libcore_a_SOURCES += %D%/opencl.c %D%/opencl.h
libcore_a_SOURCES += %D%/wire.c %D%/wire.h
libcore_a_SOURCES += %D%/service.c %D%/service.h
libcore_a_SOURCES += %D%/gpu_client.c %D%/gpu_client.h
libcore_a_SOURCES += %D%/token.c %D%/token.h
libcore_a_SOURCES += %D%/gpu_cache.c %D%/gpu_cache.h
libcore_a_SOURCES += %D%/opencl_program.c %D%/opencl_inside.h
libcore_a_SOURCES += %D%/program.c %D%/program.h
libcore_a_SOURCES += %D%/traverse.c %D%/traverse.h
libcore_a_SOURCES += %D%/wire_graph.c %D%/wire_graph.h
libcore_a_SOURCES += %D%/wire_run.c %D%/wire_run.h
