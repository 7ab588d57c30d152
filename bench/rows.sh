# bench/rows.sh - what the scripts of bench/ share; read by them with "."

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

# Three rows: ours, the peer's, and ours over the peer's run by run.  The figures
# are lines of two files; PEER's may be empty.
rows_beside() { # METRIC UNIT OURS PEER-NAME PEER
	row "$1-$4" "$2" <"$5"
	if [ -s "$5" ]; then
		paste "$3" "$5" | awk '$2 > 0 { printf "%.3f\n", $1 / $2 }'
	fi | row "$1-over-$4" ratio
}
