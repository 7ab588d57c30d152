# tests/cmd/graph_props.bats - labels and properties of a graph: schema, and what keeps them
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s STRATO_GRAPH=kg
	strato-init "$STRATO_STORE"
	cd "$W"
}

people() {
	strato-graph import -q -f jsonl "$@" <<-'EOT'
	{"id":"a","labels":["Person"],"props":{"age":40,"name":["Ann","Anna"]}}
	{"id":"b","labels":["Person","Admin"],"props":{"age":4.5,"name":"Bob"}}
	{"id":"x","labels":["Thing"],"props":{"made":{"@value":"2020-01-02","@type":"http://www.w3.org/2001/XMLSchema#date"}}}
	{"from":"a","type":"knows","to":"b","props":{"since":1999,"strong":true}}
	{"from":"b","type":"knows","to":"c","props":{"since":2001}}
	{"from":"a","type":"owns","to":"x","props":{"id":"e7"}}
	{"from":"x","type":"is","to":"x"}
	EOT
}

told() {
	cat <<-EOT
	label${TAB}Admin${TAB}1${TAB}\N${TAB}\N
	label${TAB}Person${TAB}2${TAB}\N${TAB}\N
	label${TAB}Thing${TAB}1${TAB}\N${TAB}\N
	node${TAB}age${TAB}2${TAB}2${TAB}integer,decimal
	node${TAB}made${TAB}1${TAB}1${TAB}date
	node${TAB}name${TAB}2${TAB}3${TAB}text
	type${TAB}is${TAB}1${TAB}\N${TAB}\N
	type${TAB}knows${TAB}2${TAB}\N${TAB}\N
	type${TAB}owns${TAB}1${TAB}\N${TAB}\N
	edge${TAB}id${TAB}1${TAB}1${TAB}text
	edge${TAB}since${TAB}2${TAB}2${TAB}integer
	edge${TAB}strong${TAB}1${TAB}1${TAB}boolean
	EOT
}

@test "schema lists labels, names with their kinds, and types, each with its count" {
	people
	strato-graph schema >out
	told | diff - out
	strato-graph schema -J | jq -r '.what + " " + .name' | head -1 >first
	[ "$(cat first)" = "label Admin" ]
	[ "$(strato-graph schema -J | jq -c 'select(.name == "age") | [.count, .values, .kinds]')" = \
		'[2,2,"integer,decimal"]' ]
}

