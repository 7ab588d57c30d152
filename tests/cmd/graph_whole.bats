# tests/cmd/graph_whole.bats - strato-graph bfs, pagerank, wcc, cdlp
load ../lib/common

TAB=$'\t'

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s
	strato-init "$STRATO_STORE"
	cd "$W"
}

import() {
	strato-graph import -q -f el --replace "$@"
}

# a -> b -> c -> e, a -> d -> c; f -> a; g and h by themselves; z knows only itself
small() {
	printf '%s\n' 'a b' 'b c' 'a d' 'd c' 'c e' 'f a' 'g h' 'z z' | import
}

lines() { # the answer as words
	"$@" | tr '\t\n' ':,'
}

@test "bfs: depths of what the edges lead to; --in, --both, --all" {
	small
	[ "$(lines strato-graph bfs a)" = a:0,b:1,c:2,d:1,e:3, ]
	[ "$(lines strato-graph bfs --in c)" = a:2,b:1,c:0,d:1,f:3, ]
	[ "$(lines strato-graph bfs --both e)" = a:3,b:2,c:1,d:2,e:0,f:4, ]
	[ "$(lines strato-graph bfs --all g)" = "$(printf '%s:9223372036854775807,' a b c d e f)g:0,h:1,z:9223372036854775807," ]
	[ "$(lines strato-graph bfs z)" = z:0, ]
	[ "$(lines strato-graph bfs --top=2 a)" = e:3,c:2, ]
}

@test "bfs --parents: the first of those one step nearer" {
	small
	[ "$(lines strato-graph bfs --parents a)" = a:a,b:a,c:b,d:a,e:c, ]
	[ "$(lines strato-graph bfs --parents --both e)" = a:b,b:c,c:e,d:c,e:e,f:a, ]
}

@test "bfs --type goes along edges of that type" {
	printf 'a\tb\tx\nb\tc\ty\na\tc\ty\nc\td\tx\n' | strato-graph import -q -f tsv
	[ "$(lines strato-graph bfs --type=x a)" = a:0,b:1, ]
	[ "$(lines strato-graph bfs --type=y a)" = a:0,c:1, ]
	[ "$(lines strato-graph bfs --type=x --type=y a)" = a:0,b:1,c:1,d:2, ]
	run -1 strato-graph bfs --type=none a
}

@test "bfs: an unknown source is status 1, in a batch after the others" {
	small
	run -1 --separate-stderr strato-graph bfs nobody
	[ -z "$output" ]
	printf '%s\n' g nobody z >ask
	run -1 --separate-stderr strato-graph bfs -b ask
	[ "$(echo "$output" | tr '\t\n' ':,')" = g:g:0,g:h:1,z:z:0, ]
	run -1 --separate-stderr strato-graph bfs -b --summary ask
	[ "$(echo "$output" | tr '\t\n' ':,')" = 'g:2:1:1,nobody:\N:\N:\N,z:1:0:0,' ]
	[ "$(strato-graph bfs --summary a)" = "a${TAB}5${TAB}3${TAB}7" ]
}

@test "bfs -b answers a source before the next is sent" {
	small
	coproc strato-graph bfs -b --summary
	pid=$COPROC_PID
	for key in a g z; do
		echo $key >&"${COPROC[1]}"
		read -r -t 10 -u "${COPROC[0]}" source _
		[ "$source" = $key ]
	done
	exec {COPROC[1]}>&-
	wait "$pid"
}

@test "bfs -b answers many as it answers each" {
	awk 'BEGIN { srand(7); for (i = 0; i < 3000; i++)
		print int(rand() * rand() * 900), int(rand() * 1200) }' >el
	import el
	# more than are asked about together, some twice, some that are not there
	awk 'BEGIN { srand(8); for (i = 0; i < 150; i++) print int(rand() * 1300) }' >ask
	: >sums
	: >lines
	: >all
	for key in $(cat ask); do
		one=$(strato-graph bfs --summary "$key" 2>/dev/null) || one=$key$TAB'\N'$TAB'\N'$TAB'\N'
		echo "$one" >>sums
		strato-graph bfs --both "$key" 2>/dev/null | sed "s/^/$key$TAB/" >>lines
		strato-graph bfs --in --all -J "$key" 2>/dev/null |
			sed "s/^{/{\"source\":\"$key\",/" >>all
	done
	[ "$(wc -l <lines)" -gt 10000 ]
	grep -q N sums
	for threads in 1 3; do
		run -1 --separate-stderr strato-graph bfs -b --summary --threads=$threads ask
		cmp - sums <<<"$output"
		strato-graph bfs -b --both --threads=$threads ask 2>/dev/null | cmp - lines
	done
	strato-graph bfs -b --in --all -J ask 2>/dev/null | jq -c . | cmp - <(jq -c . all)
	# where memory has no room for many they are answered one by one
	seq 1 2 1200000 | awk '{ print $1, $1 + 1 }' | import
	seq 100 | strato-graph bfs -b --summary >wide
	seq 100 | strato-graph bfs -b --summary --memory-limit=24M | cmp - wide
}

