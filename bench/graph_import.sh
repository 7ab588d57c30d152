#!/bin/sh
# bench/graph_import.sh - edge lists into stored graphs, beside GAP's converter and
# PIGO: time, memory, size.  Rows as bench/rows.sh says; bench/README.md tells what
# each is and how the peers are built.  The input lies in the page cache, both write
# a file; "-durable" is also synced, the others are not.
#
#	BENCH_RUNS	runs of each figure (default 5)
#	BENCH_SCALE	log2 of the nodes, 16 edges a node (default 20)
#	BENCH_LARGE	that of the graph for the memory cgroup; empty: none (default 22)
#	BENCH_GROUP	MiB of that cgroup (default 256)
#	BENCH_THREADS	threads of strato and its peers (default the cores)
#	BENCH_GRAPH	an edge list of integers to take for the first graph
#	BENCH_GAP	folder of GAP's programs (default: its rows are blank)
#	BENCH_PIGO	program made of bench/pigo_import.cc (likewise)
#	BENCH_DIR	where it happens (default bench/ of the build)
#
# In a minute: BENCH_RUNS=1 BENCH_SCALE=16 BENCH_LARGE=18 BENCH_GROUP=32
set -eu
# shellcheck source=bench/rows.sh
. "$(dirname "$0")/rows.sh"
scale=${BENCH_SCALE:-20}
large=${BENCH_LARGE-22}
threads=${BENCH_THREADS:-$(nproc)}
gap=${BENCH_GAP:+$BENCH_GAP/converter}
pigo=${BENCH_PIGO:-}
graphgen=$build/bench/graphgen
rawgraph=$build/bench/rawgraph
symmetric='--undirected --loops=drop'
work_begin graph_import

has() { # OPTION of import
	strato-graph import --help | grep -q -e "$1"
}

with_threads() { # N: the option where it is there
	if has --threads; then echo "--threads=$1"; fi
}

many=$(with_threads "$threads")
one=$(with_threads 1)

empty() {
	rm -rf "$work/store"
	strato-init "$work/store"
}

# Options have no blanks in them.
import() { # OPTIONS [FILE]
	# shellcheck disable=SC2086
	strato-graph import -q -s "$work/store" -f el $1 ${2+"$2"}
}

gap_import() { # THREADS OPTIONS FILE
	# shellcheck disable=SC2086
	OMP_NUM_THREADS=$1 "$gap" $2 -f "$3" -b "$work/gap.sg" >/dev/null
}

pigo_import() { # THREADS FILE
	OMP_NUM_THREADS=$1 "$pigo" "$2" "$work/pigo.bin" >/dev/null
}

figures() { # FILE...: none yet
	for f in "$@"; do : >"$work/$f"; done
}

lines() {
	wc -l <"$1"
}

# --- as fast as it goes ---

import_once() { # METRIC OPTIONS FILE
	empty
	timed import "$2" "$3"
	rate "$n" >>"$work/$1"
}

gap_once() { # METRIC THREADS OPTIONS FILE
	rm -f "$work/gap.sg"
	[ -n "$gap" ] || return 0
	timed gap_import "$2" "$3" "$4"
	rate "$n" >>"$work/$1"
}

symmetric_once() { # METRIC FILE
	import_once "$1" "$symmetric $many -O sync=none" "$2"
	gap_once "$1.gap" "$threads" -s "$2"
}

gap_durably() { # FILE
	gap_import "$threads" -s "$1"
	sync "$work/gap.sg"
}

durable_once() { # METRIC FILE
	import_once "$1" "$symmetric $many" "$2"
	rm -f "$work/gap.sg"
	[ -n "$gap" ] || return 0
	timed gap_durably "$2"
	rate "$n" >>"$work/$1.gap"
}

directed_once() { # METRIC FILE
	import_once "$1" "$many -O sync=none" "$2"
	rm -f "$work/pigo.bin"
	[ -n "$pigo" ] || return 0
	timed pigo_import "$threads" "$2"
	rate "$n" >>"$work/$1.pigo"
}

single_once() { # METRIC FILE
	if [ -n "$one" ]; then
		import_once "$1" "$symmetric $one -O sync=none" "$2"
		import_once "$1.many" "$symmetric $many -O sync=none" "$2"
	fi
	gap_once "$1.gap" 1 -s "$2"
}

