#!/bin/sh
# bench/store.sh - bytes between a pipe and the disk, beside other stores and dd
#
# Rows as bench/rows.sh says; bench/README.md tells what each is.  The runs of strato
# and its peers alternate, and a ratio is of neighbours in time.  Every load is
# durable at its end: peers commit each 100 000 records or 64 MiB with a sync
# (bench/peer.c says how each is set), tinycdb's file is synced when it is made.
#
#	BENCH_RUNS	runs of each figure (default 5)
#	BENCH_RECORDS	records of the bulk loads (default "1000000 10000000")
#	BENCH_GETS	keys of the batch get, from the first of these (default 1000000)
#	BENCH_FEW	keys of the get from each of these in a cgroup of a quarter of the
#			store's size; LMDB, which waits for each page, has a tenth of
#			them (default 50000)
#	BENCH_BLOBS	number of middling values (default 100000)
#	BENCH_BLOB	their lengths (default "4096 65536")
#	BENCH_BIG	bytes of the large value (default 1073741824)
#	BENCH_OVER	records that are overwritten three times (default 1000000)
#	BENCH_PEERS	engines, of those that were built in (default all)
#	BENCH_ROWS	which rows, of: load get memory recovery large values space
#			(default all); "load get" with BENCH_RECORDS=10000000 are those
#			of ten million records alone
#	BENCH_DIR	where the stores are made (default bench/ of the build)
#
# In a minute: BENCH_RUNS=1 BENCH_RECORDS=200000 BENCH_GETS=200000 BENCH_BLOBS=2000
# BENCH_BIG=134217728 BENCH_OVER=100000
set -eu
# shellcheck source=bench/rows.sh
. "$(dirname "$0")/rows.sh"
rows_wanted=${BENCH_ROWS:-load get memory recovery large values space}
for w in $rows_wanted; do
	case $w in
	load | get | memory | recovery | large | values | space) ;;
	*) echo "BENCH_ROWS: no rows '$w'" >&2; exit 64 ;;
	esac
done
peers=${BENCH_PEERS-$("$peer" engines)}
every='lmdb rocksdb sqlite'	# rows in this order, built in or not
cdb=
if command -v cdb >/dev/null; then cdb=cdb; fi
work_begin store
# shellcheck disable=SC2086
about "the store, beside:$(printf ' %s' $peers $cdb)"

wanted() { # ROWS
	case " $rows_wanted " in *" $1 "*) ;; *) return 1 ;; esac
}

# The input is on disk before anything is measured: gigabytes that the system writes
# back half a minute later slow down whoever is measured then.
make_records() { # N LEN SEED
	"$peer" make records "$@" >"$work/records"
	sync "$work/records"
}

bytes_of() { # DIR: on disk
	du -s -B1 "$1" | cut -f1
}

load() { # ENGINE RECORDS: into $work/ENGINE
	case $1 in
	strato)
		[ -d "$work/strato" ] || strato-init "$work/strato"
		cat "$2" | strato-put -q -s "$work/strato" -b -f cdb ;;
	plain)
		[ -d "$work/plain" ] || strato-init -O compression=none "$work/plain"
		cat "$2" | strato-put -q -s "$work/plain" -b -f cdb ;;
	cdb)
		mkdir "$work/cdb"
		cat "$2" | cdb -c -t - "$work/cdb/file"
		sync "$work/cdb/file" ;;
	*)
		cat "$2" | "$peer" load "$1" "$work/$1" ;;
	esac
}

get() { # ENGINE KEYS
	case $1 in
	strato | plain) strato-get -q -s "$work/$1" -b -f cdb <"$2" >/dev/null ;;
	*) "$peer" get "$1" "$work/$1" <"$2" >/dev/null ;;
	esac
}

begin() { # METRIC: no figures yet
	for e in strato plain $every cdb; do : >"$work/$1.$e"; done
}

rows() { # METRIC UNIT
	row "$1" "$2" <"$work/$1.strato"
	for e in $every; do
		rows_beside "$1" "$2" "$work/$1.strato" $e "$work/$1.$e"
	done
}

# --- bulk load ---

load_once() { # METRIC N
	for e in strato $peers $cdb; do
		rm -rf "${work:?}/$e"
		timed load $e "$work/records"
		rate "$2" >>"$work/$1.$e"
	done
}

