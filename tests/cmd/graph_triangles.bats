# tests/cmd/graph_triangles.bats - strato-graph triangles, lcc
load ../lib/common

TAB=$'\t'

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s
	strato-init "$STRATO_STORE"
	cd "$W"
}

import() {
	strato-graph import -q -f el --replace "$@"
}

lines() { # the answer as words
	"$@" | tr '\t\n' ':,'
}

# a, b, c and d, all joined but a and d; the edge a-b goes both ways, b-c is there
# twice; e hangs on d; x is by itself, z knows only itself
small() {
	printf '%s\n' 'a b' 'b a' 'c a' 'b c' 'b c' 'd b' 'c d' 'd e' 'x x' 'z z' |
		import --dedup=keep "$@"
}

@test "triangles: how many there are, and how many each node is in" {
	small
	[ "$(strato-graph triangles)" = 2 ]
	[ "$(lines strato-graph triangles --nodes)" = a:1,b:2,c:2,d:1,e:0,x:0,z:0, ]
	[ "$(lines strato-graph triangles --top=3)" = b:2,c:2,a:1, ]
	small --undirected
	[ "$(strato-graph triangles)" = 2 ]
	[ "$(lines strato-graph triangles --nodes)" = a:1,b:2,c:2,d:1,e:0,x:0,z:0, ]
}

@test "lcc: edges between neighbours, as parts of what there could be" {
	small
	# a: b -> c of b, c; b: b's are a, c, d with c -> a, c -> d; c: a <-> b, d -> b
	strato-graph lcc | awk -F'\t' '{ v[$1] = $2 } function no(x, y) { return (x - y) ^ 2 > 1e-18 }
		END { exit no(v["a"], 1 / 2) || no(v["b"], 2 / 6) || no(v["c"], 3 / 6) ||
			no(v["d"], 1 / 6) || v["e"] != 0 || v["x"] != 0 || v["z"] != 0 || NR != 7 }'
	[ "$(strato-graph lcc --top=2 | cut -f1 | tr '\n' ' ')" = 'a c ' ]
	small --undirected
	strato-graph lcc | awk -F'\t' '{ v[$1] = $2 } function no(x, y) { return (x - y) ^ 2 > 1e-18 }
		END { exit no(v["a"], 1) || no(v["b"], 2 / 3) || no(v["c"], 2 / 3) ||
			no(v["d"], 1 / 3) || v["e"] != 0 || v["x"] != 0 || NR != 7 }'
}

@test "--type: edges of that type only, together they may make a triangle" {
	printf 'a\tb\tx\nb\tc\ty\na\tc\ty\nc\tb\tx\na\tb\ty\n' | strato-graph import -q -f tsv
	[ "$(strato-graph triangles)" = 1 ]
	[ "$(strato-graph triangles --type=x)" = 0 ]
	[ "$(strato-graph triangles --type=y)" = 1 ]
	[ "$(lines strato-graph lcc)" = a:1.0,b:0.5,c:0.5, ]
	[ "$(lines strato-graph lcc --type=y)" = a:0.5,b:0.5,c:0.5, ]
	run -1 strato-graph triangles --type=none
}

@test "one node, nodes without edges, no nodes" {
	printf 'x x\n' | import
	[ "$(strato-graph triangles)" = 0 ]
	[ "$(lines strato-graph triangles --nodes)" = x:0, ]
	[ "$(lines strato-graph lcc)" = x:0.0, ]
	printf 'x x\ny y\n' | import --loops=drop
	[ "$(strato-graph triangles)" = 0 ]
	[ "$(lines strato-graph lcc)" = x:0.0,y:0.0, ]
	import </dev/null
	[ "$(strato-graph triangles)" = 0 ]
	[ -z "$(strato-graph triangles --nodes)" ]
	[ -z "$(strato-graph lcc)" ]
	[ -z "$(strato-graph lcc --top=3)" ]
}

@test "a clique has all triangles, a star none" {
	awk 'BEGIN { for (i = 1; i <= 700; i++) for (k = 1; k < i; k++) print i, k }' | import
	[ "$(strato-graph triangles)" = $((700 * 699 * 698 / 6)) ]
	[ "$(strato-graph triangles --nodes | cut -f2 | sort -u)" = $((699 * 698 / 2)) ]
	[ "$(strato-graph lcc | cut -f2 | sort -u)" = 0.5 ]
	seq 2 5000 | sed 's/^/1 /' | import
	[ "$(strato-graph triangles)" = 0 ]
}

