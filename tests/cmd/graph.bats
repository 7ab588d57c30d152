# tests/cmd/graph.bats - strato-graph: what goes in, what can be asked, what stays
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s
	strato-init "$STRATO_STORE"
	cd "$W"
	printf 'Alice\tBob\tknows\nBob\tCarol\tknows\nCarol\tZoe\tlikes\nAlice\tDave\n' >kg.tsv
}

# An import whose words on stderr do not matter here.
import() {
	strato-graph import -q "$@"
}

counts() { # GRAPH: nodes, edges
	strato-graph ls -l | awk -F'\t' -v g="$1" '$1 == g { print $2, $3 }'
}

# What a failed command must not leave.
no_rests() {
	[ -z "$(ls "$STRATO_STORE/tmp")" ] || fail "left in tmp: $(ls "$STRATO_STORE/tmp")"
}

@test "edges come in by file, by pipe, packed, and by several files alike" {
	import -g file -f tsv kg.tsv
	import -g pipe -f tsv <kg.tsv
	gzip -c kg.tsv >kg.tsv.gz
	import -g gz -f tsv kg.tsv.gz
	head -n 2 kg.tsv >a
	tail -n 2 kg.tsv >b
	import -g two -f tsv a b
	strato-graph export -g file >want
	for g in pipe gz two; do
		strato-graph export -g $g >got
		same want got
	done
	[ "$(counts file)" = "5 4" ]
}

@test "export gives back what import takes: the second export is the first" {
	for ((i = 0; i < 256; i++)); do
		b=$(printf '\\x%02X' $i)
		printf 'k%sz\tv%s%sw\tt%s\n' "$b" "$b" "$b" "$b"
	done >all
	import -g a -f tsv all
	[ "$(counts a)" = "512 256" ]
	strato-graph export -g a >once
	import -g b -f tsv once
	strato-graph export -g b >twice
	same once twice
	sort -R all >shuffled
	import -g c -f tsv shuffled
	strato-graph export -g c >thrice
	same once thrice
}

@test "integers are ordered by value, strings by bytes, and el gives both back" {
	printf '10 9\n9 2\n2 10\n' >n.el
	import -g n -f el n.el
	[ "$(strato-graph export -g n -f el | tr '\n' ,)" = "2 10,9 2,10 9," ]
	import -g s -f el --ids=string n.el
	[ "$(strato-graph export -g s -f el | tr '\n' ,)" = "10 9,2 10,9 2," ]
	printf '10 9\n007 2\n' | import -g z -f el
	[ "$(strato-graph neighbors -g z 007)" = 2 ]
	run -1 strato-graph neighbors -g z 7
	run --separate-stderr -65 strato-graph import --ids=int -g i -f el <<<"1 007"
	[[ "$stderr" == *"line 1"*"007"* ]]
}

@test "keys are found whatever they are: sparse, huge, negative" {
	printf '18446744073709551615 0\n18446744073709551616 -5\n' | import -g wide -f el
	[ "$(strato-graph neighbors -g wide 18446744073709551616)" = -5 ]
	printf '18446744073709551615 0\n5 1099511627776\n' | import -g big -f el
	strato-graph info -g big -J | jq -e '.keys == "numbers"' >/dev/null
	[ "$(strato-graph neighbors -g big --in 0)" = 18446744073709551615 ]
}

@test "the guessed format is said; two that differ are not guessed between" {
	run --separate-stderr -0 strato-graph import -g a kg.tsv
	[[ "$stderr" == *"taken as tsv"* ]]
	printf '1 2\n' >el
	run --separate-stderr -0 strato-graph import -g b el
	[[ "$stderr" == *"taken as el"* ]]
	printf '1\t2\t3\n' >both
	run --separate-stderr -64 strato-graph import -g c both
	[[ "$stderr" == *"-f el or -f tsv"* ]]
	run --separate-stderr -65 strato-graph import -g c <<<"neither"
	[ "$(strato-graph ls | tr '\n' ,)" = a,b, ]
	run --separate-stderr -64 strato-graph import -g c -f gexf el
	[[ "$stderr" == *gexf*graphml*"[usage]"* ]]
}

