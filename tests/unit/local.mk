UNIT_TESTS += tests/unit/base
tests_unit_base_SOURCES = %D%/base.c
tests_unit_base_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/backend
tests_unit_backend_SOURCES = %D%/backend.c
tests_unit_backend_LDADD = $(UNIT_LDADD)