@test "wcc: the first key of what hangs together, --top the largest" {
	small
	[ "$(lines strato-graph wcc)" = a:a,b:a,c:a,d:a,e:a,f:a,g:g,h:g,z:z, ]
	[ "$(lines strato-graph wcc --top=2)" = a:6,g:2, ]
	printf '10 9\n2 10\n7 3\n' | import
	[ "$(lines strato-graph wcc)" = 2:2,3:3,7:3,9:2,10:2, ]
}

@test "pagerank: a ring is even, what points nowhere is spread, all is 1" {
	printf '%s\n' '1 2' '2 3' '3 4' '4 1' | import
	[ "$(lines strato-graph pagerank)" = 1:0.25,2:0.25,3:0.25,4:0.25, ]
	printf '%s\n' 'a b' | import
	# b = 0.15 / 2 + 0.85 (a + b / 2), a = 0.15 / 2 + 0.85 b / 2: a = 20 / 57
	strato-graph pagerank --tolerance=1e-15 |
		awk '{ s += $2; if ($1 == "a") a = $2 } END { exit !(s > 0.999999999 && s < 1.000000001 &&
			(a - 20 / 57) ^ 2 < 1e-20) }'
	[ "$(lines strato-graph pagerank --iterations=0)" = a:0.5,b:0.5, ]
	[ "$(strato-graph pagerank --top=1 | cut -f1)" = b ]
	run -64 strato-graph pagerank --damping=1.5
	run -64 strato-graph pagerank --tolerance=little
}

@test "cdlp: the label most neighbours have, of several the first in key order" {
	small
	[ "$(lines strato-graph cdlp --iterations=0)" = a:a,b:b,c:c,d:d,e:e,f:f,g:g,h:h,z:z, ]
	[ "$(lines strato-graph cdlp --iterations=1)" = a:b,b:a,c:b,d:a,e:c,f:a,g:h,h:g,z:z, ]
	[ "$(lines strato-graph cdlp --iterations=2)" = a:a,b:b,c:a,d:b,e:b,f:b,g:g,h:h,z:z, ]
	[ "$(lines strato-graph cdlp --iterations=2 --top=2)" = b:4,a:2, ]
	# an edge both ways counts twice, a number is not a text
	printf '%s\n' '3 10' '3 9' '10 3' | import
	[ "$(lines strato-graph cdlp --iterations=1)" = 3:10,9:3,10:3, ]
	printf '%s\n' '3 10' '3 9' | import
	[ "$(lines strato-graph cdlp --iterations=1)" = 3:9,9:3,10:3, ]
	run -64 strato-graph cdlp --iterations=-1
}

@test "cdlp --type goes by edges of that type" {
	printf 'a\tb\tx\nb\tc\ty\na\tc\ty\nc\td\tx\n' | strato-graph import -q -f tsv
	[ "$(lines strato-graph cdlp --iterations=1 --type=x)" = a:b,b:a,c:d,d:c, ]
	run -1 strato-graph cdlp --type=none
}

@test "one node, nodes without edges, no nodes" {
	printf 'x x\n' | import
	[ "$(lines strato-graph pagerank)" = x:1.0, ]
	[ "$(lines strato-graph wcc)" = x:x, ]
	[ "$(lines strato-graph cdlp)" = x:x, ]
	printf 'x x\ny y\n' | import --loops=drop
	[ "$(lines strato-graph pagerank)" = x:0.5,y:0.5, ]
	[ "$(lines strato-graph wcc)" = x:x,y:y, ]
	[ "$(lines strato-graph cdlp)" = x:x,y:y, ]
	[ "$(lines strato-graph bfs y)" = y:0, ]
	import </dev/null
	[ -z "$(strato-graph pagerank)" ]
	[ -z "$(strato-graph wcc)" ]
	[ -z "$(strato-graph wcc --top=3)" ]
	[ -z "$(strato-graph cdlp)" ]
	[ -z "$(strato-graph cdlp --top=3)" ]
	run -1 strato-graph bfs x
}

