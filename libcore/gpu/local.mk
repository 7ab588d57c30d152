# libcore/gpu
