#!/bin/sh
# bench/process.sh - what one command costs its user: system calls, start, commit,
# memory.  Ratios within one run; rows as bench/rows.sh says.
#
#	BENCH_KEYS	keys of the large store (default 10000000)
#	BENCH_VALUE	bytes of the large value (default 4294967296)
#	BENCH_RUNS	runs of each ratio (default 5)
#	BENCH_DIR	where the stores are made (default bench/ of the build)
set -eu
# shellcheck source=bench/rows.sh
. "$(dirname "$0")/rows.sh"
keys=${BENCH_KEYS:-10000000}
value=${BENCH_VALUE:-4294967296}
work_begin process
about "one process an operation"
group process

strato-init "$work/small"
awk 'BEGIN { for (i = 0; i < 1000; i++) printf "key%08d\tvalue %d\n", i, i }' |
	strato-put -s "$work/small" -b
v100=$(printf '%0100d' 0)
strato-put -s "$work/small" -d "$v100" warm

# 1. counted, not timed
if command -v strace >/dev/null; then
	strace -f -o "$work/put.trace" strato-put -s "$work/small" -d "$v100" counted
	strace -f -o "$work/get.trace" strato-get -s "$work/small" counted >/dev/null
	for c in put get; do
		grep -c '(' "$work/$c.trace" | row "$c-syscalls" count
		grep -cE ' (fsync|fdatasync|sync_file_range|msync)\(' "$work/$c.trace" | row "$c-syncs" count
		grep -cE ' (clone|clone3|io_setup)\(' "$work/$c.trace" | row "$c-threads-and-contexts" count
		grep -E ' (pwrite64|pwritev|pwritev2)\(' "$work/$c.trace" |
			sed 's/.*= //' | awk '{ n += $1 } END { print n + 0 }' | row "$c-bytes-written" bytes
	done
fi

# 2. one process an operation, beside the spawn of the same binary
put_ratio() { "$spawn" -n 200 strato-put -s "$work/small" -d "$v100" 'k%' -- strato-put --version | cut -f7; }
get_ratio() { "$spawn" -n 200 strato-get -s "$work/small" key00000500 -- strato-get --version | cut -f7; }
repeat put_ratio | row "put-over-version" ratio
repeat get_ratio | row "get-over-version" ratio

# 3. four putters at once, commits a second over those of one
four_ratio() {
	one=$("$spawn" -j 1 -n 300 strato-put -s "$work/small" -d "$v100" 'k%')
	four=$("$spawn" -j 4 -n 600 strato-put -s "$work/small" -d "$v100" 'k%')
	awk -v a="$four" -v b="$one" 'BEGIN { printf "%.3f\n", a / b }'
}
repeat four_ratio | row "four-putters-over-one" ratio

# 4. a get from many keys over a get from a thousand
strato-init "$work/large"
awk -v n="$keys" 'BEGIN { for (i = 0; i < n; i++) printf "key%08d\tvalue %d\n", (i * 7919) % n, i }' |
	strato-put -s "$work/large" -b
at=$(printf 'key%08d' $((keys / 2)))
size_ratio() { "$spawn" -n 200 strato-get -s "$work/large" "$at" -- strato-get -s "$work/small" key00000500 | cut -f7; }
repeat size_ratio | row "get-from-$keys-keys-over-1000" ratio
rm -rf "$work/large"

# 5. memory of one key, of a short value and of a large one
group memory
rows_peak put-peak strato-put -s "$work/small" -d "$v100" peak
rows_peak get-peak strato-get -s "$work/small" peak
head -c "$value" /dev/zero >"$work/zeros"
rows_peak put-large-peak strato-put -s "$work/small" big "$work/zeros"
rows_peak get-large-peak strato-get -s "$work/small" big
