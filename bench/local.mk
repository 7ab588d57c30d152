# bench: figures as ratios beside a peer, never a test.  `make bench` prints them
# and leaves bench/results.tsv; BENCH="io store" chooses among the scripts.
EXTRA_PROGRAMS = bench/spawn bench/peer bench/peak bench/graphgen bench/rawgraph
bench_spawn_SOURCES = %D%/spawn.c
bench_peer_SOURCES = %D%/peer.c
bench_peer_LDADD = $(PEER_LIBS)
bench_peak_SOURCES = %D%/peak.c
bench_graphgen_SOURCES = %D%/graphgen.c cmd/bench/kron.c cmd/bench/kron.h
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
EXTRA_DIST += %D%/walcheck.sh
EXTRA_PROGRAMS += bench/crcloop
bench_crcloop_SOURCES = %D%/crcloop.c
bench_crcloop_LDADD = libcore.a
EXTRA_DIST += %D%/README.md %D%/targets.awk %D%/table.awk %D%/json.awk %D%/report.awk \
	%D%/plot.sh
CLEANFILES += bench/results.tsv bench/results.json bench/report.html bench/*.svg $(EXTRA_PROGRAMS)

BENCH = process io store large graph_import graph_traversal graph_semi graph_knowledge graph_update walcheck gpu_cache

# Each run is kept in bench/history/, of which the page draws lines; make clean does
# not remove it.
.PHONY: bench bench-report
bench: all $(EXTRA_PROGRAMS)
	for b in $(BENCH); do \
		STRATO_BUILD='$(abs_builddir)' $(SHELL) $(srcdir)/%D%/$$b.sh || exit; \
	done >bench/results.tsv.new
	mv bench/results.tsv.new bench/results.tsv
	@mkdir -p bench/history
	@cp bench/results.tsv "bench/history/$$(date -u +%Y%m%dT%H%M%SZ).tsv"
	@$(MAKE) $(AM_MAKEFLAGS) --no-print-directory bench-report

# results.tsv once more: a table here (with bars on a terminal), JSON, a page, pictures
awk_of_targets = $(AWK) -f $(srcdir)/%D%/targets.awk
bench-report:
	@draw=0; [ ! -t 1 ] || draw=1; $(awk_of_targets) -v draw=$$draw \
		-f $(srcdir)/%D%/table.awk $(srcdir)/%D%/README.md bench/results.tsv
	@$(AWK) -f $(srcdir)/%D%/json.awk bench/results.tsv >bench/results.json
	@set -- bench/history/*.tsv; [ -e "$$1" ] || set -- bench/results.tsv; \
	$(awk_of_targets) -f $(srcdir)/%D%/report.awk $(srcdir)/%D%/README.md "$$@" >bench/report.html
	@$(SHELL) $(srcdir)/%D%/plot.sh bench/results.tsv bench
	@echo "bench/report.html is the same to look at, bench/results.json to compute with"
