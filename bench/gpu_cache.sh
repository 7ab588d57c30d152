#!/bin/sh
# bench/gpu_cache.sh - the GPU cache without a GPU: what a look-up in its index costs,
# what SIEVE keeps beside LRU, and what kernels do through PoCL beside our own.  Rows as bench/rows.sh says; bench/README.md tells
# what each is.
#
#	BENCH_RUNS	runs of each figure (default 5)
#	BENCH_KEYS	resident keys (default 1000000)
#	BENCH_HITS	look-ups a run (default 10000000)
#	BENCH_SCALE	log2 of the nodes of the graph that is searched (default 18)
#	BENCH_SEARCHES	searches (default 2000)
#	BENCH_KERNELS	log2 of the nodes of the graph that kernels search (default 20)
#	BENCH_DIR	where the index lies (default bench/ of the build)
#
# In half a minute: BENCH_RUNS=1 BENCH_HITS=2000000 BENCH_SCALE=16 BENCH_SEARCHES=500 \
#	BENCH_KERNELS=16
set -eu
# shellcheck source=bench/rows.sh
. "$(dirname "$0")/rows.sh"
keys=${BENCH_KEYS:-1000000}
hits=${BENCH_HITS:-10000000}
scale=${BENCH_SCALE:-18}
searches=${BENCH_SEARCHES:-2000}
kernel_scale=${BENCH_KERNELS:-20}
work_begin gpu_cache
about "the index of the GPU cache, and what stays in it"

hit() { # METRIC OPTION... KEYS
	metric=$1
	shift
	repeat "$build/bench/cachehit" "$@" "$hits" "$work" | row "$metric" ns
}

group "a look-up"
hit "hit-$keys-zipf" -z 0.99 "$keys"
hit "hit-$keys-uniform" "$keys"
hit hit-16384-uniform 16384
hit "hit-$keys-batched" -b "$keys"
hit "hit-$keys-zipf-anonymous" -p anonymous -z 0.99 "$keys"
hit "hit-$keys-batched-anonymous" -p anonymous -b "$keys"

# LRU's hits, SIEVE's and those of SIEVE with admission, and what the last is above
# the first; the programs draw the same each time, so one run says it
kept() { # METRIC ARGUMENT...
	metric=$1
	shift
	"$build/bench/cachesim" "$@" >"$work/kept"
	cut -d ' ' -f 1 "$work/kept" | row "hits-$metric-lru" percent
	cut -d ' ' -f 2 "$work/kept" | row "hits-$metric-sieve-at-once" percent
	cut -d ' ' -f 3 "$work/kept" | row "hits-$metric-sieve" percent
	awk '{ printf "%.2f\n", $3 - $1 }' "$work/kept" | row "hits-$metric-above-lru" points
}

group "what is kept"
kept zipf-1-in-100 zipf 0.99 0.01
kept zipf-1-in-10 zipf 0.99 0.1
kept 2-hops-1-in-10 graph "$scale" 2 0.1 "$searches"
kept 2-hops-3-in-10 graph "$scale" 2 0.3 "$searches"
kept 3-hops-1-in-10 graph "$scale" 3 0.1 "$searches"
kept 3-hops-3-in-10 graph "$scale" 3 0.3 "$searches"

# places in an arena of 1 GiB, things of up to 64 KiB and 1 MiB
group "what of an arena is used"
for largest in 65536 1048576; do
	"$build/bench/cachesim" slabs 1024 $largest >"$work/used"
	cut -d ' ' -f 1 "$work/used" | row "arena-used-to-$largest" percent
	cut -d ' ' -f 3 "$work/used" | row "arena-evicted-at-once-to-$largest" things
	cut -d ' ' -f 4 "$work/used" | row "arena-moved-to-$largest" bytes/byte
done

# the service: how long until it answers, and what asking it costs a command beside one
# that has nobody to ask
group "the service"
export POCL_CACHE_DIR="$work/pocl" HOME="$work"
for store in none dead alive; do
	strato-init "$work/$store"
	strato-put -s "$work/$store" -d "$(printf '%0100d' 0)" key
