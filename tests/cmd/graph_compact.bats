# tests/cmd/graph_compact.bats - changes of a graph: seen by every question, folded by
# strato-graph compact, added to by import --append
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s
	strato-init "$STRATO_STORE"
	cd "$W"
	for ((i = 0; i < 600; i++)); do
		printf 'n%d\tn%d\t%s\n' $((i * 7 % 90)) $((i * i % 83)) $((i % 3 ? 1 : 0))
	done | sed 's/1$/knows/; s/0$/likes/' | sort -u >base.tsv
	strato-graph import -q -g web -f tsv base.tsv
}

changes() {
	"$STRATO_BUILD/tests/lib/give-changes" "$STRATO_STORE" "${1-web}"
}

edges() {
	strato-graph edges -g "${1-web}" | sort
}

some_changes() {
	{
		printf 'edge\tn1\tknows\tnew\n'
		printf 'edge\tnew\tis near\tn2\n'
		printf 'cascade\tn7\n'
		printf 'node\tlonely\t:Person\tage=7\n'
		grep -n . base.tsv | awk -F: 'NR % 9 == 0 { print $2 }' |
			awk -F'\t' '{ print "gone-edge\t" $1 "\t" $3 "\t" $2 }'
	} | changes
}

@test "every question sees the changes: what came, what went, what went along" {
	some_changes
	awk -F'\t' 'NR % 9 && $1 != "n7" && $2 != "n7"' base.tsv >want
	printf 'n1\tnew\tknows\nnew\tn2\tis near\n' >>want
	cmp <(sort want) <(edges)
	[ "$(strato-graph edges -g web --count)" = "$(wc -l <want)" ]
	[ "$(strato-graph info -g web -J | jq .edges)" = "$(wc -l <want)" ]
	[ "$(strato-graph ls -l | cut -f3)" = "$(wc -l <want)" ]
	run -1 strato-graph neighbors -g web n7
	[ "$(strato-graph neighbors -g web new)" = n2 ]
	[ "$(strato-graph neighbors -g web --in new)" = n1 ]
	[ "$(strato-graph path -g web n1 n2 --type=knows --type='is near' | tr '\n' ' ')" = "n1 new n2 " ]
	strato-graph nodes -g web >nodes
	LC_ALL=C sort -c nodes
	grep -qx lonely nodes
	! grep -qx n7 nodes || fail "n7 was removed"
	[ "$(strato-graph nodes -g web --count)" = "$(wc -l <nodes)" ]
	[ "$(strato-graph degree -g web | wc -l)" = "$(wc -l <nodes)" ]
}

ask_all() {
	local out=$1
	mkdir "$out"
	strato-graph wcc -g web >"$out/wcc"
	strato-graph wcc -g web --top=5 >"$out/wcc5"
	strato-graph cdlp -g web --iterations=4 >"$out/cdlp"
	strato-graph cdlp -g web --iterations=4 --top=5 >"$out/cdlp5"
	strato-graph lcc -g web >"$out/lcc"
	strato-graph triangles -g web >"$out/triangles"
	strato-graph bfs -g web n1 --all >"$out/bfs"
	strato-graph bfs -g web n1 --both --summary >"$out/bfs2"
	strato-graph degree -g web --both --histogram >"$out/histogram"
	strato-graph degree -g web | sort >"$out/degree"
	strato-graph export -g web -f mtx --renumber --type=knows | sort >"$out/mtx"
	strato-graph bc -g web | cut -c-14 >"$out/bc"
	strato-graph match -g web '?a knows ?b' '?b likes ?c' | sort >"$out/match"
	strato-graph match -g web '?p : Person' '?p.age > 5' | sort >"$out/person"
	strato-graph match -g web '?a ?type ?b' | sort >"$out/types"
	strato-graph pagerank -g web --iterations=10 | cut -c-12 >"$out/pagerank"
}

@test "algorithms over the whole say what they say of the graph built afresh" {
	some_changes
	ask_all before
	strato-graph compact -q -g web
	ask_all after
	diff -r before after
	[ -s before/wcc5 ] && [ -s before/lcc ] && [ -s before/mtx ]
	[ "$(cat before/person)" = lonely ] && [ -s before/match ]
}

