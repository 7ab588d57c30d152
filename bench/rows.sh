# bench/rows.sh - what the scripts of bench/ share; read by them with "."
#
# A script prints rows METRIC, UNIT, MEDIAN, MIN, MAX, RUNS between TABs, and lines
# beginning with "#": what the figures were taken on (about), and where a new group
# of rows begins (group), for which bench/plot.sh draws one picture.
# shellcheck shell=sh

build=${STRATO_BUILD:-.}
PATH=$build:$PATH
runs=${BENCH_RUNS:-5}
here=${BENCH_DIR:-$build/bench}
# shellcheck disable=SC2034
spawn=$build/bench/spawn
peak=$build/bench/peak
# shellcheck disable=SC2034
peer=$build/bench/peer
export PATH

# $work: a folder of the script's own, gone at its end.
work_begin() { # NAME
	work=$here/$1.$$
	group=
	trap 'group_end; rm -rf "$work"' EXIT
	trap 'exit 1' INT TERM HUP
	mkdir -p "$work"
}

# The machine, the device, the way in and out and the settings, as comments.
about() { # TITLE
	strato-init "$work/about"
	echo "# $1, $(date -u +%Y-%m-%d), $(strato-put --version | head -n 1)"
	echo "# machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)," \
		"$(nproc) cores, $(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo) MiB, $(uname -srm)"
	device=$(df --output=source "$work" | tail -n 1)
	echo "# device: $device, $(df --output=fstype "$work" | tail -n 1)," \
		"$(lsblk -dnP -o MODEL,SIZE,ROTA,SCHED "$device" 2>/dev/null)"
	strato-stat -s "$work/about" | sed -n 's|^I/O  *|# I/O: |p' | head -n 1
	strato-config -s "$work/about" | awk -F '\t' '{ s = s " " $1 "=" $2 } END { print "# settings:" s }'
	rm -rf "$work/about"
}

group() { # NAME
	echo "# group $1"
}

# A figure a line on stdin; a line METRIC, UNIT, MEDIAN, MIN, MAX, RUNS.  Without a
# figure (a peer that is not here) the columns are blank and RUNS is 0.
row() { # METRIC UNIT
	sort -g | awk -v m="$1" -v u="$2" '{ v[NR] = $1 }
		END { printf "%s\t%s\t%s\t%s\t%s\t%d\n", m, u, v[int((NR + 1) / 2)], v[1], v[NR], NR }'
}

repeat() { # COMMAND..., run so often
	i=0
	while [ $i -lt "$runs" ]; do "$@"; i=$((i + 1)); done
}

# The first file's figures over the second's, run by run; either may be empty.
row_over() { # METRIC OURS OTHERS
	if [ -s "$2" ] && [ -s "$3" ]; then
		paste "$2" "$3" | awk '$2 > 0 { printf "%.3f\n", $1 / $2 }'
	fi | row "$1" ratio
}

# Two rows: the peer's, and ours over the peer's run by run.  The figures are lines
# of two files; PEER's may be empty.
rows_beside() { # METRIC UNIT OURS PEER-NAME PEER
	row "$1-$4" "$2" <"$5"
	row_over "$1-over-$4" "$3" "$5"
}

# Microseconds that a command took, into $took; its status where it failed.
tried() { # COMMAND...
	t0=$(date +%s%N)
	"$@" || return
	took=$((($(date +%s%N) - t0) / 1000))
	[ $took -gt 0 ] || took=1
}

timed() { # COMMAND..., which must not fail
	tried "$@" || exit
}

rate() { # AMOUNT: a second
	awk -v n="$1" -v us=$took 'BEGIN { printf "%.0f\n", n * 1e6 / us }'
}

mb_rate() { # BYTES
	awk -v n="$1" -v us=$took 'BEGIN { printf "%.1f\n", n / us }'
}

seconds() {
	awk -v us=$took 'BEGIN { printf "%.3f\n", us / 1e6 }'
}

# Runs commands in a memory cgroup; false where none can be made.
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

in_group() { # COMMAND...
	(sh -c 'echo $PPID' >"$group/cgroup.procs"; "$@")
}

# Two rows: private and resident memory at a command's height; blank if it fails.
rows_peak() { # METRIC COMMAND...
	metric=$1
	shift
	"$peak" "$@" >"$work/peak" || : >"$work/peak"
	cut -d ' ' -f 1 "$work/peak" | row "$metric-private" KiB
	cut -d ' ' -f 2 "$work/peak" | row "$metric-resident" KiB
}
