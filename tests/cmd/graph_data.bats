# tests/cmd/graph_data.bats - strato-graph and other people's graphs, with the answers
# that their README says (STRATO_TEST_DATA names the folder)
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

counts() { # GRAPH: nodes, edges
	strato-graph ls -l | awk -F'\t' -v g="${1-default}" '$1 == g { print $2, $3 }'
}

# Triangles of the graph as undirected, counted by other means.
triangles() {
	strato-graph export -f el | awk '$1 != $2 { a = $1 < $2 ? $1 : $2; b = $1 < $2 ? $2 : $1
			if (!((a, b) in e)) { e[a, b]; to[a] = to[a] " " b } }
		END { for (k in e) { split(k, p, SUBSEP); n = split(to[p[1]], x, " ")
			for (i = 1; i <= n; i++) if ((p[2], x[i]) in e) t++ }
		print t + 0 }'
}

# Nodes reached from NODE, the steps to the farthest, the sum of all steps.
reach() { # NODE
	strato-graph neighbors -l --both --hops=4000000 "$1" | awk -F'\t' '{ n++; s += $4; e = $4 }
		END { print n + 1, e, s }'
}

@test "gapbs: seven files are one graph of 53 edges between 14 nodes" {
	G=$D/gapbs/graphs
	import -f el --loops=drop "$G/4.el"
	[ "$(counts)" = "13 53" ]	# no line has the 14th, which is 5
	strato-graph export -f el | awk '{ print $1 + 1, $2 + 1 }' >want
	import -f el --loops=drop --dedup=min "$G/4.wel"
	[ "$(counts)" = "13 53" ]
	strato-graph export -f el | awk '{ print $1 + 1, $2 + 1, $3 }' >weighted
	cut -d' ' -f1,2 weighted >got
	same want got
	for f in 4.graph 4.mtx 4.gr 4w.graph 4w.mtx; do
		case $f in
		*.graph) how='-f metis --directed' ;;
		*) how=-q ;;
		esac
		import $how --loops=drop --dedup=min "$G/$f"
		[ "$(counts)" = "14 53" ] || fail "$f: $(counts)"
		strato-graph export -q -f el >got
		case $f in
		4.graph | 4.mtx) same want got ;;
		*) same weighted got ;;
		esac
	done
}

# What a matrix holds, counted by other means: nodes and edges.
matrix() { # FILE
	awk '/^%%MatrixMarket/ { kind = tolower($5) } /^%/ || !NF { next }
		!n { n = $1 > $2 ? $1 : $2; next }
		{ a = $1 + 0; b = $2 + 0; if (kind == "symmetric" && a < b) { c = a; a = b; b = c }
		  if (!((a, b) in e)) { e[a, b]; m++
			if (kind == "skew-symmetric") m++ } }
		END { print n, m + 0 }' "$1"
}

@test "lagraph: every matrix that is a graph loads whole, the others say what they are" {
	for f in "$D"/lagraph/*.mtx; do
		case ${f##*/} in
		mangled*) continue ;;
		*full.mtx | full_symmetric.mtx)
			run --separate-stderr -69 strato-graph import -q --replace -f mtx "$f"
			[[ "$stderr" == *"line 1: the format \"array\""* ]] ;;
		full_noheader.mtx)
			run --separate-stderr -65 strato-graph import -q --replace -f mtx "$f"
			[[ "$stderr" == *"line 1: "* ]] ;;
		comments_west0067.mtx | matrix_fp32.mtx | matrix_fp64.mtx)
			run --separate-stderr -65 strato-graph import -q --replace -f mtx "$f"
			[[ "$stderr" == *"not finite"* ]] ;;
		matrix_uint64.mtx)
			run --separate-stderr -65 strato-graph import -q --replace -f mtx "$f"
			[[ "$stderr" == *"over 64 bits"* ]] ;;
		*)
			import -f mtx "$f"
			[ "$(counts)" = "$(matrix "$f")" ] || fail "$f: $(counts)"
		esac
	done
}