# What the cheapest path costs; nothing where there is none.  (Of several it may be
# another one.)
cost() { # SRC DST
	rc=0
	strato-graph path -g w --weight -l "$1" "$2" >steps || rc=$?
	[ $rc -le 1 ]
	tail -n 1 steps | awk '{ print $NF }'
}

@test "distances by weight are those of the graph built afresh" {
	awk 'BEGIN { srand(5); for (i = 0; i < 12000; i++)
		print int(rand() * rand() * 2000), int(rand() * 2000), 1 + int(rand() * 50) }' >el
	head -n 9000 el | strato-graph import -q -g w -f el
	tail -n 3000 el | awk '{ print "edge\t" $1 "\t\t" $2 "\tweight=" $3 }' | changes w
	awk 'NR % 11 == 0 { print "gone-edge\t" $1 "\t\t" $2 }
		NR % 700 == 7 { print "cascade\t" $1 }' el | changes w
	for s in 1 5 17 90 200 300; do
		strato-graph sssp -g w $s >before-$s
		strato-graph sssp -g w --both $s >both-$s
		cost 5 $s >path-$s
	done
	strato-graph compact -q -g w
	for s in 1 5 17 90 200 300; do
		strato-graph sssp -g w $s | cmp - before-$s
		strato-graph sssp -g w --both $s | cmp - both-$s
		cost 5 $s | cmp - path-$s
	done
	[ "$(cat path-* | wc -l)" -gt 0 ]
	[ "$(cat before-* | wc -l)" -gt 1000 ]
}

@test "compact: the same graph, no change pending, and nothing to do the next time" {
	some_changes
	edges >before
	strato-graph nodes -g web >nodes
	[ "$(strato-graph info -g web -J | jq .changes)" -gt 60 ]
	strato-graph info -g web | grep -q "^changes .* pending, .*'strato-graph compact'"
	strato-graph compact -q -g web
	[ "$(strato-graph info -g web -J | jq .changes)" = 0 ]
	strato-graph check -g web
	cmp before <(edges)
	cmp nodes <(strato-graph nodes -g web)
	strato-graph info -g web -J | jq .version >v
	strato-graph compact -q -g web
	cmp v <(strato-graph info -g web -J | jq .version)
	strato-compact
	cmp before <(edges)
	strato-walcheck
}

@test "compact keeps layout, order, weights, labels and properties" {
	printf 'a\tb\t\tweight=2\nb\tc\t\tweight=3\nd\tb\t\tweight=1\n' |
		strato-graph import -q -g w -f tsv --layout=csr --order=degree
	printf 'edge\ta\t\te\tsince=1999\tweight=5\nnode\te\t:Person\tname=Eve\nedge\tb\t\tc\tweight=9\n' |
		changes w
	strato-graph edges -g w | sort >before
	grep -q "$(printf 'b\tc\t\tweight=9')" before
	strato-graph compact -q -g w
	[ "$(strato-graph info -g w -J | jq -r '"\(.layout) \(.order) \(.values)"')" = "csr degree integers" ]
	cmp before <(strato-graph edges -g w | sort)
	strato-graph schema -g w | grep -q Person
	strato-graph check -g w
}

@test "changes survive folds, merges, a backup, mv and convert" {
	some_changes
	edges >before
	strato-compact
	cmp before <(edges)
	strato-graph convert -q -g web --layout=coo --order=degree
	cmp before <(edges)
	strato-graph mv web moved
	cmp before <(edges moved)
	strato-backup -q | strato-restore -q "$W/r"
	STRATO_STORE=$W/r cmp before <(STRATO_STORE=$W/r strato-graph edges -g moved | sort)
	run --separate-stderr -73 strato-graph convert -g moved --layout=csr --to=copy
	[[ "$stderr" == *"'strato-graph compact -g moved' first"* ]]
}

@test "a compact that is stopped changes nothing" {
	some_changes
	edges >before
	find "$STRATO_STORE/seg" | sort >files
	strato-graph compact -q -g web -O memory_limit=4M && false
	cmp before <(edges)
	cmp files <(find "$STRATO_STORE/seg" | sort)
}

