# tests/cmd/graph_truth.bats - whole graphs as others have them: LDBC Graphalytics'
# references by its match rules, LAGraph's known counts, igraph's answers
load ../lib/common

setup() {
	[ -n "${STRATO_TEST_DATA-}" ] && [ -d "$STRATO_TEST_DATA/graphs" ] ||
		skip "STRATO_TEST_DATA names no folder of third-party graphs"
	D=$STRATO_TEST_DATA/graphs
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s
	strato-init "$STRATO_STORE"
	cd "$W"
}

import() {
	strato-graph import -q --replace "$@"
}

# The validation graphs are lines of "id neighbour ...", those of an undirected graph
# at both ends; ids as they are, nodes without edges too.
validation() { # ALGORITHM dir|undir
	awk '{ print $1 >"x.v"; for (i = 2; i <= NF; i++) print $1, $i >"x.e" }' \
		"$D/ldbc/$1/$2-input"
	: >>x.e
	import -f ldbc $([ $2 = dir ] || echo --undirected) x.v x.e
	rm x.v x.e
	WANT=$D/ldbc/$1/$2-output
}

example() { # directed|undirected
	X=$D/ldbc/example/example-$1
	import -f ldbc $([ $1 = directed ] || echo --undirected) "$X.v" "$X.e"
}

# ALGORITHM [OPTION]... in each order of ids: MATCH of its answer and WANT
agrees() { # MATCH WANT ALGORITHM [OPTION]...
	local match=$1 want=$2 order
	shift 2
	for order in given degree; do
		strato-graph convert -q --order=$order
		strato-graph "$@" | tr '\t' ' ' >got
		$match got "$want" || fail "$match $want: $* (order $order)"
	done
}

exactly() {
	cmp "$1" <(sort -n "$2")
}

# a node in one is in the other: "NODE A B", or status 1
paired() {
	sort -k1,1 "$1" | join -a1 -a2 -e none -o 0,1.2,2.2 - <(sort -k1,1 "$2") >pairs
	[ -s pairs ] && ! grep -q none pairs
}

nearly() { # within 1e-4 of each
	paired "$@"
	awk '{ d = $2 - $3; if (d < 0) d = -d; if (d > 1e-4 * $3) exit 1 }' pairs
}

as_parts() { # each part of one is a part of the other
	paired "$@"
	awk '($2 in a && a[$2] != $3) || ($3 in b && b[$3] != $2) { exit 1 }
		{ a[$2] = $3; b[$3] = $2 }' pairs
}

@test "ldbc bfs: depths exactly, 9223372036854775807 where no way leads" {
	for kind in dir undir; do
		validation bfs $kind
		agrees exactly "$WANT" bfs --all 1
	done
	example directed
	agrees exactly "$X-BFS" bfs --all 1
	example undirected
	agrees exactly "$X-BFS" bfs --all 2
}

@test "ldbc pagerank: ranks within a ten-thousandth of each" {
	validation pr dir
	agrees nearly "$WANT" pagerank --iterations=14
	validation pr undir
	agrees nearly "$WANT" pagerank --iterations=26
	for kind in directed undirected; do
		example $kind
		agrees nearly "$X-PR" pagerank --iterations=2
	done
}

@test "ldbc wcc: the same parts" {
	for kind in dir undir; do
		validation wcc $kind
		agrees as_parts "$WANT" wcc
	done
	for kind in directed undirected; do
		example $kind
		agrees as_parts "$X-WCC" wcc
	done
}

@test "ldbc cdlp: labels exactly" {
	for kind in dir undir; do
		validation cdlp $kind
		agrees exactly "$WANT" cdlp --iterations=5
	done
	for kind in directed undirected; do
		example $kind
		agrees exactly "$X-CDLP" cdlp --iterations=2
	done
}

@test "lagraph: as many components as it knows of" {
	while read -r name n; do
		import -f mtx "$D/lagraph/$name.mtx"
		[ "$(strato-graph wcc | cut -f2 | sort -u | wc -l)" = $n ] || fail "$name"
	done <<-END
	karate 1
	A 1
	jagmesh7 1
	bcsstk13 1
	ldbc-cdlp-undirected-example 1
	ldbc-undirected-example 1
	ldbc-wcc-example 1
	LFAT5 3
	tree-example 1
	zenios 1391
	END
}

@test "networkit: components, reach, eccentricity, distances, first of the ranks as igraph has them" {
	while read -r file parts from reached ecc sum first rank; do
		case $file in
		*.graph) how= ;;
		*) how='--undirected -f el' ;;
		esac
		import --loops=drop $how "$D/networkit/$file"
		[ "$(strato-graph wcc | cut -f2 | sort -u | wc -l)" = $parts ] || fail "$file: wcc"
		[ "$(strato-graph bfs --summary $from)" = "$from$TAB$reached$TAB$ecc$TAB$sum" ] ||
			fail "$file: $(strato-graph bfs --summary $from)"
		strato-graph pagerank --tolerance=1e-12 --top=1 |
			awk -v node=$first -v rank=$rank '{ d = $2 - rank }
				END { exit !($1 == node && d < 1e-9 && d > -1e-9) }' ||
			fail "$file: $(strato-graph pagerank --tolerance=1e-12 --top=1)"
	done <<-END
	PGPgiantcompo.graph 1 1144 10680 12 47249 6933 0.003443523
	airfoil1.graph 1 138 4253 51 116170 2574 0.000338063
	jazz.graph 1 136 198 4 304 136 0.016574673
	power.graph 1 2554 4941 32 83425 4459 0.001214717
	karate.graph 1 34 34 4 60 34 0.100919182
	celegans_metabolic.graph 1 186 453 4 691 186 0.055039653
	hamming6-4.edgelist 1 1 64 2 104 1 0.015625
	johnson8-4-4.edgelist 1 1 70 2 85 1 0.014285714286
	foodweb-baydry.konect 1 57 128 2 144 57 0.023718682
	END
}

# 5 is in no edge, and in no list of edges: it is left out.
@test "gapbs: seven files of one graph give one answer" {
	for file in 4.el 4.wel 4.gr 4.graph 4.mtx 4w.graph 4w.mtx; do
		case $file in
		*el) how='-f el' first=0 ;;
		*.graph) how='-f metis --directed' first=1 ;;
		*) how= first=1 ;;
		esac
		import $how --loops=drop --dedup=min "$D/gapbs/graphs/$file"
		for words in "bfs $((first + 3))" wcc cdlp 'cdlp --iterations=2'; do
			strato-graph $words | awk -v words="$words" -v less=$first '{
				if (words !~ /bfs/) $2 -= less
				if ($1 - less != 5) print $1 - less, $2 }'
		done >got
		[ "$(wc -l <got)" -gt $((3 * 13)) ]
		[ -e want ] || cp got want
		same want got
	done
}
