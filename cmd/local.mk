# cmd: a command is a folder; what several share is libcmd.a, which joins cli
# and store
noinst_LIBRARIES += libcmd.a
libcmd_a_SOURCES = %D%/common/open.c %D%/common/open.h \
	%D%/common/calibration.c %D%/common/calibration.h \
	%D%/common/info.c %D%/common/info.h \
	%D%/common/keep.c %D%/common/keep.h \
	%D%/common/machine.c %D%/common/machine.h \
	%D%/common/place.c %D%/common/place.h
CMD_LDADD = libcmd.a libcore.a $(POPT_LIBS)

bin_PROGRAMS += strato
strato_SOURCES = %D%/strato/strato.c
strato_LDADD = libcore.a $(POPT_LIBS)

bin_PROGRAMS += strato-put
strato_put_SOURCES = %D%/put/put.c %D%/put/put.h %D%/put/put_batch.c %D%/put/put_files.c
strato_put_LDADD = $(CMD_LDADD)

bin_PROGRAMS += strato-get
strato_get_SOURCES = %D%/get/get.c %D%/get/get_files.c %D%/get/get_files.h
strato_get_LDADD = $(CMD_LDADD)

bin_PROGRAMS += strato-graph
strato_graph_SOURCES =
strato_graph_SOURCES += %D%/graph/apply.c
strato_graph_SOURCES += %D%/graph/bc.c
strato_graph_SOURCES += %D%/graph/bfs.c
strato_graph_SOURCES += %D%/graph/changing.c
strato_graph_SOURCES += %D%/graph/changing.h
strato_graph_SOURCES += %D%/graph/check.c
strato_graph_SOURCES += %D%/graph/chosen.c
strato_graph_SOURCES += %D%/graph/chosen.h
strato_graph_SOURCES += %D%/graph/convert.c
strato_graph_SOURCES += %D%/graph/compact.c
strato_graph_SOURCES += %D%/graph/import_append.c
strato_graph_SOURCES += %D%/graph/degree.c
strato_graph_SOURCES += %D%/graph/device.c
strato_graph_SOURCES += %D%/graph/device.h
strato_graph_SOURCES += %D%/graph/edge.c
strato_graph_SOURCES += %D%/graph/edges.c
strato_graph_SOURCES += %D%/graph/export.c
strato_graph_SOURCES += %D%/graph/export.h
strato_graph_SOURCES += %D%/graph/export_lines.c
strato_graph_SOURCES += %D%/graph/export_json.c
strato_graph_SOURCES += %D%/graph/export_csv.c
strato_graph_SOURCES += %D%/graph/export_kgtk.c
strato_graph_SOURCES += %D%/graph/export_graphml.c
strato_graph_SOURCES += %D%/graph/export_lists.c
strato_graph_SOURCES += %D%/graph/columns.c
strato_graph_SOURCES += %D%/graph/columns.h
strato_graph_SOURCES += %D%/graph/export_neo4j.c
strato_graph_SOURCES += %D%/graph/export_nodes.c
strato_graph_SOURCES += %D%/graph/export_rdf.c
strato_graph_SOURCES += %D%/graph/graph.c
strato_graph_SOURCES += %D%/graph/graph.h
strato_graph_SOURCES += %D%/graph/import.c
strato_graph_SOURCES += %D%/graph/import.h
strato_graph_SOURCES += %D%/graph/import_feed.c
strato_graph_SOURCES += %D%/graph/import_files.c
strato_graph_SOURCES += %D%/graph/import_lines.c
strato_graph_SOURCES += %D%/graph/index.c
strato_graph_SOURCES += %D%/graph/info.c
strato_graph_SOURCES += %D%/graph/lcc.c
strato_graph_SOURCES += %D%/graph/log.c
strato_graph_SOURCES += %D%/graph/ls.c
strato_graph_SOURCES += %D%/graph/mv.c
strato_graph_SOURCES += %D%/graph/match.c
strato_graph_SOURCES += %D%/graph/neighbors.c
strato_graph_SOURCES += %D%/graph/node.c
strato_graph_SOURCES += %D%/graph/nodes.c
strato_graph_SOURCES += %D%/graph/opened.c
strato_graph_SOURCES += %D%/graph/opline.c
strato_graph_SOURCES += %D%/graph/opline.h
strato_graph_SOURCES += %D%/graph/pagerank.c
strato_graph_SOURCES += %D%/graph/path.c
strato_graph_SOURCES += %D%/graph/result.c
strato_graph_SOURCES += %D%/graph/result.h
strato_graph_SOURCES += %D%/graph/rm.c
strato_graph_SOURCES += %D%/graph/row.c
strato_graph_SOURCES += %D%/graph/row.h
strato_graph_SOURCES += %D%/graph/said.c
strato_graph_SOURCES += %D%/graph/said.h
strato_graph_SOURCES += %D%/graph/schema.c
strato_graph_SOURCES += %D%/graph/sssp.c
strato_graph_SOURCES += %D%/graph/subgraph.c
strato_graph_SOURCES += %D%/graph/triangles.c
strato_graph_SOURCES += %D%/graph/wcc.c
strato_graph_SOURCES += %D%/graph/cdlp.c
strato_graph_LDADD = $(CMD_LDADD)
bin_PROGRAMS += strato-init
strato_init_SOURCES = %D%/init/init.c
strato_init_LDADD = $(CMD_LDADD)

