# cmd

# what several commands share: joins cli and store
noinst_LIBRARIES += libcmd.a
libcmd_a_SOURCES = %D%/common/open.c %D%/common/open.h
