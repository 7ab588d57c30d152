#!/bin/sh
# bench/graph_semi.sh - whole graphs whose lists are four times the memory: PageRank
# and breadth-first search in a memory cgroup of a quarter of the lists' bytes, page
# cache and all.  The rate at which lists are read over the disk's own, direct reads of
# 1 MiB in order, many in flight, in turn.  Rows as bench/rows.sh says; bench/README.md
# tells what each is.
#
#	BENCH_RUNS	runs of each figure (default 5)
#	BENCH_SCALE	log2 of the nodes (default 19)
#	BENCH_DEGREE	lines a node (default 128): with fewer, what the algorithms keep of
#			the nodes has no room in a quarter of the lists
#	BENCH_STEPS	steps of PageRank (default 5)
#	BENCH_DIR	where it happens (default bench/ of the build)
#
# In half a minute: BENCH_RUNS=1 BENCH_SCALE=18, the least whose packed lists leave room
set -eu
# shellcheck source=bench/rows.sh
. "$(dirname "$0")/rows.sh"
scale=${BENCH_SCALE:-19}
degree=${BENCH_DEGREE:-128}
steps=${BENCH_STEPS:-5}
work_begin graph_semi
about "graphs larger than memory"
name=k$scale-$degree
store=$work/store
strato-init "$store"

# bytes read ahead of a run and MB a second, from what --stats says
told() {
	sed -n 's/.*memory: \([0-9]*\) bytes read ahead, \([0-9.]*\) MB a second.*/\1 \2/p'
}

# of the same file by fio, as many reads in flight; without fio of one like it, eight
disk_rate() {
	if command -v fio >/dev/null; then
		# shellcheck disable=SC2012 # names are ours
		fio --name=peer --filename="$(ls -S "$store"/seg/csr-*.seg | head -n 1)" \
			--readonly --rw=read --bs=1m --iodepth=64 --ioengine=libaio --direct=1 \
			--output-format=terse --terse-version=3 |
			awk -F ';' '{ print $7 * 1024 / 1e6 }'
		return
	fi
	strato-bench nvme_throughput -q --progress=never -O direct_io=on \
		--only=sequential-read-direct --runs=1 --time=1s \
		--size="$((lists / 1048576))M" "$work" |
		awk -F '\t' '$1 == "sequential-read-direct" { print $3 }'
}

ask() { # NAME COMMAND..., in the cgroup
	out=$work/$layout.$1
	shift
	disk_rate >"$work/disk.now"
	"$peer" drop "$store"	# what is in memory from elsewhere is not the group's
	in_group "$@" --stats >/dev/null 2>"$work/told" || { cat "$work/told" >&2; exit 1; }
	told <"$work/told" >"$work/read"
	[ -s "$work/read" ] || { echo "lists were not read ahead" >&2; exit 1; }
	cat "$work/disk.now" >>"$out.disk"
	cut -d ' ' -f 2 "$work/read" >>"$out"
	cut -d ' ' -f 1 "$work/read" >>"$out.bytes"
}

ask_once() {
	ask pagerank strato-graph pagerank -s "$store" --iterations="$steps"
	ask bfs strato-graph bfs -s "$store" "$node"
}

rows_of() { # NAME
	out=$work/$layout.$1
	row "$1-$name-$layout" MB/s <"$out"
	rows_beside "$1-$name-$layout" MB/s "$out" disk "$out.disk"
	awk -v n="$lists" '{ printf "%.3f\n", $1 / n }' "$out.bytes" |
		row "$1-$name-$layout-lists-read" ratio
}

first=import
for layout in csr csr-packed; do
	if [ "$first" ]; then
		"$build/bench/graphgen" -e "$degree" "$scale" |
			strato-graph import -q -s "$store" -f el --undirected --loops=drop \
				--layout=$layout
		first=
	else
		strato-graph convert -q -s "$store" --layout=$layout
		strato-compact -q -s "$store"
	fi
	group "semi-$name-$layout"
	node=$(strato-graph degree -s "$store" --top=1 | cut -f 1)
	# one step reads all lists once; little memory makes it read them ahead
	nodes=$(strato-graph info -s "$store" | awk '$1 == "nodes" { gsub(",", "", $2); print $2 }')
	STRATO_MEMORY_LIMIT=$((nodes * 28 + 8388608)) strato-graph pagerank -s "$store" \
		--iterations=1 --stats 2>"$work/told" >/dev/null
	lists=$(told <"$work/told" | cut -d ' ' -f 1)
	limit=$((lists / 4))
	echo "# $layout: $lists bytes of lists, $nodes nodes, $limit bytes of memory"
	if group_begin $limit; then
		repeat ask_once
		strato-graph pagerank -s "$store" --iterations="$steps" >"$work/roomy"
		in_group strato-graph pagerank -s "$store" --iterations="$steps" >"$work/narrow"
		cmp "$work/roomy" "$work/narrow"
		group_end
	else
		for a in pagerank bfs; do
			: >"$work/$layout.$a"
			: >"$work/$layout.$a.disk"
			: >"$work/$layout.$a.bytes"
		done
	fi
	rows_of pagerank
	rows_of bfs
done
