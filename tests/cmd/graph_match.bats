# tests/cmd/graph_match.bats - patterns: what people write, and what they get
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
		{"from":"ann","type":"knows","to":"bob"}
		{"from":"bob","type":"knows","to":"cy"}
		{"from":"cy","type":"knows","to":"ann"}
		{"from":"bob","type":"likes","to":"bob"}
		{"from":"ann","type":"wrote","to":"a book"}
	END
	strato-graph import -q kg.jsonl
}

ask() { # PATTERN...: rows joined by commas, TABs as colons
	strato-graph match "$@" | tr '\t\n' ':,'
}

@test "edges, joined by equal variables" {
	[ "$(ask '?a knows ?b')" = ann:bob,bob:cy,cy:ann, ]
	[ "$(ask '?a knows ?b' '?b knows ?c' '?c knows ?a')" = ann:bob:cy,bob:cy:ann,cy:ann:bob, ]
	[ "$(ask '?a knows ?b' '?a wrote ?c')" = 'ann:bob:a book,' ]
	[ "$(ask 'ann knows ?b')" = bob, ]
	[ "$(ask '?a wrote "a book"')" = ann, ]
	[ "$(ask '?a likes ?a')" = bob, ]
	[ "$(ask 'ann knows bob')" = yes, ]
	[ "$(ask '?a knows ?')" = ann,bob,cy, ]
}

@test "a type may be a variable" {
	[ "$(ask 'ann ?t ?x')" = 'knows:bob,wrote:a book,' ]
	[ "$(ask '?x ?t ann')" = cy:knows, ]
	[ "$(ask 'bob ?t bob')" = likes, ]
	[ "$(ask --count '?x ?t ?y')" = 5, ]
}

@test "labels and properties" {
	[ "$(ask '?p : Person')" = ann,bob,cy, ]
	[ "$(ask '?p : Person' '?p : Poet')" = bob, ]
	[ "$(ask '?p.born < 1900')" = ann, ]
	[ "$(ask '?p.born >= 1970')" = bob,cy, ]
	[ "$(ask '?p.born != 1970')" = ann,cy, ]
	[ "$(ask '?p.name')" = ann,cy, ]
	[ "$(ask '?p.name = "Ann B."')" = ann, ]
	[ "$(ask '?p.name = Cyd')" = cy, ]
	[ "$(ask '?a knows ?b' '?b.born > 1970')" = bob:cy, ]
}

@test "--vars, --distinct, --count, -L, -J" {
	[ "$(ask --vars=b '?a knows ?b' '?a : Person')" = bob,cy,ann, ]
	[ "$(ask --vars='?b,a' '?a wrote ?b')" = 'a book:ann,' ]
	[ "$(ask --vars=t '?x ?t ?y')" = knows,wrote,knows,likes,knows, ]
	[ "$(ask --vars=t --distinct '?x ?t ?y')" = knows,wrote,likes, ]
	[ "$(ask --vars=t --distinct --count '?x ?t ?y')" = 3, ]
	[ "$(ask -L 2 '?a knows ?b')" = ann:bob,bob:cy, ]
	[ "$(ask --count -L 2 '?a knows ?b')" = 2, ]
	[ "$(strato-graph match -J 'ann ?t ?b' | head -1)" = '{"t":"knows","b":"bob"}' ]
	run --separate-stderr -64 strato-graph match --vars=z '?a knows ?b'
	[[ "$stderr" == *"?z"* ]]
}

@test "-b binds the first variable, question by question" {
	[ "$(printf 'bob\nnobody\nann\n' | ask -b '?x knows ?y' '?y : Person')" = bob:cy,ann:bob, ]
	[ "$(printf 'bob\nnobody\nann\n' | ask -b --count '?x ?t ?y')" = bob:2,nobody:0,ann:2, ]
	[ "$(printf 'ann\nbob\n' | ask -b -L 1 '?x ?t ?y')" = ann:knows:bob,bob:knows:cy, ]
	run --separate-stderr -64 strato-graph match -b 'ann knows bob' <<<ann
}

@test "--explain says how, and does nothing" {
	run --separate-stderr -0 strato-graph match --explain '?a knows ?b' '?b : Poet'
	[ "${lines[0]%%:*}" = "?b" ]
	[[ "${lines[0]}" == *"label Poet"* ]]
	[[ "${lines[1]}" == "?a: about"*"list of ?a knows ?b" ]]
	run --separate-stderr -0 strato-graph match --explain '?a hates ?b'
	[[ "$output" == *"not in the graph"* ]]
}

@test "what is not there is no solution: status 1; what is no pattern is 64 with the reason" {
	run --separate-stderr -1 strato-graph match 'ann knows cy'
	[ -z "$output" ]
	run --separate-stderr -1 strato-graph match '?a hates ?b'
	run --separate-stderr -1 strato-graph match 'nobody knows ?b'
	run --separate-stderr -1 strato-graph match '?a : Dog'
	run --separate-stderr -1 strato-graph match '?a.weight < 3'
	[ "$(strato-graph match --count '?a hates ?b')" = 0 ]
	run --separate-stderr -64 strato-graph match
	for bad in '?a knows' '?a knows ?b ?c' '?a :' '?a.born ~ 3' '?a.born <' '"ann knows ?b' ''; do
		run --separate-stderr -64 strato-graph match "$bad"
		[[ "$stderr" == *"pattern '"*"[usage]"*"?a wrote ?b"* ]] || fail "$bad: $stderr"
	done
	run --separate-stderr -64 strato-graph match '?t knows ?b' 'ann ?t bob'
	[[ "$stderr" == *"node and for a type"* ]]
}

@test "layouts and orders give the same solutions" {
	strato-graph match '?a knows ?b' '?b ?t ?c' | sort >want
	[ -s want ]
	for layout in csr csr-packed coo; do
		for order in given degree; do
			strato-graph convert -q --layout=$layout --order=$order --to=g2 --replace
			strato-graph match -g g2 '?a knows ?b' '?b ?t ?c' | sort | cmp - want
		done
	done
}
