# bench: figures as ratios beside a peer, never a test.  `make bench` prints them
# and leaves bench/results.tsv.
EXTRA_PROGRAMS = bench/spawn
bench_spawn_SOURCES = %D%/spawn.c
EXTRA_DIST += %D%/process.sh
CLEANFILES += bench/results.tsv bench/spawn

.PHONY: bench
bench: all bench/spawn
	STRATO_BUILD='$(abs_builddir)' $(SHELL) $(srcdir)/%D%/process.sh \
		>bench/results.tsv.new
	mv bench/results.tsv.new bench/results.tsv
	cat bench/results.tsv