bin_PROGRAMS += strato-ls
strato_ls_SOURCES = %D%/ls/ls.c
strato_ls_LDADD = $(CMD_LDADD)

bin_PROGRAMS += strato-rm
strato_rm_SOURCES = %D%/rm/rm.c %D%/rm/keyset.c %D%/rm/keyset.h
strato_rm_LDADD = $(CMD_LDADD)

bin_PROGRAMS += strato-mv
strato_mv_SOURCES = %D%/mv/mv.c
strato_mv_LDADD = $(CMD_LDADD)

bin_PROGRAMS += strato-stat
strato_stat_SOURCES = %D%/stat/stat.c
strato_stat_LDADD = $(CMD_LDADD)

bin_PROGRAMS += strato-config
strato_config_SOURCES = %D%/config/config.c
strato_config_LDADD = $(CMD_LDADD)

bin_PROGRAMS += strato-compact
strato_compact_SOURCES = %D%/compact/compact.c
strato_compact_LDADD = $(CMD_LDADD)

# the only one that links OpenCL, where configure found it
bin_PROGRAMS += strato-gpucache
strato_gpucache_SOURCES = %D%/gpucache/gpucache.c %D%/gpucache/gpucache.h
strato_gpucache_SOURCES += %D%/gpucache/asker.c
strato_gpucache_SOURCES += %D%/gpucache/serve.c %D%/gpucache/serve.h
strato_gpucache_SOURCES += %D%/gpucache/serve_again.c
strato_gpucache_SOURCES += %D%/gpucache/serve_device.c
strato_gpucache_SOURCES += %D%/gpucache/serve_values.c
strato_gpucache_SOURCES += %D%/gpucache/keys.c %D%/gpucache/keys.h
strato_gpucache_SOURCES += %D%/gpucache/pin.c
strato_gpucache_SOURCES += %D%/gpucache/ptr.c
strato_gpucache_SOURCES += %D%/gpucache/get.c
strato_gpucache_SOURCES += %D%/gpucache/stat.c
strato_gpucache_SOURCES += %D%/gpucache/stop.c
strato_gpucache_SOURCES += %D%/gpucache/graph_arrays.c %D%/gpucache/graph_arrays.h
strato_gpucache_SOURCES += %D%/gpucache/graph_ask.c %D%/gpucache/graph_ask.h
strato_gpucache_SOURCES += %D%/gpucache/serve_graph.c %D%/gpucache/serve_graph.h
strato_gpucache_SOURCES += %D%/gpucache/serve_walk.c
strato_gpucache_SOURCES += %D%/gpucache/serve_run.c
strato_gpucache_SOURCES += %D%/gpucache/run.c
strato_gpucache_SOURCES += %D%/gpucache/bench.c
strato_gpucache_LDADD = $(CMD_LDADD) $(OPENCL_LIBS)

bin_PROGRAMS += strato-walcheck
strato_walcheck_SOURCES = %D%/walcheck/walcheck.c %D%/walcheck/walcheck.h \
	%D%/walcheck/list.c %D%/walcheck/plain.c %D%/walcheck/repair.c
strato_walcheck_LDADD = $(CMD_LDADD)

bin_PROGRAMS += strato-bench
strato_bench_SOURCES = %D%/bench/bench.c %D%/bench/bench.h %D%/bench/nvme.c \
	%D%/bench/load.c %D%/bench/load.h %D%/bench/figures.c %D%/bench/figures.h \
	%D%/bench/kron.c %D%/bench/kron.h %D%/bench/traversal.c %D%/bench/cache.c
strato_bench_LDADD = $(CMD_LDADD) -lm

bin_PROGRAMS += strato-doctor
strato_doctor_SOURCES = %D%/doctor/doctor.c %D%/doctor/doctor.h %D%/doctor/machine.c \
	%D%/doctor/devices.c %D%/doctor/kept.c
strato_doctor_LDADD = $(CMD_LDADD)
bin_PROGRAMS += strato-snapshot
strato_snapshot_SOURCES = %D%/snapshot/snapshot.c
strato_snapshot_LDADD = $(CMD_LDADD)

bin_PROGRAMS += strato-diff
strato_diff_SOURCES = %D%/diff/diff.c
strato_diff_LDADD = $(CMD_LDADD)

bin_PROGRAMS += strato-backup
strato_backup_SOURCES = %D%/backup/backup.c
strato_backup_LDADD = $(CMD_LDADD)

bin_PROGRAMS += strato-restore
strato_restore_SOURCES = %D%/restore/restore.c
strato_restore_LDADD = $(CMD_LDADD)