weighted_once() { # METRIC FILE
	empty
	if tried import "$symmetric $many -O sync=none" "$2"; then
		rate "$n" >>"$work/$1"
	fi
	gap_once "$1.gap" "$threads" -sw "$2"
}

beside() { # METRIC PEER
	row "$1" edges/s <"$work/$1"
	rows_beside "$1" edges/s "$work/$1" "$2" "$work/$1.$2"
}

about "graph import, $threads threads"
k=$work/k.el u=$work/u.el
if [ -n "${BENCH_GRAPH:-}" ]; then
	cp "$BENCH_GRAPH" "$k"
	name=given
	tr ',|\t' '   ' <"$k" |
		awk '/^[0-9]/ { printf "n%015d n%015d\n", $1, $2 }' >"$work/strings.el"
	nodes=$(tr ' ,|\t' '\n\n\n\n' <"$k" | sort -n | tail -n 1)
else
	"$graphgen" "$scale" >"$k"
	"$graphgen" -k "$scale" >"$work/strings.el"
	name=k$scale
	nodes=$((1 << scale))
fi
n=$(lines "$k")
group import
m=import-$name-symmetric
figures $m $m.gap
repeat symmetric_once $m "$k"
beside $m gap

# what was stored is what the list says, and a plain reader and sorter beside it
simply() {
	"$rawgraph" make -u "$work/raw" <"$k"
}
timed simply
rate "$n" >"$work/$m.rawgraph"
tail -n 1 "$work/$m" >"$work/last"
rows_beside $m edges/s "$work/last" rawgraph "$work/$m.rawgraph"
edges=$("$rawgraph" count "$work/raw")
rm "$work/raw"
stored() {
	strato-graph info -J -s "$work/store" |
		sed 's/.*"stored_edges":\([0-9]*\).*/\1/'
}
if [ "$(stored)" != "$edges" ]; then
	echo "$0: $(stored) edges were stored of $edges" >&2
	exit 1
fi

figures $m-durable $m-durable.gap
repeat durable_once $m-durable "$k"
beside $m-durable gap
figures $m-1-thread $m-1-thread.gap $m-1-thread.many
repeat single_once $m-1-thread "$k"
beside $m-1-thread gap
row_over $m-over-1-thread "$work/$m-1-thread.many" "$work/$m-1-thread"

m=import-$name-directed
figures $m $m.pigo
repeat directed_once $m "$k"
beside $m pigo

m=import-u$scale-symmetric
"$graphgen" -t uniform "$scale" >"$u"
n=$(lines "$u")
figures $m $m.gap
repeat symmetric_once $m "$u"
beside $m gap
rm "$u"

m=import-k$scale-weighted
"$graphgen" -w 255 "$scale" >"$work/k.wel"
n=$(lines "$work/k.wel")
figures $m $m.gap
repeat weighted_once $m "$work/k.wel"
beside $m gap
rm "$work/k.wel"

# --- from where the text comes, and what it names the nodes by ---

piped() { # COMMAND...: its output into an import
	"$@" | import "$symmetric $many"
}

inflated() {
	gzip -dc "$k.gz" >/dev/null
}

ways_once() {
	empty; timed import "$symmetric $many" "$k"; seconds >>"$work/file"
	empty; timed piped cat "$k"; seconds >>"$work/pipe"
	empty; timed piped cat "$k.gz"; seconds >>"$work/gzip"
	timed inflated; seconds >>"$work/gzip-dc"
}

strings_once() {
	empty; timed import "$symmetric $many" "$k"; seconds >>"$work/integers"
	empty; timed import "$symmetric $many" "$work/strings.el"; seconds >>"$work/strings"
}

group import-ways
gzip -c "$k" >"$k.gz"
figures file pipe gzip gzip-dc integers strings
repeat ways_once
repeat strings_once
for w in file pipe gzip; do row "import-$w" s <"$work/$w"; done
row gzip-dc s <"$work/gzip-dc"
row_over import-pipe-over-file "$work/pipe" "$work/file"
row_over import-gzip-over-gzip-dc "$work/gzip" "$work/gzip-dc"
row import-strings s <"$work/strings"
row_over import-strings-over-integers "$work/strings" "$work/integers"
rm "$k.gz"

