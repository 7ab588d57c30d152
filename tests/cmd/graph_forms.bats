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

# Keys, labels, types, names and values of any bytes, in 100 edges from $1, a seed.
any_bytes() {
	awk -v seed="$1" 'BEGIN {
		srand(seed)
		for (i = 0; i < 100; i++) {
			printf "edge\t%s%s\t%s\t%s\t%s=%s\n", i, word(), word(), word(), word(), word()
			printf "node\t%s%s\t:%s\t%s=%s\t%s=%s\n", i, word(), word(), word(), word(), word(), word()
		}
	}
	function word(  s, n) {
		for (n = 1 + int(rand() * 5); n > 0; n--)
			s = s sprintf("\\x%02x", int(rand() * 256))
		return s
	}'
}

@test "any bytes in keys, labels, types, names and values come back through jsonl" {
	for seed in 1 $RANDOM; do
		echo "seed $seed"
		strato-graph rm --force kg
		echo '{"id":"x"}' | strato-graph import -q -f jsonl
		any_bytes $seed >ops
		printf '%b\n' 'edge\tx\t\\xff\tt' 'edge\t\\xff\t\\xfd\t\\xfe' >>ops
		strato-graph apply -q ops
		strato-graph export -f jsonl | LC_ALL=C sort >model
		jq -e . <model >/dev/null
		for in in id from to type labels props; do
			grep -q "\"$in\":[[{]*\"@base64\":" model ||
				grep -q "\"$in\":{\"@base64:" model || fail "no @base64 in $in"
		done
		strato-graph import -q --replace -f jsonl model
		strato-graph export -f jsonl | LC_ALL=C sort | diff model -
		strato-graph rm kg
		echo '{"id":"x"}' | strato-graph import -q -f jsonl
		sed 's/^{"id"/{"op":"node","id"/; s/^{"from"/{"op":"edge","from"/' model | strato-graph apply -q
		strato-graph export -f jsonl | LC_ALL=C sort | diff model -
		strato-graph subgraph -J --hops=3 x >part
		grep -q '"from":{"@base64":"/w=="},"type":{"@base64":"/g=="},"to":{"@base64":"/Q=="}' part
		strato-graph import -q --replace -g part -f jsonl part
		strato-graph export -g part -f jsonl >out
		[ "$(grep -c from out)" -ge 2 ]
		[ "$(grep -cvFx -f model out)" = 0 ]
	done
}

@test "what looks like base64 in jsonl stays what it is, and bad base64 is malformed" {
	cat >given <<-'EOT'
	{"id":"a","props":{"@base64:QGJhc2U2NDpBQUE=":1,"json":{"@value":"{\"@base64\":\"AAA=\"}","@type":"http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON"},"other":{"@base64":"AAA=","x":1}}}
	{"id":{"@base64":"/w=="}}
	EOT
	sed 's/"other".*}}}/"other":{"@value":"{\\"@base64\\":\\"AAA=\\",\\"x\\":1}","@type":"http:\/\/www.w3.org\/1999\/02\/22-rdf-syntax-ns#JSON"}}}/' given >want
	strato-graph import -q -f jsonl given
	strato-graph export -f jsonl | diff want -
	[ "$(strato-graph nodes -lJ -L 1 | jq -c '.props["@base64:QGJhc2U2NDpBQUE="]')" = 1 ]
	for bad in '{"id":{"@base64":"/w="}}' '{"id":{"@base64":"!!!!"}}' '{"id":{"@base64":1}}' \
		'{"id":"a","props":{"@base64:x":1}}' '{"id":{"@base64":""}}'; do
		echo "$bad" >f
		run -65 strato-graph import -q --replace -f jsonl f
		[[ $output == *'f: line 1: '* ]]
	done
	printf 'a\tb\t\xff\n' | strato-graph import -q --replace -f tsv
	run -65 strato-graph export -f mcp
	[[ $output == *'mcp cannot carry'*'use -f jsonl'* ]]
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
	strato-graph export -f dot 2>said >out
	grep -q 'properties of edges are not in it: dot cannot carry them, jsonl can' said
	grep -q 'labels and properties of nodes are not in it: dot' said
	strato-graph export -f csv 2>said >out
	grep -q 'labels and properties of nodes are not in it: csv' said
	grep -q '1 values have lost their type, language or graph: csv' said
	run -1 grep 'properties of edges' said
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
	strato-graph schema >said
	[ -s said ]
	! grep '^label' said || false
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

# --- tables of graph databases ---

# A random property graph as jsonl, each name of one kind: made from $1, a seed.
made() {
	awk -v seed="$1" 'BEGIN {
		srand(seed)
		n = split("a|b c|\"q\"|x,y|x;y|é|\\\\t|-1|0|007", word, "|")
		for (i = 0; i < 60; i++) {
			printf "{\"id\":\"n%d\"", i
			if (rand() < .7)
				printf ",\"labels\":[\"L%d\"%s]", i % 3, rand() < .3 ? ",\"M\"" : ""
			p = ""
			if (rand() < .5) p = p ",\"bool\":" (rand() < .5 ? "true" : "false")
			if (rand() < .5) p = p ",\"date\":{\"@value\":\"2026-11-" 10 + int(20 * rand()) "\",\"@type\":\"http://www.w3.org/2001/XMLSchema#date\"}"
			if (rand() < .5) p = p ",\"dec\":" int(9 * rand()) "." 1 + int(9 * rand())
			if (rand() < .5) p = p ",\"int\":" int(1000 * rand()) - 500
			if (rand() < .3) p = p ",\"real\":" 1 + int(9 * rand()) ".5E" 3 + int(9 * rand())
			if (rand() < .5) p = p ",\"text\":\"" quoted(word[1 + int(n * rand())]) "\""
			if (rand() < .3) p = p ",\"void\":\"\""
			if (rand() < .3) p = p ",\"years\":[" 1900 + int(99 * rand()) "," 1 + int(9 * rand()) "]"
			print (p == "" ? "" : ",\"props\":{" substr(p, 2) "}") "}"
		}
		for (i = 0; i < 150; i++) {
			a = int(60 * rand()); b = int(60 * rand())
			if (seen[a, b]++)
				continue
			printf "{\"from\":\"n%d\",\"type\":\"t%d\",\"to\":\"n%d\"", a, i % 4, b
			print (rand() < .5 ? ",\"props\":{\"since\":" 1900 + i ",\"who\":\"" quoted(word[1 + int(n * rand())]) "\"}" : "") "}"
		}
	}
	function quoted(s) { gsub(/\\/, "\\\\", s); gsub(/"/, "\\\"", s); return s }'
}