@test "a malformed line stops it: 65, file, line, excerpt, and nothing imported" {
	printf '1 2\n3\n4 5\n' >bad.el
	run --separate-stderr -65 strato-graph import -f el bad.el
	[[ "$stderr" == *"bad.el: line 2: "*'"3"'*"[bad-record]"* ]]
	[ -z "$(strato-graph ls)" ]
	no_rests
	import --max-bad=1 --rejects=rej -f el bad.el
	[ "$(cat rej)" = 3 ]
	[ "$(counts default)" = "4 2" ]
	printf '7\n8 9\n' >worse.el
	run --separate-stderr -65 strato-graph import --max-bad=1 -g x -f el bad.el worse.el
	[[ "$stderr" == *"worse.el: line 1: "* ]]
	yes oops | head -n 5000 >hopeless
	run --separate-stderr -65 strato-graph import --max-bad=9999 -g x -f el hopeless
	[[ "$stderr" == *"first 1000 lines"*"el (SRC DST [WEIGHT])"* ]]
}

@test "of equal edges the first stays, or all, or the sum, the least, the greatest" {
	printf '1 2 7\n2 1\n1 2 -5\n2 1 4\n1 2 6\n' >w.el
	for threads in 1 3; do
		for what in first keep sum min max; do
			import -g "$what" --replace -f el --dedup="$what" --threads="$threads" w.el
		done
		[ "$(strato-graph export -g first -f el | tr '\n' ,)" = "1 2 7,2 1 4," ]
		[ "$(strato-graph export -g keep -f el | tr '\n' ,)" = \
			"1 2 7,1 2 -5,1 2 6,2 1,2 1 4," ]
		[ "$(strato-graph export -g sum -f el | tr '\n' ,)" = "1 2 8,2 1 5," ]
		[ "$(strato-graph export -g min -f el | tr '\n' ,)" = "1 2 -5,2 1 1," ]
		[ "$(strato-graph export -g max -f el | tr '\n' ,)" = "1 2 7,2 1 4," ]
	done
	import -g real -f el --undirected --dedup=sum w.el - <<<"1 2 0.25"
	[ "$(strato-graph export -g real -f el | tr '\n' ,)" = "1 2 13.25," ]
}

@test "columns that cannot be stored are refused by name, never dropped" {
	run --separate-stderr -69 strato-graph import -f csv <<<'1,2,1970,x'
	[[ "$stderr" == *"line 1: a fourth column without a header row"*"[unsupported]"* ]]
	run --separate-stderr -64 strato-graph import --append --replace -f tsv kg.tsv
	[ -z "$(strato-graph ls)" ]
}

@test "an existing graph is 73 and untouched; --replace makes it anew" {
	import -f tsv kg.tsv
	strato-graph export >before
	run --separate-stderr -73 strato-graph import -q -f el <<<"1 2"
	strato-graph export >after
	same before after
	run -65 strato-graph import -q --replace -f el <<<"broken"
	strato-graph export >after
	same before after
	import --replace -f el <<<"1 2"
	[ "$(strato-graph export -f el)" = "1 2" ]
}

@test "no edges are an empty graph, and it is said" {
	run --separate-stderr -0 strato-graph import -g e /dev/null
	[[ "$stderr" == *"is empty"* ]]
	[ "$(counts e)" = "0 0" ]
	run -0 --separate-stderr strato-graph export -g e
	[ -z "$output" ]
	strato-graph check -g e
	run -1 strato-graph path -g e a b
}

@test "the store is not made by accident" {
	run --separate-stderr -66 strato-graph import -q -s "$W/typo" -f tsv kg.tsv
	[ ! -e "$W/typo" ]
	import -s "$W/new" --create -f tsv kg.tsv
	[ "$(strato-graph ls -s "$W/new")" = default ]
}

@test "a dry run says what would be and changes nothing" {
	files_of "$STRATO_STORE" >before
	run --separate-stderr -0 strato-graph import -n -f tsv kg.tsv
	[[ "$stderr" == *"4 edges, 5 nodes, 3 types"* ]]
	printf '%s\n' "$output" >said
	files_of "$STRATO_STORE" >after
	same before after
	[ -s said ]
	import -f tsv kg.tsv
	strato-graph schema | diff said -
}

