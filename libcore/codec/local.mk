# libcore/codec
