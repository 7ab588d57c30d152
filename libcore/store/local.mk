# libcore/store