@test "a dry run says the schema that the graph would have, as schema would" {
	printf '%s\n' '{"id":"a","labels":["P","Q"],"props":{"n":1,"s":["x","y"],"d":1.5}}' \
		'{"id":"b","labels":["P"],"props":{"n":"1"}}' '{"from":"a","type":"t","to":"b"}' \
		'{"from":"a","type":"t","to":"b","props":{"weight":2,"w":true}}' >g.jsonl
	printf '%s\n' '{"id":"c","props":{"n":2.5E0}}' '{"from":"c","type":"u","to":"a"}' >more.jsonl
	for how in '' '--undirected' '--dedup=keep' '--order=degree'; do
		strato-graph import -q -n -g dry $how g.jsonl >said
		strato-graph import -q -n -J -g dry $how g.jsonl >said.json
		[ -z "$(strato-graph ls | grep -x dry)" ]
		import -g dry $how -f jsonl g.jsonl
		strato-graph schema -g dry | diff said -
		strato-graph schema -J -g dry | diff said.json -
		[ "$(grep -c '^label' said)" = 2 ]
		grep -qx "node${TAB}n${TAB}2${TAB}2${TAB}integer,text" said
		strato-graph index -g dry n
		files_of "$STRATO_STORE" >before
		strato-graph import -q -n -g dry --append more.jsonl >said
		grep -q '^index' said
		files_of "$STRATO_STORE" >after
		same before after
		strato-graph import -q -g dry --append more.jsonl
		strato-graph schema -g dry | diff said -
		strato-graph rm dry
	done
	no_rests
}

@test "duplicates and loops are as asked; undirected edges are at both ends" {
	printf 'a b\nb a\na b\nc c\nc c\n' >d.el
	import -g first -f el d.el
	[ "$(strato-graph export -g first -f el | tr '\n' ,)" = "a b,b a,c c," ]
	import -g keep -f el --dedup=keep d.el
	[ "$(strato-graph export -g keep -f el | wc -l)" = 5 ]
	import -g drop -f el --loops=drop d.el
	[ "$(counts drop)" = "3 2" ]
	import -g und -f el --undirected d.el
	[ "$(strato-graph export -g und -f el | tr '\n' ,)" = "a b,c c," ]
	[ "$(strato-graph neighbors -g und b)" = a ]
	[ "$(strato-graph neighbors -g und --in b)" = a ]
	import -g both -f el --undirected --dedup=keep d.el
	[ "$(counts both)" = "3 5" ]
	for g in first keep drop und both; do strato-graph check -g $g; done
}

@test "any memory limit gives the same graph" {
	awk 'BEGIN { x = 7; for (i = 0; i < 400000; i++) {
		x = (x * 16807) % 2147483647; y = (x * 48271) % 2147483647
		printf "n%d\t%d\tt%d\n", x % 50000, y % 60000, y % 3 } }' >big.tsv
	import -g roomy -f tsv big.tsv
	import -g tight -f tsv --memory-limit=20M big.tsv
	strato-graph export -g roomy >want
	strato-graph export -g tight >got
	same want got
	strato-graph check -g tight
	run --separate-stderr -71 strato-graph import -g no -f tsv --memory-limit=4M big.tsv
	no_rests
}

