# tests/cmd/graph_ask.bats - questions about a graph: listings, surroundings, hubs
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s
	strato-init "$STRATO_STORE"
	cd "$W"
	printf 'Alice\tBob\tknows\nBob\tCarol\tknows\nCarol\tZoe\tlikes\nAlice\tDave\n' >kg.tsv
}

import() {
	strato-graph import -q "$@"
}

rows() { # COMMAND...: its lines joined by commas, TABs as colons
	strato-graph "$@" | tr '\t\n' ':,'
}

@test "nodes: in key order, by prefix, counted, with degrees" {
	import -f tsv kg.tsv
	[ "$(rows nodes)" = Alice,Bob,Carol,Dave,Zoe, ]
	[ "$(rows nodes --prefix=C)" = Carol, ]
	[ "$(rows nodes --prefix=Alice)" = Alice, ]
	[ -z "$(strato-graph nodes --prefix=Alicee)" ]
	[ "$(rows nodes -L 2)" = Alice,Bob, ]
	[ "$(strato-graph nodes --count)" = 5 ]
	[ "$(strato-graph nodes --count --prefix=Zo)" = 1 ]
	[ "$(strato-graph nodes --count --prefix=zo)" = 0 ]
	[ "$(rows nodes -l)" = Alice:2:0,Bob:1:1,Carol:1:1,Dave:0:1,Zoe:0:1, ]
	strato-graph nodes -lJ | jq -es '.[0] == {"node": "Alice", "out": 2, "in": 0}' >/dev/null
	strato-graph nodes --count -J | jq -e '.nodes == 5' >/dev/null
	import -g u --undirected -f tsv kg.tsv
	[ "$(rows nodes -g u -l --prefix=B)" = Bob:2, ]
	run -64 strato-graph nodes --count -L 1
	run -64 strato-graph nodes Alice
}

@test "nodes --prefix of numbers is what grep finds, in order of value" {
	for list in "$(seq 0 1234)" "$(seq 0 7 9000)" \
		"$(printf '%s\n' 0 1 17 170 1799 18 180 18446744073709551615 1844674407370955161)"; do
		awk '{ print $1, $1 }' <<<"$list" | import --replace -f el
		for prefix in 0 1 17 18 179 999 1844674407370955161 18446744073709551615 00 -1 x; do
			grep "^$prefix" <<<"$list" | sort -n >want || :
			strato-graph nodes --prefix=$prefix >got
			same want got
			[ "$(strato-graph nodes --prefix=$prefix --count)" = "$(wc -l <want)" ]
		done
	done
}

@test "nodes --prefix of strings is bytes, up to the last one" {
	printf '\\xFF\\xFF\ta\n\\xFF\ta\n\\xFFz\ta\nb\\xFFx\tb\\xFF\nb\tc\n' | import -f tsv
	[ "$(strato-graph nodes --prefix=$'\xff' --count)" = 3 ]
	[ "$(strato-graph nodes --prefix=$'\xff\xff' --count)" = 1 ]
	[ "$(strato-graph nodes --prefix=$'b\xff' --count)" = 2 ]
	[ "$(strato-graph nodes --prefix=b --count)" = 3 ]
}

@test "edges are what export writes; by type, from and to nodes, counted" {
	import -f tsv kg.tsv
	strato-graph export >want
	strato-graph edges >got
	same want got
	[ "$(rows edges --type=knows)" = Alice:Bob:knows,Bob:Carol:knows, ]
	[ "$(rows edges --from=Alice)" = Alice:Dave,Alice:Bob:knows, ]
	[ "$(rows edges --to=Zoe)" = Carol:Zoe:likes, ]
	[ "$(rows edges --from=Alice --to=Dave)" = Alice:Dave, ]
	[ -z "$(strato-graph edges --from=Alice --to=Zoe)" ]
	[ "$(rows edges -L 1)" = Alice:Dave, ]
	[ -z "$(strato-graph edges -L 0)" ]
	[ "$(strato-graph edges --count)" = 4 ]
	[ "$(strato-graph edges --count --type=knows)" = 2 ]
	[ "$(strato-graph edges --count --from=Alice)" = 2 ]
	[ "$(strato-graph edges --count --from=Alice --to=Bob)" = 1 ]
	strato-graph edges -J | jq -es 'map(.to) | sort == ["Bob", "Carol", "Dave", "Zoe"]' >/dev/null
	run -1 strato-graph edges --from=Nobody
	run -1 strato-graph edges --type=none --count
	run -64 strato-graph edges --count -L 1
}

