#!/bin/sh
# bench/graph_traversal.sh - what an answer from a stored graph costs: a process a
# question and many in one, beside bench/rawgraph, which reads and searches a flat
# file, an empty process and GAP, which loads and searches; then algorithms over the
# whole graph, beside GAP's.  Rows as bench/rows.sh says; bench/README.md tells what
# each is.
#
#	BENCH_RUNS	runs of each figure (default 5)
#	BENCH_SCALE	log2 of the nodes, 16 edges a node (default 20)
#	BENCH_ROUNDS	processes of one run (default 200)
#	BENCH_BATCH	nodes asked for in one process (default 1000000)
#	BENCH_PAIRS	paths sought, each between two nodes (default 50)
#	BENCH_SOURCES	nodes searched from, breadth first (default 32)
#	BENCH_LARGE	log2 of the nodes of the large graph; empty: none (default 22)
#	BENCH_GRAPH	an edge list of integers to take instead; no other graphs then
#	BENCH_GAP	folder of GAP's programs (default: its rows are blank)
#	BENCH_DIR	where it happens (default bench/ of the build)
#
# In a minute: BENCH_RUNS=1 BENCH_SCALE=16 BENCH_BATCH=100000 BENCH_LARGE=
set -eu
# shellcheck source=bench/rows.sh
. "$(dirname "$0")/rows.sh"
scale=${BENCH_SCALE:-20}
rounds=${BENCH_ROUNDS:-200}
batch=${BENCH_BATCH:-1000000}
pair_n=${BENCH_PAIRS:-50}
source_n=${BENCH_SOURCES:-32}
large=${BENCH_LARGE-22}
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

# --- algorithms over whole graphs: their own time, and the process's ---

# Lines of FILE.kernel in ms and FILE.process in us, and $work/said.
ours() { # FILE THREADS COMMAND...
	out=$1
	threads=$2
	shift 2
	timed strato-graph "$@" -s "$store" --threads="$threads" --stats >/dev/null 2>"$work/said"
	sed -n 's/.*: \([0-9.]*\) ms, .*/\1/p' "$work/said" >>"$out.kernel"
	echo $took >>"$out.process"
}

gaps() { # FILE THREADS PROGRAM...
	out=$1
	export OMP_NUM_THREADS="$2"
	program=$3
	shift 3
	[ -n "$gap" ] && [ -x "$gap/$program" ] || return 0
	timed "$gap/$program" "$@" -n 1 >"$work/said"
	awk '/^Trial Time:/ { printf "%.3f\n", $3 * 1000 }' "$work/said" >>"$out.kernel"
	echo $took >>"$out.process"
}

# Both figures of both sides, and what they were as edges of the graph a second.
rows_whole() { # METRIC; the files $work/ours.* and $work/gaps.*, what is not there is blank
	for f in ours gaps; do
		: >>"$work/$f.kernel"
		: >>"$work/$f.process"
	done
	row "$1-kernel" ms <"$work/ours.kernel"
	rows_beside "$1-kernel" ms "$work/ours.kernel" gap "$work/gaps.kernel"
	row "$1-process" us <"$work/ours.process"
	rows_beside "$1-process" us "$work/ours.process" gap "$work/gaps.process"
	awk -v n="$edge_n" '$1 > 0 { printf "%.0f\n", n * 1000 / $1 }' "$work/ours.kernel" |
		row "$1-edges" edges/s
	rm "$work/ours.kernel" "$work/ours.process" "$work/gaps.kernel" "$work/gaps.process"
}

has() { # COMMAND of strato-graph
	strato-graph "$1" --help >/dev/null 2>&1
}

bfs_from_each() { # THREADS
	while read -r src; do
		ours "$work/ours" "$1" bfs -g "$graph" --summary "$src" </dev/null
		gaps "$work/gaps" "$1" bfs -f "$work/$graph.sg" -r "$src" </dev/null
	done <"$work/sources"
}

# All sources at once, over the sum of them one by one.
bfs_together() { # THREADS
	timed strato-graph bfs -s "$store" -g "$graph" -b --summary --threads="$1" \
		"$work/sources" >/dev/null
	echo $took >>"$work/together"
}

# The last time of FILE, over N.
per_sweep() { # FILE N
	[ -s "$1" ] || return 0
	awk -v n="$2" 'NR > 1 { print last } { last = $1 } END { printf "%.3f\n", last / n }' \
		"$1" >"$1.new"
	mv "$1.new" "$1"
}

