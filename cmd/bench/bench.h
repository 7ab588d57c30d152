/* cmd/bench/bench.h - inside of strato-bench only */
#ifndef CMD_BENCH_BENCH_H
#define CMD_BENCH_BENCH_H

/* A benchmark: argv[0] is its name; the exit status comes back. */
int bench_nvme(int argc, const char **argv);
int bench_traversal(int argc, const char **argv);
int bench_cache(int argc, const char **argv);

#endif
