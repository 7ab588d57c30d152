#!/bin/sh
# bench/graph_update.sh - changes to a graph: one edge a process, many processes, groups
# from one, and what changes that are pending cost who asks.  Rows as bench/rows.sh says;
# bench/README.md tells what each is.
#
#	BENCH_RUNS	runs of each figure (default 5)
#	BENCH_EDGES	edges applied (default 1000000)
#	BENCH_SCALE	log2 of the nodes of the graph that is asked (default 18)
#	BENCH_DIR	where it happens (default bench/ of the build)
#
# In half a minute: BENCH_RUNS=1 BENCH_EDGES=200000 BENCH_SCALE=15
set -eu
# shellcheck source=bench/rows.sh
. "$(dirname "$0")/rows.sh"
edges=${BENCH_EDGES:-1000000}
scale=${BENCH_SCALE:-18}
work_begin graph_update
about "changes to a graph"
store=$work/store

# 1. one edge a process, durable, beside a put; and 64 of them at once
group process
strato-init "$store"
printf 'a\tb\tknows\n' | strato-graph import -q -s "$store" -f tsv
edge_ratio() {
	"$spawn" -n 200 strato-graph edge -s "$store" hub 'n%' knows since=1990 -- \
		strato-put -s "$store" -d value 'k%' | cut -f7
}
repeat edge_ratio | row edge-over-put ratio
many_ratio() {
	one=$("$spawn" -j 1 -n 200 strato-graph edge -s "$store" one 'n%' knows)
	many=$("$spawn" -j 64 -n 640 strato-graph edge -s "$store" many 'n%' knows)
	awk -v a="$many" -v b="$one" 'BEGIN { printf "%.3f\n", a / b }'
}
repeat many_ratio | row edges-of-64-over-one ratio

# 2. random edges in durable groups of 1000, beside puts of as many bytes
group apply
awk -v n="$edges" 'BEGIN { srand(1); m = int(n / 5); for (i = 0; i < n; i++)
	printf "edge\t%d\t%d\t\n", rand() * m, rand() * m }' >"$work/ops"
awk -F '\t' '{ print $2 "-" $3 "\tabc" }' "$work/ops" >"$work/records"
: >"$work/apply"
: >"$work/put"
apply_once() {
	rm -rf "$store"
	strato-init "$store"
	strato-graph import -q -s "$store" -f tsv </dev/null
	timed strato-graph apply -q -s "$store" --commit-every=1000 "$work/ops"
	rate "$edges" >>"$work/apply"
	timed strato-put -q -s "$store" -b --commit-every=1000 "$work/records"
	rate "$edges" >>"$work/put"
}
repeat apply_once
row apply-by-1000 edges/s <"$work/apply"
rows_beside apply-by-1000 edges/s "$work/apply" put "$work/put"

# 3. a graph with a tenth of its edges pending over the same without changes, each in a
# store of its own
group pending
pure=$work/store-pure
rm -rf "$store"
strato-init "$store"
strato-init "$pure"
"$build/bench/graphgen" -e 16 "$scale" >"$work/el"
awk 'NR % 10' "$work/el" >"$work/most"
awk 'NR % 10 == 0 { printf "edge\t%s\t%s\t\n", $1, $2 }' "$work/el" >"$work/ops"
strato-graph import -q -s "$pure" -g pure -f el "$work/el"
strato-graph import -q -s "$store" -g changed -f el "$work/most"
strato-graph apply -q -s "$store" -g changed "$work/ops"
node=$(strato-graph degree -s "$pure" -g pure --top=1 | cut -f1)
for f in bfs pure open open-pure; do : >"$work/$f"; done
pending_once() {
	timed strato-graph bfs -s "$store" -g changed "$node" >/dev/null
	seconds >>"$work/bfs"
	timed strato-graph bfs -s "$pure" -g pure "$node" >/dev/null
	seconds >>"$work/pure"
	timed strato-graph neighbors -s "$store" -g changed "$node" >/dev/null
	seconds >>"$work/open"
	timed strato-graph neighbors -s "$pure" -g pure "$node" >/dev/null
	seconds >>"$work/open-pure"
}
repeat pending_once
row_over bfs-pending-over-pure "$work/bfs" "$work/pure"
row_over neighbors-pending-over-pure "$work/open" "$work/open-pure"
n=$(wc -l <"$work/ops")
strato-stat -s "$store" -J | tr ',' '\n' | sed -n 's/.*"log_bytes":\([0-9]*\).*/\1/p; s/.*"run_bytes":\([0-9]*\).*/\1/p' |
	awk -v n="$n" '{ s += $1 } END { if (n) printf "%.1f\n", s / n }' | row pending-bytes-an-edge bytes
files() { # STORE: bytes of all that a graph makes it have, but not its reserve
	find "$1" -type f ! -name reserve -printf '%s\n' | awk '{ s += $1 } END { print s }'
}
echo "$(files "$store") $(files "$pure")" | awk '{ printf "%.3f\n", $1 / $2 }' |
	row pending-size-over-pure ratio