# Both give up at the same change of all ranks; a sweep is the time over how many
# each took, all that comes before the first included.
pagerank_once() { # THREADS
	ours "$work/ours" "$1" pagerank -g "$graph" --tolerance=1e-4 --top=1 -v
	per_sweep "$work/ours.kernel" "$(grep -c ': iteration ' "$work/said")"
	gaps "$work/gaps" "$1" pr -f "$work/$graph.sg" -t 1e-4 -i 1000 -l
	per_sweep "$work/gaps.kernel" "$(grep -cE '^ +[0-9]+ +[0-9.e+-]+$' "$work/said")"
}

wcc_once() { # THREADS
	ours "$work/ours" "$1" wcc -g "$graph" --top=1
	gaps "$work/gaps" "$1" cc -f "$work/$graph.sg"
}

sssp_from_each() { # THREADS
	head -n 8 "$work/sources" >"$work/few"
	while read -r src; do
		ours "$work/ours" "$1" sssp -g "$graph" --top=1 "$src" </dev/null
		gaps "$work/gaps" "$1" sssp -f "$work/$graph.wsg" -d 2 -r "$src" </dev/null
	done <"$work/few"
}

# GAP chooses its sources itself: as many of them, summed as ours are.
bc_once() { # THREADS
	head -n 4 "$work/sources" >"$work/few"
	ours "$work/ours" "$1" bc -g "$graph" --top=1 -b "$work/few"
	gaps "$work/gaps" "$1" bc -f "$work/$graph.sg" -i "$(wc -l <"$work/few")"
}

triangles_once() { # THREADS
	ours "$work/ours" "$1" triangles -g "$graph"
	gaps "$work/gaps" "$1" tc -f "$work/$graph.sg"
}

# From $work/list.el (.wel) to the graph NAME and GAP's NAME.sg (.wsg), and the nodes
# searched from.
whole_begin() { # NAME SUFFIX
	graph=$1
	strato-graph import -q -s "$store" -g "$graph" -f el --undirected --loops=drop \
		"$work/list.$2"
	if [ -n "$gap" ]; then
		w=
		[ "$2" = el ] || w=-w
		"$gap/converter" -s $w -f "$work/list.$2" -b "$work/$graph.${2%el}sg" >/dev/null
	fi
	rm "$work/list.$2"
	edge_n=$(strato-graph edges -s "$store" -g "$graph" --count)
	strato-graph nodes -s "$store" -g "$graph" | awk -v n="$source_n" 'BEGIN { srand(1) }
		NR <= n { s[NR] = $1; next }
		{ i = int(rand() * NR) + 1; if (i <= n) s[i] = $1 }
		END { for (i = 1; i <= n && i <= NR; i++) print s[i] }' >"$work/sources"
	group "whole-$graph"
}

whole_end() {
	strato-graph rm -q -s "$store" "$graph"
	rm -f "$work/$graph.sg" "$work/$graph.wsg"
}

whole() { # NAME
	whole_begin "$1" el
	for t in 1 2; do
		bfs_from_each $t
		cp "$work/ours.process" "$work/each"
		rows_whole "bfs-$1-t$t"
		: >"$work/together"
		repeat bfs_together $t
		awk -v sum="$(awk '{ s += $1 } END { print s }' "$work/each")" \
			'{ printf "%.3f\n", $1 / sum }' "$work/together" | row "bfs-$1-t$t-together-over-each" ratio
		repeat pagerank_once $t
		rows_whole "pagerank-sweep-$1-t$t"
		repeat wcc_once $t
		rows_whole "wcc-$1-t$t"
		! has bc || bc_once $t
		rows_whole "bc-$1-t$t"
	done
}

if [ -z "${BENCH_GRAPH:-}" ]; then
	"$build/bench/graphgen" "$scale" >"$work/list.el"
	whole "k$scale"
	for t in 1 2; do
		! has triangles || triangles_once $t
		rows_whole "triangles-k$scale-t$t"
	done
	whole_end
	"$build/bench/graphgen" -t uniform "$scale" >"$work/list.el"
	whole "u$scale"
	whole_end
	"$build/bench/graphgen" -w 255 "$scale" >"$work/list.wel"
	whole_begin "k$scale-weighted" wel
	for t in 1 2; do
		! has sssp || sssp_from_each $t
		rows_whole "sssp-k$scale-t$t"
	done
	whole_end
fi
if [ -z "${BENCH_GRAPH:-}" ] && [ -n "$large" ]; then
	"$build/bench/graphgen" -e 16 "$large" >"$work/list.el"
	whole "k$large"
	whole_end
fi