@test "lagraph: each mangled file is refused with its line, and nothing is imported" {
	import -g old -f el <<<"1 2"
	for f in "$D"/lagraph/mangled*.mtx; do
		case ${f##*/} in
		mangled14.mtx)	# its entries are there twice: as --dedup says
			import -g two -f mtx --dedup=keep "$f"
			[ "$(counts two)" = "4 3" ]
			strato-graph rm two
			continue ;;
		esac
		run --separate-stderr strato-graph import -g old --replace -f mtx "$f"
		[ "$status" = 65 ] || [ "$status" = 69 ] || fail "$f: $status"
		[[ "$stderr" == *"${f##*/}: line "[0-9]*": "* ]] || fail "$f: $stderr"
		[ "$(strato-graph export -g old -f el)" = "1 2" ]
	done
	[ "$(strato-graph ls)" = old ]
	[ -z "$(ls "$STRATO_STORE/tmp")" ]
}

@test "lagraph: triangles and components as their own tests expect" {
	while read -r file triangles from reached; do
		import -f mtx "$D/lagraph/$file.mtx"
		[ "$(triangles)" = $triangles ] || fail "$file: $(triangles) triangles"
		[ "$(reach $from | cut -d' ' -f1)" = $reached ] || fail "$file: $(reach $from)"
	done <<-END
	karate 45 1 34
	A 11 1 7
	jagmesh7 2016 1 1138
	ldbc-cdlp-undirected-example 6 1 8
	ldbc-undirected-example 4 1 9
	tree-example 0 1 6
	END
	import -f mtx "$D/lagraph/bcsstk13.mtx"
	[ "$(reach 1 | cut -d' ' -f1)" = 2003 ]
}

@test "networkit: nodes, edges, triangles, degrees and distances as igraph has them" {
	while read -r file n m t from degree reached ecc sum; do
		case $file in
		*.graph) how= ;;
		*) how='--undirected -f el' ;;
		esac
		import --loops=drop $how "$D/networkit/$file"
		[ "$(counts)" = "$n $m" ] || fail "$file: $(counts)"
		[ "$(triangles)" = $t ] || fail "$file: $(triangles) triangles"
		[ "$(strato-graph degree --top=1 | cut -f2)" = $degree ] || fail "$file: degree"
		[ "$(strato-graph degree $from | cut -f2)" = $degree ]
		[ "$(reach $from)" = "$reached $ecc $sum" ] || fail "$file: $(reach $from)"
	done <<-END
	PGPgiantcompo.graph 10680 24316 54788 1144 205 10680 12 47249
	airfoil1.graph 4253 12289 8034 138 9 4253 51 116170
	jazz.graph 198 2742 17899 136 100 198 4 304
	power.graph 4941 6594 651 2554 19 4941 32 83425
	karate.graph 34 78 45 34 17 34 4 60
	celegans_metabolic.graph 453 2025 3284 186 237 453 4 691
	hamming6-4.edgelist 64 704 960 1 22 64 2 104
	johnson8-4-4.edgelist 70 1855 23940 1 53 70 2 85
	foodweb-baydry.konect 128 2106 8715 57 110 128 2 144
	END
}

@test "networkit: four small files of one graph, weights and comments" {
	for f in 1 2 3 4; do
		import "$D/networkit/tiny_0$f.graph"
		[ "$(counts)" = "7 11" ]
		strato-graph export -f el | cut -d' ' -f1,2 >tiny$f
		same tiny1 tiny$f
	done
	import -f tsv "$D/networkit/example.edgelist"
	strato-graph export >want
	for f in comments spaceseparated; do
		import -f el "$D/networkit/$f.edgelist"
		strato-graph export >got
		same want got
	done
	import --undirected -f el "$D/networkit/alphabet.edgelist"
	[ "$(strato-graph neighbors -l a | awk -F'\t' '$1 == "b" { print $5 }')" = 3 ]
}

