# tests/cmd/graph_where.bats - nodes and edges by what is said of them
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s
	strato-init "$STRATO_STORE"
	cd "$W"
	cat >kg.jsonl <<-'END'
		{"id":"ann","labels":["Person"],"props":{"born":1870,"name":"Ann B."}}
		{"id":"bob","labels":["Person","Poet"],"props":{"born":1970}}
		{"id":"cy","labels":["Person"],"props":{"born":1970.5,"name":["Cy","Cyd"]}}
		{"id":"x1","labels":["Thing"]}
		{"from":"ann","type":"knows","to":"bob","props":{"since":1990}}
		{"from":"bob","type":"knows","to":"cy","props":{"since":2001,"how":"by chance"}}
		{"from":"cy","type":"knows","to":"ann"}
		{"from":"ann","type":"owns","to":"x1"}
		{"from":"x1","type":"part","to":"a box"}
		{"from":"a box","type":"in","to":"a room"}
	END
	strato-graph import -q kg.jsonl
}

nodes() { strato-graph nodes "$@" | paste -sd,; }

@test "nodes --label, several: all of them" {
	[ "$(nodes --label=Person)" = ann,bob,cy ]
	[ "$(nodes --label=Person --label=Poet)" = bob ]
	[ "$(nodes --label=Person -L 2)" = ann,bob ]
	[ "$(nodes --label=nothing)" = '' ]
	[ "$(nodes --label=Person --prefix=b)" = bob ]
	[ "$(nodes --label=Person --count)" = 3 ]
	[ "$(nodes --label=Person --prefix=b --count)" = 1 ]
	[ "$(nodes --label=nothing --count)" = 0 ]
}

@test "nodes --where: a name, a value, an order, blanks or none" {
	[ "$(nodes --where=born)" = ann,bob,cy ]
	[ "$(nodes --where=name)" = ann,cy ]
	[ "$(nodes --where=born=1970)" = bob ]
	[ "$(nodes --where='born = 1970')" = bob ]
	[ "$(nodes --where='born>=1970')" = bob,cy ]
	[ "$(nodes --where='born>1970')" = cy ]
	[ "$(nodes --where='born<=1870')" = ann ]
	[ "$(nodes --where='born<1870')" = '' ]
	[ "$(nodes --where='born!=1970')" = ann,cy ]
	[ "$(nodes --where='name=Ann B.')" = ann ]
	[ "$(nodes --where='name="Ann B."')" = ann ]
	[ "$(nodes --where='"name"=Cyd')" = cy ]
	[ "$(nodes --where='born>1800' --where='born<1900')" = ann ]
	[ "$(nodes --label=Person --where='born>1900' --count)" = 2 ]
	[ "$(nodes -p b --where='born>1900')" = bob ]
}

@test "the order is that of keys, whatever that of ids" {
	strato-graph convert -q --order=degree --to=other
	[ "$(nodes -g other --label=Person)" = ann,bob,cy ]
	[ "$(nodes -g other --label=Person -L 2)" = ann,bob ]
	[ "$(nodes -g other --where='born>1900')" = bob,cy ]
}

@test "neighbors, of those that are shown" {
	[ "$(strato-graph neighbors --label=Person ann)" = bob ]
	[ "$(strato-graph neighbors --where='born<1900' --both bob)" = ann ]
	[ "$(strato-graph neighbors -l --label=Thing ann)" = "$(printf 'x1\towns\tout\t1')" ]
	[ "$(strato-graph neighbors --hops=3 --label=Thing bob)" = x1 ]
	[ "$(printf 'ann\nbob\n' | strato-graph neighbors -b --label=Thing)" = "$(printf 'ann\tx1')" ]
}

