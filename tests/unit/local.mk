UNIT_TESTS += tests/unit/base
tests_unit_base_SOURCES = %D%/base.c
tests_unit_base_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/backend
tests_unit_backend_SOURCES = %D%/backend.c
tests_unit_backend_LDADD = $(UNIT_LDADD)

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