@test "the same bytes for any number of threads, layout and order" {
	awk 'BEGIN { srand(5); for (i = 0; i < 60000; i++)
		print int(rand() * rand() * rand() * 3000), int(rand() * rand() * 4000) }' >el
	for undirected in '' --undirected; do
		import $undirected el
		strato-graph triangles --threads=1 >all
		strato-graph triangles --nodes --threads=1 >nodes
		strato-graph lcc --threads=1 >lcc
		[ "$(awk '{ s += $2 } END { print s / 3 }' nodes)" = "$(cat all)" ]
		[ "$(cat all)" -gt 10000 ]
		for layout in csr coo csr-packed; do
			for order in degree given; do
				strato-graph convert -q --layout=$layout --order=$order
				for threads in 1 2 3 8; do
					strato-graph triangles --threads=$threads | cmp - all
					strato-graph triangles --nodes --threads=$threads | cmp - nodes
					strato-graph lcc --threads=$threads | cmp - lcc
				done
			done
		done
	done
}

@test "memory that is not allowed is said with what it takes" {
	seq 1 2 2000000 | awk '{ print $1, $1 + 1 }' | import
	for words in triangles lcc; do
		run -71 --separate-stderr strato-graph $words --memory-limit=16M
		[[ "$stderr" == *" over 2000000 nodes takes "*" MiB of memory, "* ]] || fail "$stderr"
		strato-graph $words --threads=2 --memory-limit=128M >/dev/null
	done
}

@test "--stats says time and edges, -J and -o work" {
	small
	run --separate-stderr strato-graph triangles --stats -o out
	[[ "$stderr" == "strato-graph triangles: "*" ms, "*" edges looked at, "* ]]
	[ "$(cat out)" = 2 ]
	[ "$(strato-graph triangles -J | jq .triangles)" = 2 ]
	[ "$(strato-graph triangles --nodes -J | jq -r 'select(.node == "b") | .triangles')" = 2 ]
	[ "$(strato-graph lcc -J | jq -r 'select(.node == "a") | .lcc')" = 0.5 ]
}

# --- other people's graphs, with their answers ---

data() {
	[ -n "${STRATO_TEST_DATA-}" ] && [ -d "$STRATO_TEST_DATA/graphs" ] ||
		skip "STRATO_TEST_DATA names no folder of third-party graphs"
	D=$STRATO_TEST_DATA/graphs
}

near() { # WANT: the values on standard input are its, within 1e-6
	tr '\t' ' ' | sort -k1,1 | join -a1 -a2 -e none -o 1.2,2.2 - <(sort -k1,1 "$1") |
		awk '{ d = $1 - $2; if (d < 0) d = -d
			if ($1 == "none" || $2 == "none" || d > 1e-6) exit bad = 1 }
			END { exit bad || NR == 0 }'
}

@test "ldbc: clustering coefficients are those of the reference" {
	data
	for kind in dir undir; do
		awk '{ print $1 > "x.v"; for (i = 2; i <= NF; i++) print $1, $i > "x.e" }' \
			"$D/ldbc/lcc/$kind-input"
		strato-graph import -q --replace -f ldbc \
			$([ $kind = dir ] || echo --undirected) x.v x.e
		strato-graph lcc | near "$D/ldbc/lcc/$kind-output"
	done
	for kind in directed undirected; do
		X=$D/ldbc/example/example-$kind
		strato-graph import -q --replace -f ldbc \
			$([ $kind = directed ] || echo --undirected) "$X.v" "$X.e"
		strato-graph lcc | near "$X-LCC"
	done
}

@test "lagraph: triangles are as many as its tests say" {
	data
	while read -r name want; do
		strato-graph import -q --replace -f mtx "$D/lagraph/$name.mtx"
		got=$(strato-graph triangles)
		[ "$got" = "$want" ] || fail "$name: $got, not $want"
	done <<-END
		karate 45
		A 11
		jagmesh7 2016
		bcsstk13 342300
		ldbc-cdlp-undirected-example 6
		ldbc-undirected-example 4
		ldbc-wcc-example 5
		LFAT5 0
		tree-example 0
	END
}

@test "networkit: triangles are as many as igraph counted" {
	data
	while read -r name want; do
		strato-graph import -q --replace -f metis "$D/networkit/$name.graph"
		got=$(strato-graph triangles)
		[ "$got" = "$want" ] || fail "$name: $got, not $want"
	done <<-END
		PGPgiantcompo 54788
		airfoil1 8034
		jazz 17899
		power 651
		karate 45
		celegans_metabolic 3284
	END
}