@test "writers that commit while compact and append build lose nothing" {
	for ((i = 0; i < 40; i++)); do
		printf 'edge\tn1\tknows\tw%d\nedge\tw%d\tlikes\tn2\n' $i $i | changes
	done &
	for ((k = 0; k < 4; k++)); do
		strato-graph compact -q -g web
		printf 'a%d\tn1\tknows\n' $k | strato-graph import -q --append -g web -f tsv
		strato-compact
	done
	wait $!
	strato-graph compact -q -g web
	strato-graph neighbors -g web n1 --type=knows | grep -c '^w' | grep -qx 40
	strato-graph neighbors -g web --in n2 --type=likes | grep -c '^w' | grep -qx 40
	strato-graph neighbors -g web --in n1 --type=knows | grep -c '^a' | grep -qx 4
	strato-graph check -g web
}

@test "import --append adds to what is there, changes and all, in one commit" {
	some_changes
	edges >before
	printf 'n1\tzz\tknows\nn1\tnew\tknows\nx\ty\tsees\n' | strato-graph import -q --append -g web -f tsv
	{ cat before; printf 'n1\tzz\tknows\nx\ty\tsees\n'; } | sort >want
	cmp want <(edges)
	[ "$(strato-graph info -g web -J | jq .changes)" = 0 ]
	strato-graph check -g web
	printf 'edge\tzz\tknows\tx\n' | changes
	[ "$(strato-graph neighbors -g web zz)" = x ]
}

@test "an index is made again by compact and by --append" {
	printf 'node\tann\t:Person\tborn=1870\nnode\tbob\t:Person\tborn=1970\n' | changes
	strato-graph compact -q -g web
	strato-graph index -g web born
	printf 'node\tcy\t:Person\tborn=1970\n' | changes
	strato-graph compact -q -g web
	[ "$(strato-graph index -g web)" = born ]
	printf 'ann\tcy\tknows\n' | strato-graph import -q --append -g web -f tsv
	[ "$(strato-graph index -g web)" = born ]
	[ "$(strato-graph nodes -g web --where=born=1970 | paste -sd,)" = bob,cy ]
	strato-graph check -g web
}

@test "import --append: a graph that is not there is made; another direction is refused" {
	printf 'a b\n' | strato-graph import -q --append -g fresh -f el
	[ "$(strato-graph neighbors -g fresh a)" = b ]
	printf 'b c\n' | strato-graph import -q -g und -f el --undirected
	printf 'a b\n' | strato-graph import -q --append -g und -f el
	[ "$(strato-graph neighbors -g und b | sort | tr '\n' ' ')" = "a c " ]
	run -64 strato-graph import -q --append --directed -g und -f el <<<'x y'
	[ "$(strato-graph edges -g und --count)" = 2 ]
}

@test "an as-of question sees the changes of its time" {
	strato-snapshot before
	edges >a
	some_changes
	strato-snapshot after
	edges >b
	strato-graph compact -q -g web
	cmp a <(strato-graph edges -g web --as-of=before | sort)
	cmp b <(strato-graph edges -g web --as-of=after | sort)
}

@test "compact --keep: questions reach back, as far as was said" {
	some_changes
	edges >a
	v=$(strato-stat -J | jq -r .version)
	strato-graph compact -q -g web --keep=2
	for i in 1 2 3; do
		printf 'edge\tn1\tknows\tx%d\n' $i | changes
		edges >b$i
		strato-stat -J | jq -r .version >v$i
		strato-graph compact -q -g web --keep=1h
	done
	cmp a <(strato-graph edges -g web --as-of="$v" | sort)
	for i in 1 2 3; do
		cmp b$i <(strato-graph edges -g web --as-of="$(cat v$i)" | sort)
	done
	[ "$(strato-snapshot --list | wc -l)" = 4 ]
	[ "$(strato-graph compact -q -g web --keep=1h; strato-snapshot --list | wc -l)" = 4 ]
	strato-snapshot mine
	printf 'edge\tn1\tknows\ty\n' | changes
	strato-graph compact -g web --keep=1 -v 2>note
	[ "$(grep -c 'kept no longer' note)" = 4 ]
	[ "$(strato-snapshot --list | wc -l)" = 2 ]
	run --separate-stderr -66 strato-graph edges -g web --as-of="$v"
	[[ "$stderr" == *"mine ("* ]]
	run -64 strato-graph compact -g web --keep=soon
	strato-graph check -g web
}

