#!/bin/sh
# bench/store.sh - bytes between a pipe and the disk, beside other stores and dd
#
# Each line is METRIC, UNIT, MEDIAN, MIN, MAX, RUNS; of a peer that is not here the
# figures are blank.  The runs of strato and its peers alternate, and a ratio is of
# neighbours in time.  Every load is durable at its end: peers commit each 100 000
# records or 64 MiB with a sync (bench/peer.c says how each is set).
#
#	BENCH_RUNS	runs of each figure (default 5)
#	BENCH_RECORDS	records of the bulk loads (default "1000000 10000000")
#	BENCH_GETS	keys of the batch get, from the first of these (default 1000000)
#	BENCH_FEW	keys of the get from the last of these, in a cgroup of a quarter
#			of the store's size; LMDB, which waits for each page, has a tenth
#			of them (default 50000)
#	BENCH_BLOBS	number of middling values (default 100000)
#	BENCH_BLOB	their lengths (default "4096 65536")
#	BENCH_BIG	bytes of the large value (default 1073741824)
#	BENCH_OVER	records that are overwritten three times (default 1000000)
#	BENCH_PEERS	engines, of those that were built in (default all)
#	BENCH_DIR	where the stores are made (default bench/ of the build)
#
# In a minute: BENCH_RUNS=1 BENCH_RECORDS=200000 BENCH_GETS=200000 BENCH_BLOBS=2000
# BENCH_BIG=134217728 BENCH_OVER=100000
set -eu
. "$(dirname "$0")/rows.sh"
runs=${BENCH_RUNS:-5}
here=${BENCH_DIR:-${STRATO_BUILD:-.}/bench}
work=$here/store.$$
PATH=${STRATO_BUILD:-.}:$PATH
peer=${STRATO_BUILD:-.}/bench/peer
peers=${BENCH_PEERS-$("$peer" engines)}
every='lmdb rocksdb sqlite'	# rows in this order, built in or not
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
mkdir -p "$work"

# Seconds that a command took, into $took.
timed() { # COMMAND...
	t0=$(date +%s%N)
	"$@" || exit
	took=$((($(date +%s%N) - t0) / 1000))
	[ $took -gt 0 ] || took=1
}

rate() { # AMOUNT: a second
	awk -v n="$1" -v us=$took 'BEGIN { printf "%.0f\n", n * 1e6 / us }'
}

mb_rate() { # BYTES
	awk -v n="$1" -v us=$took 'BEGIN { printf "%.1f\n", n / us }'
}

bytes_of() { # DIR: on disk
	du -s -B1 "$1" | cut -f1
}

load() { # ENGINE RECORDS: into $work/ENGINE
	if [ "$1" = strato ]; then
		[ -d "$work/strato" ] || strato-init "$work/strato"
		cat "$2" | strato-put -q -s "$work/strato" -b -f cdb
	else
		cat "$2" | "$peer" load "$1" "$work/$1"
	fi
}

get() { # ENGINE KEYS
	if [ "$1" = strato ]; then
		strato-get -q -s "$work/strato" -b -f cdb <"$2" >/dev/null
	else
		"$peer" get "$1" "$work/$1" <"$2" >/dev/null
	fi
}

begin() { # METRIC: no figures yet
	for e in strato $every; do : >"$work/$1.$e"; done
}

rows() { # METRIC UNIT
	row "$1" "$2" <"$work/$1.strato"
	for e in $every; do
		rows_beside "$1" "$2" "$work/$1.strato" $e "$work/$1.$e"
	done
}

# --- bulk load, and gets from the first ---

load_once() { # METRIC N
	for e in strato $peers; do
		rm -rf "${work:?}/$e"
		timed load $e "$work/records"
		rate "$2" >>"$work/$1.$e"
	done
}

get_once() { # METRIC N
	for e in strato $peers; do
		timed get $e "$work/keys"
		rate "$2" >>"$work/$1.$e"
	done
}

gets=${BENCH_GETS:-1000000}
for n in ${BENCH_RECORDS:-1000000 10000000}; do
	"$peer" make records "$n" 100 0 >"$work/records"
	begin "load-$n"
	repeat load_once "load-$n" "$n"
	rows "load-$n" records/s
	[ -n "$gets" ] || continue
	"$peer" make keys "$n" "$gets" >"$work/keys"
	begin "get-cached-from-$n"
	for e in strato $peers; do get $e "$work/keys"; done
	repeat get_once "get-cached-from-$n" "$gets"
	rows "get-cached-from-$n" records/s
	gets=
