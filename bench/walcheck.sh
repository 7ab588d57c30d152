#!/bin/sh
# bench/walcheck.sh - strato-walcheck --full of cached stores, beside cat and crc32c
#
# Three stores: large values that do not shrink, small records, a graph.  Figures are GB
# of the store's files a second of processor time, which is one core's; cat of the same
# files to /dev/null is the cost of reading them, a loop of crc32c over pages in a core's
# cache that of summing up.  Rows as bench/rows.sh says.
#
#	BENCH_BIG	bytes of the large values (default 1073741824)
#	BENCH_RECORDS	small records (default 2000000)
#	BENCH_SCALE	nodes of the graph, a power of two, 16 edges each (default 20)
#	BENCH_RUNS	runs of each figure (default 5)
#	BENCH_DIR	where the stores are made (default bench/ of the build)
set -eu
# shellcheck source=bench/rows.sh
. "$(dirname "$0")/rows.sh"
work_begin walcheck
about "a check of every byte, cached"
group walcheck

make_values() {
	for i in 1 2 3 4; do
		head -c $((${BENCH_BIG:-1073741824} / 4)) /dev/urandom |
			strato-put -s "$work/values" "value$i"
	done
}

make_records() {
	"$peer" make records "${BENCH_RECORDS:-2000000}" 100 0 |
		strato-put -q -b -f cdb -s "$work/records"
	strato-compact -q -s "$work/records"
}

make_graph() {
	"$build/bench/graphgen" "${BENCH_SCALE:-20}" |
		strato-graph import -q -f el -s "$work/graph" -g g
}

# Seconds of processor time of ten commands, whose times a shell knows to a hundredth.
cpu() { # COMMAND...
	(for _ in 1 2 3 4 5 6 7 8 9 10; do "$@" >/dev/null; done; times) | awk 'NR == 2 {
		gsub("s", ""); split($1, u, "m"); split($2, s, "m")
		print 60 * (u[1] + s[1]) + u[2] + s[2] }'
}

files_of() { # STORE
	find "$work/$1" -name '*.seg' -o -name '*.wal'
}

rate_of() { # BYTES SECONDS
	awk -v n="$1" -v s="$2" 'BEGIN { if (s + 0 <= 0) s = 0.01; printf "%.3f\n", 10 * n / 1e9 / s }'
}

once() { # STORE BYTES
	# shellcheck disable=SC2046
	rate_of "$2" "$(cpu cat $(files_of "$1"))" >>"$work/$1.cat"
	rate_of "$2" "$(cpu strato-walcheck -s "$work/$1" --full)" >>"$work/$1.full"
	"$build/bench/crcloop" >>"$work/$1.crc"
}

for store in values records graph; do
	strato-init "$work/$store"
	make_$store
	# shellcheck disable=SC2046
	bytes=$(du -cb $(files_of $store) | awk 'END { print $1 }')
	repeat once $store "$bytes"
	row "walcheck-$store" GB/s <"$work/$store.full"
	row_over "walcheck-$store-over-cat" "$work/$store.full" "$work/$store.cat"
	row_over "walcheck-$store-over-crc32c" "$work/$store.full" "$work/$store.crc"
	rm -rf "${work:?}/$store"
done
