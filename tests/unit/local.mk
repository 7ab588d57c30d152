UNIT_TESTS += tests/unit/base
tests_unit_base_SOURCES = %D%/base.c
tests_unit_base_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/backend
tests_unit_backend_SOURCES = %D%/backend.c
tests_unit_backend_LDFLAGS = -Wl,--wrap=syscall
tests_unit_backend_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/flushed
tests_unit_flushed_SOURCES = %D%/flushed.c
tests_unit_flushed_LDFLAGS = -Wl,--wrap=fsync,--wrap=fdatasync
tests_unit_flushed_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/store
tests_unit_store_SOURCES = %D%/store.c
tests_unit_store_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/fault
tests_unit_fault_SOURCES = %D%/fault.c
tests_unit_fault_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/segment
tests_unit_segment_SOURCES = %D%/segment.c
tests_unit_segment_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/graph_model
tests_unit_graph_model_SOURCES = %D%/graph_model.c
tests_unit_graph_model_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/codec
tests_unit_codec_SOURCES = %D%/codec.c
tests_unit_codec_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/stream
tests_unit_stream_SOURCES = %D%/stream.c
tests_unit_stream_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/run
tests_unit_run_SOURCES = %D%/run.c
tests_unit_run_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/edgelist
tests_unit_edgelist_SOURCES = %D%/edgelist.c
tests_unit_edgelist_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/formats
tests_unit_formats_SOURCES = %D%/formats.c
tests_unit_formats_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/sort
tests_unit_sort_SOURCES = %D%/sort.c
tests_unit_sort_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/csr
tests_unit_csr_SOURCES = %D%/csr.c
tests_unit_csr_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/ioq
tests_unit_ioq_SOURCES = %D%/ioq.c
tests_unit_ioq_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/size
tests_unit_size_SOURCES = %D%/size.c
tests_unit_size_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/setting
tests_unit_setting_SOURCES = %D%/setting.c
tests_unit_setting_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/record
tests_unit_record_SOURCES = %D%/record.c
tests_unit_record_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/output
tests_unit_output_SOURCES = %D%/output.c
tests_unit_output_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/cli
tests_unit_cli_SOURCES = %D%/cli.c
tests_unit_cli_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/wal
tests_unit_wal_SOURCES = %D%/wal.c %D%/log_kit.h
tests_unit_wal_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/tail
tests_unit_tail_SOURCES = %D%/tail.c %D%/log_kit.h
tests_unit_tail_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/recover
tests_unit_recover_SOURCES = %D%/recover.c %D%/log_kit.h
tests_unit_recover_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/rescue
tests_unit_rescue_SOURCES = %D%/rescue.c
tests_unit_rescue_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/rows
tests_unit_rows_SOURCES = %D%/rows.c
tests_unit_rows_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/log
tests_unit_log_SOURCES = %D%/log.c %D%/log_kit.h
tests_unit_log_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/device
tests_unit_device_SOURCES = %D%/device.c
tests_unit_device_LDADD = $(UNIT_LDADD) $(OPENCL_LIBS)
UNIT_TESTS += tests/unit/check
tests_unit_check_SOURCES = %D%/check.c %D%/wounded.h
tests_unit_check_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/salvage
tests_unit_salvage_SOURCES = %D%/salvage.c %D%/wounded.h
tests_unit_salvage_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/blob
tests_unit_blob_SOURCES = %D%/blob.c
tests_unit_blob_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/bulk
tests_unit_bulk_SOURCES = %D%/bulk.c
tests_unit_bulk_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/lookup
tests_unit_lookup_SOURCES = %D%/lookup.c
tests_unit_lookup_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/unlz4
tests_unit_unlz4_SOURCES = %D%/unlz4.c
tests_unit_unlz4_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/fetch
tests_unit_fetch_SOURCES = %D%/fetch.c
tests_unit_fetch_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/value
tests_unit_value_SOURCES = %D%/value.c
tests_unit_value_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/kept
tests_unit_kept_SOURCES = %D%/kept.c
tests_unit_kept_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/expiry
tests_unit_expiry_SOURCES = %D%/expiry.c
tests_unit_expiry_LDFLAGS = -Wl,--wrap=clock_wall_ns
tests_unit_expiry_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/reclaim
tests_unit_reclaim_SOURCES = %D%/reclaim.c
tests_unit_reclaim_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/team
tests_unit_team_SOURCES = %D%/team.c
tests_unit_team_LDFLAGS = -Wl,--wrap=pthread_create
tests_unit_team_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/scan
tests_unit_scan_SOURCES = %D%/scan.c
tests_unit_scan_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/list
tests_unit_list_SOURCES = %D%/list.c
tests_unit_list_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/feed
tests_unit_feed_SOURCES = %D%/feed.c
tests_unit_feed_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/layout
tests_unit_layout_SOURCES = %D%/layout.c
tests_unit_layout_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/walk
tests_unit_walk_SOURCES = %D%/walk.c
tests_unit_walk_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/convert
tests_unit_convert_SOURCES = %D%/convert.c
tests_unit_convert_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/sweep
tests_unit_sweep_SOURCES = %D%/sweep.c %D%/made_graph.h
tests_unit_sweep_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/kernels
tests_unit_kernels_SOURCES = %D%/kernels.c %D%/made_graph.h
tests_unit_kernels_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/shuffle
tests_unit_shuffle_SOURCES = %D%/shuffle.c
tests_unit_shuffle_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/records
tests_unit_records_SOURCES = %D%/records.c
tests_unit_records_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/ntriples
tests_unit_ntriples_SOURCES = %D%/ntriples.c %D%/ntriples_made.h %D%/ntriples_slow.h
tests_unit_ntriples_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/algorithms
tests_unit_algorithms_SOURCES = %D%/algorithms.c %D%/made_graph.h
tests_unit_algorithms_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/bc
tests_unit_bc_SOURCES = %D%/bc.c %D%/made_graph.h
tests_unit_bc_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/sssp
tests_unit_sssp_SOURCES = %D%/sssp.c %D%/made_graph.h
tests_unit_sssp_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/triangles
tests_unit_triangles_SOURCES = %D%/triangles.c %D%/made_graph.h
tests_unit_triangles_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/spaces
tests_unit_spaces_SOURCES = %D%/spaces.c
tests_unit_spaces_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/rdf_value
tests_unit_rdf_value_SOURCES = %D%/rdf_value.c
tests_unit_rdf_value_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/build_props
tests_unit_build_props_SOURCES = %D%/build_props.c
tests_unit_build_props_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/json
tests_unit_json_SOURCES = %D%/json.c
tests_unit_json_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/prop
tests_unit_prop_SOURCES = %D%/prop.c %D%/random_literal.h
tests_unit_prop_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/flow
tests_unit_flow_SOURCES = %D%/flow.c %D%/made_graph.h
tests_unit_flow_LDADD = $(UNIT_LDADD)