@test "edges --where, of what is said of the edge" {
	[ "$(strato-graph edges --where=since | cut -f1,2 | tr '\t\n' ':,')" = ann:bob,bob:cy, ]
	[ "$(strato-graph edges --where='since<2000' | cut -f1,2 | tr '\t\n' ':,')" = ann:bob, ]
	[ "$(strato-graph edges --where='how=by chance' --count)" = 1 ]
	[ "$(strato-graph edges --where=since --to=cy --count)" = 1 ]
	[ "$(strato-graph edges --where=since --from=cy --count)" = 0 ]
	printf 'a b 3\nb c 5\n' | strato-graph import -q -g w -f el
	[ "$(strato-graph edges -g w --where='weight>3' | cut -f1,2 | tr '\t\n' ':,')" = b:c, ]
	[ "$(strato-graph edges -g w --where='weight>3' --count)" = 1 ]
}

@test "subgraph: edges between nodes that are asked for, the starts among them" {
	[ "$(strato-graph subgraph --label=Person bob | cut -f1-3 | tr '\t\n' ':,')" = \
		bob:cy:knows,ann:bob:knows,cy:ann:knows, ]
	[ "$(strato-graph subgraph --label=Person x1 | cut -f1-3 | tr '\t\n' ':,')" = \
		ann:x1:owns, ]
}

@test "subgraph -J: nodes, then their edges, and import takes them" {
	strato-graph subgraph -J --hops=1 bob >part.jsonl
	[ "$(jq -r 'select(.id).id' part.jsonl | paste -sd,)" = bob,ann,cy ]
	[ "$(jq -c 'select(.id=="bob")|.labels' part.jsonl)" = '["Person","Poet"]' ]
	[ "$(jq -c 'select(.from=="bob")|[.to,.props.how]' part.jsonl)" = '["cy","by chance"]' ]
	strato-graph import -q -g part -f jsonl part.jsonl
	[ "$(strato-graph edges -g part --count)" = 3 ]
	[ "$(nodes -g part --where='born<1900')" = ann ]
	strato-graph subgraph -J --hops=9 bob >all.jsonl
	strato-graph import -q -g all -f jsonl all.jsonl
	cmp <(strato-graph export -f jsonl) <(strato-graph export -g all -f jsonl)
}

@test "subgraph -J -L: the nearest, of them those with most edges" {
	[ "$(strato-graph subgraph -J --hops=3 -L 1 ann | jq -c .id | paste -sd,)" = '"ann"' ]
	strato-graph subgraph -J --hops=3 -L 3 ann >part
	[ "$(jq -r 'select(.id).id' part | paste -sd,)" = ann,bob,cy ]
	[ "$(jq -c 'select(.from)|.from+.to' part | paste -sd,)" = '"annbob","cyann","bobcy"' ]
	[ "$(strato-graph subgraph -J --hops=3 -L 5 ann | jq -r 'select(.id).id' | paste -sd,)" = \
		'ann,bob,cy,x1,a box' ]
	printf 'h a\nh b\nh c\nc d\nc e\nb f\n' | strato-graph import -q -g fan -f el
	[ "$(strato-graph subgraph -g fan -J -L 3 h | jq -r 'select(.id).id' | paste -sd,)" = h,c,b ]
	printf 'a b 2\n' | strato-graph import -q -g w -f el
	[ "$(strato-graph subgraph -g w -J a | jq -c 'select(.from).props')" = '{"weight":2}' ]
}

@test "what makes no sense is status 64, with the reason" {
	for wrong in 'born<' '=3' '' 'born==3' 'born ~ 3' 'born="x'; do
		run --separate-stderr -64 strato-graph nodes --where="$wrong"
		[ -z "$output" ]
		[[ "$stderr" == *"strato-graph nodes: "* ]]
	done
	run -64 strato-graph edges --label=Person
}

