# tests/cmd/graph_formats.bats - strato-graph: formats in and out, and back again
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s
	strato-init "$STRATO_STORE"
	cd "$W"
}

import() {
	strato-graph import -q "$@"
}

counts() { # GRAPH: nodes, edges
	strato-graph ls -l | awk -F'\t' -v g="$1" '$1 == g { print $2, $3 }'
}

# Are both graphs the same?
same_graph() { # GRAPH GRAPH
	for g in "$1" "$2"; do
		strato-graph check -g $g
		strato-graph export -g $g >edges-$g 2>words-$g
		strato-graph nodes -g $g >nodes-$g
		strato-graph info -g $g | grep -v '^graph \|^created \|^version ' >info-$g
	done
	same edges-$1 edges-$2
	same nodes-$1 nodes-$2
	same info-$1 info-$2
}

# Is each segment that is not in LIST the twin of one that is?  Twins have the same
# bytes but for their first and their last two pages, which have ids and what is
# summed over these.
twins() { # LIST
	local new old len
	for new in $(ls "$STRATO_STORE/seg" | comm -13 "$1" -); do
		len=$(stat -c %s "$STRATO_STORE/seg/$new")
		for old in $(cat "$1"); do
			[ "${old%%-*}" = "${new%%-*}" ] &&
				[ "$(stat -c %s "$STRATO_STORE/seg/$old")" = $len ] &&
				{ ((len <= 12288)) || cmp -s -i 4096 -n $((len - 12288)) \
					"$STRATO_STORE/seg/$old" "$STRATO_STORE/seg/$new"; } &&
				continue 2
		done
		fail "$new has no twin"
	done
}

# Exports GRAPH in FORMAT, imports that, and compares.
round() { # GRAPH FORMAT [IMPORT-OPTION...]
	local g=$1 f=$2
	shift 2
	strato-graph rm -q --force back
	ls "$STRATO_STORE/seg" >before
	if [ $f = ldbc ]; then
		strato-graph export -g $g -f ldbc -o rt
		import -g back -f ldbc "$@" rt.properties
	else
		strato-graph export -q -g $g -f $f >rt.$f 2>rt.words
		import -g back -f $f "$@" rt.$f
	fi
	same_graph $g back
	twins before
}

# 40 nodes from FIRST on, of which some have no edge; loops.
numbered() { # FIRST
	awk -v first="$1" 'BEGIN { for (i = 0; i < 90; i++)
		print (i * 7) % 31 + first, (i * i) % 29 + first }'
}

nodes() { # FIRST
	seq "$1" $(($1 + 39))
}

@test "directed graphs come back from every format that has directions" {
	numbered 1 >d.e
	nodes 1 >d.v
	import -g d -f ldbc d.v d.e
	[ "$(counts d)" = "40 87" ]
	for f in mtx ldbc adjlist; do
		round d $f
	done
	for f in tsv el csv pairs32 pairs64; do		# these have no nodes without edges
		import -g e --replace -f el d.e
		round e $f
	done
	numbered 0 >z.e
	nodes 0 >z.v
	import -g z -f ldbc z.v z.e
	round z adj
	round z ldbc
}

@test "undirected graphs come back, by their header or with --undirected" {
	numbered 1 >u.e
	nodes 1 >u.v
	import -g u --undirected -f ldbc u.v u.e
	for f in mtx metis dimacs ldbc; do
		round u $f
		strato-graph info -g back | grep -q undirected
	done
	import -g e --undirected -f el u.e
	for f in tsv el csv pairs32 pairs64; do
		round e $f --undirected
	done
	round u adjlist --undirected
	numbered 0 >z.e
	nodes 0 >z.v
	import -g z --undirected -f ldbc z.v z.e
	round z adj --undirected
}

