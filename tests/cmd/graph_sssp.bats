# tests/cmd/graph_sssp.bats - strato-graph sssp
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s
	strato-init "$STRATO_STORE"
	cd "$W"
}

import() {
	strato-graph import -q -f el --replace "$@"
}

# a -> b -> c -> e is nearer than a -> c; f -> a; z knows only itself
small() {
	printf '%s\n' 'a b 2' 'b c 3' 'a c 9' 'c e 0' 'a d 7' 'f a 4' 'z z 1' | import
}

lines() { # the answer as words
	"$@" | tr '\t\n' ':,'
}

@test "the least sum of weights to what the edges lead to; --in, --both, --all, --top" {
	small
	[ "$(lines strato-graph sssp a)" = a:0,b:2,c:5,d:7,e:5, ]
	[ "$(lines strato-graph sssp --in e)" = a:5,b:3,c:0,e:0,f:9, ]
	[ "$(lines strato-graph sssp --both d)" = a:7,b:9,c:12,d:0,e:12,f:11, ]
	[ "$(lines strato-graph sssp --all e)" = "$(printf '%s:infinity,' a b c d)e:0,f:infinity,z:infinity," ]
	[ "$(lines strato-graph sssp z)" = z:0, ]
	[ "$(lines strato-graph sssp --top=2 a)" = d:7,c:5, ]
	[ "$(strato-graph sssp -J a | jq -r 'select(.node == "e") | .distance')" = 5 ]
	strato-graph sssp -J --all e | jq -e . >/dev/null
}

@test "real weights; integers among them" {
	printf '%s\n' 'a b 0.5' 'b c 1e-3' 'a c 2' 'c d 1' | import
	[ "$(lines strato-graph sssp a)" = a:0.0,b:0.5,c:0.501,d:1.501, ]
	[ "$(lines strato-graph sssp --all d)" = a:infinity,b:infinity,c:infinity,d:0.0, ]
	# added from the source on, not the other way: 0.1 + 0.2 + 0.3
	printf '%s\n' 'a b 0.1' 'b c 0.2' 'c d 0.3' | import
	[ "$(strato-graph sssp --top=1 a | cut -f2)" = 0.6000000000000001 ]
	[ "$(strato-graph sssp --in --top=1 d | cut -f2)" = 0.6 ]
}

@test "--type goes along edges of that type, and asks nothing of the others" {
	printf 'a\tb\tx\tweight=1\nb\tc\ty\tweight=1\na\tc\ty\tweight=5\nc\ta\tz\tweight=-1\n' |
		strato-graph import -q -f tsv
	[ "$(lines strato-graph sssp --type=x a)" = a:0,b:1, ]
	[ "$(lines strato-graph sssp --type=y a)" = a:0,c:5, ]
	[ "$(lines strato-graph sssp --type=x --type=y a)" = a:0,b:1,c:2, ]
	run -65 --separate-stderr strato-graph sssp a
	[ -z "$output" ]
	run -1 strato-graph sssp --type=none a
}

@test "an unknown source is status 1, in a batch after the others" {
	small
	run -1 --separate-stderr strato-graph sssp nobody
	[ -z "$output" ]
	printf '%s\n' c nobody z >ask
	run -1 --separate-stderr strato-graph sssp -b ask
	[ "$(echo "$output" | tr '\t\n' ':,')" = c:c:0,c:e:0,z:z:0, ]
}

@test "edges without weights are refused, with a hint" {
	printf '%s\n' 'a b' 'b c' | import
	run -69 --separate-stderr strato-graph sssp a
	[ -z "$output" ]
	[[ "$stderr" == *"its edges have no weights"*"third column"* ]] || fail "$stderr"
}

@test "a negative weight is refused and named, wherever it is" {
	small
	printf '%s\n' 'a b 2' 'y z -1' 'b c 3' | import
	run -65 --separate-stderr strato-graph sssp a
	[ -z "$output" ]
	[[ "$stderr" == *'from "y" to "z" has a negative weight'* ]] || fail "$stderr"
	printf '%s\n' 'a b 0.25' 'b a 1.5' 'b c -0.25' | import --undirected
	run -65 strato-graph sssp a
}

