# libcore/graph: what an edge is
libcore_a_SOURCES += \
	%D%/build.c %D%/build.h \
	%D%/bits.h %D%/csr.c %D%/csr.h %D%/csr_coo.c %D%/csr_disk.h \
	%D%/csr_inside.h %D%/csr_packed.c %D%/csr_raw.c %D%/csr_scan.c \
	%D%/csr_over.c %D%/csr_over.h %D%/narrow.h %D%/csr_write.c %D%/csr_write_inside.h %D%/csr_write_rows.c \
	%D%/dict.c %D%/dict.h %D%/dict_disk.h %D%/dict_more.c %D%/dict_more.h %D%/dict_write.c \
	%D%/ids.c %D%/ids.h %D%/intake.c %D%/intake.h \
	%D%/literal.h \
	%D%/change.c %D%/change.h %D%/delta.c %D%/delta.h %D%/delta_inside.h %D%/delta_read.c \
	%D%/delta_check.c %D%/delta_disk.h %D%/delta_fold.c %D%/delta_fold.h %D%/delta_map.c %D%/delta_merge.c %D%/delta_segment.h %D%/delta_write.c \
	%D%/list.c %D%/list.h %D%/list_inside.h %D%/list_long.c \
	%D%/intern.c %D%/intern.h %D%/sort.c %D%/sort.h \
	%D%/spool.c %D%/spool.h \
	%D%/text/adj.c %D%/text/adjlist.c %D%/text/csv.c %D%/text/csv.h %D%/text/dimacs.c \
	%D%/text/edgelist.c %D%/text/fields.c %D%/text/fields.h \
	%D%/text/guess.c %D%/text/guess.h \
	%D%/text/ldbc.c %D%/text/ldbc.h %D%/text/metis.c %D%/text/mtx.c \
	%D%/text/pairs.c %D%/text/text.c %D%/text/text.h %D%/text/tsv.c \
	%D%/text/vertices.c %D%/text/weight.c %D%/text/weight.h
libcore_a_SOURCES += \
	%D%/check.c %D%/check.h %D%/convert.c %D%/convert.h %D%/convert_inside.h %D%/convert_turn.c \
	%D%/graph.c %D%/graph.h \
	%D%/walk/adjacent.c %D%/walk/adjacent.h \
	%D%/walk/cheapest.c %D%/walk/cheapest.h \
	%D%/walk/paths.c %D%/walk/paths.h \
	%D%/walk/around.c %D%/walk/around.h \
	%D%/walk/degrees.c %D%/walk/degrees.h \
	%D%/walk/bfs.c %D%/walk/bfs.h %D%/walk/path.c %D%/walk/path.h \
	%D%/walk/seen.c %D%/walk/seen.h
libcore_a_SOURCES += %D%/scan.c %D%/scan.h %D%/scan_inside.h
libcore_a_SOURCES += %D%/scan_simd.c
libcore_a_SOURCES += %D%/feed.c %D%/feed.h %D%/feed_inside.h %D%/feed_take.c
libcore_a_SOURCES += %D%/shuffle.c %D%/shuffle.h
libcore_a_SOURCES += %D%/keyset.c %D%/keyset.h
libcore_a_SOURCES += %D%/distinct.c %D%/distinct.h
libcore_a_SOURCES += %D%/edges.c %D%/edges.h
libcore_a_SOURCES += %D%/radix.c %D%/radix.h
libcore_a_SOURCES += %D%/arrange.c %D%/arrange.h %D%/arrange_inside.h
libcore_a_SOURCES += %D%/arrange_stream.c
libcore_a_SOURCES += %D%/arrange_turn.c
libcore_a_SOURCES += %D%/arrange_value.c
libcore_a_SOURCES += %D%/build_inside.h %D%/build_write.c
libcore_a_SOURCES += %D%/flow.c %D%/flow.h
libcore_a_SOURCES += %D%/sweep.c %D%/sweep.h
libcore_a_SOURCES += %D%/keep.c %D%/keep.h
libcore_a_SOURCES += %D%/short_ids.c %D%/short_ids.h
libcore_a_SOURCES += %D%/walk/ways.c %D%/walk/ways.h
libcore_a_SOURCES += %D%/walk/depths.c %D%/walk/depths.h
libcore_a_SOURCES += %D%/walk/many_depths.c %D%/walk/many_depths.h
libcore_a_SOURCES += %D%/walk/pagerank.c %D%/walk/pagerank.h
libcore_a_SOURCES += %D%/walk/shares.h
libcore_a_SOURCES += %D%/walk/cdlp.c %D%/walk/cdlp.h
libcore_a_SOURCES += %D%/walk/wcc.c %D%/walk/wcc.h
libcore_a_SOURCES += %D%/records.c %D%/records.h
libcore_a_SOURCES += %D%/rdf/term.h

