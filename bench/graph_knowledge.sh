#!/bin/sh
# bench/graph_knowledge.sh - knowledge graphs: N-Triples read and written, beside
# serdi; imports; questions to a graph of them, whole processes, warm.  Rows as bench/rows.sh says; bench/README.md tells what each is.  The input
# lies in the page cache, output goes to /dev/null.
#
#	BENCH_RUNS		runs of each figure (default 5)
#	BENCH_STATEMENTS	how many (default 1000000)
#	BENCH_TRIPLES		a file of N-Triples to take instead
#	BENCH_LARGE		a file of N-Triples for the import within memory limits
#	BENCH_LINKS		a file of typed edges, SRC DST TYPE between TABs, for triangles
#	BENCH_NEO4J		a folder with nodes.csv and rels.csv, as neo4j has them
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

# 373,000 edges of 30 types between 100,000 nodes, with hubs: the same everywhere.
links() {
	awk 'function rnd() { return x = x * 16807 % 2147483647 }
		BEGIN { x = 1; for (i = 0; i < 373000; i++) {
			u = rnd() / 2147483647; v = rnd() / 2147483647; w = rnd() / 2147483647
			printf "%d\t%d\tt%d\n", u * u * 100000, v * v * v * 100000, w * w * 30 } }'
}

if [ -n "${BENCH_LINKS:-}" ]; then
	cp "$BENCH_LINKS" "$work/links"
else
	links >"$work/links"
fi
echo "# $(wc -l <"$work/links") links"

group load

load=$work/load
empty() {
	rm -rf "$load"
	strato-init "$load"
}

nt_import() { # FILE OPTION...
	file=$1
	shift
	strato-graph import -q -s "$load" -g kg -f nt --threads=1 "$@" <"$file"
}

# As neo4j-admin reads them: two properties and a label a node, a weight and a type an
# edge.
if [ -n "${BENCH_NEO4J:-}" ]; then
	neo4j=$BENCH_NEO4J
else
	neo4j=$work
	awk 'BEGIN { print "id:ID,label,born:int,:LABEL"; for (i = 0; i < 100000; i++)
		printf "Q%d,\"name %d of many\",%d,%s\n", i, i * 7919 % 99991, 1900 + i * 31 % 120,
			i % 3 ? "Person" : "Film" }' >"$work/nodes.csv"
	awk -F '\t' 'BEGIN { print ":START_ID,:END_ID,weight:double,:TYPE" }
		{ printf "Q%s,Q%s,%d.%02d,%s\n", $1, $2, NR * 31 % 10, NR * 7 % 100, $3 }' \
		"$work/links" >"$work/rels.csv"
fi
neo4j_edges=$(($(wc -l <"$neo4j/rels.csv") - 1))

neo4j_import() {
	strato-graph import -q -s "$load" -g kg -f csv "$neo4j/nodes.csv" "$neo4j/rels.csv"
}

bytes_each() { # N, of what the segments hold
	stat -c %s "$load"/seg/* | awk -v n="$1" '{ s += $1 } END { printf "%.2f\n", s / n }'
}

for f in nt-import nt-bytes neo4j-import neo4j-bytes; do : >"$work/$f"; done
once_loaded() {
	empty
	timed nt_import "$nt"
	rate "$n" >>"$work/nt-import"
	bytes_each "$n" >>"$work/nt-bytes"
	empty
	timed neo4j_import
	seconds >>"$work/neo4j-import"
	bytes_each "$neo4j_edges" >>"$work/neo4j-bytes"
}

repeat once_loaded
row nt-import statements/s <"$work/nt-import"
row nt-import-bytes bytes/statement <"$work/nt-bytes"
row neo4j-import s <"$work/neo4j-import"
row neo4j-import-bytes bytes/edge <"$work/neo4j-bytes"

# Page cache and all in so many MiB, three quarters of it for the program.
large=${BENCH_LARGE:-$nt}
large_n=$n
[ "$large" = "$nt" ] || large_n=$(wc -l <"$large")
for mib in 512 128; do : >"$work/in-$mib"; done
: >"$work/unlimited"
once_limited() {
	empty
	timed nt_import "$large"
	rate "$large_n" >>"$work/unlimited"
	for mib in 512 128; do
		empty
		group_begin $((mib * 1048576)) || return 0
		if tried in_group nt_import "$large" --memory-limit=$((mib * 3 / 4))M; then
			rate "$large_n" >>"$work/in-$mib"
		else
			echo "# nt-import-large-in-$mib-MiB: status $?"
		fi
		group_end
	done
}

repeat once_limited
row nt-import-large statements/s <"$work/unlimited"
for mib in 512 128; do
	row nt-import-large-in-$mib-MiB statements/s <"$work/in-$mib"
	row_over nt-import-large-in-$mib-MiB-over-unlimited "$work/in-$mib" "$work/unlimited"
done
rm -rf "$load" "$work/nodes.csv" "$work/rels.csv"

group ask

s=$work/s
strato-init "$s"
strato-graph import -q -s "$s" -g kg -f nt "$nt"
strato-graph schema -s "$s" -g kg >"$work/schema"
type=$(awk -F '\t' '$1 == "type" && $3 > n { n = $3; t = $2 } END { print t }' "$work/schema")
label=$(awk -F '\t' '$1 == "label" && $3 > n { n = $3; t = $2 } END { print t }' "$work/schema")
strato-graph nodes -s "$s" -g kg | awk '{ print (NR * 7919) % 99991 "\t" $0 }' | sort -n |
	cut -f 2 | head -n 100000 >"$work/keys"
keys=$(wc -l <"$work/keys")
first=$(strato-graph match -s "$s" -g kg -L 1 --vars=a "?a <$type> ?b")
echo "# $keys nodes asked for, type $type"

strato-graph import -q -s "$s" -g links -f tsv "$work/links"

found() { # COMMAND..., whatever it finds
	"$@" >/dev/null || [ $? -eq 1 ]
}
# of 200 processes, one after another
process_ms() { # PATTERN...
	"$spawn" -n 200 strato-graph match -s "$s" -g kg -L 10 "$@" |
		awk '{ printf "%.3f\n", $1 / 1e3 }'
}
ask_match() { found strato-graph match -s "$s" -g kg -b "?a <$type> ?b" <"$work/keys"; }
ask_neighbors() { found strato-graph neighbors -s "$s" -g kg -b --type="$type" <"$work/keys"; }
triangles() {
	found strato-graph match -s "$s" -g links --count '?a ?t ?b' '?b ?u ?c' '?a ?v ?c'
}

ms() {
	awk -v us="$took" 'BEGIN { printf "%.2f\n", us / 1e3 }'
}

for f in one two match neighbors triangles; do : >"$work/$f"; done
once_asked() {
	process_ms "<$first> <$type> ?b" >>"$work/one"
	process_ms "?a : <$label>" "?a <$type> ?b" >>"$work/two"
	timed ask_match
	rate "$keys" >>"$work/match"
	timed ask_neighbors
	rate "$keys" >>"$work/neighbors"
	timed triangles
	ms >>"$work/triangles"
}

repeat once_asked
row match-one ms <"$work/one"
row match-label ms <"$work/two"
row match-batch nodes/s <"$work/match"
row neighbors-batch nodes/s <"$work/neighbors"
row match-triangles ms <"$work/triangles"
