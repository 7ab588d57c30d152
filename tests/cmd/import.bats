# tests/cmd/import.bats - strato-graph import by several threads: the same as by one
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s
	strato-init "$STRATO_STORE"
	cd "$W"
}

import() {
	strato-graph import -q "$@"
}

# A list of about 2 MB, so that every thread of a few gets a chunk, with a bad line in
# most chunks and a comment here and there.
make_list() { # BAD-EVERY
	awk -v bad="$1" 'BEGIN {
		x = 1
		for (i = 1; i <= 160000; i++) {
			x = (x * 1103515245 + 12345) % 2147483648
			if (bad && i % bad == 0)
				print "bad-" i
			else if (i % 1000 == 0)
				print "# a comment"
			else
				print x % 5000, int(x / 5000) % 5000
		}
	}'
}

# What info says of a graph, but its name, version and time.
facts() { # GRAPH
	strato-graph info -g "$1" -J | sed -E 's/"(graph|version|created)":"[^"]*",?//g'
}

@test "any number of threads makes the same graph, of a file, a pipe and gzip" {
	make_list 0 >list
	gzip -c list >list.gz
	import -g one -f el --threads=1 list
	strato-graph export -g one >want
	facts one >want.info
	for n in 2 3 8; do
		import -g "file$n" -f el --threads=$n list
		import -g "gz$n" -f el --threads=$n list.gz
		cat list | import -g "pipe$n" -f el --threads=$n
		for g in "file$n" "gz$n" "pipe$n"; do
			strato-graph export -g "$g" >got
			same want got
			facts "$g" >got.info
			same want.info got.info
		done
	done
}

@test "keys that are no numbers, types, and an undirected graph too" {
	make_list 0 | awk '!/#/ { print "n" $1 "\tn" $2 "\t" (NR % 7 ? "" : "t" NR % 3) }' >list
	import -g one -f tsv --threads=1 list
	import -g both1 -f tsv --threads=1 --undirected list
	strato-graph export -g one >want
	strato-graph export -g both1 >want.both
	for n in 2 5; do
		import -g "n$n" -f tsv --threads=$n list
		import -g "both$n" -f tsv --threads=$n --undirected list
		strato-graph export -g "n$n" >got
		same want got
		strato-graph export -g "both$n" >got
		same want.both got
	done
}

@test "names that begin in the middle of a list of numbers" {
	make_list 0 >list
	awk 'NR > 70000 && !/#/ { $1 = "n" $1 } { print }' list >mixed
	import -g one -f el --threads=1 mixed
	strato-graph export -g one >want
	facts one >want.info
	for n in 2 6; do
		import -g "n$n" -f el --threads=$n mixed
		strato-graph export -g "n$n" >got
		same want got
		facts "n$n" >got.info
		same want.info got.info
	done
}

@test "of equal edges the first of the input gives the weight, or all of them do" {
	make_list 0 | awk '!/#/ { print $1 % 50, $2 % 50, NR }' >list
	for dedup in first sum max; do
		sort -k1,1n -k2,2n -k3,3n list | awk -v d=$dedup '
			function out() { if (NR > 1) print was "\t\tweight=" v }
			{ key = $1 "\t" $2 }
			key != was { out(); was = key; v = d == "sum" ? 0 : $3 }
			d == "sum" { v += $3 }
			d == "max" { v = $3 }
			END { out() }' >want
		for n in 1 2 7; do
			import -g w --replace -f el --threads=$n --dedup=$dedup list
			strato-graph export -g w -f tsv | sort -k1,1n -k2,2n >got
			same want got
		done
		sed 's/ / m/' list >names
		for n in 1 5; do
			import -g w --replace -f el --threads=$n --dedup=$dedup names
			strato-graph export -g w -f tsv | sed 's/m//' | sort -k1,1n -k2,2n >got
			same want got
		done
	done
}

@test "16 MiB are enough for any number of threads, whatever the keys" {
	make_list 0 | awk '!/#/ { print "a-rather-long-name-of-" $1 * $2 % 90000, "n" $2 }' >names
	import -g want -f el names
	strato-graph export -g want >want
	for n in 1 8; do
		import -g got --replace -f el --threads=$n --memory-limit=16M names
		strato-graph export -g got >got
		same want got
	done
}