@test "equal edges that were kept come back" {
	(numbered 1; numbered 1) >d.e
	nodes 1 >d.v
	import -g d --dedup=keep -f ldbc d.v d.e
	[ "$(counts d)" = "40 180" ]
	for f in mtx ldbc adjlist; do
		round d $f --dedup=keep
	done
	import -g u --undirected --dedup=keep -f ldbc d.v d.e
	for f in mtx metis dimacs ldbc; do
		round u $f --dedup=keep
	done
}

@test "an empty graph and one without edges come back" {
	import -g none -f el /dev/null
	for f in tsv el csv adjlist pairs32 pairs64 ldbc mtx adj; do
		round none $f
	done
	nodes 1 >n.v
	import -g lone -f ldbc n.v
	[ "$(counts lone)" = "40 0" ]
	for f in mtx ldbc adjlist; do
		round lone $f
	done
	import -g lone --replace --undirected -f ldbc n.v
	for f in mtx metis dimacs; do
		round lone $f
	done
}

@test "any key comes back from tsv and csv, types too" {
	for ((i = 1; i < 256; i++)); do
		b=$(printf '\\x%02X' $i)
		printf 'k%sz\tv%s%sw\tt%s\n' "$b" "$b" "$b" "$b"
	done >all
	printf ' a\t"\n,\t""\tx\n' >>all
	import -g a -f tsv all
	round a csv
	round a tsv
	printf 'nul\\0\tb\n' | import -g n -f tsv
	round n tsv
	run --separate-stderr -65 strato-graph export -g n -f csv
	[[ "$stderr" == *"cannot carry the key"* ]]
}

@test "what a format cannot carry is refused before a line is written, with a way out" {
	printf 'Alice\tBob\tknows\nBob\tCarol\tknows\n' | import -g kg -f tsv
	for f in el mtx metis dimacs ldbc adj adjlist pairs32 pairs64; do
		run --separate-stderr -65 strato-graph export -g kg -f $f -o out
		[[ "$stderr" == *"cannot carry the type \"knows\""*hint:*"-f tsv"* ]]
	done
	[ -z "$(ls out* 2>/dev/null)" ]
	[ "$(strato-graph export -g kg -f el --type=knows | tr '\n' ,)" = "Alice Bob,Bob Carol," ]
	printf 'Alice Bob\n' | import -g names -f el
	for f in mtx pairs32 pairs64 adj; do
		run --separate-stderr -65 strato-graph export -g names -f $f
		[ -z "$output" ]
		[[ "$stderr" == *hint:*--renumber* ]]
	done
	printf '5 7\n' | import -g gap -f el
	run --separate-stderr -65 strato-graph export -g gap -f mtx
	[[ "$stderr" == *"1 to 2"*"[bad-record]"* ]]
	run --separate-stderr -65 strato-graph export -g gap -f metis
	[[ "$stderr" == *"direction"* || "$stderr" == *"1 to 2"* ]]
	run --separate-stderr -65 strato-graph export -g gap -f dimacs --renumber
	[[ "$stderr" == *weights* ]]
	printf '1 4294967296\n' | import -g wide -f el
	run --separate-stderr -65 strato-graph export -g wide -f pairs32
	[[ "$stderr" == *4294967296*pairs64* ]]
	run --separate-stderr -64 strato-graph export -g gap -f ldbc
	run --separate-stderr -64 strato-graph export -g gap -f nonsense
}

@test "nodes without edges that are left out are counted aloud" {
	printf '1\n2\n3\n4\n' >g.v
	printf '1 2\n' >g.e
	import -g g -f ldbc g.v g.e
	for f in tsv el csv pairs32; do
		run --separate-stderr -0 strato-graph export -g g -f $f
		[[ "$stderr" == *"2 nodes without edges"* ]]
	done
	for f in mtx adjlist dot; do
		run --separate-stderr -0 strato-graph export -g g -f $f
		[ -z "$stderr" ]
	done
	[ "$(strato-graph export -g g -f dot | grep -c '^.".";*$')" = 2 ]
}