@test "a distance that no number can say is an error, a shorter way is not" {
	printf '%s\n' 'a b 9223372036854775807' 'b c 1' | import
	[ "$(lines strato-graph sssp b)" = b:0,c:1, ]
	run -65 --separate-stderr strato-graph sssp a
	[ -z "$output" ]
	[[ "$stderr" == *'more than 9223372036854775807'* ]] || fail "$stderr"
	printf '%s\n' 'a b 9223372036854775807' 'b c 1' 'a c 4' | import
	[ "$(lines strato-graph sssp a)" = a:0,b:9223372036854775807,c:4, ]
	printf '%s\n' 'a b 1e308' 'b c 1e308' | import
	run -65 strato-graph sssp a
}

@test "one node, nodes without edges, no nodes" {
	printf 'x x 3\n' | import
	[ "$(lines strato-graph sssp x)" = x:0, ]
	printf 'x x 1\ny y 1\n' | import --loops=drop
	[ "$(lines strato-graph sssp y)" = y:0, ]
	[ "$(lines strato-graph sssp --all y)" = x:infinity,y:0, ]
	import </dev/null
	run -1 strato-graph sssp x
}

@test "mistakes are status 64" {
	small
	run -64 strato-graph sssp
	run -64 strato-graph sssp a b
	run -64 strato-graph sssp --delta=0 a
	run -64 strato-graph sssp --delta=wide a
	run -64 strato-graph sssp --all --top=1 a
}

@test "the same bytes for any number of threads, width of steps, layout and order" {
	for weight in 'int(rand() * 200)' 'rand() * 3'; do
		awk 'BEGIN { srand(5); for (i = 0; i < 20000; i++)
			print int(rand() * rand() * 4000), int(rand() * 6000), '"$weight"' }' >el
		for undirected in '' --undirected; do
			import $undirected el
			strato-graph sssp --threads=1 17 >want
			[ "$(wc -l <want)" -gt 1000 ]
			for width in 0.01 3 1e9; do
				strato-graph sssp --delta=$width 17 | cmp - want
			done
			for layout in csr coo csr-packed; do
				for order in degree given; do
					strato-graph convert -q --layout=$layout --order=$order
					for threads in 1 2 3 8; do
						strato-graph sssp --threads=$threads 17 | cmp - want
					done
				done
			done
		done
	done
}

@test "each distance is the weight of the path that path --weight finds" {
	awk 'BEGIN { srand(9); for (i = 0; i < 300; i++)
		print int(rand() * 100), int(rand() * 100), int(rand() * 50) }' | import
	strato-graph sssp 1 >want
	cut -f1 want | awk '{ print 1 "\t" $1 }' | strato-graph path -b --weight |
		cut -f2,4 | cmp - want
}

@test "memory that is not allowed is said with what it takes" {
	seq 1 2 2000000 | awk '{ print $1, $1 + 1, 1 }' | import
	run -71 --separate-stderr strato-graph sssp --memory-limit=16M 1
	[[ "$stderr" == *" over 2000000 nodes takes "*" MiB of memory, "* ]] || fail "$stderr"
}

# --- what LDBC Graphalytics says of its own graphs ---

near() { # WANT: the distances on standard input are its, within 1e-4 of each
	sort -k1,1 | join -a1 -a2 -e none -o 1.2,2.2 - <(sort -k1,1 "$1") |
		awk 'tolower($1) == tolower($2) { next }
			$1 !~ /^[0-9]/ || $2 !~ /^[0-9]/ { exit 1 }
			{ d = $1 - $2; if (d < 0) d = -d; if (d > 1e-4 * $2) exit 1 }
			END { exit NR == 0 }'
}

@test "ldbc: the distances of the reference" {
	[ -n "${STRATO_TEST_DATA-}" ] && [ -d "$STRATO_TEST_DATA/graphs/ldbc" ] ||
		skip "STRATO_TEST_DATA names no folder of third-party graphs"
	D=$STRATO_TEST_DATA/graphs/ldbc
	for kind in dir undir; do
		how=$([ $kind = dir ] || echo --undirected)
		strato-graph import -q --replace -f ldbc $how "$D/sssp/$kind-input.v" "$D/sssp/$kind-input.e"
		strato-graph sssp --all 1 | tr '\t' ' ' | near "$D/sssp/$kind-output"
		X=$D/example/example-${kind}ected
		strato-graph import -q --replace -f ldbc $how "$X.v" "$X.e"
		strato-graph sssp --all $([ $kind = dir ] && echo 1 || echo 2) | tr '\t' ' ' | near "$X-SSSP"
	done
}