@test "undirected edges are listed once, and seen from a node as from there" {
	printf 'b a\nb c\nc c\nc b\n' | import --undirected --dedup=keep -f el
	[ "$(rows edges)" = a:b,b:c,b:c,c:c, ]
	[ "$(rows edges --from=c)" = c:b,c:b,c:c, ]
	[ "$(rows edges --to=c)" = b:c,b:c,c:c, ]
	[ "$(strato-graph edges --count)" = 4 ]
	printf 'b\ta\tt\nb\tc\tt\nc\tc\tt\nc\td\n' | import --undirected --replace -f tsv
	[ "$(strato-graph edges --count --type=t)" = 3 ]
}

@test "subgraph: what is near, nearest first, and it goes into import again" {
	import -f tsv kg.tsv
	[ "$(strato-graph subgraph Bob | sort | tr '\t\n' ':,')" = Alice:Bob:knows,Bob:Carol:knows, ]
	[ "$(strato-graph subgraph --hops=2 Bob | sort | tr '\t\n' ':,')" = \
		Alice:Bob:knows,Alice:Dave,Bob:Carol:knows,Carol:Zoe:likes, ]
	[ "$(strato-graph subgraph --hops=0 Alice Bob)" = "Alice${TAB}Bob${TAB}knows" ]
	[ "$(strato-graph subgraph --hops=9 -L 1 Zoe)" = "Carol${TAB}Zoe${TAB}likes" ]
	[ "$(strato-graph subgraph --type=likes --hops=9 Zoe)" = "Carol${TAB}Zoe${TAB}likes" ]
	strato-graph subgraph --hops=9 Dave | import -g all -f tsv
	strato-graph export >want
	strato-graph export -g all >got
	same want got
	strato-graph subgraph --hops=2 Bob | sort >want
	strato-graph export --around=Bob --hops=2 | sort >got
	same want got
	run -1 strato-graph subgraph Nobody
	run -64 strato-graph subgraph
}