@test "a random property graph is the same graph through every format that carries it" {
	for seed in 1 2 $RANDOM; do
		echo "seed $seed"
		made $seed | strato-graph import -q --replace -f jsonl
		strato-graph export -f jsonl >model
		[ "$(wc -l <model)" -gt 150 ]
		strato-graph import -q --replace -f jsonl model
		strato-graph export -f jsonl | diff model -
		strato-graph export -f neo4j -o t 2>said
		[ ! -s said ]
		strato-graph import -q --strict-nodes --replace t.nodes.csv t.edges.csv
		strato-graph export -f jsonl | diff model -
		grep from model >edges
		strato-graph import -q --replace -f jsonl edges
		strato-graph export -f jsonl >model
		strato-graph export -f tsv >t.tsv
		strato-graph import -q --replace -f tsv t.tsv
		strato-graph export -f jsonl | grep -v '"who":\(0\|-1\)' >without
		grep -v '"who":"\(0\|-1\)"' model | diff - without
	done
}

@test "csv: further columns of a plain header are properties, typed as those of tsv" {
	cat >f.csv <<-'EOT'
	from,since,to,weight,"a ""name""",type,tag,tag,when
	a,1999,b,2,"x, y",knows,p,q,2026-11-22
	b,,c,,"",,,r,
	b,007,a,0.5,true,,1e3,,no date
	EOT
	printf '%s\n' 'a\tb\tknows\tweight=2\tsince=1999\ta "name"=x, y\ttag=p\ttag=q\twhen=2026-11-22' \
		'b\tc\t\ta "name"=\ttag=r' 'b\ta\t\tweight=0.5\tsince=007\ta "name"=true\ttag=1e3\twhen=no date' |
		sed 's/\\t/\t/g' >f.tsv
	strato-graph import -q -g tsv -f tsv f.tsv
	strato-graph import f.csv 2>said
	grep -q 'taken as csv' said
	strato-graph export -f jsonl >out
	strato-graph export -g tsv -f jsonl | diff out -
	grep -q '"weight":2.0,"a \\"name\\"":"x, y","since":1999,"tag":\["p","q"\]' out
	printf 'from,to,\na,b,1\n' >f
	run -65 strato-graph import -q --replace --max-bad=5 -f csv f
	[[ $output == *'f: line 1: column 3: a name'* ]]
	printf 'from,to,x\na,b\n' >f
	run -65 strato-graph import -q --replace f
	[[ $output == *'f: line 2: 2 columns, the header has 3'* ]]
}

# Random edges with properties of all kinds, as jsonl; names that a header might take for
# something else.  $1: a seed; $2: with types and weights, if it is 1.
said_of_edges() {
	awk -v seed="$1" -v full="$2" 'BEGIN {
		srand(seed)
		xsd = "http://www.w3.org/2001/XMLSchema#"
		n = split("label|type|cost|w|from|to|a,b|say \"so\"| x|:y|z:int|since|value", name, "|")
		m = split("\"\"|\"x, y\"|\"\\\"q\\\"\"|\"back\\\\\"|\"two\\nlines\"|\"\\r\"|\" \"|\"é\"|\"007\"|true|false|-12|0.25|1.5E3" \
			"|{\"@value\":\"2026-11-22\",\"@type\":\"" xsd "date\"}" \
			"|{\"@value\":\"2026-11-22T10:00:00Z\",\"@type\":\"" xsd "dateTime\"}", value, "|")
		for (i = 0; i < 120; i++) {
			printf "{\"from\":\"n%d\"", i % 40
			if (full)
				printf ",\"type\":\"t%d\"", i % 3
			printf ",\"to\":\"m%d\",\"props\":{\"edge\":%d", i * 7 % 90, i
			if (full)
				printf ",\"weight\":%d", i % 11 - 5
			for (k = 1; k <= n; k++)
				if (rand() < .4) {
					s = name[k]
					gsub(/"/, "\\\"", s)
					printf ",\"%s\":%s", s, values()
				}
			print "}}"
		}
	}
	function one() { return value[1 + int(m * rand())] }
	function values(a, b, c) {
		a = one(); b = one(); c = one()
		if (a == b || b == c || a == c || rand() < .6)
			return a
		return "[" a "," b (rand() < .5 ? "," c : "") "]"
	}'
}

