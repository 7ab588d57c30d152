UNIT_TESTS += tests/unit/base
tests_unit_base_SOURCES = %D%/base.c
tests_unit_base_LDADD = $(UNIT_LDADD)