@test "the first bad line of the input is named, whatever thread met it" {
	make_list 5000 >list
	for n in 1 2 8; do
		run --separate-stderr -65 strato-graph import -g no -f el --threads=$n list
		[[ "$stderr" == *"list: line 5000: "*'"bad-5000"'* ]] || fail "$stderr"
		run --separate-stderr -65 strato-graph import -g no -f el --threads=$n \
			--max-bad=3 <list
		[[ "$stderr" == *"line 20000: "*'"bad-20000"'* ]] || fail "$stderr"
	done
	[ -z "$(strato-graph ls)" ]
}

@test "rejects are those lines in the order of the input" {
	make_list 777 >list
	grep bad list >want
	for n in 1 2 8; do
		import -g "g$n" -f el --threads=$n --max-bad=1000 --rejects=got list
		same want got
		run --separate-stderr -65 strato-graph import -g no -f el --threads=$n \
			--max-bad=100 --rejects=got list
		head -n 100 want | cmp - got
	done
}

@test "an edge behind a megabyte of blanks is malformed, not lost" {
	{ echo "1 2"; head -c 1100000 /dev/zero | tr '\0' ' '; echo "3 4"; } >list
	for n in 1 3; do
		run --separate-stderr -65 strato-graph import -g no -f el --threads=$n list
		[[ "$stderr" == *"line 2: longer than"* ]] || fail "$stderr"
	done
	run --separate-stderr -65 strato-graph import -g no -f el <list
	[[ "$stderr" == *"line 2: longer than"* ]] || fail "$stderr"
}

@test "an integer graph says which key is none, and where" {
	{ make_list 0; echo "1 x"; make_list 0; } >list
	for n in 1 4; do
		run --separate-stderr -65 strato-graph import -g no -f el --ids=int \
			--threads=$n list
		[[ "$stderr" == *"line 160001: "*"no integer key"*'"1 x"'* ]] || fail "$stderr"
	done
}

@test "files one after another keep their own line numbers" {
	make_list 0 >a
	{ make_list 0; echo oops; } >b
	run --separate-stderr -65 strato-graph import -g no -f el --threads=3 a b
	[[ "$stderr" == *"b: line 160001: "* ]] || fail "$stderr"
	import -g two -f el --threads=3 --max-bad=1 a b
	import -g one -f el a
	strato-graph export -g one >want
	strato-graph export -g two >got
	same want got
}

@test "0 threads, or more than there may be, is a usage error" {
	run -64 strato-graph import --threads=0 </dev/null
	run -64 strato-graph import --threads=257 </dev/null
	run -64 strato-graph import --threads=two </dev/null
}

# An import that waits for its input, which the graph is changed meanwhile.
append_while() { # INPUT COMMAND...: its status
	local input=$1 rc=0 pid
	shift
	mkfifo "$W/slow"
	strato-graph import -q -g both --append -f jsonl "$W/slow" 2>"$W/said" &
	pid=$!
	exec 9>"$W/slow"		# opened there when the graph is known
	"$@"
	printf '%s\n' "$input" >&9
	exec 9>&-
	wait $pid || rc=$?
	rm "$W/slow"
	return $rc
}

@test "what was changed while more was added to it is not hidden: neither is lost" {
	strato-graph import -q --create -g both -f jsonl <<-'EOT'
	{"id":"a","props":{"x":1}}
	{"from":"a","type":"t","to":"b"}
	{"from":"b","type":"t","to":"c"}
	EOT
	# another node: both are there
	append_while '{"id":"a","props":{"y":2}}' strato-graph node -g both b z=3
	[ "$(strato-graph node -g both -J a)" = '{"id":"a","props":{"x":1,"y":2}}' ]
	[ "$(strato-graph node -g both -J b)" = '{"id":"b","props":{"z":3}}' ]
	# the same node, the same edge, an edge at a node that goes: refused, the change is there
	local input
	for input in '{"id":"a","props":{"w":4}}' '{"from":"a","type":"t","to":"b","props":{"w":4}}' \
			'{"from":"c","type":"new","to":"a"}'; do
		strato-graph edge -g both a b t
		strato-graph node -g both a v=0
		case $input in
		*new*) run -75 append_while "$input" strato-graph node -g both --rm --cascade a ;;
		*from*) run -75 append_while "$input" strato-graph edge -g both a b t v=9 ;;
		*) run -75 append_while "$input" strato-graph node -g both a v=9 ;;
		esac
		grep -q 'was changed while this was added to it \[changed\]' "$W/said"
		! strato-graph export -g both -f jsonl | grep -q '"w"\|new' || fail "half of it: $input"
	done
	run -1 strato-graph node -g both a
	strato-walcheck --full
}