# --- size, everything that is read with the graph included ---

bits() { # FILE...: of a directed edge
	cat "$@" | wc -c | awk -v n="$edges" '{ printf "%.2f\n", $1 * 8 / n }'
}

group import-size
empty
import "$symmetric $many" "$k"
bits "$work"/store/seg/* | row "bits-per-edge-$name" bits
empty
if has --order; then
	import "$symmetric $many --order=degree" "$k"
	bits "$work"/store/seg/*
fi | row "bits-per-edge-$name-by-degree" bits
if [ -n "$gap" ]; then
	gap_import "$threads" -s "$k"
	bits "$work/gap.sg"
fi | row "bits-per-edge-$name-gap" bits
rm -f "$work/gap.sg" "$work/pigo.bin"

# --- memory ---

# shellcheck disable=SC2086
peak_of() { # METRIC FILE
	empty
	rows_peak "$1" strato-graph import -q -s "$work/store" -f el $symmetric $many "$2"
}

# A figure where the import came to its end; what killed it otherwise, as a comment.
group_once() { # METRIC COMMAND...
	metric=$1
	shift
	if tried in_group "$@"; then
		seconds >>"$work/$metric"
	else
		status=$?
		echo "# $(echo "${metric%.now}" | tr . -): status $status"
	fi
}

group import-memory
peak_of "import-$name-peak" "$k"
peak_of "import-$name-strings-peak" "$work/strings.el"
rm "$work/strings.el"
if [ -n "$gap" ]; then "$peak" "$gap" -s -f "$k" -b "$work/gap.sg"; fi |
	cut -d ' ' -f 2 | row "import-$name-peak-resident-gap" KiB
if [ -n "$pigo" ]; then "$peak" "$pigo" "$k" "$work/pigo.bin"; fi |
	cut -d ' ' -f 2 | row "import-$name-peak-resident-pigo" KiB

# page cache and all in 64 MiB and 8 bytes a node
mib=$((64 + nodes / 131072))
m=import-$name-in-$mib-MiB
figures $m
small_once() {
	empty
	group_once $m import "$symmetric $many" "$k"
}
if group_begin $((mib * 1048576)); then
	repeat small_once
	group_end
fi
row $m s <"$work/$m"
rm -f "$k" "$work/gap.sg" "$work/pigo.bin"

# The sections of each segment; around them are ids and sums that differ by design.
contents() {
	for f in "$work"/store/seg/*; do
		pages=$(od -An -tu8 -j64 -N8 "$f")
		kind=${f##*/}
		echo "${kind%%-*} $(dd if="$f" bs=4096 skip=1 count="$pages" status=none | cksum)"
	done | sort
}

large_once() {
	empty
	timed import "$symmetric $many" "$k"
	seconds >>"$work/$m-unlimited"
	contents >"$work/unlimited"
	empty
	group_begin $((mib * 1048576)) || return 0
	: >"$work/$m.now"
	group_once $m.now import "$symmetric $many" "$k"
	if [ -n "$gap" ]; then group_once $m.gap gap_import "$threads" -s "$k"; fi
	group_end
	[ -s "$work/$m.now" ] || return 0
	cat "$work/$m.now" >>"$work/$m"
	contents >"$work/limited"
	comm -3 "$work/unlimited" "$work/limited" | wc -l >>"$work/$m-differing"
}

if [ -n "$large" ]; then
	k=$work/large.el
	"$graphgen" "$large" >"$k"
	mib=${BENCH_GROUP:-256}
	m=import-k$large-in-$mib-MiB
	figures $m $m.gap $m-unlimited $m-differing
	repeat large_once
	row "import-k$large" s <"$work/$m-unlimited"
	row $m s <"$work/$m"
	rows_beside $m s "$work/$m" gap "$work/$m.gap"
	row_over $m-over-unlimited "$work/$m" "$work/$m-unlimited"
	row $m-differing-segments count <"$work/$m-differing"
	peak_of "import-k$large-peak" "$k"
fi
