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
# shellcheck source=bench/rows.sh
. "$(dirname "$0")/rows.sh"
ms=${BENCH_IO_TIME:-1000}
size=${BENCH_IO_SIZE:-512}
work_begin io
about "the queue of reads and writes"

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
echo "# fio ${fio:+$(fio --version)}"
group random-read
for m in random-read-direct-qd1 random-read-direct-qd2 random-read-direct-qd4 \
	random-read-direct-qd8 random-read-direct-qd16 random-read-direct-qd32 \
	random-read-direct-qd64 random-read-direct-qd128 \
	sequential-read-direct sequential-write-direct; do
	if [ $m = sequential-read-direct ]; then
		unit=MB/s
		group sequential
	fi
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