@test "ldbc: nodes without edges, and distances as the reference has them" {
	while read -r name from how; do
		import $how -f ldbc "$D/ldbc/$name.v" "$D/ldbc/$name.e"
		[ "$(counts | cut -d' ' -f1)" = "$(grep -c . "$D/ldbc/$name.v")" ]
		[ "$(counts | cut -d' ' -f2)" = "$(grep -c . "$D/ldbc/$name.e")" ]
		strato-graph nodes >got
		sort -n "$D/ldbc/$name.v" >want
		same want got
	done <<-END
	example/example-directed 1
	example/example-undirected 2 --undirected
	sssp/dir-input 1
	sssp/undir-input 1 --undirected
	END
	while read -r input output from how; do
		import $how -f adjlist "$D/ldbc/$input"
		[ "$(counts | cut -d' ' -f1)" = "$(grep -c . "$D/ldbc/$output")" ]
		{ echo "$from 0"; strato-graph neighbors -l --hops=999 $from | awk -F'\t' '{ print $1, $4 }'; } |
			sort -n >got
		awk '$2 != "9223372036854775807" { print $1, $2 }' "$D/ldbc/$output" | sort -n >want
		same want got
	done <<-END
	bfs/dir-input bfs/dir-output 1
	bfs/undir-input bfs/undir-output 1 --undirected
	example/example-directed-input example/example-directed-BFS 1
	example/example-undirected-input example/example-undirected-BFS 2 --undirected
	END
}

@test "ldbc: the least sums of weights are those of the reference" {
	while read -r input output from how; do
		import $how -f ldbc "$D/ldbc/$input.v" "$D/ldbc/$input.e"
		awk -v from=$from '{ print from "\t" $1 }' "$D/ldbc/$input.v" >pairs
		strato-graph path --weight -b pairs >got || [ $? = 1 ]
		awk -F'[ \t]' 'NR == FNR { want[$1] = $2; next }
			{ w = want[$2]; n++ }
			tolower(w) == "infinity" { bad += $4 != "\\N"; next }
			{ d = $4 - w; if (d < 0) d = -d; bad += $4 == "\\N" || d > 1e-4 * w }
			END { exit n == 0 || bad > 0 }' "$D/ldbc/$output" got || fail "$input: $(cat got)"
	done <<-END
	example/example-directed example/example-directed-SSSP 1
	example/example-undirected example/example-undirected-SSSP 2 --undirected
	sssp/dir-input sssp/dir-output 1
	sssp/undir-input sssp/undir-output 1 --undirected
	END
}

@test "gbbs: both adjacency formats hold the same edges" {
	import "$D/gbbs/rMatGraph_J_5_100"
	[ "$(counts)" = "128 708" ]
	strato-graph export -q -f el >want
	import "$D/gbbs/rMatGraph_WJ_5_100"
	strato-graph export -q -f el | cut -d' ' -f1,2 >got
	same want got
	import --undirected "$D/gbbs/triangles.txt"
	[ "$(counts)" = "5 6" ]
	import "$D/gbbs/star.txt"
	[ "$(strato-graph degree --top=1)" = "0${TAB}9" ]
}

@test "each of them comes back from the format it came in" {
	round() { # FORMAT FILE [OPTION...]
		local format=$1 file=$2
		shift 2
		import -g a -f $format "$@" "$D/$file"
		strato-graph export -g a -f $format >back
		import -g b -f $format "$@" back
		for g in a b; do
			strato-graph export -q -g $g >edges-$g
			strato-graph nodes -g $g >nodes-$g
		done
		same edges-a edges-b
		same nodes-a nodes-b
	}
	for f in bcsstk13 west0067 zenios skew_int32 ldbc-directed-example pushpull; do
		round mtx lagraph/$f.mtx
	done
	round metis networkit/PGPgiantcompo.graph
	round metis networkit/tiny_02.graph
	round dimacs gapbs/graphs/4.gr --dedup=keep
	round adj gbbs/rMatGraph_WJ_5_100
	round adjlist ldbc/pr/dir-input
	round el networkit/foodweb-baydry.konect
	gzip -c "$D/networkit/power.graph" >power.gz
	import -g a power.gz
	[ "$(counts a)" = "4941 6594" ]
	sed 's/$/\r/' "$D/lagraph/karate.mtx" >crlf
	import -g a -f mtx crlf
	[ "$(counts a)" = "34 78" ]
}
