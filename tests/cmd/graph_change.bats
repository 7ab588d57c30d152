# tests/cmd/graph_change.bats - nodes and edges changed one by one
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s
	strato-init "$STRATO_STORE"
	cd "$W"
}

kg() { # OPTION...: a graph with properties
	strato-graph import -q -f jsonl "$@" <<-'END'
		{"id":"ann","labels":["Person"],"props":{"born":1870,"name":["Ann","Anna"]}}
		{"from":"ann","type":"knows","to":"bob","props":{"since":1990,"strong":true}}
		{"from":"bob","type":"knows","to":"cy"}
	END
}

node() { # NODE: its line, TABs as blanks
	strato-graph node "$@" | tr '\t' ' '
}

@test "a node is made, shown and changed; what is not said anew stays" {
	kg
	[ "$(node ann)" = "ann :Person born=1870 name=Ann name=Anna" ]
	strato-graph node ann city=Bath --label=Poet
	[ "$(node ann)" = "ann :Person :Poet born=1870 city=Bath name=Ann name=Anna" ]
	strato-graph node ann name=Annie --unset=born
	[ "$(node ann)" = "ann :Person :Poet city=Bath name=Annie" ]
	[ "$(strato-graph node -J ann)" = \
		'{"id":"ann","labels":["Person","Poet"],"props":{"city":"Bath","name":"Annie"}}' ]
	strato-graph node new a=1 a=2 b=true
	[ "$(node new)" = "new a=1 a=2 b=true" ]
	[ "$(strato-graph nodes | tr '\n' ' ')" = "ann bob cy new " ]
	strato-graph node ann --unset-label=Person --unset-label=none --label=Sage
	[ "$(node ann)" = "ann :Poet :Sage city=Bath name=Annie" ]
	run -64 strato-graph node ann --unset-label=L --label=L
}

@test "a bare node is made by --add, and stays what it is if it is there" {
	kg
	strato-graph node --add zoe
	strato-graph node --add ann
	[ "$(node zoe)" = zoe ]
	[ "$(node ann)" = "ann :Person born=1870 name=Ann name=Anna" ]
	strato-graph node --add eve x=1 --label=L
	[ "$(node eve)" = "eve :L x=1" ]
	run -64 strato-graph node --add --rm zoe
	run -64 strato-graph node --add --as-of=now zoe
}

@test "a node that is not there is status 1, a graph that is not there 66 with a hint" {
	kg
	run strato-graph node nobody
	[ "$status" = 1 ]
	run strato-graph node --rm nobody
	[ "$status" = 1 ]
	run strato-graph edge -g none a b
	[ "$status" = 66 ]
	[[ $output == *"hint: 'strato-graph import -g none'"* ]]
	strato-graph import -q -g none -f tsv </dev/null
	strato-graph edge -g none a b
	[ "$(strato-graph edges -g none)" = "a${TAB}b" ]
}

@test "an edge is made, changed and removed; it keeps what is not said anew" {
	kg
	strato-graph edge ann bob knows since=1991
	strato-graph edge bob dan
	strato-graph edge bob dan
	strato-graph edge --type='x=y' ann dan note=1
	[ "$(strato-graph edges | tr '\t\n' ' ,')" = \
		"ann bob knows since=1991 strong=true,bob cy knows,bob dan,ann dan x=y note=1," ]
	strato-graph edge --rm ann bob knows
	run strato-graph edge --rm ann bob knows
	[ "$status" = 1 ]
	run strato-graph edge --rm --type= ann dan
	[ "$status" = 1 ]
	[ "$(strato-graph edges --count)" = 3 ]
}

