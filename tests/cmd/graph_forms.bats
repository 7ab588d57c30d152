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

# --- RDF ---

statements() {
	cat <<-'EOT'
	<http://x/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x/Person> .
	<http://x/a> <http://x/age> "017"^^<http://www.w3.org/2001/XMLSchema#integer> .
	<http://x/a> <http://x/age> "17"^^<http://www.w3.org/2001/XMLSchema#integer> .
	<http://x/a> <http://x/name> "a \"quote\"\n" .
	<http://x/a> <http://x/name> "thé"@fr .
	<http://x/a> <http://x/name> "x"@ar--rtl .
	_:b <http://x/name> "blank" .
	<http://x/a> <http://x/knows> _:b .
	_:b <http://x/says> <<( _:b <http://x/p> "_:b is no label here" )>> .
	EOT
}

@test "nt: what goes in comes out, canonical, the same statements" {
	statements >given
	strato-graph import -q --bnodes=keep given
	strato-graph export -f nt >out
	diff <(sort given) <(sort out)
	sort -r given | strato-graph import -q --replace --bnodes=keep -f nt
	strato-graph export -f nt | sort | diff <(sort given) -
	[ "$(strato-graph schema | cut -f1,2 | head -1)" = "label${TAB}http://x/Person" ]
}

@test "nt: rdf:type is an edge when that is wanted" {
	statements >given
	strato-graph import -q --bnodes=keep --rdf-type=edge given
	strato-graph schema | grep -c '^label' >n || true
	[ "$(cat n)" = 0 ]
	strato-graph export -f nt | sort | diff <(sort given) -
}

@test "nt: blank nodes of two files are two, in triple terms too, unless they are kept" {
	statements >one
	strato-graph import -q one one
	[ "$(strato-graph nodes --prefix _: | sort)" = "_:f1.b
_:f2.b" ]
	[ "$(strato-graph nodes --prefix '<<(' | head -1)" = '<<( _:f1.b <http://x/p> "_:b is no label here" )>>' ]
	strato-graph import -q --replace --bnodes=keep one one
	[ "$(strato-graph nodes --prefix _:)" = _:b ]
}

@test "nq: a statement in several graphs comes back in each" {
	cat >given <<-'EOT'
	<http://x/a> <http://x/p> "1" .
	<http://x/a> <http://x/p> "1" <http://g/1> .
	<http://x/a> <http://x/p> "1" _:g .
	<http://x/a> <http://x/q> <http://x/b> .
	<http://x/a> <http://x/q> <http://x/b> <http://g/1> .
	<http://x/a> <http://x/q> <http://x/b> _:g .
	<http://x/a> <http://x/q> <http://x/c> <http://g/1> .
	<http://x/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x/T> <http://g/1> .
	<http://x/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x/T> .
	EOT
	strato-graph import --bnodes=keep given 2>said
	grep -q 'taken as nq' said
	strato-graph export -f nq | sort | diff <(sort given) -
	run -65 strato-graph export -f nt
	[[ $output == *'nt cannot carry named graphs'*'use -f nq'* ]]
}

@test "nt: a bad line is named with line, column and reason; --max-bad leaves it out" {
	printf '<http://x/a> <http://x/p> <http://x/b> .\n<http://x/a> <p> "x" .\n' >given
	run -65 strato-graph import -f nt given
	[[ $output == *'given: line 2: '*[bad-record]* ]]
	strato-graph import -q -f nt --max-bad=1 --rejects=bad given
	[ "$(cat bad)" = '<http://x/a> <p> "x" .' ]
	[ "$(strato-graph edges --count)" = 1 ]
}

@test "nt: what is no statement is refused, and says why" {
	printf 'a\tb\tknows\n' | strato-graph import -q
	run -65 strato-graph export -f nt
	[[ $output == *'nt cannot carry what would be'*'absolute IRIs'* ]]
	for key in 'http://x/ y' 'http://x/>' '_:' '_:a b' '<<( x' 'http://x/\n'; do
		printf "%s\t%s\thttp://x/p\n" http://x/b "$key" | strato-graph import -q --replace -f tsv
		run -65 strato-graph export -f nt
	done
}

@test "every N-Triples and N-Quads file of the W3C is taken or refused as it should be, and comes back" {
	[ -n "${STRATO_TEST_DATA-}" ] && [ -d "$STRATO_TEST_DATA/kg/w3c" ] ||
		skip "STRATO_TEST_DATA names no folder of third-party graphs"
	export LC_ALL=C
	n=0
	for f in $(find "$STRATO_TEST_DATA"/kg/w3c/n-* -name '*.n[tq]'); do
		k=${f##*.}
		n=$((n + 1))
		if [[ $f == *-bad-* ]]; then
			run -65 strato-graph import -q --replace -f $k "$f"
			continue
		fi
		strato-graph import -q --replace --bnodes=keep -f $k "$f"
		strato-graph export -f $k >out 2>said
		[ ! -s said ]
		c=${f%.nt}-c14n.nt
		[ ! -e "$c" ] || sort "$c" | diff - <(sort out)
		strato-graph import -q --replace --bnodes=keep -f $k out
		strato-graph export -f $k | diff out -
	done
	[ $n -gt 250 ]
}
