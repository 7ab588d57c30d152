# tests/service: the cache service under attack: killed at any moment, and stale never
UNIT_TESTS += tests/service/kills
tests_service_kills_SOURCES = %D%/kills.c %D%/kills.h %D%/clients.c
tests_service_kills_LDADD = $(UNIT_LDADD)

# the long test: minutes
check-service: tests/service/kills tests/unit/gpu_stale strato-gpucache strato-graph \
		strato-walcheck
	$(AM_TESTS_ENVIRONMENT) KILLS=$${KILLS-1000} tests/service/kills
	$(AM_TESTS_ENVIRONMENT) READS=$${READS-100000000} KILLS=$${KILLS-1000} \
		tests/unit/gpu_stale
.PHONY: check-service