@test "removing without a type takes all edges from one node to the other, and no more" {
	strato-graph import -q -f tsv < <(printf 'a\tb\tt\na\tb\tu\na\tb\t\nb\ta\tt\na\tc\tt\n')
	strato-graph edge a b new x=1
	run --separate-stderr strato-graph edge --rm -n a b
	[ "$status" = 0 ]
	[[ "$stderr" == *"would remove edges of 4 types"* ]]
	strato-graph edge --rm --type= a b
	[ "$(strato-graph edges --from=a --to=b | cut -f3 | sort | tr '\n' ' ')" = "new t u " ]
	run --separate-stderr strato-graph edge --rm -v a b
	[[ "$stderr" == *"removed edges of 3 types"* ]]
	[ "$(strato-graph edges | sort | tr '\t' ' ')" = "a c t
b a t" ]
	run -1 strato-graph edge --rm a b
	strato-graph edge a b
	strato-graph apply <<-'END'
		edge	a	b	t
		del-edge	a	b
		edge	a	b	later
		edge	b	a
		{"op":"del-edge","from":"b","type":"","to":"a"}
		{"op":"del-edge","from":"a","to":"c"}
	END
	[ "$(strato-graph edges | sort | tr '\t' ' ')" = "a b later
b a t" ]
	strato-graph log >log
	strato-graph import -q -g copy -f tsv < <(printf 'a\tb\tt\na\tb\tu\na\tb\t\nb\ta\tt\na\tc\tt\n')
	strato-graph log -J | strato-graph apply -g copy
	[ "$(strato-graph edges -g copy | sort | tr '\t' ' ')" = "a b later
b a t" ]
	strato-graph import -q -g und --undirected -f el <<<'x y'
	strato-graph edge -g und y x t
	strato-graph edge -g und --rm y x
	[ -z "$(strato-graph edges -g und)" ]
}

@test "a removed node stays as an end of its edges, or takes them with it" {
	kg
	strato-graph edge bob ann likes
	strato-graph node --rm ann
	[ "$(node ann)" = ann ]
	[ "$(strato-graph edges --count)" = 3 ]
	strato-graph node --rm --cascade ann
	[ "$(strato-graph edges)" = "bob${TAB}cy${TAB}knows" ]
	run strato-graph node ann
	[ "$status" = 1 ]
	# what comes back has nothing of what it was
	strato-graph edge ann bob knows
	strato-graph node ann x=1
	[ "$(node ann)" = "ann x=1" ]
	[ "$(strato-graph edges --from=ann)" = "ann${TAB}bob${TAB}knows" ]
	[ "$(strato-graph edges --count)" = 2 ]
}

@test "an undirected edge is one both ways round" {
	strato-graph import -q --undirected -f tsv <<<"b${TAB}a${TAB}t"
	strato-graph edge b a t weight=2
	strato-graph edge a b t weight=3
	[ "$(strato-graph edges)" = "a${TAB}b${TAB}t${TAB}weight=3" ]
	strato-graph edge --rm b a t
	[ "$(strato-graph edges --count)" = 0 ]
}

@test "of equal edges that were kept none is changed in silence; they go together" {
	strato-graph import -q --dedup=keep -f tsv < <(printf 'a\tb\tt\tx=1\na\tb\tt\ty=2\nc\td\tt\nc\td\tt\ne\tf\tt\tx=1\n')
	strato-graph edge c d t
	[ "$(strato-graph edges --count)" = 5 ]
	strato-graph edges >before
	run --separate-stderr -69 strato-graph edge a b t z=3
	[[ "$stderr" == *'there are 2 edges "a" "t" "b"'*"del-edge takes all"* ]]
	run -69 strato-graph edge a b t --unset=x -n
	run -69 strato-graph apply <<<"node${TAB}new
edge${TAB}c${TAB}d${TAB}t${TAB}z=1"
	cmp before <(strato-graph edges)
	run -1 strato-graph node new
	# as the hint says: one of them is changed, and the graph keeps equal edges
	[[ "$stderr" == *'--replace --dedup=keep'* ]]
	strato-graph edge c g t weight=5
	strato-graph export -f jsonl | sed 's/"y":2/"y":2,"z":3/' |
		strato-graph import -q -g other --replace --dedup=keep -f jsonl
	[ "$(strato-graph edges -g other | tr '\t' ' ')" = "a b t x=1
a b t y=2 z=3
c d t
c d t
c g t weight=5
e f t x=1" ]
	[ "$(strato-graph info -g other -J | jq .equal_edges_kept)" = true ]
	strato-graph edge --rm c g t
	strato-graph edge e f t y=2
	strato-graph edge --rm c d t
	strato-graph apply <<<"del-edge${TAB}a${TAB}b${TAB}t
edge${TAB}a${TAB}b${TAB}t${TAB}z=3"
	[ "$(strato-graph edges | sort | tr '\t' ' ')" = "a b t z=3
e f t x=1 y=2" ]
	strato-graph edge a b t z=4
	[ "$(strato-graph edges | head -n 1 | tr '\t' ' ')" = "a b t z=4" ]
}

@test "keys that are no numbers come beside those that are" {
	printf '1 2\n2 3\n' | strato-graph import -q -f el
	strato-graph edge 10 007
	strato-graph edge x 2
	[ "$(strato-graph nodes | tr '\n' ' ')" = "1 2 3 10 007 x " ]
	[ "$(strato-graph edges --from=10)" = "10${TAB}007" ]
}

@test "a weight is a number; a name is not both set and unset; --rm takes no properties" {
	kg
	run strato-graph edge ann bob knows weight=heavy
	[ "$status" = 64 ]
	run strato-graph node ann x=1 --unset=x
	[ "$status" = 64 ]
	run strato-graph node ann --rm x=1
	[ "$status" = 64 ]
	run strato-graph edge ann bob knows --rm --unset=x
	[ "$status" = 64 ]
}

@test "--dry-run says what would change and changes nothing" {
	kg
	strato-graph export -f tsv >before
	[[ $(strato-graph edge -n ann cy knows 2>&1) == *"would write the edge"* ]]
	[[ $(strato-graph edge -n --rm ann bob knows 2>&1) == *"would remove the edge"* ]]
	[[ $(strato-graph node -n --label=X ann 2>&1) == *"would write the node"* ]]
	[[ $(strato-graph node -n --label=Person ann 2>&1) == *"would"* ]]
	strato-graph export -f tsv | diff before -
	[ "$(node ann)" = "ann :Person born=1870 name=Ann name=Anna" ]
}

@test "many writers at once lose nothing: of one node's properties, and of edges" {
	kg
	for w in 1 2 3 4 5 6 7 8; do
		(for i in 1 2 3 4 5; do
			strato-graph node hub "p$w.$i=$i" || echo failed
		done >"failed.$w") &
	done
	wait
	[ -z "$(cat failed.*)" ]
	[ "$(strato-graph node hub | tr '\t' '\n' | grep -c '^p')" = 40 ]
	for i in {1..64}; do
		strato-graph edge hub "n$i" has || echo "$i" >>failed &
	done
	wait
	[ ! -e failed ]
	[ "$(strato-graph edges --from=hub --count)" = 64 ]
}