@test "neighbors: out, in, both, by type, some steps away, in long form" {
	import -f tsv kg.tsv
	[ "$(strato-graph neighbors Alice | tr '\n' ,)" = Bob,Dave, ]
	[ "$(strato-graph neighbors --in Bob)" = Alice ]
	[ "$(strato-graph neighbors --both Bob | tr '\n' ,)" = Alice,Carol, ]
	[ "$(strato-graph neighbors --type=knows Alice)" = Bob ]
	[ "$(strato-graph neighbors -l --both Bob)" = "Carol${TAB}knows${TAB}out${TAB}1
Alice${TAB}knows${TAB}in${TAB}1" ]
	[ "$(strato-graph neighbors --hops=2 Alice | tr '\n' ,)" = Bob,Dave,Carol, ]
	[ "$(strato-graph neighbors -l --hops=9 Alice | tail -n 1)" = "Zoe${TAB}likes${TAB}out${TAB}3" ]
	[ "$(strato-graph neighbors -J Alice | jq -r .node | tr '\n' ,)" = Bob,Dave, ]
	run -64 strato-graph neighbors --in --out Alice
	run -64 strato-graph neighbors
}

@test "neighbors -L cuts the answer of each question, whatever its form" {
	import -f tsv kg.tsv
	[ "$(strato-graph neighbors -L 1 Alice Bob | tr '\n' ,)" = Bob,Carol, ]
	[ "$(strato-graph neighbors -L 1 -l Bob)" = "Carol${TAB}knows${TAB}out${TAB}1" ]
	[ "$(strato-graph neighbors -L 2 --hops=3 Alice | tr '\n' ,)" = Bob,Dave, ]
	[ -z "$(strato-graph neighbors -L 0 Alice)" ]
	[ "$(printf 'Alice\nBob\n' | strato-graph neighbors -b -L 1 | tr '\t\n' ':,')" = Alice:Bob,Bob:Carol, ]
}

@test "a batch gives each number as it is, short or long, again and again" {
	awk 'BEGIN { for (i = 0; i < 3000; i++) { print 1, i * i; print 2, i * 7919 % 3001 }
		print 1, 99999999; print 1, 100000000; print 1, 4294967296 }' >n.el
	import -f el n.el
	for ((i = 0; i < 6; i++)); do printf '1\n2\n0\n1\n'; done >q
	while read -r key; do
		strato-graph neighbors $key | sed "s/^/$key$TAB/"
	done <q >want
	strato-graph neighbors -b q >got
	same want got
	strato-graph neighbors -b -J q | jq -r '"\(.of)\t\(.node)"' >got
	same want got
}

@test "an unknown node or type is status 1 without a word" {
	import -f tsv kg.tsv
	for words in 'neighbors Nobody' 'path Alice Nobody' 'path Zoe Alice' 'degree Nobody' \
		'neighbors --type=hates Alice' 'export --around=Nobody'; do
		run --separate-stderr -1 strato-graph $words
		[ -z "$output$stderr" ] || fail "$words: $output$stderr"
	done
	run --separate-stderr -66 strato-graph neighbors -g nograph Alice
	[[ "$stderr" == *"[no-graph]"* ]]
}

