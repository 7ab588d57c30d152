# bench: figures as ratios beside a peer, never a test.  `make bench` prints them
# and leaves bench/results.tsv; BENCH="io store" chooses among the scripts.
EXTRA_PROGRAMS = bench/spawn bench/peer
bench_spawn_SOURCES = %D%/spawn.c
bench_peer_SOURCES = %D%/peer.c
bench_peer_LDADD = $(PEER_LIBS)
EXTRA_DIST += %D%/process.sh %D%/io.sh %D%/store.sh %D%/large.sh %D%/rows.sh
CLEANFILES += bench/results.tsv bench/spawn bench/peer

BENCH = process io store large

.PHONY: bench
bench: all bench/spawn bench/peer
	for b in $(BENCH); do \
		STRATO_BUILD='$(abs_builddir)' $(SHELL) $(srcdir)/%D%/$$b.sh || exit; \
	done >bench/results.tsv.new
	mv bench/results.tsv.new bench/results.tsv
	cat bench/results.tsv
