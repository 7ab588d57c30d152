/* tests/fault/merge_small.h - merges of a few runs, that histories come to */
#define MERGE_FAN 2
#define MERGE_RUNS 3
#define MERGE_SPACE 1
