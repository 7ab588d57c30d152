# tests/cmd/graph_apply.bats - many changes at once, in groups that are whole
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s
	strato-init -O log_size=1M "$STRATO_STORE"
	cd "$W"
	strato-graph import -q -f tsv </dev/null
	RANDOM=$((SEED % 32768))
}

all() { # the graph, a line a node or edge, sorted
	strato-graph export -f jsonl "$@" | sort
}

@test "operations of tsv and of JSON Lines, mixed, in order" {
	strato-graph apply <<-'END'
		node	a	:P	:Q	x=1	x=2	t=a\tb	d=2020-01-02
		edge	a	b	knows	since=1990	weight=2
		{"op":"edge","from":"b","type":"knows","to":7,"props":{"l":[1,2],"s":"12"}}
		{"op":"node","id":"c","labels":["R"],"props":{"n":null,"o":{"k":[1]}}}
		node	a	!t	x=3
		del-edge	a	b	knows
		edge	a	b
		{"op":"node","id":"gone"}
		{"op":"del-node","id":"gone","cascade":false}
	END
	all >got
	sort >want <<-'END'
		{"id":"a","labels":["P","Q"],"props":{"d":{"@value":"2020-01-02","@type":"http://www.w3.org/2001/XMLSchema#date"},"x":3}}
		{"id":"c","labels":["R"],"props":{"o":{"k":[1]}}}
		{"from":"a","to":"b"}
		{"from":"b","type":"knows","to":"7","props":{"l":[1,2],"s":"12"}}
	END
	diff want got
}

@test "labels are taken away, in one group or in another, and only those" {
	strato-graph apply <<-'END'
		node	a	:P	:Q	:R	x=1
		node	a	!:Q	!:none	y=2
		commit
		node	a	!:P	:S	!x
		{"op":"node","id":"b","labels":[":odd","T"],"props":{":n":1}}
		commit
	END
	[ "$(strato-graph node a)" = "a${TAB}:R${TAB}:S${TAB}y=2" ]
	strato-graph apply <<<'{"op":"node","id":"a","unset_labels":["R","S"],"labels":["T"]}'
	[ "$(strato-graph node a)" = "a${TAB}:T${TAB}y=2" ]
	strato-graph apply <<<"node${TAB}b${TAB}!:\\x3aodd${TAB}!\\x3an"
	[ "$(strato-graph node b)" = "b${TAB}:T" ]
	strato-graph compact -q
	strato-graph apply <<<"node${TAB}b${TAB}!:T"
	[ "$(strato-graph node b)" = "b" ]
	[ -z "$(strato-graph nodes --label=odd)" ]
}

@test "a group is one commit; a bad line takes nothing of its group along" {
	run strato-graph apply --ack <<-'END'
		node	a
		edge	a	b
		commit
		node	c

		nood	d
		commit
	END
	[ "$status" = 65 ]
	[ "${lines[0]%"$TAB"*}" = 2 ]
	[[ $output == *'line 6: an unknown operation, "nood" [bad-record]'* ]]
	[[ $output == *"the 2 operations before line 4 are committed"* ]]
	[ "$(strato-graph nodes | tr '\n' ' ')" = "a b " ]
	printf 'node\tx\ncommit\nnode\ty\ncommit\n' >more
	run strato-graph apply --ack more
	[ "$(cut -f1 <<<"$output" | tr '\n' ' ')" = "1 2 " ]
	[ "$(strato-graph apply --ack -J <<<"node${TAB}z" | jq -r .count)" = 1 ]
}