@test "index: made, listed, asked, taken away; check verifies it" {
	[ -z "$(strato-graph index)" ]
	strato-graph index born name
	[ "$(strato-graph index | paste -sd,)" = born,name ]
	[ "$(strato-graph index -l | tr '\t' ' ' | paste -sd,)" = 'born 3,name 3' ]
	[ "$(strato-graph index -J | jq -c '[.property, .values]' | head -n 1)" = '["born",3]' ]
	[ "$(strato-graph schema | grep ^index | cut -f2-4 | tr '\t' ' ' | paste -sd,)" = 'born \N 3,name \N 3' ]
	run -64 strato-graph index -l born
	[[ "$(strato-graph info)" == *'index of'*'born, name'* ]]
	[ "$(strato-graph info -J | jq -c .index)" = '["born","name"]' ]
	[ "$(nodes --where=born=1970)" = bob ]
	[ "$(nodes --where=born=1970.5)" = cy ]
	[ "$(nodes --where='born<1900')" = ann ]
	[ "$(nodes --where='born>=1970')" = bob,cy ]
	[ "$(nodes --where='born!=1970')" = ann,cy ]
	[ "$(nodes --where='name=Ann B.')" = ann ]
	[ "$(nodes --where=name=Cyd)" = cy ]
	[ "$(nodes --where=name=nobody)" = '' ]
	[ "$(nodes --label=Poet --where='born=1970')" = bob ]
	[ "$(strato-graph match '?a knows ?b' '?b.name = Cyd' --vars=a)" = bob ]
	[[ "$(strato-graph match --explain '?a knows ?b' '?b.name = Cyd')" == *'index name'* ]]
	strato-graph check
	strato-graph index --rm born
	[ "$(strato-graph index)" = name ]
	[ "$(nodes --where=born=1970)" = bob ]
	run -1 strato-graph index --rm born
	run -1 strato-graph index nothing
	strato-graph index --rm name
	[ -z "$(strato-graph index)" ]
}

@test "an index goes along: changes, compact, convert, backup" {
	strato-graph index born
	strato-graph node dee born=1970 >/dev/null
	strato-graph node bob born=1971 >/dev/null
	[ "$(nodes --where=born=1970)" = dee ]
	[ "$(nodes --where='born>1970')" = bob,cy ]
	strato-graph compact -q
	[ "$(strato-graph index)" = born ]
	[ "$(nodes --where=born=1970)" = dee ]
	strato-graph check
	strato-graph convert -q --order=degree
	[ "$(strato-graph index)" = born ]
	[ "$(nodes --where=born=1970)" = dee ]
	[ "$(nodes --where='born>1970')" = bob,cy ]
	strato-graph check
	strato-backup -o image
	strato-restore -q other image
	[ "$(strato-graph nodes -s other --where=born=1970)" = dee ]
	strato-graph check -s other
	strato-graph import -q --replace kg.jsonl
	[ -z "$(strato-graph index)" ]
}

@test "an index has room for 30 properties, and one more is refused" {
	jq -nc '{id: "a", props: ([range(31) | {key: "p\(.)", value: .}] | from_entries)}' |
		strato-graph import -q --replace -f jsonl
	strato-graph index -q $(printf 'p%d ' $(seq 0 29))
	strato-graph index >there
	[ "$(wc -l <there)" = 30 ]
	run -64 strato-graph index p30
	[[ $output == *'more than 30 properties in an index'* ]]
	strato-graph index | diff there -
	strato-graph index -q --rm p0
	strato-graph index -q p30
	[ "$(strato-graph nodes --where p30=30)" = a ]
}

@test "an index that is damaged is made anew by naming its properties again" {
	strato-graph index born name
	for off in 100 5000; do
		seg=$(echo "$STRATO_STORE"/seg/index-*.seg)
		printf '\252\125' | dd of="$seg" bs=1 seek=$off conv=notrunc status=none
		run --separate-stderr -76 strato-graph check
		[[ "$stderr" == *"hint: strato-graph index "* ]]
		strato-graph index born name
		strato-graph check
		[ "$(strato-graph index | paste -sd,)" = born,name ]
		[ "$(strato-graph nodes --where=born=1970)" = bob ]
		strato-compact
	done
}