@test "csv: random edges come back with their properties, whatever the names and values" {
	for round in 1 2 3 4; do
		seed=$RANDOM full=$((round % 2))
		echo "seed $seed $full"
		said_of_edges $seed $full >given
		strato-graph import -q --replace -f jsonl given
		strato-graph export -f jsonl >model
		[ "$(wc -l <model)" = 120 ]
		jq -e -s 'map(.props["a,b"] | select(type == "array")) | length > 0' model
		strato-graph export -f csv >t.csv 2>said
		[ ! -s said ]
		strato-graph import -q --replace -f csv t.csv
		strato-graph export -f jsonl | diff model -
		strato-graph export -f csv | diff t.csv -
		# the same of changes that are in no segment
		head -n 60 given | strato-graph import -q --replace -f jsonl
		tail -n 60 given | sed 's/^{/{"op":"edge",/' | strato-graph apply
		strato-graph export -f csv >u.csv
		strato-graph import -q --replace -f csv u.csv
		strato-graph export -f jsonl | sort | diff <(sort model) -
	done
}

# Random edges, some with a weight: jsonl of them, from $1, a seed.
some_weighed() {
	awk -v seed="$1" 'BEGIN {
		srand(seed)
		for (i = 0; i < 90; i++) {
			a = int(30 * rand()); b = int(30 * rand())
			if (a == b || seen[a, b]++ || seen[b, a]++)
				continue
			printf "{\"from\":\"%d\",\"to\":\"%d\"", a, b
			p = ""
			if (rand() < .5) p = ",\"weight\":" (rand() < .3 ? 1 : int(9 * rand()))
			if (rand() < .3) p = p ",\"since\":" 1900 + i
			print (p == "" ? "" : ",\"props\":{" substr(p, 2) "}") "}"
		}
	}'
}

@test "an edge has a weight where one was said, in every format and answer, folded or not" {
	for seed in $RANDOM $RANDOM $RANDOM; do
		echo "seed $seed"
		some_weighed $seed >given
		[ "$(grep -c weight given)" -gt 10 ]
		sort given >want
		strato-graph import -q --replace -f jsonl given
		for step in import apply compact convert again append; do
			case $step in
			apply)
				head -n 20 given | strato-graph import -q --replace -f jsonl
				tail -n +21 given | sed 's/^{/{"op":"edge",/' | strato-graph apply
				;;
			compact) strato-graph compact -q ;;
			convert) strato-graph convert -q --order=degree --layout=csr ;;
			again)		# no weight in the segments at all
				grep -v weight given | strato-graph import -q --replace -f jsonl
				grep weight given | sed 's/^{/{"op":"edge",/' | strato-graph apply
				;;
			append)
				grep weight given | strato-graph import -q --replace -f jsonl
				grep -v weight given | strato-graph import -q --append -f jsonl
				;;
			esac
			echo "$step"
			strato-graph export -f jsonl | sort | diff want -
			[ "$(strato-graph schema | grep "^edge${TAB}weight" | cut -f3)" = "$(grep -c weight given)" ]
			[ $step != compact ] || [ "$(strato-graph info -J | jq .edges_with_properties)" = "$(grep -c since given)" ]
			strato-graph edges >edges
			[ "$(grep -c weight= edges)" = "$(grep -c weight given)" ]
			[ "$(strato-graph edges --where weight=1 --count)" = "$(grep -c 'weight":1[,}]' given)" ]
			strato-graph nodes | strato-graph neighbors -l -b | cut -f6 >column
			[ "$(grep -vc N column)" = "$(grep -c weight given)" ]
			for f in tsv csv kgtk graphml neo4j; do
				strato-graph export -f $f $([ $f != neo4j ] || echo -o t) >out.$f
				strato-graph import -q -g $f --replace -f $f $([ $f = neo4j ] &&
					echo t.nodes.csv t.edges.csv || echo out.$f)
				strato-graph export -g $f -f jsonl | sort | diff want - || fail $f
			done
			strato-graph export -f el 2>said | strato-graph import -q -g el --replace -f el
			[ "$(strato-graph edges -g el | sort)" = "$(cut -f1-4 edges | sed "s/${TAB}*since.*//" | sort)" ]
		done
	done
}

