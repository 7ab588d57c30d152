# a command is a bats file: CMD_TESTS += %D%/put.bats
CMD_TESTS += %D%/every.bats
CMD_TESTS += %D%/put.bats
CMD_TESTS += %D%/graph.bats
CMD_TESTS += %D%/strato.bats
