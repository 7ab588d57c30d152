# tests/fuzz: parsers and decoders, any bytes; tests/corpus is replayed by make check
FUZZ_SOURCES = %D%/fuzz.c %D%/fuzz.h %D%/streams.c %D%/words.c %D%/files.c %D%/wires.c \
	%D%/service.c
# the service's callbacks
FUZZ_SOURCES += cmd/gpucache/serve_values.c cmd/gpucache/serve_graph.c \
	cmd/gpucache/serve_walk.c cmd/gpucache/serve_run.c cmd/gpucache/graph_arrays.c
check_PROGRAMS += tests/fuzz/fuzz
tests_fuzz_fuzz_SOURCES = $(FUZZ_SOURCES)
tests_fuzz_fuzz_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_LDADD = libcmd.a libcore.a $(POPT_LIBS)
TESTS += %D%/corpus.tap
EXTRA_DIST += %D%/corpus.tap %D%/fuzz-all tests/corpus

# FUZZ_TIME seconds each: by libFuzzer where clang has it, else blindly
fuzz: tests/fuzz/fuzz
	$(SHELL) $(top_srcdir)/%D%/fuzz-all '$(abs_top_srcdir)' '$(abs_top_builddir)' \
		$${FUZZ_TIME-60}
.PHONY: fuzz