@test "a graph without properties has a schema: its types, and its weights" {
	printf '%s\n' "a${TAB}b${TAB}knows" "b${TAB}c${TAB}knows" "a${TAB}x${TAB}owns" \
		"x${TAB}x${TAB}is" | strato-graph import -q -f tsv
	[ "$(strato-graph schema | cut -f1,2,3)" = "type${TAB}is${TAB}1
type${TAB}knows${TAB}2
type${TAB}owns${TAB}1" ]
	printf '1 2 0.5\n2 3 7\n' | strato-graph import -q -g w -f el
	[ "$(strato-graph schema -g w | tail -1)" = "edge${TAB}weight${TAB}2${TAB}2${TAB}double" ]
	[ "$(strato-graph schema -g w -f neo4j | tail -1)" = ":START_ID,:END_ID,:TYPE,weight:double" ]
}

@test "schema -f neo4j is the header lines of its files; names are quoted where CSV asks" {
	people
	strato-graph schema -f neo4j >out
	printf '%s\n' ':ID,age:double,made:date,name:string[],:LABEL' \
		':START_ID,:END_ID,:TYPE,id:string,since:long,strong:boolean' | diff - out
	echo '{"id":"1","props":{"a,\"b":1}}' | strato-graph import -q --replace -f jsonl
	[ "$(strato-graph schema -f neo4j | head -1)" = ':ID,"a,""b:long"' ]
	run -64 strato-graph schema -f csv
	run -64 strato-graph schema -f neo4j -J
}

@test "the schema of an undirected graph counts its edges once" {
	printf '1 2\n2 3\n3 3\n' | strato-graph import -q -g u -f el --undirected
	[ "$(strato-graph schema -g u)" = "type$TAB${TAB}3$TAB\\N$TAB\\N" ]
}

@test "check, walcheck and info see properties; a damaged page is 76, listed with its file" {
	people
	strato-graph check
	strato-walcheck --full
	strato-graph info | grep -x 'labels     3'
	strato-graph info | grep -x 'names      3 of nodes, 3 of edges'
	[ "$(strato-graph info -J | jq '.nodes_with_properties')" = 3 ]
	for f in "$STRATO_STORE"/seg/prop-*; do
		cp "$f" keep
		flip "$f" 4100
		run -76 strato-graph check
		[[ "$output" == *"${f##*/}"* ]]
		run -76 strato-walcheck --full
		[[ "$output" == *"${f##*/}"* ]]
		cp keep "$f"
	done
	strato-graph check
}

@test "a conversion, a rename, a backup and a snapshot keep properties" {
	people
	for order in degree given; do
		strato-graph convert --order=$order
		strato-graph check
		strato-graph schema | diff <(told) -
	done
	strato-graph convert --layout=coo --to=other
	strato-graph schema -g other | diff <(told) -
	strato-graph rm --force kg
	strato-graph mv other kg
	strato-graph schema | diff <(told) -
	strato-backup | strato-restore -q "$W/again"
	strato-graph check -s "$W/again"
	strato-graph schema -s "$W/again" | diff <(told) -
	strato-snapshot -q old
	strato-graph rm kg
	strato-graph schema --as-of=old | diff <(told) -
	strato-snapshot --rm old
	strato-compact -q
	run -66 strato-graph schema
	[ "$(find "$STRATO_STORE/seg" -name 'prop-*' | wc -l)" = 0 ]
}

# A graph of 40 nodes, and changes of it, at random.
draw() { # WHAT SEED
	awk -v what="$1" -v seed="$2" 'BEGIN {
		srand(seed)
		for (i = 0; i < 120; i++) {
			a = int(rand() * 40); b = int(rand() * 40); n = int(rand() * 6); v = int(rand() * 9)
			t = int(rand() * 3); k = rand()
			if (what == "graph" && i < 40)
				printf "{\"id\":\"n%d\",\"labels\":[\"L%d\"],\"props\":{\"p%d\":%d,\"q\":[\"x\",%d]}}\n", i, n, n, v, v
			else if (what == "graph")
				printf "{\"from\":\"n%d\",\"type\":\"t%d\",\"to\":\"n%d\",\"props\":{\"e%d\":%d%s}}\n", a, t, b, n, v, seed % 2 ? ",\"weight\":" v : ""
			else if (i > 25)
				exit
			else if (k < .3)
				printf "node\tn%d\t:L%d\t:M%d\tp%d=%d\tr%d=text\n", a + 5, n, n, v, v, n
			else if (k < .4)
				printf "cascade\tn%d\n", a
			else if (k < .8)
				printf "edge\tn%d\tt%d\tn%d\te%d=%d\tf=1.5\n", a + 3, t + 1, b, n, v
			else
				printf "gone-edge\tn%d\tt%d\tn%d\n", a, t, b
		}
	}'
}

@test "the schema with changes is that of the graph when they are folded in" {
	echo "SEED=$SEED"
	local same=0
	for ((i = 0; i < $(scaled 12); i++)); do
		opts=()
		((i % 3)) || opts+=(--undirected)
		((i % 4)) || opts+=(--dedup=keep)
		draw graph $((SEED + i)) | strato-graph import -q --replace -f jsonl "${opts[@]}"
		for round in 1 2; do
			draw changes $((SEED + 100 * i + round)) |
				"$STRATO_BUILD/tests/lib/give-changes" "$STRATO_STORE" kg
		done
		strato-graph schema | cut -f1-4 >before
		strato-graph compact -q
		strato-graph check
		strato-graph schema | cut -f1-4 >after
		diff before after
	done
}

@test "a number keeps the text it came with, and counts as a number" {
	printf '%s\n' '{"id":"a","props":{"s":12.50}}' '{"id":"b","props":{"s":3}}' |
		strato-graph import -q --replace -f jsonl
	[ "$(strato-graph schema | head -1)" = "node${TAB}s${TAB}2${TAB}2${TAB}integer,decimal" ]
	[ "$(strato-graph schema -f neo4j | head -1)" = ':ID,s:double' ]
	strato-graph export -f jsonl | grep -F '12.50'
	printf '%s\n' '{"from":"a","type":"t","to":"b","props":{"weight":2}}' \
		'{"from":"b","type":"t","to":"c","props":{"weight":"heavy"}}' |
		strato-graph import -q --replace -f jsonl
	[ "$(strato-graph schema | tail -1)" = "edge${TAB}weight${TAB}2${TAB}2${TAB}integer,text" ]
}
