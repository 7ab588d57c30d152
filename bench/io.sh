#!/bin/sh
# bench/io.sh - the queue of io/ioq beside fio's libaio engine, the same work in
# turn: 4 KiB random reads at depths 1 to 128, 1 MiB sequential, all direct.  Each
# line is METRIC, UNIT, MEDIAN, MIN, MAX, RUNS; the ratio of a run is that of two
# neighbours in time.  Without fio its figures are blank.
#
#	BENCH_RUNS	runs of each figure (default 5)
#	BENCH_IO_TIME	milliseconds of one run (default 1000)
#	BENCH_IO_SIZE	MiB of the files (default 512)
#	BENCH_DIR	where they are made (default bench/ of the build)
set -eu
. "$(dirname "$0")/rows.sh"
runs=${BENCH_RUNS:-5}
ms=${BENCH_IO_TIME:-1000}
size=${BENCH_IO_SIZE:-512}
here=${BENCH_DIR:-${STRATO_BUILD:-.}/bench}
work=$here/io.$$
PATH=${STRATO_BUILD:-.}:$PATH
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
mkdir -p "$work"

ours() { # METRIC: one run
	strato-bench nvme_throughput -q --progress=never -O direct_io=on --only="$1" \
		--runs=1 --time="${ms}ms" --size="${size}M" "$work" |
		awk -F'\t' -v m="$1" '$1 == m { print $3 }'
}

# read or write bandwidth in KiB/s and rate, of fio's short lines
fio_line() { # RW BLOCK DEPTH
	rm -f "$work/peer"	# ours is just made too
	fio --name=peer --filename="$work/peer" --size="${size}M" --rw="$1" --bs="$2" \
		--iodepth="$3" --ioengine=libaio --direct=1 --norandommap --randrepeat=0 \
		--time_based --runtime="${ms}ms" --end_fsync=1 \
		--output-format=terse --terse-version=3
}

fio_rate() { # METRIC: in its unit
	case $1 in
	random-read-direct-qd*) fio_line randread 4k "${1##*qd}" | cut -d';' -f8 ;;
	sequential-read-direct) fio_line read 1m 8 | awk -F';' '{ print $7 * 1024 / 1e6 }' ;;
	sequential-write-direct) fio_line write 1m 8 | awk -F';' '{ print $48 * 1024 / 1e6 }' ;;
	esac
}

fio=
if command -v fio >/dev/null; then fio=yes; fi
unit=IOPS
for m in random-read-direct-qd1 random-read-direct-qd2 random-read-direct-qd4 \
	random-read-direct-qd8 random-read-direct-qd16 random-read-direct-qd32 \
	random-read-direct-qd64 random-read-direct-qd128 \
	sequential-read-direct sequential-write-direct; do
	case $m in sequential*) unit=MB/s ;; esac
	: >"$work/ours"; : >"$work/fio"
	i=0
	while [ $i -lt "$runs" ]; do
		ours $m >>"$work/ours" || exit
		[ -z "$fio" ] || fio_rate $m >>"$work/fio"
		i=$((i + 1))
	done
	row "$m" $unit <"$work/ours"
	rows_beside "$m" $unit "$work/ours" fio "$work/fio"
done
echo "# $(strato-bench nvme_throughput -q --only=random-read-direct-qd1 --runs=1 --time=1ms --size=1M "$work" |
	sed -n 's/^# //p' | head -n 2 | paste -sd';'); fio ${fio:+$(fio --version)}; $(nproc) cores; $(uname -sr)"