@test "a question as of a version that is in the log sees the changes up to it" {
	for i in 1 2 3 4 5; do
		printf 'edge\tn1\tknows\tz%d\ngone-edge\tn1\tknows\tz%d\n' $i $((i - 2)) | changes
		edges >b$i
		strato-stat -J | jq -r .version >v$i
	done
	for i in 1 2 3 4 5; do
		cmp b$i <(strato-graph edges -g web --as-of="$(cat v$i)" | sort)
	done
	cmp -s b3 b5 && false
	run -1 strato-graph diff -g web "$(cat v3)" "$(cat v4)"
	[ "$(grep -c ^edge <<<"$output")" = 1 ]
}

@test "a version since which the graph did not change is served, whatever else did" {
	some_changes
	edges >a
	v=$(strato-stat -J | jq -r .version)
	strato-put -d 1 k
	strato-put -d 2 k
	strato-compact
	run --separate-stderr -66 strato-get --as-of="$v" k
	cmp a <(strato-graph edges -g web --as-of="$v" | sort)
	cmp a <(strato-graph edges -g web --as-of=$((v + 1)) | sort)
	strato-graph diff -g web "$v"
	run -66 strato-graph ls --as-of="$v"
	run --separate-stderr -66 strato-graph edges -g web --as-of=$((v - 1))
	[[ "$stderr" == *"[no-snapshot]"* ]]
	run --separate-stderr -66 strato-graph edges -g web --as-of=$((v + 9))
	printf 'a b\n' | strato-graph import -q -g other -f el
	strato-put -d 3 k
	w=$(strato-stat -J | jq -r .version)
	strato-put -d 4 k
	strato-compact
	[ "$(strato-graph edges -g other --as-of="$w" --count)" = 1 ]
	strato-graph mv --replace web other
	run --separate-stderr -66 strato-graph edges -g other --as-of="$w"
	strato-graph mv other web
	printf 'edge\tn1\tknows\tlater\n' | changes
	strato-compact
	run --separate-stderr -66 strato-graph edges -g web --as-of="$v"
	v=$(strato-stat -J | jq -r .version)
	strato-put -d 5 k
	strato-compact
	cmp <(edges) <(strato-graph edges -g web --as-of="$v" | sort)
}

@test "changes: a segment of them that is damaged is told of, and their entries say the same" {
	seq 20000 | awk '{ print "edge\t" $1 "\t" $1 * 7 % 20011 "\tknows" }' >ops
	printf '1\t2\n' | strato-graph import -q -g many -f tsv
	strato-graph apply -q -g many ops
	seg=$(echo "$STRATO_STORE"/seg/delta-*.seg)
	strato-graph edges -g many >before
	printf 'x' | dd of="$seg" bs=1 seek=100 conv=notrunc status=none
	run --separate-stderr strato-graph edges -g many
	[ "$status" = 0 ]
	cmp before <(printf '%s\n' "$output")
	[[ "$stderr" == "strato-graph edges: $seg: "*": not used, the changes are read one by one" ]]
	run --separate-stderr -76 strato-graph check -g many
	[[ "$stderr" == *"$seg"*"[damaged]"* ]]
	[[ "$stderr" == *"hint: strato-graph compact "*": 1 fault [damaged]"* ]]
	[[ "$stderr" != *replace* ]]
	run --separate-stderr -76 strato-walcheck --full
	[[ "$stderr" == *'graph "many"'*"hint: strato-graph compact "* ]]
	strato-graph compact -q -g many
	strato-graph check -g many
	cmp before <(strato-graph edges -g many 2>stderr)
	[ ! -s stderr ]
}

@test "a node that only edges named goes with the last of them, or stays once compacted" {
	strato-graph import -q -g n -f tsv </dev/null
	strato-graph edge -g n a b
	strato-graph edge -g n --rm a b
	[ -z "$(strato-graph nodes -g n)" ]
	strato-graph edge -g n a b
	strato-graph compact -q -g n
	strato-graph edge -g n --rm a b
	[ "$(strato-graph nodes -g n)" = "$(printf 'a\nb')" ]
}
