# tests/cmd/graph_traps.bats - what real inputs have in them, and what it must not lead to
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s STRATO_GRAPH=kg
	strato-init "$STRATO_STORE"
	cd "$W"
}

import() {
	strato-graph import -q --replace "$@"
}

@test "a byte order mark is no part of the first key, whatever the format" {
	local mark=$'\xef\xbb\xbf'
	printf '%s1 2\n3 4\n' $mark | import -f el
	[ "$(strato-graph nodes | tr '\n' ' ')" = "1 2 3 4 " ]
	printf '%sa\tb\n' $mark >in
	for n in 1 4; do
		import -f tsv --threads=$n in
		[ "$(strato-graph nodes | tr '\n' ' ')" = "a b " ]
	done
	printf '%s{"id":"a"}\n{"id":"b"}\n' $mark | import
	[ "$(strato-graph nodes | tr '\n' ' ')" = "a b " ]
	printf '%sx\na\tb\n%sx\n' $mark $mark |
		strato-graph import -q --replace -f jsonl --max-bad=3 --rejects=rej
	printf 'x\na\tb\n%sx\n' $mark | diff - rej
}

@test "CR LF ends a line of tsv as LF does" {
	printf 'a\tb\tknows\tsince=1999\r\na\tb\tknows\r\nb\tc\r\nc\tc\\r\t\r\n' | import -f tsv
	[ "$(strato-graph edges)" = "b${TAB}c
c${TAB}c\\r
a${TAB}b${TAB}knows${TAB}since=1999" ]
	[ "$(strato-graph schema | tail -1)" = "edge${TAB}since${TAB}1${TAB}1${TAB}integer" ]
}

@test "rejects are whole lines: the last of a file does not run into the next" {
	printf 'a\tb\nbad' >one
	printf 'worse\na\tc\nworst' >two
	import -f tsv --max-bad=3 --rejects=rej one two
	[ "$(cat rej)" = "bad
worse
worst" ]
	printf 'bad' >one
	printf 'worse' >two
	run -0 strato-graph import -q --replace -f jsonl --max-bad=3 --rejects=rej one two
	[ "$(cat rej)" = "bad
worse" ]
}

@test "a property without a name, and a weight said twice, are malformed in jsonl" {
	printf '{"from":"a","to":"b","props":{"":1}}\n' | run -65 import -f jsonl
	printf '{"id":"a","props":{"":1}}\n' | run -65 import -f jsonl
	printf '{"from":"a","to":"b","props":{"weight":1,"weight":2}}\n' | run -65 import -f jsonl
	printf '{"from":"a","to":"b","props":{"weight":1,"n":2}}\n' | import -f jsonl
}

@test "an edge said again without its weight keeps the one it has" {
	printf '1 2\n1 2 5\n1 2\n1 2 7\n2 3\n' >in
	for dir in --directed --undirected; do
		import -f el $dir in
		[ "$(strato-graph edges | cut -f1,2,4 | tr '\t\n' '  ')" = "1 2 weight=5 2 3 " ]
	done
	printf 'a\tb\tt\tweight=5\tx=1\n' | import -f tsv
	printf 'a\tb\tt\ty=2\n' | strato-graph import -q --append -f tsv
	[ "$(strato-graph edges | cut -f4-)" = "weight=5${TAB}x=1${TAB}y=2" ]
}

@test "a weight that is no number stays what it is beside weights that are" {
	cat >given <<-EOT
	{"from":"a","to":"b","props":{"weight":"heavy","x":1}}
	{"from":"a","to":"c","props":{"weight":5}}
	{"from":"a","to":"d","props":{"weight":[1,"x"]}}
	{"from":"a","to":"e","props":{"weight":1}}
	EOT
	sed 's/:5}/:[5]}/' given | import -f jsonl
	strato-graph export -f jsonl | diff given -
	[ "$(strato-graph edges | cut -f4- | tr '\t\n' '  ')" = \
		"weight=heavy x=1 weight=5 weight=1 weight=x weight=1 " ]
	printf '{"from":"y","to":"z"}\n' | strato-graph import -q --append -f jsonl
	strato-graph export -f jsonl | head -4 | diff given -
	printf '{"from":"a","to":"b","props":{"weight":"heavy","weight":5}}\n' | run -65 import -f jsonl
}

@test "a weight that changed is said once, also if it is a decimal" {
	printf 'a\tb\tt\tweight=5\nb\tc\tt\tweight=1\n' | import -f tsv
	printf 'edge\ta\tt\tb\tweight=2.5\n' |
		"$STRATO_BUILD/tests/lib/give-changes" "$STRATO_STORE" kg
	for i in 1 2; do
		strato-graph export -f jsonl 2>&1 | grep -o "weight.*" | diff <(printf '%s\n' 'weight":2.5}}' 'weight":1.0}}') -
		[ "$(strato-graph edges | cut -f4-)" = "weight=2.5
weight=1.0" ]
		strato-graph compact
	done
}

@test "a type beside those of a memory file is not left out in silence" {
	printf '{"type":"knows","from":"a","to":"b","relationType":"likes"}\n' | run -65 import -f jsonl
	printf '{"type":"Person","name":"a","entityType":"Admin"}\n' | run -65 import -f jsonl
	printf '%s\n' '{"type":"relation","from":"a","to":"b","relationType":"likes"}' \
		'{"type":"entity","name":"a","entityType":"Admin"}' '{"from":"a","to":"b","type":"relation"}' |
		import -f jsonl
	[ "$(strato-graph edges | cut -f3 | tr '\n' ' ')" = "likes relation " ]
}

@test "a blank node of a file that is appended is none of those there are" {
	printf '_:x <http://p> "1" .\n' >one
	printf '_:x <http://p> "2" .\n_:x <http://p> _:y .\n' >two
	import -f nt one two
	for i in 1 2; do
		strato-graph import -q --append -f nt two one
	done
	[ "$(strato-graph nodes --count)" = 9 ]
	[ "$(strato-graph edges --count)" = 3 ]
	strato-graph export -f nt | import --bnodes=keep -f nt
	[ "$(strato-graph nodes --count)" = 9 ]
}

@test "--append --strict-nodes knows the nodes of the graph" {
	printf '{"id":"a"}\n{"id":"b"}\n' | import -f jsonl
	printf 'edge\ta\tc\tt\n' | strato-graph apply -q
	printf '{"from":"a","to":"c"}\n{"id":"b"}\n' | strato-graph import -q --append --strict-nodes -f jsonl
	[ "$(strato-graph edges --count)" = 2 ]
	printf '{"from":"a","to":"d"}\n' | run -65 strato-graph import -q --append --strict-nodes -f jsonl
	printf ':ID,n\nb,1\n' | strato-graph import -q --append --strict-nodes -f csv
	[ "$(strato-graph nodes --count)" = 3 ]
}

@test "names that begin with : or ! are neither labels nor unset on their way back" {
	printf '{"id":"a","labels":["=x"],"props":{"!d":"e",":c":"d","a=b":"c"}}\n%s\n' \
		'{"from":"a","type":"t","to":"b","props":{"!n":1,":m":2}}' | import -f jsonl
	strato-graph export -f jsonl >want
	{ printf 'node\t'; strato-graph node a; printf 'edge\t'; strato-graph edges; } >ops
	strato-graph edges | strato-graph import -q -g edges -f tsv
	[ "$(strato-graph edges -g edges -J)" = "$(strato-graph edges -J)" ]
	import -f jsonl </dev/null
	strato-graph apply -q ops
	strato-graph export -f jsonl | diff want -
}
