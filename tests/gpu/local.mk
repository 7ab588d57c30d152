# tests/gpu: kernels under attack
TESTS += %D%/oclgrind.tap
EXTRA_DIST += %D%/oclgrind.tap
