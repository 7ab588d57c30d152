# tests/cmd/graph_forms.bats - property graphs in and out, one format after the other
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s STRATO_GRAPH=kg
	strato-init "$STRATO_STORE"
	cd "$W"
}

# Two nodes and an edge with every kind of value, and hostile names.
every_kind() {
	cat <<-'EOT'
	{"id":"a b","labels":["A\tb","Person"],"props":{"=":"x=y","bool":[true,false],"date":{"@value":"2026-11-22","@type":"http://www.w3.org/2001/XMLSchema#date"},"dec":1.5,"double":1.0E3,"empty":"","graph":{"@value":"x","@graph":"http://g"},"int":-17,"json":{"a":[1,{"b":null}]},"jsons":[{"@value":"[1]","@type":"http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON"},5],"lang":{"@value":"thé","@language":"fr"},"lead":{"@value":"01","@type":"http://www.w3.org/2001/XMLSchema#integer"},"text":"12","two\nlines":"tab\there"}}
	{"id":"alone"}
	{"id":"b","props":{"when":{"@value":"2026-11-22T10:00:00Z","@type":"http://www.w3.org/2001/XMLSchema#dateTime"}}}
	{"from":"a b","to":"b","props":{"n":["1",2]}}
	{"from":"a b","type":"knows","to":"b","props":{"since":1999}}
	{"from":"b","type":"knows","to":"a b"}
	EOT
}

@test "jsonl gives every kind of value back, byte for byte" {
	every_kind >given
	strato-graph import -q -f jsonl given
	strato-graph export -f jsonl >out
	diff given out
	strato-graph export -J | diff given -
	jq -e . <out >/dev/null
}

@test "weights come first in jsonl, and stay what they were" {
	printf '{"from":"1","to":"2","props":{"weight":1.5,"x":"y"}}\n' >given
	strato-graph import -q given
	strato-graph export -f jsonl | diff given -
	strato-graph export -f el 2>/dev/null | diff <(echo 1 2 1.5) -
}

@test "tsv carries properties of edges, names with = and all" {
	printf '%b\n' 'a\tb\t\ta\\x3d=b=c\tn=1\tn=2' 'a\tb\tt\tx=\\ty' >given
	strato-graph import -q -f tsv given
	strato-graph export | diff given -
	strato-graph edges | diff given -
	strato-graph subgraph a | sort | diff <(sort given) -
	[ "$(strato-graph neighbors -l a | cut -f5-)" = "a\\x3d=b=c${TAB}n=1${TAB}n=2
x=\\ty" ]
	[ "$(strato-graph neighbors -l --in b | tail -1 | cut -f5-)" = 'x=\ty' ]
	[ "$(strato-graph edges --to b | tail -1)" = "a${TAB}b${TAB}t${TAB}x=\\ty" ]
	[ "$(strato-graph edges -J | jq -c .props)" = '{"a=":"b=c","n":[1,2]}
{"x":"\ty"}' ]
}

@test "nodes -l says labels and properties" {
	every_kind | strato-graph import -q -f jsonl
	[ "$(strato-graph nodes -l | tail -1)" = "b${TAB}1${TAB}2${TAB}when=2026-11-22T10:00:00Z" ]
	strato-graph nodes -l --prefix 'a b' | cut -f4-6 >out
	[ "$(cat out)" = ":A\\tb${TAB}:Person${TAB}\\x3d=x=y" ]
	[ "$(strato-graph nodes -lJ --prefix 'a b' | jq -c '[.labels, .props.int]')" = '[["A\tb","Person"],-17]' ]
}

@test "what a format leaves out is said, each time" {
	every_kind | strato-graph import -q -f jsonl
	strato-graph export 2>said >out
	grep -q 'labels and properties of nodes are not in it: tsv cannot' said
	grep -q '1 nodes without edges are not in it' said
	grep -q '1 values have lost their type, language or graph' said
	for f in csv dot; do
		strato-graph export -f $f 2>said >out
		grep -q "properties of edges are not in it: $f cannot carry them, jsonl can" said
		grep -q "labels and properties of nodes are not in it: $f" said
	done
	printf '{"from":"1","to":"2","props":{"n":1}}\n' | strato-graph import -q --replace
	for f in el mtx pairs32 pairs64 adjlist; do
		strato-graph export -f $f 2>said >out
		grep -q "properties of edges are not in it: $f cannot" said
	done
	strato-graph export 2>said >out
	[ ! -s said ]
}

@test "a weight that is no number is not in tsv, and that is said" {
	printf '{"from":"1","to":"2","props":{"weight":"heavy"}}\n' | strato-graph import -q
	strato-graph export 2>said >out
	grep -q '1 values are not in it: tsv cannot carry them' said
	[ "$(cut -f1,2 out)" = "1${TAB}2" ]
}

@test "a part has what is said of its nodes and edges" {
	every_kind | strato-graph import -q -f jsonl
	[ "$(strato-graph export -f jsonl --around=b --hops=0 | jq -r .id)" = b ]
	[ "$(strato-graph export -f jsonl --type=knows -L 1 | jq -c '[.id,.from]')" = '["a b",null]
["b",null]
[null,"a b"]' ]
	[ "$(strato-graph export -f jsonl --around=alone | jq -c .)" = '{"id":"alone"}' ]
}

@test "an undirected graph's edges keep what is said of them" {
	printf '%s\n' '{"from":"b","to":"a","props":{"n":1}}' '{"from":"b","to":"c","props":{"n":2}}' |
		strato-graph import -q --undirected
	strato-graph export | diff <(printf 'a\tb\t\tn=1\nb\tc\t\tn=2\n') -
	strato-graph edges | diff <(printf 'a\tb\t\tn=1\nb\tc\t\tn=2\n') -
	[ "$(strato-graph neighbors -l b | cut -f1,5)" = "a${TAB}n=1
c${TAB}n=2" ]
}

@test "equal edges that were kept each have their own" {
	printf '%s\n' '{"from":"a","to":"b","props":{"n":1}}' '{"from":"a","to":"b","props":{"n":2}}' >given
	strato-graph import -q --dedup=keep given
	strato-graph export -f jsonl | diff given -
	[ "$(strato-graph edges | cut -f4)" = "n=1
n=2" ]
	[ "$(strato-graph neighbors -l a | cut -f5)" = "n=1
n=2" ]
}