@test "a line is as long as memory has room for, and so is one of import" {
	for n in 1048570 3000000 20000000; do
		head -c $n /dev/zero | tr '\0' x >text
		{ printf 'node\ta\ttext='; cat text; echo; printf 'node\tb\tn=1\n'; } | strato-graph apply
		strato-graph node a | cut -c 8- | cmp - <(cat text; echo)
		{ printf '{"op":"edge","from":"a","type":"t","to":"c","props":{"n":2,"text":"'
			cat text; echo '"}}'; } | strato-graph apply
		strato-graph log >ops
		strato-graph export -f jsonl >out
		strato-graph import -q -g b --replace -f jsonl out
		strato-graph export -g b -f jsonl | cmp out -
		strato-graph import -q -g c --replace -f tsv </dev/null
		strato-graph apply -g c ops
		strato-graph export -g c -f jsonl | sort | cmp <(sort out) -
	done
	strato-config memory_limit=64M
	strato-graph import -q -g d -f tsv </dev/null
	{ printf 'node\tb\tn=2\nnode\ta\ttext='; head -c 4194304 text; echo; } >long
	run -65 strato-graph apply -g d long
	[[ $output == *'long line 2: a line over 4194304 bytes [bad-record]'* ]]
	[[ $output == *'nothing of this input was applied'* ]]
	head -c 4000000 text >least
	{ printf 'node\tz\ttext='; cat least; echo; } | strato-graph apply -g d
	strato-graph node -g d z | cut -c 8- | cmp - <(cat least; echo)
}

@test "what is no operation is 65 with its line" {
	refused() { # LINE WORDS
		run strato-graph apply <<<"$1"
		[ "$status" = 65 ] || fail "status $status: $1"
		[[ $output == *"line 1: "*"$2"* ]] || fail "$output"
	}
	refused "node" "no key"
	refused "node${TAB}" "empty key"
	refused "edge${TAB}a" "no target"
	refused "edge${TAB}a${TAB}b${TAB}t${TAB}x" "NAME"
	refused "edge${TAB}a${TAB}b${TAB}t${TAB}weight=heavy" "no number"
	refused "edge${TAB}a${TAB}b${TAB}t${TAB}weight=1${TAB}weight=2" "two weights"
	refused "node${TAB}a${TAB}x=1${TAB}!x" "both set and unset"
	refused "node${TAB}a${TAB}:L${TAB}!:L" "both given and taken away"
	refused "node${TAB}a${TAB}!:" "a label is of 1"
	refused '{"op":"node","id":"a","unset_labels":["L"],"labels":["L"]}' "both given"
	refused '{"op":"node","id":"a","unset_labels":"L"}' "no array"
	refused '{"op":"del-node","id":"a","unset_labels":["L"]}' '"unset_labels"'
	refused "node${TAB}a\\q" "escape"
	refused "del-node${TAB}a${TAB}all" "cascade"
	refused "del-edge${TAB}a${TAB}b${TAB}c${TAB}d" "too many"
	refused "commit${TAB}now" "too many"
	refused '{"op":"node","id":"a","to":"b"}' '"to"'
	refused '{"op":"node"}' '"id"'
	refused '{"op":"nood","id":"a"}' "unknown operation"
	refused '{"id":"a"}' '"op"'
	refused '{"op":"node","id":"a","colour":1}' 'colour'
	refused '{"op":"del-node","id":"a","cascade":"yes"}' 'neither'
	refused '{"op":"node"' ''
	[ -z "$(strato-graph nodes)" ]
}

@test "an input that is cut off loses its last group, and says so" {
	printf 'node\ta\ncommit\nnode\tb\n' >cut
	run strato-graph apply cut
	[ "$status" = 65 ]
	[[ $output == *'without "commit" [cut-off]'* ]]
	printf 'node\tc\nnode\td' >cut
	run strato-graph apply cut
	[ "$status" = 65 ]
	[ "$(strato-graph nodes | tr '\n' ' ')" = "a " ]
	printf 'node\tc\nnode\td\n' | gzip >whole.gz
	strato-graph apply whole.gz
	[ "$(strato-graph nodes | tr '\n' ' ')" = "a c d " ]
}

@test "--commit-every ends groups, --atomic makes one, --dry-run none" {
	seq 10 | sed "s/^/node$TAB/" >ops
	[ "$(strato-graph apply -n ops 2>&1)" = \
		"strato-graph apply: would apply 10 operations: 10 nodes, 0 edges" ]
	[ -z "$(strato-graph nodes)" ]
	[ "$(strato-graph apply --ack --commit-every=4 ops | cut -f1 | tr '\n' ' ')" = "4 8 10 " ]
	(cat ops; echo commit; echo bad) >broken
	run strato-graph apply --atomic broken
	[ "$status" = 65 ]
	[[ $output == *"nothing of this input was applied"* ]]
	[ "$(strato-graph apply --ack --atomic ops ops | cut -f1)" = 20 ]
	run strato-graph apply --atomic --commit-every=3 ops
	[ "$status" = 64 ]
}