# Ours over the fastest of the durable stores, which a file made once is not.
row_over_best() { # METRIC
	for e in $every; do
		[ ! -s "$work/$1.$e" ] || set -- "$@" "$work/$1.$e"
	done
	metric=$1
	shift
	[ $# = 0 ] || paste "$@" | awk '{ best = $1
		for (i = 2; i <= NF; i++) if ($i > best) best = $i
		print best }' >"$work/best"
	[ $# != 0 ] || : >"$work/best"
	row_over "$metric-over-best" "$work/$metric.strato" "$work/best"
}

# --- gets from a store that is in memory, and from one four times as large ---

get_once() { # METRIC N
	for e in strato $peers; do
		timed get $e "$work/keys"
		rate "$2" >>"$work/$1.$e"
	done
}

few=${BENCH_FEW:-50000}
few_once() { # METRIC
	for e in $limited; do
		"$peer" drop "$work/$e"
		keys=$work/keys
		[ $e != lmdb ] || keys=$work/keys-tenth
		if tried in_group get $e "$keys"; then
			rate "$(wc -l <"$keys")" >>"$work/$1.$e"
		else
			echo "# $1, $e: status $?"
		fi
	done
	! command -v fio >/dev/null || fio --name=peer --filename="$work/fio" \
		--size="$((size / 1048576 + 1))M" --rw=randread --bs=4k --iodepth=64 \
		--ioengine=libaio --direct=1 --norandommap --randrepeat=0 --time_based \
		--runtime=1s --output-format=terse --terse-version=3 |
		cut -d';' -f8 >>"$work/$1.fio"
}

get_limited() { # METRIC N
	begin "$1"
	: >"$work/$1.fio"
	size=$(bytes_of "$work/strato")
	limited=strato
	# below 64 MiB LMDB measures how its program is paged, below 16 any does
	for e in $peers; do
		[ $e != lmdb ] || [ "$size" -lt 268435456 ] || limited="strato lmdb"
	done
	if [ "$size" -ge 67108864 ] && group_begin $((size / 4)); then
		"$peer" make keys "$2" "$few" >"$work/keys"
		head -n $((few / 10)) "$work/keys" >"$work/keys-tenth"
		repeat few_once "$1"
		group_end
		rm -f "$work/fio"
	fi
	row "$1" records/s <"$work/$1.strato"
	rows_beside "$1" records/s "$work/$1.strato" fio "$work/$1.fio"
	rows_beside "$1" records/s "$work/$1.strato" lmdb "$work/$1.lmdb"
}

load_rows() { # N
	group "load-$1"
	begin "load-$1"
	repeat load_once "load-$1" "$1"
	rows "load-$1" records/s
	rows_beside "load-$1" records/s "$work/load-$1.strato" cdb "$work/load-$1.cdb"
	row_over_best "load-$1"
}

gets=${BENCH_GETS:-1000000}
get_rows() { # N
	group "get-from-$1"
	for e in strato $peers; do
		[ -e "$work/$e" ] || load $e "$work/records"
	done
	if [ -n "$gets" ]; then
		"$peer" make keys "$1" "$gets" >"$work/keys"
		begin "get-cached-from-$1"
		for e in strato $peers; do get $e "$work/keys"; done
		repeat get_once "get-cached-from-$1" "$gets"
		rows "get-cached-from-$1" records/s
		gets=
	fi
	get_limited "get-limited-from-$1" "$1"
}

for n in ${BENCH_RECORDS:-1000000 10000000}; do
	for e in strato $peers $cdb; do rm -rf "${work:?}/$e"; done
	if wanted load || wanted get || wanted memory || wanted recovery; then
		make_records "$n" 100 0
	fi
	! wanted load || load_rows "$n"
	! wanted get || get_rows "$n"
done

# --- peak memory of a batch; bench/process.sh has that of one key ---

memory_rows() {
	group batch-memory
	[ -d "$work/strato" ] || load strato "$work/records"
	"$peer" make keys "$n" "$few" >"$work/keys"
	rows_peak get-batch-peak strato-get -q -s "$work/strato" -b -f cdb <"$work/keys"
	rm -rf "$work/strato"
	strato-init "$work/strato"
	rows_peak load-peak strato-put -q -s "$work/strato" -b -f cdb <"$work/records"
}
! wanted memory || memory_rows

# --- recovery of a log as large as it may become ---

# A log is folded beyond log_size, and before it when the runs are not sixteen times
# as large: 64 MiB of it need 1 GiB of them, as 10 million records uncompressed are.
stat_number() { # NAME
	strato-stat -s "$work/plain" -J | sed "s/.*\"$1\":\([0-9]*\).*/\1/"
}

fill_log() { # RECORDS, SEED of the values
	"$peer" make records "$1" 100 "$2" |
		strato-put -q -s "$work/plain" -b -f cdb --commit-every=1000
}

recover_once() {
	rm -f "$work/plain/wal/index"
	timed strato-get -q -s "$work/plain" last >/dev/null
	echo $took | awk '{ printf "%.1f\n", $1 / 1000 }' >>"$work/recovery"
}

recovery_rows() {
	group recovery
	for e in strato $peers $cdb; do rm -rf "${work:?}/$e"; done
	load plain "$work/records"
	rm "$work/records"
	runs_sixteenth=$(($(stat_number run_bytes) / 16))
	most=$(stat_number log_limit_bytes)
	[ $runs_sixteenth -ge 8388608 ] || runs_sixteenth=8388608
	[ "$most" -le $runs_sixteenth ] || most=$runs_sixteenth
	empty=$(stat_number log_bytes)
	fill_log 1000 1
	each=$((($(stat_number log_bytes) - empty) / 1000))
	fill_log $(((most - empty) / each * 98 / 100 - 1000)) 2
	strato-put -s "$work/plain" -d value last
	log=$(stat_number log_bytes)
	echo "# the log holds $log bytes and is folded beyond $most"
	repeat recover_once
	row "recovery-of-log-$((log / 1048576))-MiB" ms <"$work/recovery"
}
! wanted recovery || recovery_rows

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

large_rows() {
	group large-value
	rm -rf "${work:?}"/*
	head -c $((mib * 1048576)) /dev/urandom >"$work/value"
	big=$((mib * 1048576))
	sync "$work/value"
	cat "$work/value" >/dev/null
	repeat big_in_once
	row value-in MB/s <"$work/value-in.strato"
	rows_beside value-in MB/s "$work/value-in.strato" dd "$work/value-in.dd"
	repeat big_out_once
	row value-out-cold MB/s <"$work/value-out-cold.strato"
	rows_beside value-out-cold MB/s "$work/value-out-cold.strato" dd "$work/value-out-cold.dd"
	row value-out-cached MB/s <"$work/value-out-cached.strato"
	rows_beside value-out-cached MB/s "$work/value-out-cached.strato" cat "$work/value-out-cached.cat"
}
! wanted large || large_rows

# --- many middling values, half of which packs; plain: compression=none ---

blobs=${BENCH_BLOBS:-100000}

space() { # METRIC ENGINE BYTES: on disk over what was put in
	bytes_of "$work/$2" | awk -v n="$3" '{ printf "%.3f\n", $1 / n }' >>"$work/$1.$2"
}

# What a store has whatever it holds: the reserve, and the log as it was made.
unreserved() { # METRIC ENGINE BYTES
	fixed=$(du -c -B1 "$work/$2/wal" "$work/$2/reserve" | tail -n 1 | cut -f1)
	bytes_of "$work/$2" |
		awk -v n="$3" -v f="$fixed" '{ printf "%.3f\n", ($1 - f) / n }' >>"$work/$1.$2"
}

blobs_once() { # LEN
	for e in strato plain $peers; do
		rm -rf "${work:?}/$e"
		timed load $e "$work/records"
		mb_rate $((blobs * $1)) >>"$work/values-$1-in.$e"
		"$peer" drop "$work/$e"
		space "values-$1-space" $e $((blobs * ($1 + 16)))
		case $e in strato | plain)
			unreserved "values-$1-space-unreserved" $e $((blobs * ($1 + 16))) ;;
		esac
		timed get $e "$work/keys"
		mb_rate $((blobs * $1)) >>"$work/values-$1-out-cold.$e"
		rm -rf "${work:?}/$e"
	done
}

plain_rows() { # METRIC UNIT
	row "$1-plain" "$2" <"$work/$1.plain"
	row_over "$1-plain-over-lmdb" "$work/$1.plain" "$work/$1.lmdb"
}

values_rows() {
	for len in ${BENCH_BLOB:-4096 65536}; do
		group "values-$len"
		rm -rf "${work:?}"/*
		make_records "$blobs" "$len" 0
		"$peer" make keys "$blobs" "$blobs" >"$work/keys"
		for m in in space out-cold space-unreserved; do begin "values-$len-$m"; done
		repeat blobs_once "$len"
		rows "values-$len-in" MB/s
		plain_rows "values-$len-in" MB/s
		rows "values-$len-out-cold" MB/s
		plain_rows "values-$len-out-cold" MB/s
		rows "values-$len-space" ratio
		row "values-$len-space-plain" ratio <"$work/values-$len-space.plain"
		row "values-$len-space-unreserved" ratio <"$work/values-$len-space-unreserved.strato"
		row "values-$len-space-unreserved-plain" ratio <"$work/values-$len-space-unreserved.plain"
	done
}
! wanted values || values_rows

# --- space after everything was overwritten three times ---

over=${BENCH_OVER:-1000000}
space_rows() {
	group space
	rm -rf "${work:?}"/*
	for m in space-overwritten space-overwritten-unreserved space-compacted \
		space-compacted-unreserved; do begin $m; done
	for seed in 0 1 2 3; do
		make_records "$over" 100 $seed
		for e in strato plain $peers; do load $e "$work/records"; done
	done
	for e in strato plain $peers; do space space-overwritten $e $((over * 116)); done
	for e in strato plain; do
		unreserved space-overwritten-unreserved $e $((over * 116))
		strato-compact -q -s "$work/$e"
		space space-compacted $e $((over * 116))
		unreserved space-compacted-unreserved $e $((over * 116))
	done
	rows space-overwritten ratio
	for m in space-overwritten-unreserved space-compacted space-compacted-unreserved; do
		row $m ratio <"$work/$m.strato"
	done
	for m in space-overwritten space-overwritten-unreserved space-compacted \
		space-compacted-unreserved; do
		row $m-plain ratio <"$work/$m.plain"
	done
}
! wanted space || space_rows
