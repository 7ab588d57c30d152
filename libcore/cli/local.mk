# libcore/cli