@test "--renumber numbers the nodes in the order of nodes" {
	printf 'b c\na c\nd a\n' | import -g g -f el
	[ "$(strato-graph nodes -g g | tr '\n' ,)" = a,b,c,d, ]
	[ "$(strato-graph export -g g -f mtx --renumber | tail -n +2 | tr '\n' ,)" = \
		"4 4 3,1 3,2 3,4 1," ]
	[ "$(strato-graph export -g g -f el --renumber | tr '\n' ,)" = "0 2,1 2,3 0," ]
	[ "$(strato-graph export -g g -f pairs64 --renumber | od -An -v -tu8 -w16 |
		awk '{ print $1 "-" $2 }' | tr '\n' ,)" = "0-2,1-2,3-0," ]
	[ "$(strato-graph export -g g -f mtx --renumber --around=b | tail -n +2 | tr '\n' ,)" = \
		"2 2 1,1 2," ]
	[ "$(strato-graph export -g g -f adj --renumber --around=b | tr '\n' ,)" = \
		"AdjacencyGraph,2,1,0,1,1," ]
}

@test "one graph in every format is one graph" {
	printf '1 2\n1 3\n2 3\n3 4\n4 4\n' >a.el
	printf '%s\n' '%%MatrixMarket matrix coordinate pattern symmetric' '4 4 5' \
		'2 1' '3 1' '3 2' '4 3' '4 4' >a.mtx
	printf '4 5\n2 3\n1 3\n1 2 4\n3 4\n' >a.metis
	printf 'p edge 4 5\ne 1 2\ne 1 3\ne 2 3\ne 3 4\ne 4 4\n' >a.dimacs
	printf 'from,to\n1,2\n1,3\n2,3\n3,4\n4,4\n' >a.csv
	printf '1 2 3\n2 3\n3 4\n4 4\n' >a.adjlist
	import -g el --undirected -f el a.el
	for f in mtx metis dimacs csv adjlist; do
		run --separate-stderr -0 strato-graph import -g g --replace $( [ -z "${f##csv}" ] ||
			[ $f = adjlist ] && echo --undirected) -f $f a.$f
		same_graph el g
	done
	for f in mtx metis dimacs; do
		import -g g --replace --directed -f $f a.$f
		[ "$(counts g)" = "4 9" ]
		[ "$(strato-graph neighbors -g g 3 | tr '\n' ,)" = 1,2,4, ]
	done
}

@test "auto takes what says its name, says so, and what has a header row" {
	check() { # NAME WANT
		run --separate-stderr -0 strato-graph import -g g --replace "$1"
		[[ "$stderr" == *"$1: taken as $2"* ]] || fail "$1: $stderr"
	}
	printf '%%%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 2\n' >a
	check a mtx
	printf 'p edge 2 1\ne 1 2\n' >b
	check b dimacs
	printf 'AdjacencyGraph\n2\n1\n0\n1\n1\n' >c
	check c adj
	printf 'who,target,source\n' >d
	printf 'source,target\nx,y\n' >e
	check e csv
	[[ "$stderr" == *'a header row: source "source", target "target"'* ]]
	printf '3 2\n2\n1 3\n2\n' >f
	check f metis
	[[ "$stderr" == *"have no direction"* ]]
	gzip -c b >b.gz
	check b.gz dimacs
	printf '3 3\n2 3\n1 3\n1 2\n' >g
	run --separate-stderr -64 strato-graph import -g g --replace g
	[[ "$stderr" == *"el "*"metis "*"-f el or -f metis"* ]]
	head -c 800 /dev/zero >h
	run --separate-stderr -65 strato-graph import -g g --replace h
	[[ "$stderr" == *"NUL"*pairs32* ]]
}