done
mkfifo "$work/ready"

serve() { # STORE DEVICE; its number in $service, milliseconds until it was ready in $took
	begin=$(date +%s%N)
	strato-gpucache serve -q -s "$work/$1" --size=64M --device="$2" --ready-fd=9 \
		9>"$work/ready" &
	service=$!
	cat "$work/ready" >"$work/word"
	took=$(awk -v a="$begin" -v b="$(date +%s%N)" 'BEGIN { printf "%.2f\n", (b - a) / 1e6 }')
}

ready() { # DEVICE
	serve alive "$1"
	strato-gpucache stop -s "$work/alive"
	wait "$service"
	echo "$took"
}

repeat ready host | row service-ready-host ms
if strato-gpucache devices | cut -f 2 | grep -qx cpu; then
	ready cpu >"$work/word"		# the driver's own cache is warm then
	repeat ready cpu | row service-ready-cpu ms
else
	row service-ready-cpu ms </dev/null
fi
serve dead host
kill -KILL "$service"
wait "$service" || :
serve alive host
strato-gpucache pin -s "$work/alive" key

beside_none() { # STORE: milliseconds more than without a service
	"$spawn" -n 300 strato-gpucache get -q -s "$work/$1" key -- \
		strato-gpucache get -q -s "$work/none" key |
		awk '{ printf "%.4f\n", ($1 - $4) / 1000 }'
}

repeat beside_none dead | row service-dead-over-none ms
repeat beside_none alive | row service-asked-over-none ms
strato-gpucache stop -s "$work/alive"

# kernels through PoCL beside our own, on the same cores; the figure is of rates
icd=${OCL_ICD_VENDORS:-/etc/OpenCL/vendors/pocl.icd}
kernels=k$kernel_scale
device() { # ARGUMENT...
	env OCL_ICD_VENDORS="$icd" POCL_CACHE_DIR="$work/pocl" \
		STRATO_KERNELS="$(dirname "$0")/../kernels" "$build/bench/devicegraph" "$@"
}

native() { # COMMAND...: its milliseconds
	strato-graph "$@" -s "$work/store" --stats 2>&1 >/dev/null |
		sed -n 's/.*: \([0-9.]*\) ms, .*/\1/p'
}

kernels_once() { # both sides, one after the other
	"$build/bench/rawgraph" nodes "$work/raw" 4 | while read -r src; do
		native bfs --summary "$src" </dev/null >>"$work/native.bfs"
	done
	for _ in 1 2 3 4 5; do
		native pagerank --iterations=20 --tolerance=0 --top=1 | awk '{ print $1 / 20 }'
	done >>"$work/native.pagerank"
	device -t -n 4 -i 20 "$work/raw" >"$work/said"
	sed -n 's/^bfs //p' "$work/said" >>"$work/pocl.bfs"
	sed -n 's/^pagerank //p' "$work/said" >>"$work/pocl.pagerank"
}

group "kernels-$kernels"
: >"$work/pocl.bfs"
: >"$work/pocl.pagerank"
: >"$work/native.bfs"
: >"$work/native.pagerank"
if [ -x "$build/bench/devicegraph" ] && [ -r "$icd" ]; then
	mkdir -p "$work/pocl"
	"$build/bench/graphgen" "$kernel_scale" >"$work/k.el"
	"$build/bench/rawgraph" make -u "$work/raw" <"$work/k.el"
	strato-init "$work/store"
	strato-graph import -q -s "$work/store" -f el --undirected --loops=drop "$work/k.el"
	rm "$work/k.el"
	device -c -n 1 -i 1 "$work/raw" >/dev/null
	repeat kernels_once
fi
for what in bfs pagerank; do
	row "$what-$kernels-pocl" ms <"$work/pocl.$what"
	row "$what-$kernels-native" ms <"$work/native.$what"
	row_over "$what-$kernels-pocl-over-native" "$work/native.$what" "$work/pocl.$what"
done
