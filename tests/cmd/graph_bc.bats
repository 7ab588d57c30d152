# tests/cmd/graph_bc.bats - strato-graph bc
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

# a -> b -> c -> e, a -> d -> c; z knows only itself
small() {
	printf '%s\n' 'a b' 'b c' 'a d' 'd c' 'c e' 'z z' | import
}

lines() { # the answer as words
	"$@" | tr '\t\n' ':,'
}

@test "the part of the shortest paths through each node, from all, ends not counted" {
	small
	[ "$(lines strato-graph bc)" = a:0.0,b:1.0,c:3.0,d:1.0,e:0.0,z:0.0, ]
	[ "$(lines strato-graph bc --in)" = a:0.0,b:1.0,c:3.0,d:1.0,e:0.0,z:0.0, ]
	[ "$(lines strato-graph bc --both)" = a:1.0,b:2.0,c:7.0,d:2.0,e:0.0,z:0.0, ]
	[ "$(lines strato-graph bc --top=2)" = c:3.0,b:1.0, ]
	[ "$(lines strato-graph bc --normalize --top=1)" = c:1.0, ]
	[ "$(strato-graph bc -J | jq -r 'select(.node == "d") | .betweenness')" = 1 ]
}

@test "an undirected pair counts from each of its ends" {
	printf '%s\n' 'a b' 'b c' | import --undirected
	[ "$(lines strato-graph bc)" = a:0.0,b:2.0,c:0.0, ]
	[ "$(lines strato-graph bc a)" = a:0.0,b:1.0,c:0.0, ]
}

@test "from the sources named; from as many as are asked for" {
	small
	[ "$(lines strato-graph bc a)" = a:0.0,b:1.0,c:1.0,d:1.0,e:0.0,z:0.0, ]
	[ "$(lines strato-graph bc b d)" = a:0.0,b:0.0,c:2.0,d:0.0,e:0.0,z:0.0, ]
	strato-graph bc --samples=1000 | cmp - <(strato-graph bc)
	run --separate-stderr strato-graph bc -v --samples=3
	[[ "$stderr" == *"3 sources"* ]] || fail "$stderr"
	run -1 --separate-stderr strato-graph bc a nobody
	[ "$(echo "$output" | tr '\t\n' ':,')" = a:0.0,b:1.0,c:1.0,d:1.0,e:0.0,z:0.0, ]
}

@test "-b reads the sources: one answer, their sum" {
	small
	strato-graph bc b d | cmp - <(printf 'b\nd\n' | strato-graph bc -b)
	[ "$(printf 'a\na\n' | lines strato-graph bc -b)" = a:0.0,b:2.0,c:2.0,d:2.0,e:0.0,z:0.0, ]
	printf 'a\n' >one
	printf 'b\0d\0' >two
	strato-graph bc -0 -b two | cmp - <(strato-graph bc b d)
	strato-graph bc -b one one | cmp - <(strato-graph bc a a)
	strato-graph nodes | strato-graph bc -b - | cmp - <(strato-graph bc)
	[ "$(lines strato-graph bc -b </dev/null)" = a:0.0,b:0.0,c:0.0,d:0.0,e:0.0,z:0.0, ]
	run -1 --separate-stderr strato-graph bc -b <<<$'nobody\na'
	[ "$(echo "$output" | tr '\t\n' ':,')" = a:0.0,b:1.0,c:1.0,d:1.0,e:0.0,z:0.0, ]
	run -64 strato-graph bc --samples=2 -b one
	run -66 strato-graph bc -b "$W/none"
}

@test "--type takes paths of that type" {
	printf 'a\tb\tx\nb\tc\tx\na\tc\ty\n' | strato-graph import -q -f tsv
	[ "$(lines strato-graph bc --type=x)" = a:0.0,b:1.0,c:0.0, ]
	[ "$(lines strato-graph bc)" = a:0.0,b:0.0,c:0.0, ]
}

@test "one node, nodes without edges, no nodes; mistakes are status 64" {
	printf 'x x\n' | import
	[ "$(lines strato-graph bc)" = x:0.0, ]
	printf 'x x\ny y\n' | import --loops=drop
	[ "$(lines strato-graph bc --normalize)" = x:0.0,y:0.0, ]
	[ "$(lines strato-graph bc --samples=1)" = x:0.0,y:0.0, ]
	import </dev/null
	[ -z "$(strato-graph bc)" ]
	[ -z "$(strato-graph bc --samples=2)" ]
	run -64 strato-graph bc --samples=0
	run -64 strato-graph bc --samples=2 x
}

@test "the same bytes for any number of threads, layout and order" {
	awk 'BEGIN { srand(5); for (i = 0; i < 20000; i++)
		print int(rand() * rand() * 4000), int(rand() * 6000) }' >el
	for undirected in '' --undirected; do
		import $undirected el
		strato-graph bc --threads=1 --samples=5 >want
		[ "$(awk '$2 > 0' want | wc -l)" -gt 1000 ]
		for layout in csr coo csr-packed; do
			for order in degree given; do
				strato-graph convert -q --layout=$layout --order=$order
				for threads in 1 2 3 8; do
					strato-graph bc --threads=$threads --samples=5 | cmp - want
				done
			done
		done
	done
}

@test "memory that is not allowed is said with what it takes" {
	seq 1 2 2000000 | awk '{ print $1, $1 + 1 }' | import
	run -71 --separate-stderr strato-graph bc --memory-limit=16M 1
	[[ "$stderr" == *" over 2000000 nodes takes "*" MiB of memory, "* ]] || fail "$stderr"
}