@test "neighbors -b answers every question in order" {
	import -f tsv kg.tsv
	printf 'Bob\nNobody\nAlice\n' >q
	run --separate-stderr -1 strato-graph neighbors -b q
	[ "$output" = "Bob${TAB}Carol
Nobody${TAB}\\N
Alice${TAB}Bob
Alice${TAB}Dave" ]
}

@test "neighbors -b as a co-process answers before the next question" {
	import -f tsv kg.tsv
	coproc strato-graph neighbors -b
	local pid=$COPROC_PID
	for pair in 'Bob Carol' 'Carol Zoe' 'Bob Carol'; do
		echo "${pair% *}" >&"${COPROC[1]}"
		IFS= read -r -t 20 answer <&"${COPROC[0]}"
		[ "$answer" = "${pair% *}$TAB${pair#* }" ]
	done
	exec {COPROC[1]}>&-
	wait "$pid"
}

@test "path: one node a line, -l with step, type and cost, -b with hops" {
	import -f tsv kg.tsv
	[ "$(strato-graph path Alice Zoe | paste -sd' ')" = "Alice Bob Carol Zoe" ]
	[ "$(strato-graph path -l Alice Zoe)" = "Alice${TAB}0${TAB}\\N${TAB}0
Bob${TAB}1${TAB}knows${TAB}1
Carol${TAB}2${TAB}knows${TAB}2
Zoe${TAB}3${TAB}likes${TAB}3" ]
	[ "$(strato-graph path Bob Bob)" = Bob ]
	run -1 strato-graph path --type=knows Alice Zoe
	printf 'Alice\tZoe\nZoe\tAlice\nDave\tDave\n' >q
	run --separate-stderr -1 strato-graph path -b q
	[ "$output" = "Alice${TAB}Zoe${TAB}3${TAB}3
Zoe${TAB}Alice${TAB}\\N${TAB}\\N
Dave${TAB}Dave${TAB}0${TAB}0" ]
	run -65 strato-graph path -b <<<"no-tab"
}

@test "degree: of all, of some, the greatest, and bars" {
	import -f tsv kg.tsv
	[ "$(strato-graph degree | tr '\t\n' ':,')" = "Alice:2,Bob:1,Carol:1,Dave:0,Zoe:0," ]
	[ "$(strato-graph degree --both Bob Zoe | tr '\t\n' ':,')" = "Bob:2,Zoe:1," ]
	[ "$(strato-graph degree --both --top=2 | tr '\t\n' ':,')" = "Alice:2,Bob:2," ]
	[ "$(strato-graph degree --top=99 | wc -l)" = 5 ]
	[ "$(strato-graph degree --histogram | cut -f1,2 | tr '\t\n' ':,')" = "0:2,1:2,2-3:1," ]
	strato-graph degree --histogram | cut -f3 | grep -qx '#*'
	strato-graph degree --histogram -J | jq -e '.nodes > 0' >/dev/null
}

@test "export: a part around a node, a limit, dot, JSON, and what el cannot carry" {
	import -f tsv kg.tsv
	[ "$(strato-graph export --around=Carol | tr '\t\n' ':,')" = "Bob:Carol:knows,Carol:Zoe:likes," ]
	[ "$(strato-graph export -L 1 | wc -l)" = 1 ]
	strato-graph export -f dot >g.dot
	[ "$(head -n 1 g.dot)" = 'digraph "default" {' ]
	grep -qF '"Carol" -> "Zoe" [label="likes"]' g.dot
	[ "$(strato-graph export -J | jq -r 'select(.type == "likes").to')" = Zoe ]
	run --separate-stderr -65 strato-graph export -f el
	[[ "$stderr" == *"-f tsv"* ]]
	printf 'a b\tc\n' | import -g blanks -f tsv
	run --separate-stderr -65 strato-graph export -g blanks -f el
	printf 'x"y\tz\\\\w\n' | import -g quotes -f tsv
	strato-graph export -g quotes -f dot | grep -qF '"x\"y" -> "z\\\\w"'
}

@test "export -o is complete or absent" {
	import -f tsv kg.tsv
	strato-graph export -o out.tsv
	strato-graph export >want
	same want out.tsv
	echo old >keep
	run -65 strato-graph export -f el -o keep
	[ "$(cat keep)" = old ]
}

@test "ls, info, mv, rm" {
	import -g b -f tsv kg.tsv
	import -g a -f el <<<"1 2"
	[ "$(strato-graph ls | tr '\n' ,)" = a,b, ]
	[ "$(strato-graph ls -l | cut -f1-4 | tr '\t\n' ':,')" = "a:2:1:1,b:5:4:3," ]
	strato-graph ls -J | jq -es 'map(.nodes) == [2, 5]' >/dev/null
	strato-graph info -g b -J | jq -e '.edges == 4 and .keys == "strings" and
		([.types[].type] == ["", "knows", "likes"])' >/dev/null
	strato-graph info -g b | grep -qE '^nodes +5$'
	run -73 strato-graph mv a b
	strato-graph mv a c
	run -1 strato-graph mv a d
	[ "$(strato-graph export -g c)" = "1${TAB}2" ]
	strato-graph mv --replace c b
	[ "$(strato-graph ls)" = b ]
	run -1 strato-graph rm b nothere
	[ -z "$(strato-graph ls)" ]
	strato-graph rm --force nothere
}

@test "check finds a flipped bit: 76, the file and the offset" {
	import -f tsv kg.tsv
	strato-graph check
	for f in "$STRATO_STORE"/seg/*.seg; do
		cp "$f" copy
		flip "$f" 4100
		run --separate-stderr -76 strato-graph check
		[[ "$stderr" == *"${f##*/}"*"[damaged]"* ]] || fail "$stderr"
		run -76 strato-graph check --all
		cp copy "$f"
	done
	strato-graph check --all
}

@test "damage is 76 in every question, never a wrong answer" {
	import -f tsv kg.tsv
	strato-graph export >want
	for f in "$STRATO_STORE"/seg/*.seg; do
		cp "$f" copy
		for at in 100 4096 4104 4200 8192 12288; do
			flip "$f" $at
			rc=0
			strato-graph export >got 2>err || rc=$?
			[ $rc = 76 ] || same want got
			cp copy "$f"
		done
	done
}

# An import that waits for more on descriptor 7, having read what a pipe cannot
# hold: so it is past its look at the store.
begin_import() { # OPTION...
	mkfifo pipe
	env --default-signal=INT strato-graph import -q -f el "$@" pipe 2>err &
	pid=$!
	exec 7>pipe
	awk 'BEGIN { for (i = 0; i < 300000; i++) print i, i * 7 }' >&7
}

@test "SIGINT and SIGTERM leave the old graph and no temporary files" {
	import -f tsv kg.tsv
	for sig in INT TERM; do
		begin_import --replace --memory-limit=20M
		kill -$sig $pid
		rc=0
		wait $pid || rc=$?
		exec 7>&-
		rm pipe
		[ $rc = 130 ] || [ $rc = 143 ] || fail "status $rc: $(cat err)"
		[ "$(counts default)" = "5 4" ]
		no_rests
		[ "$(ls "$STRATO_STORE/seg" | grep -c csr)" = 2 ]
	done
}

@test "of two imports of one graph the later publisher gets 75" {
	begin_import
	import -f tsv kg.tsv
	exec 7>&-
	rc=0
	wait $pid || rc=$?
	[ $rc = 75 ] || fail "status $rc: $(cat err)"
	grep -qF '[changed]' err
	[ "$(counts default)" = "5 4" ]
	[ "$(ls "$STRATO_STORE/seg" | grep -c csr)" = 2 ]
	no_rests
}

@test "a killed import leaves the old graph and a sound store" {
	import -f tsv kg.tsv
	awk 'BEGIN { for (i = 0; i < 300000; i++) print i, (i * 7919) % 300000 }' >big.el
	for delay in 0.02 0.05 0.1 0.2; do
		strato-graph import -q --replace -f el big.el &
		pid=$!
		sleep $delay
		kill -9 $pid 2>/dev/null || :
		wait $pid || :
		strato-graph check
		[ "$(counts default)" = "5 4" ] || [ "$(counts default)" = "300000 300000" ]
	done
}

@test "with --json each failure and each answer is JSON" {
	import -f tsv kg.tsv
	for words in 'ls' 'info' 'neighbors Alice' 'neighbors -l Alice' 'path Alice Zoe' \
		'path -l Alice Zoe' 'degree' 'degree --histogram' 'export'; do
		strato-graph $words -J >out
		[ -s out ] && jq -e . out >/dev/null || fail "$words"
	done
	run --separate-stderr -66 strato-graph info -J -g nograph
	jq -e '.error == "no-graph"' <<<"$stderr" >/dev/null
}

@test "what was replaced or removed leaves the disk, unless somebody reads it" {
	S=$BATS_TEST_TMPDIR/tidy
	strato-init "$S"
	printf 'a b\nb c\n' | strato-graph import -s "$S" -f el -q
	n=$(ls "$S/seg" | wc -l)
	printf 'a b\nb d\n' | strato-graph import -s "$S" -f el -q --replace
	[ "$(ls "$S/seg" | wc -l)" = "$n" ]
	[ -z "$(ls "$S/tmp")" ]
	strato-graph rm -s "$S" default
	[ "$(ls "$S/seg" | wc -l)" = 0 ]
}

@test "--as-of: every question of a graph as it was, also once it is replaced or gone" {
	printf 'a\tb\nb\tc\n' | strato-graph import -q -f tsv
	strato-snapshot one
	printf 'a\tb\na\tx\n' | strato-graph import -q -f tsv --replace
	strato-snapshot two
	strato-graph rm default
	strato-compact
	then="--as-of=one"
	[ "$(strato-graph neighbors $then b)" = c ]
	[ "$(strato-graph neighbors --as-of=two a | paste -sd' ')" = "b x" ]
	[ "$(strato-graph path $then a c | paste -sd' ')" = "a b c" ]
	[ "$(strato-graph degree $then a)" = "a${TAB}1" ]
	[ "$(strato-graph nodes $then | paste -sd' ')" = "a b c" ]
	[ "$(strato-graph nodes --as-of=two | paste -sd' ')" = "a b x" ]
	[ "$(strato-graph edges $then --count)" = 2 ]
	[ "$(strato-graph export $then -f tsv | sort | paste -sd' ')" = "a${TAB}b b${TAB}c" ]
	[ "$(strato-graph subgraph $then b --hops=1 | wc -l)" -ge 1 ]
	[ "$(strato-graph ls $then)" = default ]
	strato-graph info $then | grep -q '^nodes.*3'
	strato-graph check $then
	run -66 strato-graph nodes
	run -66 strato-graph nodes --as-of=nobody
	[ -z "$(strato-graph ls)" ]
}