done

# --- gets from a store four times the memory allowed ---

# Runs the command in a memory cgroup; false where none can be made.
group=
group_begin() { # BYTES
	for g in /sys/fs/cgroup/memory /sys/fs/cgroup; do
		mkdir "$g/strato-bench.$$" 2>/dev/null || continue
		for f in memory.limit_in_bytes memory.max; do
			[ -w "$g/strato-bench.$$/$f" ] || continue
			group=$g/strato-bench.$$
			echo "$1" >"$group/$f" && return
		done
		rmdir "$g/strato-bench.$$"
		group=
	done
	return 1
}

group_end() {
	[ -z "$group" ] || rmdir "$group"
	group=
}
trap 'group_end; rm -rf "$work"' EXIT

in_group() { # COMMAND...
	(sh -c 'echo $PPID' >"$group/cgroup.procs"; "$@")
}

few=${BENCH_FEW:-50000}
few_once() {
	for e in $limited; do
		"$peer" drop "$work/$e"
		keys=$work/keys
		[ $e != lmdb ] || keys=$work/keys-tenth
		timed in_group get $e "$keys"
		rate "$(wc -l <"$keys")" >>"$work/get-limited.$e"
	done
	! command -v fio >/dev/null || fio --name=peer --filename="$work/fio" \
		--size="$((size / 1048576 + 1))M" --rw=randread --bs=4k --iodepth=64 \
		--ioengine=libaio --direct=1 --norandommap --randrepeat=0 --time_based \
		--runtime=1s --output-format=terse --terse-version=3 |
		cut -d';' -f8 >>"$work/get-limited.fio"
}

begin get-limited
: >"$work/get-limited.fio"
size=$(bytes_of "$work/strato")
limited=strato
for e in $peers; do [ $e != lmdb ] || limited="strato lmdb"; done
# below 64 MiB, which any batch may take, it would measure how programs are paged
if [ $size -ge 268435456 ] && group_begin $((size / 4)); then
	"$peer" make keys "$n" "$few" >"$work/keys"
	head -n $((few / 10)) "$work/keys" >"$work/keys-tenth"
	repeat few_once
	group_end
fi
row get-limited records/s <"$work/get-limited.strato"
rows_beside get-limited records/s "$work/get-limited.strato" fio "$work/get-limited.fio"
rows_beside get-limited records/s "$work/get-limited.strato" lmdb "$work/get-limited.lmdb"

# --- peak memory of a batch; bench/process.sh has that of one key ---

spawn=${STRATO_BUILD:-.}/bench/spawn
peak() { # METRIC SHELL-TEXT
	"$spawn" -n 1 sh -c "$2" | cut -f3 | row "$1" KiB
}

peak get-batch-peak "exec strato-get -q -s '$work/strato' -b -f cdb <'$work/keys'"
rm -rf "$work/strato"
strato-init "$work/strato"
peak load-peak "exec strato-put -q -s '$work/strato' -b -f cdb <'$work/records'"

# --- recovery of a log as large as it may become ---

recover_once() {
	rm -f "$work/strato/wal/index"
	timed strato-get -q -s "$work/strato" last >/dev/null
	echo $took | awk '{ printf "%.1f\n", $1 / 1000 }' >>"$work/recovery"
}

rm -rf "$work"/*
strato-init -O log_size=64M "$work/strato"
"$peer" make records 450000 100 0 |
	strato-put -q -s "$work/strato" -b -f cdb --commit-every=1000
strato-put -s "$work/strato" -d value last
log=$(strato-stat -s "$work/strato" -J | sed 's/.*"log_bytes":\([0-9]*\).*/\1/')
repeat recover_once
row "recovery-of-log-$((log / 1048576))-MiB" ms <"$work/recovery"

# --- one large value ---

big=${BENCH_BIG:-1073741824}
mib=$((big / 1048576))

