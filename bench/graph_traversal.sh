#!/bin/sh
# bench/graph_traversal.sh - what an answer from a stored graph costs: a process a
# question and many in one, beside bench/rawgraph, which reads and searches a flat
# file, an empty process and GAP, which loads and searches.  Rows as bench/rows.sh says; bench/README.md tells
# what each is.
#
#	BENCH_RUNS	runs of each figure (default 5)
#	BENCH_SCALE	log2 of the nodes, 16 edges a node (default 20)
#	BENCH_ROUNDS	processes of one run (default 200)
#	BENCH_BATCH	nodes asked for in one process (default 1000000)
#	BENCH_PAIRS	paths sought, each between two nodes (default 50)
#	BENCH_GRAPH	an edge list of integers to take instead
#	BENCH_GAP	folder of GAP's programs (default: its rows are blank)
#	BENCH_DIR	where it happens (default bench/ of the build)
#
# In a minute: BENCH_RUNS=1 BENCH_SCALE=16 BENCH_BATCH=100000
set -eu
# shellcheck source=bench/rows.sh
. "$(dirname "$0")/rows.sh"
scale=${BENCH_SCALE:-20}
rounds=${BENCH_ROUNDS:-200}
batch=${BENCH_BATCH:-1000000}
pair_n=${BENCH_PAIRS:-50}
gap=${BENCH_GAP:-}
rawgraph=$build/bench/rawgraph
work_begin graph_traversal
about "graph traversal"

if [ -n "${BENCH_GRAPH:-}" ]; then
	cp "$BENCH_GRAPH" "$work/k.el"
	name=given
else
	"$build/bench/graphgen" "$scale" >"$work/k.el"
	name=k$scale
fi
store=$work/store
raw=$work/raw
strato-init "$store"
strato-graph import -q -s "$store" -f el --undirected --loops=drop "$work/k.el"
"$rawgraph" make -u "$raw" <"$work/k.el"
[ -z "$gap" ] || "$gap/converter" -s -f "$work/k.el" -b "$work/gap.sg" >/dev/null
rm "$work/k.el"
"$rawgraph" nodes "$raw" "$batch" >"$work/nodes"
"$rawgraph" pairs "$raw" "$pair_n" >"$work/pairs"

# --- the same answers as the flat file has ---

head -n 5 "$work/nodes" | while read -r node; do
	strato-graph neighbors -s "$store" "$node" | sort >"$work/ours"
	"$rawgraph" get "$raw" "$node" | sort | cmp - "$work/ours"
done
head -n 5 "$work/pairs" | while read -r src dst; do
	nodes=$(strato-graph path -s "$store" "$src" "$dst" | wc -l)
	[ "$("$rawgraph" hops "$raw" "$src" "$dst")" = $((nodes - 1)) ]
done

# --- neighbours of one node ---

neighbors_once() {
	node=$(sed -n "$((i + 1))p" "$work/nodes")
	"$spawn" -n "$rounds" strato-graph neighbors -s "$store" "$node" -- \
		"$rawgraph" get "$raw" "$node" >>"$work/preads"
	"$spawn" -n "$rounds" strato-graph neighbors -s "$store" "$node" -- true >>"$work/true"
}

cold_once() {
	node=$(sed -n "$((i + 1))p" "$work/nodes")
	"$peer" drop "$store"
	timed strato-graph neighbors -s "$store" "$node" >/dev/null
	echo $took >>"$work/cold"
	"$peer" drop "$raw"
	timed "$rawgraph" get "$raw" "$node" >/dev/null
	echo $took >>"$work/cold-preads"
}

batch_once() {
	timed strato-graph neighbors -s "$store" -b "$work/nodes" >"$work/answers"
	rate "$batch" >>"$work/batch"
	rate "$(wc -l <"$work/answers")" >>"$work/batch-edges"
}

group "neighbors-$name"
repeat neighbors_once
cut -f1 "$work/preads" | row neighbors-process us
cut -f4 "$work/preads" | row neighbors-process-preads us
cut -f7 "$work/preads" | row neighbors-process-over-preads ratio
cut -f4 "$work/true" | row neighbors-process-true us
cut -f7 "$work/true" | row neighbors-process-over-true ratio
repeat cold_once
row neighbors-cold us <"$work/cold"
rows_beside neighbors-cold us "$work/cold" preads "$work/cold-preads"
repeat batch_once
row neighbors-batch nodes/s <"$work/batch"
row neighbors-batch-answers lines/s <"$work/batch-edges"
rm "$work/answers"
node=$(head -n 1 "$work/nodes")
rows_peak neighbors-peak strato-graph neighbors -s "$store" "$node"
rows_peak neighbors-batch-peak strato-graph neighbors -s "$store" -b "$work/nodes"

# --- shortest paths, a figure a pair of nodes of the largest component ---

path_once() { # SRC DST
	"$spawn" -n 5 strato-graph path -s "$store" "$1" "$2" -- \
		"$rawgraph" hops "$raw" "$1" "$2" >"$work/both"
	cut -f1 "$work/both" >>"$work/path"
	cut -f4 "$work/both" >>"$work/path.rawgraph"
	[ -z "$gap" ] || "$spawn" -n 1 "$gap/bfs" -f "$work/gap.sg" -n 1 -r "$1" |
		cut -f1 >>"$work/path.gap"
	"$peak" strato-graph path -s "$store" "$1" "$2" >>"$work/path-peak"
}

paths_once() {
	timed strato-graph path -s "$store" -b "$work/pairs" >/dev/null
	rate "$pair_n" >>"$work/path-batch"
}

group "path-$name"
: >"$work/path.gap"
while read -r src dst; do path_once "$src" "$dst" </dev/null; done <"$work/pairs"
row path-process us <"$work/path"
rows_beside path-process us "$work/path" rawgraph "$work/path.rawgraph"
rows_beside path-process us "$work/path" gap "$work/path.gap"
repeat paths_once
row path-batch pairs/s <"$work/path-batch"
cut -d ' ' -f 1 "$work/path-peak" | row path-peak-private KiB
cut -d ' ' -f 2 "$work/path-peak" | row path-peak-resident KiB
