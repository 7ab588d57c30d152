#!/bin/sh
# bench/large.sh - a large value through a pipe, by what it is made of and how it is
# kept, beside dd past the page cache through the same pipe: rates over dd's in the
# same round, memory, and CPU.  Rows as bench/rows.sh says.
#
#	BENCH_BIG	bytes of the value (default 1073741824)
#	BENCH_RUNS	rounds (default 5)
#	BENCH_DIR	where it happens (default bench/ of the build)
set -eu
# shellcheck source=bench/rows.sh
. "$(dirname "$0")/rows.sh"
value=${BENCH_BIG:-1073741824}
work_begin large
about "a value of $value bytes"

# noise; half of each 4 KiB noise, the rest one byte; words of ten letters
noise() { head -c "$value" /dev/urandom; }
half() {
	head -c 4194304 /dev/urandom >"$work/seed"
	i=0
	while [ $i -lt 2048 ]; do
		dd if="$work/seed" bs=2048 skip=$i count=1 status=none
		head -c 2048 /dev/zero
		i=$((i + 1))
	done >"$work/part"
	repeated
}
words() {
	awk 'BEGIN { srand(1); for (i = 0; i < 3000; i++) w[i] = int(rand() * 1e10)
		for (i = 0; i < 700000; i++) printf "%s ", w[int(rand() * 3000)] }' >"$work/part"
	repeated
}
# far beyond what LZ4 looks back over
repeated() { while cat "$work/part"; do :; done 2>/dev/null | head -c "$value"; }

measured() { # NAME COMMAND..., the file through a pipe
	name=$1
	shift
	cat "$work/in" | command time -f '%e %M %U %S' -o "$work/time" "$@"
	cat "$work/time" >>"$work/$name"
}

round() { # KIND
	measured "$1.dd" dd of="$work/out" bs=1M oflag=direct iflag=fullblock conv=fsync status=none
	rm -f "$work/out"
	for how in none lz4; do
		strato-init -O compression=$how "$work/store"
		measured "$1.$how" strato-put -s "$work/store" large
		rm -rf "$work/store"
	done
}

for kind in noise half words; do
	group "large-$kind"
	$kind >"$work/in"
	repeat round $kind
	for how in none lz4; do
		paste -d ' ' "$work/$kind.dd" "$work/$kind.$how" >"$work/both"
		awk '$5 > 0 { printf "%.2f\n", $1 / $5 }' "$work/both" | row "$kind-$how-over-dd" ratio
		awk '{ print $2 }' "$work/$kind.$how" | row "$kind-$how-peak" KiB
		awk '{ printf "%.2f\n", $3 + $4 }' "$work/$kind.$how" | row "$kind-$how-cpu" s
	done
done