big_in() { cat "$work/value" | strato-put -q -s "$work/strato" big; }
big_in_dd() {
	cat "$work/value" | dd of="$work/copy" bs=1M iflag=fullblock oflag=direct conv=fsync 2>/dev/null
}
big_out() { strato-get -q -s "$work/strato" big | cat >/dev/null; }
big_out_dd() { dd if="$work/copy" bs=1M iflag=direct 2>/dev/null | cat >/dev/null; }
big_out_cat() { cat "$work/copy" | cat >/dev/null; }

big_in_once() {
	rm -rf "$work/strato" "$work/copy"
	strato-init "$work/strato"
	timed big_in; mb_rate "$big" >>"$work/value-in.strato"
	timed big_in_dd; mb_rate "$big" >>"$work/value-in.dd"
}

big_out_once() {
	"$peer" drop "$work/strato"
	timed big_out; mb_rate "$big" >>"$work/value-out-cold.strato"
	"$peer" drop "$work/copy"
	timed big_out_dd; mb_rate "$big" >>"$work/value-out-cold.dd"
	timed big_out_cat	# brings it into memory
	big_out; big_out
	timed big_out; mb_rate "$big" >>"$work/value-out-cached.strato"
	timed big_out_cat; mb_rate "$big" >>"$work/value-out-cached.cat"
}

rm -rf "$work"/*
head -c $((mib * 1048576)) /dev/urandom >"$work/value"
big=$((mib * 1048576))
cat "$work/value" >/dev/null
repeat big_in_once
row value-in MB/s <"$work/value-in.strato"
rows_beside value-in MB/s "$work/value-in.strato" dd "$work/value-in.dd"
repeat big_out_once
row value-out-cold MB/s <"$work/value-out-cold.strato"
rows_beside value-out-cold MB/s "$work/value-out-cold.strato" dd "$work/value-out-cold.dd"
row value-out-cached MB/s <"$work/value-out-cached.strato"
rows_beside value-out-cached MB/s "$work/value-out-cached.strato" cat "$work/value-out-cached.cat"

# --- many middling values ---

blobs=${BENCH_BLOBS:-100000}

blobs_once() { # LEN
	for e in strato $peers; do
		rm -rf "${work:?}/$e"
		timed load $e "$work/records"
		mb_rate $((blobs * $1)) >>"$work/values-$1-in.$e"
		"$peer" drop "$work/$e"
		bytes_of "$work/$e" | awk -v n=$((blobs * ($1 + 16))) '{ printf "%.3f\n", $1 / n }' \
			>>"$work/values-$1-space.$e"
		timed get $e "$work/keys"
		mb_rate $((blobs * $1)) >>"$work/values-$1-out-cold.$e"
		rm -rf "${work:?}/$e"
	done
}

for len in ${BENCH_BLOB:-4096 65536}; do
	rm -rf "$work"/*
	"$peer" make records "$blobs" "$len" 0 >"$work/records"
	"$peer" make keys "$blobs" "$blobs" >"$work/keys"
	for m in in space out-cold; do begin "values-$len-$m"; done
	repeat blobs_once "$len"
	rows "values-$len-in" MB/s
	rows "values-$len-out-cold" MB/s
	rows "values-$len-space" ratio
done

# --- space after everything was overwritten three times ---

over=${BENCH_OVER:-1000000}
space() { # METRIC ENGINE
	bytes_of "$work/$2" | awk -v n=$((over * 116)) '{ printf "%.3f\n", $1 / n }' >>"$work/$1.$2"
}

rm -rf "$work"/*
begin space-overwritten
begin space-compacted
for seed in 0 1 2 3; do
	"$peer" make records "$over" 100 $seed >"$work/records"
	for e in strato $peers; do load $e "$work/records"; done
done
for e in strato $peers; do space space-overwritten $e; done
strato-compact -q -s "$work/strato"
space space-compacted strato
rows space-overwritten ratio
row space-compacted ratio <"$work/space-compacted.strato"
# of these whatever the store holds: the log as it was made, and the reserve
du -c -B1 "$work/strato/wal" "$work/strato/reserve" | tail -n 1 | cut -f1 |
	row space-log-and-reserve bytes

strato-init "$work/last"
echo "# $(strato-stat -s "$work/last" | grep -i '^i/o' | head -n 1); $(nproc) cores; $(uname -sr); peers: $(echo $peers)"
