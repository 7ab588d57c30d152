# libcore: one static archive; a module is a folder with its own list
noinst_LIBRARIES += libcore.a
libcore_a_SOURCES =
include libcore/base/local.mk
include libcore/codec/local.mk
include libcore/io/local.mk
include libcore/store/local.mk
include libcore/graph/local.mk
include libcore/gpu/local.mk
include libcore/cli/local.mk
