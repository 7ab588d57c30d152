# a command is a bats file: CMD_TESTS += %D%/put.bats
CMD_TESTS += %D%/every.bats
CMD_TESTS += %D%/put.bats %D%/bulk.bats
CMD_TESTS += %D%/put.bats %D%/get.bats
CMD_TESTS += %D%/graph.bats %D%/graph_formats.bats %D%/graph_bad.bats %D%/graph_data.bats %D%/graph_ask.bats
CMD_TESTS += %D%/init.bats %D%/ls.bats %D%/rm.bats %D%/mv.bats \
	%D%/stat.bats %D%/config.bats %D%/compact.bats %D%/gpucache.bats
CMD_TESTS += %D%/ttl.bats %D%/filesystems.bats
CMD_TESTS += %D%/strato.bats
CMD_TESTS += %D%/walcheck.bats
CMD_TESTS += %D%/kill.bats
CMD_TESTS += %D%/bench.bats %D%/doctor.bats
CMD_TESTS += %D%/snapshot.bats
CMD_TESTS += %D%/backup.bats
CMD_TESTS += %D%/import.bats
CMD_TESTS += %D%/graph_convert.bats
CMD_TESTS += %D%/graph_whole.bats
CMD_TESTS += %D%/graph_truth.bats