@test "--if-version: applied only where nobody changed the graph since" {
	v=$(strato-graph apply --ack <<<"node${TAB}a" | cut -f2)
	strato-put -d v key	# another's commit is no change of the graph
	w=$(printf 'node\tb\ncommit\nnode\tc\ncommit\n' | strato-graph apply --ack --if-version="$v" |
		tail -1 | cut -f2)
	run strato-graph apply --if-version="$v" <<<"node${TAB}d"
	[ "$status" = 1 ]
	strato-graph apply --if-version="$w" <<<"node${TAB}e"
	[ "$(strato-graph nodes | tr '\n' ' ')" = "a b c e " ]
}

@test "within a group: what a cascade takes, and what comes after it" {
	strato-graph apply <<-'END'
		edge	a	b	t	x=1
		edge	b	a	t
		edge	c	a	t
		edge	b	c	t	y=1
		node	a	p=1
	END
	strato-graph apply <<-'END'
		edge	a	d	t
		node	a	q=1
		del-node	a	cascade
		edge	a	b	t	z=1
		node	a	r=1
	END
	[ "$(all | tr -d '\n')" = \
		'{"from":"a","type":"t","to":"b","props":{"z":1}}{"from":"b","type":"t","to":"c","props":{"y":1}}{"id":"a","props":{"r":1}}' ]
	strato-graph apply <<-'END'
		del-node	a	cascade
		edge	b	a	t	x=2
		del-node	b
	END
	[ "$(all | tr -d '\n')" = \
		'{"from":"b","type":"t","to":"a","props":{"x":2}}{"from":"b","type":"t","to":"c","props":{"y":1}}' ]
}

@test "more than a log takes is one commit, through runs" {
	awk 'BEGIN { for (i = 0; i < 60000; i++)
		printf "edge\t%d\t%d\tkind\tname=%0300d\n", i, (i * 7) % 60000, i }' >ops
	[ "$(strato-graph apply --ack --atomic ops | wc -l)" = 1 ]
	[ "$(strato-graph edges --count)" = 60000 ]
	strato-graph edge 5 35 kind name=
	[ "$(strato-graph edges --from=5)" = "5${TAB}35${TAB}kind${TAB}name=" ]
}

@test "a group larger than memory is refused with what to do; groups that fit go on" {
	awk 'BEGIN { for (i = 0; i < 200000; i++) printf "edge\t%d\tx\tkind\tn=%0100d\n", i, i }' >ops
	run strato-graph apply --memory-limit=24M ops
	[ "$status" = 71 ]
	[[ $output == *"hint: a group is held in memory"* ]]
	[ "$(strato-graph edges --count)" = 0 ]
	strato-graph apply --memory-limit=24M --commit-every=10000 ops
	[ "$(strato-graph edges --count)" = 200000 ]
}

@test "kill -9 in the middle: groups are whole, what was acknowledged is there" {
	acknowledged=0
	for ((r = 0; r < $(scaled 30); r++)); do
		: >acks
		awk -v r=$r 'BEGIN { for (i = 0; i < 100000; i++) {
			printf "edge\t%d.%d\tx\tt\tn=%d\n", r, i, i
			if (i % 50 == 49) print "commit" } }' |
			strato-graph apply --ack >acks &
		pid=$!
		while [ $r = 0 ] && [ ! -s acks ] && kill -0 $pid; do
			sleep 0.01
		done
		sleep 0.0$((RANDOM % 40 + 10))
		kill -9 $pid
		ended_or_killed $pid
		count=$(tail -n 1 acks | cut -f1)
		n=$(strato-graph nodes --prefix="$r." --count)
		[ "$n" -ge "${count:-0}" ] || fail "round $r: $count acknowledged, $n there (seed $SEED)"
		[ $((n % 50)) = 0 ] || fail "round $r: $n is half a group (seed $SEED)"
		acknowledged=$((acknowledged + ${count:-0}))
	done
	[ "$acknowledged" -gt 0 ]
}