@test "csv: what it has no room for is said, or refused" {
	printf '%s\n' '{"from":"a","to":"b","props":{"when":{"@value":"x","@language":"en"},"weight":"heavy"}}' \
		'{"from":"a","to":"c","props":{"n":"12","weight":2}}' >given
	strato-graph import -q -f jsonl given
	strato-graph export -f csv >out 2>said
	diff - out <<-'EOT'
	source,target,weight,n,when
	a,b,,,x
	a,c,2,12,
	EOT
	grep -q '2 values have lost their type' said
	grep -q '1 values are not in it' said
	for name in ':ID' 'x:START_ID'; do
		printf '{"from":"a","to":"b","props":{"%s":1}}\n' "$name" | strato-graph import -q --replace -f jsonl
		run -65 strato-graph export -f csv
		[[ $output == *"csv cannot carry the name of a property \"$name\""* ]]
	done
	printf '{"from":"a","to":"b","props":{"x":"a\\u0000b"}}\n' | strato-graph import -q --replace -f jsonl
	run -65 strato-graph export -f csv
	[[ $output == *'csv cannot carry the value'* ]]
	jq -nc '{from: "a", to: "b", props: {x: [range(511)]}}' | strato-graph import -q --replace -f jsonl
	run -65 strato-graph export -f csv
	[[ $output == *'csv cannot carry over 512 columns'* ]]
	jq -nc '{from: "a", to: "b", props: {x: [range(510)]}}' | strato-graph import -q --replace -f jsonl
	strato-graph export -f jsonl >model
	strato-graph export -f csv | strato-graph import -q --replace -f csv
	strato-graph export -f jsonl | diff model -
}

@test "csv: labels, types, arrays, id spaces, columns left out, as databases write them" {
	cat >n.csv <<-'EOT'
	id:ID(P),name,born:int,tags:string[],x:IGNORE,score:double,:LABEL
	1,Ann,1970,a;b,?,5.0,Person;Admin
	2,"Bo ""B""",,"",?,,
	EOT
	cat >m.csv <<-'EOT'
	:ID(M),ok:boolean,when:date,:LABEL=Film
	1,TRUE,2020-01-02
	EOT
	cat >e.csv <<-'EOT'
	:START_ID(P),:END_ID(M),:TYPE,weight:double,roles:int[]
	1,1,saw,2,1;2
	2,1,made,0.5,
	EOT
	strato-graph import --strict-nodes n.csv m.csv e.csv 2>said
	grep -q 'n.csv: rows are nodes' said
	grep -q 'e.csv: rows are edges' said
	strato-graph export -f jsonl >out
	diff - out <<-'EOT'
	{"id":"M/1","labels":["Film"],"props":{"ok":true,"when":{"@value":"2020-01-02","@type":"http://www.w3.org/2001/XMLSchema#date"}}}
	{"id":"P/1","labels":["Admin","Person"],"props":{"born":1970,"name":"Ann","score":5.0E0,"tags":["a","b"]}}
	{"id":"P/2","props":{"name":"Bo \"B\"","tags":""}}
	{"from":"P/2","type":"made","to":"M/1","props":{"weight":0.5}}
	{"from":"P/1","type":"saw","to":"M/1","props":{"weight":2.0,"roles":[1,2]}}
	EOT
}