@test "degree -b answers each question, nodes that are not there with \\N" {
	import -f tsv kg.tsv
	run --separate-stderr -1 strato-graph degree --both -b <<<$'Bob\nNobody\nAlice'
	[ "$output" = "Bob${TAB}2
Nobody${TAB}\\N
Alice${TAB}2" ]
	printf 'Bob\0Alice\0' | strato-graph degree -b -0 | tr '\t\n' ':,' >got
	[ "$(cat got)" = Bob:1,Alice:2, ]
	run -64 strato-graph degree -b --top=1
}

# --- paths ---

@test "path -k: the K shortest, numbered, in order, the same each time" {
	printf 'a b\nb d\na c\nc d\nd e\na e2\ne2 f\nf g\ng d\nc b\nd a\n' | import -f el
	strato-graph path -k 9 a d >got
	[ "$(awk '{ print $1 }' got | uniq -c | awk '{ print $1 }' | tr '\n' ' ')" = "3 3 4 5 " ]
	[ "$(awk '$1 == 3 { printf "%s ", $2 }' got)" = "a c b d " ]
	strato-graph path -k 9 a d >again
	same got again
	strato-graph path -k 2 a d >two
	head -n 6 got >want
	same want two
	[ "$(strato-graph path -k 1 a e | tail -n 1)" = "1${TAB}e" ]
	strato-graph path -k 9 -l a d | tail -n 1 | grep -qx "4${TAB}d${TAB}4${TAB}${TAB}4"
	strato-graph path -k 9 -J a d | jq -es 'map(.path) | max == 4' >/dev/null
	printf 'a\td\nd\te\ne\ta\n' >q
	run --separate-stderr -1 strato-graph path -k 2 -b q
	[ "$output" = "a${TAB}d${TAB}2${TAB}2
a${TAB}d${TAB}2${TAB}2
d${TAB}e${TAB}1${TAB}1
e${TAB}a${TAB}\\N${TAB}\\N" ]
	run -1 strato-graph path -k 3 e a
	run -64 strato-graph path -k 0 a d
}

@test "path --weight: the least sum, with the cost so far; -k by cost" {
	printf 'a b 1\nb c 1\nc d 1\na d 5\na c 9\nd e -1\n' | import -f el
	[ "$(strato-graph path a d | tr '\n' ,)" = a,d, ]
	[ "$(strato-graph path --weight a d | tr '\n' ,)" = a,b,c,d, ]
	[ "$(strato-graph path --weight=weight -l a d | cut -f4 | tr '\n' ,)" = 0,1,2,3, ]
	[ "$(strato-graph path --weight -k 9 -b <<<"a${TAB}d" | cut -f3,4 | tr '\t\n' ':,')" = 3:3,1:5,2:10, ]
	[ "$(strato-graph path --weight -k 2 a d | tail -n 1)" = "2${TAB}d" ]
	run --separate-stderr -65 strato-graph path --weight a e
	[[ "$stderr" == *'from "d" to "e" has a negative weight'* ]]
	strato-graph path -J -l --weight a d | jq -es 'map(.cost) == [0, 1, 2, 3]' >/dev/null
	printf 'a b 0.5\nb c 0.25\na c 1e0\n' | import -g real -f el
	[ "$(strato-graph path -g real --weight -l a c | cut -f4 | tr '\n' ,)" = 0.0,0.5,0.75, ] ||
		[ "$(strato-graph path -g real --weight -l a c | tail -n 1 | cut -f4)" = 0.75 ]
}

@test "edges, subgraph and neighbors -l carry weights, and they go into import again" {
	printf 'a b 3\nb c -4\nc a 12345678901\n' | import -f el
	strato-graph edges >edges
	grep -qx "b${TAB}c${TAB}${TAB}weight=-4" edges
	import -g again -f tsv edges
	strato-graph edges -g again >got
	same edges got
	strato-graph subgraph --hops=2 a | sort >got
	sort edges >want
	same want got
	[ "$(strato-graph neighbors -l b)" = "c${TAB}${TAB}out${TAB}1${TAB}-4" ]
	strato-graph edges -J | jq -es 'map(.weight) | add == 12345678900' >/dev/null
	[ "$(strato-graph edges --from=c --to=a)" = "c${TAB}a${TAB}${TAB}weight=12345678901" ]
}

@test "path --weight of a graph without weights is refused, and so is another property" {
	import -f tsv kg.tsv
	run --separate-stderr -69 strato-graph path --weight Alice Zoe
	[[ "$stderr" == *"no weights"*"[unsupported]"* ]]
	run --separate-stderr -69 strato-graph path --weight=length Alice Zoe
	[[ "$stderr" == *'"length"'* ]]
}

@test "answers are the same sets whatever the layout and the order" {
	awk 'BEGIN { x = 7; for (i = 0; i < 3000; i++) { x = (x * 16807) % 2147483647
		y = (y + x * 48271) % 2147483647; print x % 400, y % (1 + x % 400), x % 50 } }' >in.el
	for ends in '' --undirected; do
		import --replace $ends -f el in.el
		strato-graph nodes | head -n 40 >q
		seq 390 >>q
		paste q <(sort -R q) >pairs
		for ask in 'neighbors -b q' 'neighbors --both -b q' 'degree --both -b q' 'edges' \
			'neighbors -l --in 7' 'neighbors --hops=2 8' 'subgraph --hops=1 3' 'nodes -l' \
			'path -b pairs' 'path --weight -b pairs' 'path --weight -k 5 -b pairs' \
			'edges --from=2' 'edges --to=2' 'nodes --prefix=1'; do
			strato-graph $ask >answer 2>err || [ $? = 1 ] || fail "$ask: $(cat err)"
			sort answer >"want.${ask// /_}"
		done
		for as in '--layout=csr' '--layout=coo' '--order=degree' '--layout=csr-packed'; do
			strato-graph convert -q $as
			for ask in 'neighbors -b q' 'neighbors --both -b q' 'degree --both -b q' \
				'neighbors -l --in 7' 'neighbors --hops=2 8' 'nodes -l' \
				'path -b pairs' 'path --weight -k 5 -b pairs' 'nodes --prefix=1'; do
				strato-graph $ask >answer 2>err || [ $? = 1 ] || fail "$ask: $(cat err)"
				columns=1-
				# of several paths of one cost another may be found
				[[ $ask != "path --weight"* ]] || columns=1,2,4
				cut -f$columns answer | sort >got
				cut -f$columns "want.${ask// /_}" | sort >want
				same want got || fail "$as: $ask"
			done
		done
		strato-graph nodes >got
		sort -n got >want
		same want got
	done
}

# --- a hub of two million ---

star() {
	awk 'BEGIN { for (i = 1; i <= 2000000; i++) print 0, i; print 1, 2 }' | import -f el "$@"
}

# How much memory a command needed: status of it, peak in $peak (KiB).
peak_of() {
	local rc=0
	command time -f %M -o peak "$@" >out 2>err || rc=$?
	peak=$(tail -n 1 peak)
	return $rc
}