# These run several threads: make check-threads
THREADED_TESTS += tests/unit/team
THREADED_TESTS += tests/unit/ioq
THREADED_TESTS += tests/unit/backend
THREADED_TESTS += tests/unit/feed
THREADED_TESTS += tests/unit/shuffle
THREADED_TESTS += tests/unit/sort
THREADED_TESTS += tests/unit/sweep
THREADED_TESTS += tests/unit/flow
THREADED_TESTS += tests/unit/kernels
THREADED_TESTS += tests/unit/algorithms
THREADED_TESTS += tests/unit/sssp
THREADED_TESTS += tests/unit/bc
THREADED_TESTS += tests/unit/triangles
THREADED_TESTS += tests/unit/graph_model
THREADED_TESTS += tests/unit/convert
THREADED_TESTS += tests/unit/blob
THREADED_TESTS += tests/unit/bulk
THREADED_TESTS += tests/unit/fetch
THREADED_TESTS += tests/unit/lookup
THREADED_TESTS += tests/unit/segment
THREADED_TESTS += tests/unit/service
THREADED_TESTS += tests/unit/tail

UNIT_TESTS += tests/unit/state
tests_unit_state_SOURCES = %D%/state.c
tests_unit_state_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/turtle
tests_unit_turtle_SOURCES = %D%/turtle.c
tests_unit_turtle_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/match
tests_unit_match_SOURCES = %D%/match.c
tests_unit_match_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/change
tests_unit_change_SOURCES = %D%/change.c
tests_unit_change_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/delta
tests_unit_delta_SOURCES = %D%/delta.c
tests_unit_delta_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/literal
tests_unit_literal_SOURCES = %D%/literal.c %D%/random_literal.h
tests_unit_literal_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/index
tests_unit_index_SOURCES = %D%/index.c
tests_unit_index_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/compare
tests_unit_compare_SOURCES = %D%/compare.c
tests_unit_compare_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/update
tests_unit_update_SOURCES = %D%/update.c
tests_unit_update_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/gpu_index
tests_unit_gpu_index_SOURCES = %D%/gpu_index.c
tests_unit_gpu_index_LDADD = $(UNIT_LDADD)
THREADED_TESTS += tests/unit/gpu_index
UNIT_TESTS += tests/unit/graphml
tests_unit_graphml_SOURCES = %D%/graphml.c
tests_unit_graphml_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/sieve
tests_unit_sieve_SOURCES = %D%/sieve.c
tests_unit_sieve_LDADD = $(UNIT_LDADD)
THREADED_TESTS += tests/unit/sieve
UNIT_TESTS += tests/unit/delta_segment
tests_unit_delta_segment_SOURCES = %D%/delta_segment.c
tests_unit_delta_segment_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/slab
tests_unit_slab_SOURCES = %D%/slab.c
tests_unit_slab_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/arena
tests_unit_arena_SOURCES = %D%/arena.c
tests_unit_arena_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/opencl
tests_unit_opencl_SOURCES = %D%/opencl.c
tests_unit_opencl_LDADD = $(UNIT_LDADD) $(OPENCL_LIBS)
UNIT_TESTS += tests/unit/wire
tests_unit_wire_SOURCES = %D%/wire.c
tests_unit_wire_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/wire_graph
tests_unit_wire_graph_SOURCES = %D%/wire_graph.c
tests_unit_wire_graph_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/service
tests_unit_service_SOURCES = %D%/service.c
tests_unit_service_LDADD = $(UNIT_LDADD)
THREADED_TESTS += tests/unit/service