@test "csv: a header in a file of its own holds for the files after it" {
	echo ':ID,n:int' >nh
	printf 'a,1\n' >n1
	printf 'b,2\n' >n2
	echo ':START_ID,:END_ID,:TYPE=knows' >eh
	printf 'a,b\n' >e1
	strato-graph import -q nh n1 n2 eh e1
	[ "$(strato-graph export -f jsonl | jq -c '[.props.n, .type]')" = '[1,null]
[2,null]
[null,"knows"]' ]
	strato-graph import -q --replace -f csv nh n1 n2 eh e1
	[ "$(strato-graph edges)" = "a${TAB}b${TAB}knows" ]
}

@test "csv: what a database would refuse is refused, with file and line" {
	refused() { # FILE WORDS
		run -65 strato-graph import -q "$1"
		[[ $output == *"$1: line $2"* ]] || { echo "$output"; false; }
	}
	printf ':ID(A),n:int\n1,2\n1,3\n' >f; refused f '3: the node "A/1" was given before'
	printf ':ID,n:long\n1,x\n' >f; refused f '2: the column "n": "x" is no integer'
	printf ':ID,n:vector\n1,x\n' >f; refused f '1: the column "n" is of an unknown type: "vector"'
	printf ':ID,n\n1\n' >f; refused f '2: 1 columns, the header has 2'
	printf ':ID,n\n,x\n' >f; refused f '2: an empty :ID'
	printf ':START_ID,n\n1,x\n' >f; refused f '1: one of :START_ID and :END_ID is missing'
	printf ':ID,:ID\n1,x\n' >f; refused f '1: two columns :ID'
	printf ':ID,:TYPE\n1,x\n' >f; refused f '1: :TYPE in a header of nodes'
	printf ':ID,d:date\n1,2020-13-01\n' >f; refused f '2: the column "d"'
	printf ':ID,b:boolean\n1,yes\n' >f; refused f '2: the column "b": "yes" is no boolean'
	printf ':ID(A)\n1\n' >n; printf ':START_ID(A),:END_ID(B)\n1,1\n' >f
	run -65 strato-graph import -q --strict-nodes n f
	[[ $output == *'f: line 2: the node "B/1" was not given before'* ]]
	strato-graph import -q --strict-nodes --max-bad=1 --rejects=bad n f
	[ "$(cat bad)" = 1,1 ]
	strato-graph import -q --replace n f
	[ "$(strato-graph nodes --count)" = 2 ]
}

@test "--strict-nodes goes for jsonl, and for edges alone nothing is left" {
	printf '{"id":"a"}\n{"from":"a","to":"b"}\n' >f
	run -65 strato-graph import -q --strict-nodes f
	[[ $output == *'f: line 2: the node "b" was not given before'* ]]
	printf 'a\tb\n' >f
	run -65 strato-graph import -q -f tsv --strict-nodes f
	[[ $output == *'line 1'* ]]
}

@test "neo4j says what it cannot keep" {
	every_kind | strato-graph import -q -f jsonl
	strato-graph export -f neo4j -o t 2>said
	grep -q '[0-9] values have lost their type, language or graph: neo4j cannot' said
	run -64 strato-graph export -f neo4j
	[[ $output == *'-o PREFIX'* ]]
}

@test "the small social network of a graph database loads: 14 nodes, 30 edges" {
	[ -n "${STRATO_TEST_DATA-}" ] && [ -d "$STRATO_TEST_DATA/kg/tinysnb" ] ||
		skip "STRATO_TEST_DATA names no folder of third-party graphs"
	D=$STRATO_TEST_DATA/kg/tinysnb
	echo 'id:ID(person),fName,gender:int,isStudent:boolean,isWorker:boolean,age:int,eyeSight:double,birthdate,registerTime,lastJobDuration,workedHours,usedNames,courseScoresPerTerm,grades,height:float,u,:LABEL=person' >ph
	echo 'id:ID(organisation),name,orgCode:int,mark:double,score:int,history,licenseValidInterval,rating:double,state,info,:LABEL=organisation' >oh
	echo 'name:ID(movies),length:int,note,description,content,audience,grade,:LABEL=movies' >mh
	echo ':START_ID(person),:END_ID(person),date,meetTime,validInterval,comments,summary,notes,someMap,:TYPE=knows' >kh
	echo ':START_ID(person),:END_ID(organisation),year:long,places,length:short,level:byte,code:decimal,temperature:long,ulength:int,ulevel:int,hugedata:decimal,:TYPE=studyAt' >sh
	echo ':START_ID(person),:END_ID(organisation),year:int,grading,rating:float,:TYPE=workAt' >wh
	echo ':START_ID(person),:END_ID(person),location,times:int,data,:TYPE=meets' >eh
	echo ':START_ID(person),:END_ID(person),usedAddress,address,note,:TYPE=marries' >ah
	tail -n +2 "$D/vPerson.csv" >p.csv
	tail -n +2 "$D/eStudyAt.csv" >st.csv
	strato-graph import -q --strict-nodes ph p.csv "$D/vPerson2.csv" oh "$D/vOrganisation.csv" \
		mh "$D/vMovies.csv" kh "$D/eKnows.csv" "$D/eKnows_2.csv" sh st.csv \
		wh "$D/eWorkAt.csv" eh "$D/eMeets.csv" ah "$D/eMarries.csv"
	[ "$(strato-graph nodes --count) $(strato-graph edges --count)" = '14 30' ]
	[ "$(strato-graph export -f jsonl | jq -r 'select(.id == "organisation/4") | .props.state')" = \
		'{revenue: 152, location: ["vanco,uver north area"], stock: {'"'price'"': [15, 78, 671], '"'volume'"': 432}}' ]
	strato-graph export -f jsonl >model
	strato-graph export -f neo4j -o t 2>said
	strato-graph import -q --replace t.nodes.csv t.edges.csv
	strato-graph export -f jsonl | diff model -
}

# --- others ---

@test "mcp: the memory file of an MCP server comes back as it was" {
	cat >given <<-'EOT'
	{"type":"entity","name":"ann","entityType":"Person","observations":["likes tea","2026-11-22"]}
	{"type":"entity","name":"bob","entityType":"","observations":[]}
	{"type":"relation","from":"ann","to":"bob","relationType":"knows"}
	EOT
	strato-graph import -q given
	strato-graph export -f mcp 2>said | diff given -
	[ ! -s said ]
	strato-graph import -q --replace -f mcp given
	strato-graph export -f mcp | diff given -
	every_kind | grep -v weight | strato-graph import -q --replace -f jsonl
	strato-graph export -f mcp 2>said >out
	grep -q 'properties of edges are not in it: mcp cannot' said
	grep -q 'values are not in it: mcp cannot carry them' said
}

need_serd() {
	strato-graph import -q --dry-run -f ttl </dev/null || skip "this build reads no Turtle"
}

@test "ttl is nt by another spelling; trig nq" {
	need_serd
	printf '@prefix x: <http://x/> .\nx:a x:p x:b, "1"@en ; a x:T .\n<c> x:p [] .\n' >given.ttl
	strato-graph import --base=http://b/ given.ttl 2>said
	grep -q 'taken as ttl' said
	strato-graph export -f nt | grep -v _: >out
	diff - out <<-'EOT'
	<http://x/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x/T> .
	<http://x/a> <http://x/p> "1"@en .
	<http://x/a> <http://x/p> <http://x/b> .
	EOT
	[ "$(strato-graph edges --from http://b/c --count)" = 1 ]
	printf '@prefix x: <http://x/> .\nx:g { x:a x:p x:b . }\n' | strato-graph import -q --replace -f trig
	[ "$(strato-graph export -f nq)" = '<http://x/a> <http://x/p> <http://x/b> <http://x/g> .' ]
	run -65 strato-graph import -q --replace given.ttl
	[[ $output == *'given.ttl: '*'must be absolute'*[bad-record]* ]]
}

@test "ten thousand statements in Turtle are those in N-Triples" {
	need_serd
	[ -n "${STRATO_TEST_DATA-}" ] && [ -d "$STRATO_TEST_DATA/kg/jena" ] ||
		skip "STRATO_TEST_DATA names no folder of third-party graphs"
	strato-graph import -q "$STRATO_TEST_DATA"/kg/jena/*.ttl
	strato-graph export -f nt >out
	strato-graph import -q --replace "$STRATO_TEST_DATA"/kg/jena/*.nt
	strato-graph export -f nt | diff out -
	[ "$(wc -l <out)" = 10000 ]
}

# The rows of a KGTK file, sorted, their columns in the order of their names.
rows() {
	tr -d '\r' <"$1" | awk -F'\t' -v OFS='\t' 'NR == 1 {
		for (i = 1; i <= NF; i++) { at[$i] = i; name[++n] = $i }
		for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (name[j] < name[i]) {
			t = name[i]; name[i] = name[j]; name[j] = t
		}
	} {
		s = ""
		for (i = 1; i <= n; i++) s = s OFS $at[name[i]]
		print substr(s, 2)
	}' | LC_ALL=C sort
}

@test "kgtk: rows, literals, columns and equal edges come back" {
	printf '%b\n' 'id\tnode1\tlabel\tnode2\trank' "e1\ta\tname\t'A|B'@en\t" 'e2\ta\tknows\tb\tnormal|1|2.50' \
		'e3\ta\tknows\tb\t"q\\|r"' '\ta\tsays\t"tea \\"x\\""\t' "\ta\tsays\t'thé'@fr\t" \
		'\ta\tborn\t^2026-11-22\t' '\ta\tage\t017\t' '\ta\tat\t@1/2\t' >given
	strato-graph import given 2>said
	grep -q 'taken as kgtk' said
	strato-graph export -f kgtk >out 2>said
	[ ! -s said ]
	diff <(rows given) <(rows out)
	[ "$(strato-graph export -f jsonl | head -1 | jq -c .props.says)" = \
		'[{"@value":"thé","@language":"fr"},"tea \"x\""]' ] ||
	[ "$(strato-graph export -f jsonl | head -1 | jq -c .props.says)" = \
		'["tea \"x\"",{"@value":"thé","@language":"fr"}]' ]
	printf 'id\tn\tname\nx\t5\tX\n' | strato-graph import -q --replace -f kgtk
	[ "$(strato-graph export -f jsonl)" = '{"id":"x","props":{"n":5,"name":"X"}}' ]
}

@test "kgtk: what is wrong is named with its line" {
	printf 'node1\tlabel\tnode2\na\tb\n' >f
	run -65 strato-graph import -q f
	[[ $output == *'f: line 2: 2 columns, the header has 3'* ]]
	printf 'node1\tlabel\tnode2\na\tb\t\n' >f
	run -65 strato-graph import -q f
	[[ $output == *'f: line 2: an empty node2'* ]]
	printf 'node1\tnode2\na\tb\n' >f
	run -65 strato-graph import -q -f kgtk f
	[[ $output == *'f: line 1: a header with neither'* ]]
	printf 'a\t\\n\tb\n' | strato-graph import -q -f tsv
	run -65 strato-graph export -f kgtk
	[[ $output == *'kgtk cannot carry'* ]]
}

@test "KGTK's own files come back, row by row" {
	[ -n "${STRATO_TEST_DATA-}" ] && [ -d "$STRATO_TEST_DATA/kg/kgtk" ] ||
		skip "STRATO_TEST_DATA names no folder of third-party graphs"
	for f in graph_statistics_directed_zacharys_karate_club literals movies_full \
		tutorial_people_full wikidata_properties wikidata_sample; do
		strato-graph import -q --replace "$STRATO_TEST_DATA/kg/kgtk/$f.tsv"
		strato-graph export -f kgtk >out 2>said
		[ ! -s said ]
		rows "$STRATO_TEST_DATA/kg/kgtk/$f.tsv" | diff - <(rows out)
	done
}

@test "--stamp gives every edge of the import a property, whatever the format" {
	printf 'a\tb\tt\tn=1\tsource=x\na\tc\n' | strato-graph import -q -f tsv --stamp source=doc-17 --stamp at=2026-11-22
	strato-graph export | diff <(printf 'a\tc\t\tat=2026-11-22\tsource=doc-17\na\tb\tt\tat=2026-11-22\tn=1\tsource=doc-17\n') -
	printf '1 2\n3 4\n' | strato-graph import -q --replace -f el --stamp=n=5
	strato-graph export | diff <(printf '1\t2\t\tn=5\n3\t4\t\tn=5\n') -
	every_kind | strato-graph import -q --replace -f jsonl --stamp=who=me
	[ "$(strato-graph export -f jsonl | jq -c 'select(.from) | .props.who' | sort -u)" = '"me"' ]
	run -64 strato-graph import -q --replace --stamp=x
	run -64 strato-graph import -q --replace --stamp=weight=2
}

# --- long lines ---

@test "lines of ten megabytes are taken by jsonl and nt, within the limit of memory" {
	head -c 7500000 /dev/zero | base64 -w 0 >long
	printf '{"id":"a"}\n{"id":"b","props":{"x":"%s"}}\n{"from":"a","to":"b"}\n' "$(cat long)" >f.jsonl
	printf '<http://x/a> <http://x/p> "%s"@en .\n' "$(cat long)" >f.nt
	for f in f.jsonl f.nt; do
		strato-graph import -q --replace --memory-limit=192M -f ${f#f.} $f
		strato-graph export -f ${f#f.} >out
		grep -vFx '{"id":"a"}' $f | grep -v from | cmp - <(grep -v from out)
		strato-graph check
		if command -v time >/dev/null && [[ $(strato-graph --version) != *sanitizers* ]]; then
			command time -f %M -o peak strato-graph import -q --replace --memory-limit=192M -f ${f#f.} $f
			[ "$(tail -n 1 peak)" -lt $((192 * 1024)) ]
		fi
		run -65 strato-graph import -q --replace --memory-limit=64M -f ${f#f.} $f
		[[ $output == *"$f: line "[12]": longer than 4194304 bytes: "* ]] || { echo "$output"; false; }
		strato-graph import -q --replace --memory-limit=64M -f ${f#f.} --max-bad=1 --rejects=bad $f
	done
	strato-graph import -q --replace --memory-limit=64M --max-bad=1 f.jsonl
	[ "$(strato-graph edges --count)" = 1 ]
	sed 1d f.jsonl | strato-graph import --replace --memory-limit=192M 2>said
	grep -q 'taken as jsonl' said
	run -64 strato-graph import --replace f.nt
	[[ $output == *'-f nt or -f nq'* ]]
}

# --- GraphML ---

need_expat() {
	! strato-graph --version | grep -qw expat || return 0
	run -69 strato-graph import -q --dry-run -f graphml </dev/null
	[[ $output == *'no libexpat'*'[unavailable]'*libexpat1-dev* ]]
	skip "this build reads no GraphML"
}

@test "graphml gives every kind of value back, byte for byte" {
	need_expat
	every_kind >given
	cat >>given <<-'EOT'
	{"id":" \t\r\n<&>\"' ]]>","labels":["a:b","c"],"props":{"big":1e400,"huge":123456789012345678901234567890,"label":"x","labelV":"x","labels":":X","n":["1",2],"reals":[1.0E0,2.5E0],"strings":["","<b>","a\r\nb"]}}
	{"from":"alone","type":":t<o>\n","to":"b","props":{"weight":"heavy","id":"e1","label":"no type"}}
	EOT
	strato-graph import -q --replace -f jsonl given
	strato-graph export -f jsonl >model
	[ "$(wc -l <model)" = 7 ]
	strato-graph export -f graphml >out.xml 2>said
	[ ! -s said ]
	strato-graph import --replace out.xml 2>said
	grep -q 'out.xml: taken as graphml' said
	strato-graph export -f jsonl | diff model -
	strato-graph export -f graphml | diff out.xml -
	! command -v xmllint >/dev/null || xmllint --noout out.xml
}

@test "a random property graph, directed or not, weighted or not, is the same through graphml" {
	need_expat
	for seed in 1 $RANDOM; do
		echo "seed $seed"
		for d in --directed --undirected; do
			made $seed | strato-graph import -q $d --replace -f jsonl
			strato-graph export -f jsonl >model
			strato-graph export -f graphml >out.xml
			strato-graph import -q --replace out.xml
			strato-graph export -f jsonl | diff model -
			[ "$(strato-graph info -J | jq -r .edges)" = "$(strato-graph edges --count)" ]
			made $seed | grep from | sed '/props/!s/}$/,"props":{"weight":2.5}}/' |
				strato-graph import -q $d --replace -f jsonl
			strato-graph export -f jsonl >model
			grep -q '"weight":2.5' model
			strato-graph export -f graphml | strato-graph import -q --replace -f graphml
			strato-graph export -f jsonl | diff model -
		done
	done
}

@test "graphml as neo4j and networkx write it" {
	need_expat
	cat >neo4j.xml <<-'EOT'
	<?xml version="1.0" encoding="UTF-8"?>
	<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
	<key id="born" for="node" attr.name="born" attr.type="long"/>
	<key id="tags" for="node" attr.name="tags" attr.type="string" attr.list="string"/>
	<key id="labels" for="node" attr.name="labels" attr.type="string"/>
	<key id="label" for="edge" attr.name="label" attr.type="string"/>
	<graph id="G" edgedefault="directed">
	<node id="n0" labels=":Person:Actor"><data key="labels">:Person:Actor</data><data key="born">1964</data><data key="tags">["a","b"]</data></node>
	<node id="n1" labels=":Film"><data key="labels">:Film</data></node>
	<edge id="e0" source="n0" target="n1" label="ACTED_IN"><data key="label">ACTED_IN</data></edge>
	</graph></graphml>
	EOT
	strato-graph import -q neo4j.xml
	strato-graph export -f jsonl | diff - <(cat <<-'EOT'
	{"id":"n0","labels":["Actor","Person"],"props":{"born":1964,"tags":["a","b"]}}
	{"id":"n1","labels":["Film"]}
	{"from":"n0","type":"ACTED_IN","to":"n1","props":{"id":"e0"}}
	EOT
	)
	cat >networkx.xml <<-'EOT'
	<?xml version='1.0' encoding='utf-8'?>
	<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
	  <key id="d2" for="edge" attr.name="weight" attr.type="double" />
	  <key id="d1" for="node" attr.name="label" attr.type="string" />
	  <key id="d0" for="graph" attr.name="name" attr.type="string" />
	  <graph edgedefault="undirected">
	    <data key="d0">small</data>
	    <node id="0">
	      <data key="d1">first</data>
	    </node>
	    <node id="1" />
	    <edge source="0" target="1">
	      <data key="d2">0.5</data>
	    </edge>
	  </graph>
	</graphml>
	EOT
	strato-graph import --replace networkx.xml 2>said
	grep -q 'networkx.xml: edges have no direction' said
	grep -q '1 descriptions and data of the graph itself are left out' said
	strato-graph export -f jsonl | diff - <(printf '%s\n' \
		'{"id":"0","props":{"label":"first"}}' '{"from":"0","to":"1","props":{"weight":0.5}}')
	strato-graph import -q --replace --directed networkx.xml
	[ "$(strato-graph edges --count)" = 2 ]
}

@test "graphml: what cannot be stored is refused, with file and line, and nothing is imported" {
	need_expat
	refused() { # XML WORDS
		printf '%b' "$1" >f
		run -65 strato-graph import -q --max-bad=9 -f graphml f
		[[ $output == *"f: line $2"* ]] || { echo "$output"; false; }
		[ -z "$(strato-graph ls)" ]
	}
	head='<graphml><key id="i" attr.type="int"/>\n<graph edgedefault="directed">\n'
	refused "$head<node id='a'><graph edgedefault='directed'/></node>" '3: <graph> in <node>'
	refused "$head<hyperedge/>" '3: <hyperedge> in <graph>'
	refused "$head<node id='a'>\n<port name='p'/></node>" '4: <port> in <node>'
	refused "$head<edge source='a' target='b' directed='false'/>" '3: directed="false"'
	refused "$head<node id='a'><data key='i'>x</data></node>" '3: the key "i": "x" is no integer'
	refused '<!DOCTYPE graphml [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><graphml/>' '1: a document type with'
	refused "$head<node id='a'/>" '3: it ends before </graphml>'
	refused "$head<node id='a'></graph>" '3: mismatched tag'
}

@test "graphml: a key, a label or a name with characters that XML has not is refused by name" {
	need_expat
	refused() { # JSONL WORDS
		printf '%s\n' "$1" | strato-graph import -q --replace -f jsonl
		run -65 strato-graph export -f graphml
		[[ $output == *"graphml cannot carry $2"*'use -f jsonl'* ]] || { echo "$output"; false; }
	}
	refused '{"id":"me\u0001"}' '"me\x01", of the node "me\x01": XML has no such character'
	refused '{"id":"me","labels":["x\u0002"]}' '"x\x02", of the node "me"'
	refused '{"id":"me","props":{"x\u0001":1}}' 'the name "x\x01"'
	refused '{"id":{"@base64":"bWX/"}}' '"me'
	[[ $output == *'it is not UTF-8'* ]]
	cat >given <<-'EOT'
	{"id":"me","props":{"one":"a\u0001","several":["b\u0000",{"@base64":"/w=="}]}}
	EOT
	strato-graph import -q --replace -f jsonl given
	strato-graph export -f graphml | strato-graph import -q --replace -f graphml
	strato-graph export -f jsonl | diff given -
}

@test "graphml of a part, with equal edges, and with stamps" {
	need_expat
	printf '%s\n' '{"from":"a","to":"b","props":{"n":1}}' '{"from":"a","to":"b","props":{"n":2}}' \
		'{"from":"c","to":"d"}' >given
	strato-graph import -q --dedup=keep given
	strato-graph export -f graphml --around=a >part.xml
	! grep '"c"' part.xml || false
	strato-graph import -q --replace --dedup=keep --strict-nodes --stamp=by=me part.xml
	[ "$(strato-graph edges | cut -f4-)" = "by=me${TAB}n=1
by=me${TAB}n=2" ]
}