libcore_a_SOURCES += %D%/rdf/ntriples.c %D%/rdf/ntriples.h
libcore_a_SOURCES += %D%/rdf/ntriples_core.h %D%/rdf/ntriples_inside.h
libcore_a_SOURCES += %D%/rdf/ntriples_simd.c
libcore_a_SOURCES += %D%/rdf/rdf_write.c %D%/rdf/rdf_write.h
libcore_a_SOURCES += %D%/literal_code.c %D%/literal_code.h
libcore_a_SOURCES += %D%/prop.h
libcore_a_SOURCES += %D%/walk/bc.c %D%/walk/bc.h
libcore_a_SOURCES += %D%/walk/sssp.c %D%/walk/sssp.h
libcore_a_SOURCES += %D%/walk/weigh.c %D%/walk/weigh.h
libcore_a_SOURCES += %D%/walk/wheel.c %D%/walk/wheel.h
libcore_a_SOURCES += %D%/walk/oriented.c %D%/walk/oriented.h
libcore_a_SOURCES += %D%/walk/hubs.c %D%/walk/hubs.h
libcore_a_SOURCES += %D%/walk/triangles.c %D%/walk/triangles.h
libcore_a_SOURCES += %D%/walk/lcc.c %D%/walk/lcc.h
libcore_a_SOURCES += %D%/rdf/rdf_value.c %D%/rdf/rdf_value.h
libcore_a_SOURCES += %D%/prop.c %D%/prop.h %D%/prop_disk.h %D%/prop_inside.h
libcore_a_SOURCES += %D%/prop_check.c
libcore_a_SOURCES += %D%/prop_group.c
libcore_a_SOURCES += %D%/prop_row.c
libcore_a_SOURCES += %D%/prop_scan.c
libcore_a_SOURCES += %D%/prop_write.c %D%/prop_write_inside.h
libcore_a_SOURCES += %D%/graph_state.c
libcore_a_SOURCES += %D%/convert_prop.c
libcore_a_SOURCES += %D%/rdf/turtle.c %D%/rdf/turtle.h
libcore_a_SOURCES += %D%/rdf/turtle_guard.c %D%/rdf/turtle_guard.h
libcore_a_SOURCES += %D%/rdf/iri.c %D%/rdf/iri.h
libcore_a_SOURCES += %D%/gather.c %D%/gather.h
libcore_a_SOURCES += %D%/state.c %D%/state.h
libcore_a_SOURCES += %D%/build_props.c %D%/build_props.h
libcore_a_SOURCES += %D%/rdf/rdf_literal.c %D%/rdf/rdf_literal.h
libcore_a_SOURCES += %D%/text/jsonl.c %D%/text/jsonl.h
libcore_a_SOURCES += %D%/match/match.c %D%/match/match.h
libcore_a_SOURCES += %D%/match/match_count.c %D%/match/match_inside.h
libcore_a_SOURCES += %D%/match/pattern.c %D%/match/pattern.h
libcore_a_SOURCES += %D%/match/source.c %D%/match/source.h
libcore_a_SOURCES += %D%/prop_walk.c
libcore_a_SOURCES += %D%/rebuild.c %D%/rebuild.h
libcore_a_SOURCES += %D%/rescue.c %D%/rescue.h
libcore_a_SOURCES += %D%/rescue_edges.c %D%/rescue_inside.h
libcore_a_SOURCES += %D%/compare.c %D%/compare.h
libcore_a_SOURCES += %D%/replace.c %D%/replace.h %D%/overtaken.c %D%/overtaken.h
libcore_a_SOURCES += %D%/label.c %D%/label.h
libcore_a_SOURCES += %D%/schema.c %D%/schema.h
libcore_a_SOURCES += %D%/text/nt.c %D%/text/nt.h
libcore_a_SOURCES += %D%/update.c
libcore_a_SOURCES += %D%/update.h
libcore_a_SOURCES += %D%/update_inside.h
libcore_a_SOURCES += %D%/update_resolve.c
libcore_a_SOURCES += %D%/named.c %D%/named.h
libcore_a_SOURCES += %D%/text/csv_graph.c %D%/text/csv_graph.h
libcore_a_SOURCES += %D%/text/declared.c %D%/text/declared.h
libcore_a_SOURCES += %D%/text/ops.c
libcore_a_SOURCES += %D%/text/ops.h
libcore_a_SOURCES += %D%/text/tsv.h
libcore_a_SOURCES += %D%/literal_inside.h %D%/literal_rank.c
libcore_a_SOURCES += %D%/index.c %D%/index.h %D%/index_disk.h
libcore_a_SOURCES += %D%/reindex.c %D%/reindex.h
libcore_a_SOURCES += %D%/match/merged.c %D%/match/merged.h
libcore_a_SOURCES += %D%/match/meet.c %D%/match/meet.h
libcore_a_SOURCES += %D%/history.c
libcore_a_SOURCES += %D%/history.h
libcore_a_SOURCES += %D%/text/kgtk.c %D%/text/kgtk.h
libcore_a_SOURCES += %D%/text/graphml.c
libcore_a_SOURCES += %D%/text/graphml_keys.c %D%/text/graphml_keys.h