UNIT_TESTS += tests/unit/traverse
tests_unit_traverse_SOURCES = %D%/traverse.c
tests_unit_traverse_LDADD = $(UNIT_LDADD) $(OPENCL_LIBS) -lm
UNIT_TESTS += tests/unit/gpu_cache
tests_unit_gpu_cache_SOURCES = %D%/gpu_cache.c
tests_unit_gpu_cache_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/gpu_steps
tests_unit_gpu_steps_SOURCES = %D%/gpu_steps.c
tests_unit_gpu_steps_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/gpu_stale
tests_unit_gpu_stale_SOURCES = %D%/gpu_stale.c
tests_unit_gpu_stale_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/gpu_fuzz
tests_unit_gpu_fuzz_SOURCES = %D%/gpu_fuzz.c
tests_unit_gpu_fuzz_LDADD = $(UNIT_LDADD)

# repairs of graphs and stores after random damage, as long as REPAIR (percent) says
check-repair: tests/unit/rescue tests/unit/salvage
	for t in tests/unit/rescue tests/unit/salvage; do \
		STRATO_TEST_SCALE=$${REPAIR-3000} ./$$t || exit; done
.PHONY: check-repair
UNIT_TESTS += tests/unit/stage
tests_unit_stage_SOURCES = %D%/stage.c
tests_unit_stage_LDADD = $(UNIT_LDADD)
