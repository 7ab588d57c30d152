# bench: figures as ratios beside a peer, never a test.  `make bench` prints them
# and leaves bench/results.tsv; BENCH="io store" chooses among the scripts.
EXTRA_PROGRAMS = bench/spawn bench/peer bench/peak bench/graphgen bench/rawgraph
bench_spawn_SOURCES = %D%/spawn.c
bench_peer_SOURCES = %D%/peer.c
bench_peer_LDADD = $(PEER_LIBS)
bench_peak_SOURCES = %D%/peak.c
bench_graphgen_SOURCES = %D%/graphgen.c
bench_rawgraph_SOURCES = %D%/rawgraph.c
EXTRA_DIST += %D%/process.sh %D%/io.sh %D%/store.sh %D%/large.sh %D%/rows.sh
EXTRA_DIST += %D%/graph_import.sh %D%/graph_traversal.sh %D%/pigo_import.cc
EXTRA_PROGRAMS += bench/rdfscan
bench_rdfscan_SOURCES = %D%/rdfscan.c
bench_rdfscan_LDADD = libcore.a
EXTRA_PROGRAMS += bench/cachehit
bench_cachehit_SOURCES = %D%/cachehit.c
bench_cachehit_LDADD = libcore.a -lm
EXTRA_PROGRAMS += bench/cachesim
bench_cachesim_SOURCES = %D%/cachesim.c
bench_cachesim_LDADD = libcore.a -lm
EXTRA_PROGRAMS += bench/devicegraph
bench_devicegraph_SOURCES = %D%/devicegraph.c
bench_devicegraph_LDADD = libcore.a $(OPENCL_LIBS) -lm
EXTRA_DIST += %D%/gpu_cache.sh
EXTRA_DIST += %D%/graph_knowledge.sh
EXTRA_DIST += %D%/graph_semi.sh
EXTRA_DIST += %D%/graph_update.sh
EXTRA_DIST += %D%/README.md %D%/table.awk %D%/plot.sh
CLEANFILES += bench/results.tsv bench/*.svg $(EXTRA_PROGRAMS)

BENCH = process io store large graph_import graph_traversal graph_semi graph_knowledge graph_update gpu_cache

.PHONY: bench
bench: all $(EXTRA_PROGRAMS)
	for b in $(BENCH); do \
		STRATO_BUILD='$(abs_builddir)' $(SHELL) $(srcdir)/%D%/$$b.sh || exit; \
	done >bench/results.tsv.new
	mv bench/results.tsv.new bench/results.tsv
	@$(AWK) -f $(srcdir)/%D%/table.awk $(srcdir)/%D%/README.md bench/results.tsv
	@$(SHELL) $(srcdir)/%D%/plot.sh bench/results.tsv bench