@test "the same bytes for any number of threads, layout and order" {
	awk 'BEGIN { srand(5); for (i = 0; i < 40000; i++)
		print int(rand() * rand() * 9000), int(rand() * 12000) }' >el
	for undirected in '' --undirected; do
		import $undirected el
		strato-graph bfs --threads=1 17 >bfs
		strato-graph wcc --threads=1 >wcc
		strato-graph pagerank --threads=1 >rank
		strato-graph cdlp --threads=1 >cdlp
		[ "$(wc -l <bfs)" -gt 1000 ]
		for layout in csr coo csr-packed; do
			for order in degree given; do
				strato-graph convert -q --layout=$layout --order=$order
				for threads in 1 2 3 8; do
					strato-graph bfs --threads=$threads 17 | cmp - bfs
					strato-graph wcc --threads=$threads | cmp - wcc
					strato-graph pagerank --threads=$threads | cmp - rank
					strato-graph cdlp --threads=$threads | cmp - cdlp
				done
			done
		done
	done
}

# every algorithm over whole graphs, from the node 1 where it needs one
each_whole() { # COMMAND [ARG]...: with the words of one after it
	local words
	for words in 'bfs 1' 'bfs --parents 1' 'sssp 1' pagerank wcc cdlp lcc triangles; do
		# shellcheck disable=SC2086
		"$@" $words || fail "$words"
	done
}

refuses() { # STATUS [OPTION]... -- WORDS
	local status=$1 options=()
	for (( ; ; )); do
		shift
		[ "$1" != -- ] || break
		options+=("$1")
	done
	shift
	run -$status --separate-stderr strato-graph "$@" "${options[@]}"
	[ -z "$output" ]
	[ $status = 1 ] || [ "${#stderr_lines[@]}" -gt 0 ]
}

@test "no such graph, no such type, a word too many, no thread: one status for each" {
	printf '1 2 5\n2 3 5\n' | import
	each_whole refuses 66 -g none --
	each_whole refuses 1 --type=none --
	each_whole refuses 64 one-too-many --
	each_whole refuses 64 --threads=0 --
	each_whole refuses 64 --threads=many --
	each_whole refuses 64 --no-such-option --
	rm -r "$STRATO_STORE"
	each_whole refuses 66 --
}

answer_or_76() { # WANTS WORDS: what it said before, or 76 and nothing known to be wrong
	local wants=$1 status=0
	shift
	strato-graph "$@" >got 2>err || status=$?
	case $status in
	0) cmp got "$wants/$*" ;;
	76) grep -q '\[damaged\]' err && hurt_n=$((hurt_n + 1)) ;;
	*) fail "status $status: $(cat err)" ;;
	esac
}

keep_answer() { # WANTS WORDS
	local to=$1
	shift
	strato-graph "$@" >"$to/$*"
}

@test "a graph that is hurt is status 76 or the right answer, never another" {
	awk 'BEGIN { srand(7); for (i = 0; i < 20000; i++)
		print int(rand() * rand() * 3000), int(rand() * 4000), i % 9 }' >el
	import --dedup=first --loops=drop el
	mkdir want
	each_whole keep_answer want
	hurt_n=0
	for file in "$STRATO_STORE"/seg/*; do
		size=$(stat -c %s "$file")
		cp "$file" whole
		for part in 1 3 5 7; do
			printf '\377\252\125\003' | dd of="$file" bs=1 conv=notrunc status=none \
				seek=$((size / 8 * part))
			each_whole answer_or_76 want
			cat whole >"$file"
		done
	done
	echo "$hurt_n refused"
	[ $hurt_n -ge 20 ]
	each_whole answer_or_76 want
}

@test "memory that is not allowed is said with what it takes" {
	printf '1 2\n3000000 2\n' | import
	for words in 'bfs 1' pagerank wcc cdlp; do
		# shellcheck disable=SC2086
		strato-graph $words >/dev/null
	done
	seq 1 2 2000000 | awk '{ print $1, $1 + 1 }' | import
	for words in 'bfs 1' pagerank wcc cdlp; do
		# shellcheck disable=SC2086
		run -71 --separate-stderr strato-graph $words --memory-limit=16M
		[[ "$stderr" == *" over 2000000 nodes takes "*" MiB of memory, "* ]] || fail "$stderr"
	done
}

@test "--stats says time and edges, -J and -o work" {
	small
	run --separate-stderr strato-graph bfs --stats -o out a
	[[ "$stderr" == "strato-graph bfs: "*" ms, "*" edges looked at, "* ]]
	[ "$(wc -l <out)" = 5 ]
	[ "$(strato-graph bfs -J a | jq -r 'select(.node == "e") | .depth')" = 3 ]
	[ "$(strato-graph wcc -J | jq -r 'select(.node == "h") | .component')" = g ]
	[ "$(strato-graph cdlp -J | jq -r 'select(.node == "z") | .community')" = z ]
	strato-graph pagerank -J | jq -s -e 'map(.rank) | add | . > 0.999999 and . < 1.000001'
}
