#!/bin/sh
# bench/graph_knowledge.sh - knowledge graphs: N-Triples read and written, beside
# serdi.  Rows as bench/rows.sh says; bench/README.md tells what each is.  The input
# lies in the page cache, output goes to /dev/null.
#
#	BENCH_RUNS		runs of each figure (default 5)
#	BENCH_STATEMENTS	how many (default 1000000)
#	BENCH_TRIPLES		a file of N-Triples to take instead
#	BENCH_DIR		where it happens (default bench/ of the build)
#
# In some seconds: BENCH_RUNS=1 BENCH_STATEMENTS=100000
set -eu
# shellcheck source=bench/rows.sh
. "$(dirname "$0")/rows.sh"
rdfscan=$build/bench/rdfscan
work_begin graph_knowledge
about "knowledge graphs, one thread"
group scan

nt=$work/in.nt
if [ -n "${BENCH_TRIPLES:-}" ]; then
	cp "$BENCH_TRIPLES" "$nt"
else
	"$rdfscan" make "${BENCH_STATEMENTS:-1000000}" >"$nt"
fi
n=$("$rdfscan" scan "$nt")
echo "# $n statements, $(wc -c <"$nt") bytes"
for f in scan plain write serdi; do : >"$work/$f"; done

serdi_in() {
	serdi -i ntriples -o ntriples "$nt" >/dev/null
}

ours_out() {
	"$rdfscan" write "$nt" >/dev/null 2>&1
}

once() {
	timed "$rdfscan" scan "$nt" >/dev/null
	rate "$n" >>"$work/scan"
	timed "$rdfscan" scan plain "$nt" >/dev/null
	rate "$n" >>"$work/plain"
	timed ours_out
	rate "$n" >>"$work/write"
	command -v serdi >/dev/null || return 0
	timed serdi_in
	rate "$n" >>"$work/serdi"
}

repeat once
row nt-scan statements/s <"$work/scan"
rows_beside nt-scan statements/s "$work/scan" serdi "$work/serdi"
row nt-scan-plain statements/s <"$work/plain"
row_over nt-scan-plain-over-serdi "$work/plain" "$work/serdi"
row nt-write statements/s <"$work/write"
row_over nt-write-over-serdi "$work/write" "$work/serdi"