@test "a hub of two million: its neighbours pass through little memory" {
	star
	[ "$(strato-graph degree 0)" = "0${TAB}2000000" ]
	[ "$(strato-graph neighbors 0 | tail -n 1)" = 2000000 ]
	[ "$(strato-graph neighbors -L 2 0 | tr '\n' ,)" = 1,2, ]
	[ "$(strato-graph path 1 2 | tr '\n' ,)" = 1,2, ]
	[ "$(strato-graph edges --from=0 --count)" = 2000000 ]
	[ "$(strato-graph edges --from=0 --to=1999999)" = "0${TAB}1999999" ]
	[ "$(strato-graph subgraph --hops=3 -L 5 7 | wc -l)" = 5 ]
	[ "$(strato-graph neighbors --both --hops=2 -L 3 5 | wc -l)" = 3 ]
	command -v time >/dev/null || skip "no time(1) to ask for the peak of memory"
	! grep -q 'define STRATO_SANITIZED' "$STRATO_BUILD/config.h" ||
		skip "the sanitizer's own memory would be counted"
	# the lists are a mapped file: what of it was touched counts, 16 MiB at most
	peak_of strato-graph neighbors 0
	[ "$(wc -l <out)" = 2000000 ]
	[ "$peak" -lt 40000 ] || fail "neighbors: $peak KiB"
	peak_of strato-graph neighbors -L 1 0
	[ "$peak" -lt 10000 ] || fail "neighbors -L: $peak KiB"
	peak_of strato-graph neighbors --both --hops=3 -L 9 5
	[ "$peak" -lt 10000 ] || fail "neighbors --hops -L: $peak KiB"
	peak_of strato-graph subgraph -L 10 0
	[ "$peak" -lt 10000 ] || fail "subgraph -L: $peak KiB"
}

@test "the surroundings of a leaf do not read the hub beside it" {
	star
	awk 'BEGIN { for (i = 1; i <= 2000000; i++) print 0 "\t" i "\tt" i % 2; print "5\t7\tt0" }' |
		import -g typed -f tsv
	[ "$(strato-graph subgraph 5 | tr '\t\n' ':,')" = 0:5, ]
	[ "$(strato-graph subgraph 1 | sort | tr '\t\n' ':,')" = 0:1,0:2,1:2, ]
	[ "$(strato-graph subgraph -g typed 5 | sort | tr '\t\n' ':,')" = 0:5:t1,0:7:t1,5:7:t0, ]
}

@test "SIGINT ends a question at once, whatever it waits for" {
	star
	mkfifo in out
	exec 7<>in 8<>out
	env --default-signal=INT strato-graph neighbors -b <in >out 2>err &
	pid=$!
	echo 1 >&7
	read -r -t 20 line <&8
	[ "$line" = "1${TAB}2" ]		# it waits for the next question
	kill -INT $pid
	rc=0
	wait $pid || rc=$?
	[ $rc = 130 ] || fail "neighbors -b: status $rc: $(cat err)"
	env --default-signal=INT strato-graph edges >out 2>err &
	pid=$!
	read -r -t 20 line <&8		# and waits for us to read more
	kill -INT $pid
	rc=0
	wait $pid || rc=$?
	[ $rc = 130 ] || fail "edges: status $rc: $(cat err)"
	exec 7>&- 8>&-
}

@test "a reader who goes away ends it without a word" {
	star
	for words in 'neighbors 0' 'edges' 'nodes' 'degree' 'subgraph 0' 'neighbors -l 0' \
		'neighbors --both --hops=2 0'; do
		(rc=0; strato-graph $words 2>err || rc=$?; echo $rc >rc) | head -n 1 >/dev/null
		[ ! -s err ] || fail "$words: $(cat err)"
		[ "$(cat rc)" = 141 ] || fail "$words: status $(cat rc)"
	done
}

@test "a search beyond the memory limit says so, with the limit" {
	star
	run --separate-stderr -71 strato-graph neighbors --both --hops=2 --memory-limit=4M 5
	[[ "$stderr" == *"[out-of-memory]"* ]]
	[[ "$stderr" == *"4 MiB"* || "$stderr" == *4194304* ]] || fail "$stderr"
	[ "$(strato-graph neighbors --memory-limit=4M 0 | wc -l)" = 2000000 ]
	[ "$(strato-graph degree --memory-limit=4M --top=1)" = "0${TAB}2000000" ]
}
