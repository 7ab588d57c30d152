# libcore/io