@test "ldbc: the properties file, its folder, or the files themselves" {
	mkdir d
	printf '1\n2\n9\n' >d/x.v
	printf '1 2\n' >d/x.e
	printf 'graph.x.vertex-file = x.v\ngraph.x.edge-file = x.e\ngraph.x.directed = false\n' \
		>d/x.properties
	for words in d/x.properties d '-f ldbc d' '-f ldbc d/x.properties' \
		'--undirected -f ldbc d/x.v d/x.e'; do
		import -g g --replace $words
		[ "$(counts g)" = "3 1" ]
		[ "$(strato-graph neighbors -g g 2)" = 1 ]
	done
	echo 'graph.x.meta.edges = 2' >>d/x.properties
	run --separate-stderr -65 strato-graph import -g n d
	[[ "$stderr" == *"d/x.properties: says 2 edges, the file holds 1"* ]]
	cp d/x.properties d/y.properties
	run --separate-stderr -64 strato-graph import -g n d
	[[ "$stderr" == *"more than one properties file"* ]]
	run --separate-stderr -64 strato-graph import -g n -f ldbc d/x.txt
	echo nonsense >d/z.properties
	run --separate-stderr -65 strato-graph import -g n d/z.properties
	[[ "$stderr" == *"d/z.properties: line 1: "* ]]
	rm d/x.v
	run --separate-stderr -66 strato-graph import -g n d/x.properties
	[[ "$stderr" == *"d/x.v"* ]]
	run -1 grep -qx n < <(strato-graph ls)
}

@test "files that say different things about directions are not mixed" {
	printf '%%%%MatrixMarket matrix coordinate pattern symmetric\n2 2 1\n2 1\n' >u
	printf '%%%%MatrixMarket matrix coordinate pattern general\n2 2 1\n2 1\n' >d
	run --separate-stderr -64 strato-graph import -g g -f mtx u d
	[[ "$stderr" == *"--directed or --undirected"* ]]
	import -g g -f mtx --directed u d
	[ "$(counts g)" = "2 2" ]
	import -g g --replace -f mtx --undirected u d
	[ "$(counts g)" = "2 1" ]
	run -64 strato-graph import -g h --directed --undirected -f mtx u
}

@test "weights come back, integers as integers, others to the last bit" {
	awk 'BEGIN { for (i = 0; i < 90; i++)
		print (i * 7) % 31 + 1, (i * i) % 29 + 1, (i * 7919) % 1000 - 300 }' >i.e
	nodes 1 >n.v
	sed 's/$/.25e-3/' i.e >r.e
	printf '1 2 9223372036854775807\n2 3 -9223372036854775808\n' >>i.e
	printf '1 2 1.7976931348623157e308\n2 3 5e-324\n3 4 0.1\n' >>r.e
	for k in i r; do
		import -g g --replace -f ldbc n.v $k.e
		for f in mtx ldbc; do
			round g $f
		done
		import -g e --replace -f el $k.e
		for f in tsv el csv; do
			round e $f
		done
		import -g u --replace --undirected -f ldbc n.v $k.e
		for f in mtx ldbc; do
			round u $f
		done
		strato-graph export -g e -J | jq -es 'map(select(.from and .props.weight == null)) == []' >/dev/null
	done
	awk '{ print $1, $2, ($3 + 300) % 50 + 1 }' i.e >p.e	# what metis and dimacs allow
	import -g g --replace -f ldbc n.v p.e
	round g dimacs
	import -g u --replace --undirected -f ldbc n.v p.e
	round u metis
	for f in pairs32 pairs64 adjlist; do
		run --separate-stderr -65 strato-graph export -g g -f $f
		[[ "$stderr" == *"cannot carry weights"*hint:* ]]
		[ -z "$output" ]
	done
	for f in metis dimacs; do
		import -g r --replace --undirected -f ldbc n.v r.e
		run --separate-stderr -65 strato-graph export -g r -f $f
	done
	awk '{ print $1 - 1, $2 - 1, $3 }' i.e >z.e
	nodes 0 >z.v
	import -g z --replace -f ldbc z.v z.e
	round z adj
}
