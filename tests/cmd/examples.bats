# examples.bats - the scripts of examples/ run as they are, and what they must say
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	cd "$W"
	export STRATO_KERNELS=$STRATO_SOURCE/kernels HOME=$W
	export POCL_CACHE_DIR=$STRATO_BUILD/.pocl
	unset STRATO_STORE STRATO_GRAPH
}

example() { # NAME: its words in `said`; what follows a command line is its output
	"$STRATO_SOURCE/examples/$1.sh" "$W/$1" >said 2>errors || {
		cat said errors >&2
		return 1
	}
}

after() { # COMMAND-LINE-PART: the line that follows the command that has it
	grep -F -A1 -- "$1" said | grep -v '^\$ ' | tail -n 1
}

needs() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || skip "there is no $tool"
	done
}

@test "memory.sh: facts with their sources, the past, contexts, nothing lost to others" {
	needs jq
	example memory
	[ "$(after 'in --type=met Ada | wc -l')" = 40 ]
	[ "$(after "neighbors --type='lives in' Ada")" = Riga ]
	[ "$(after "neighbors --as-of=talk-1")" = Kiel ]
	[ "$(after "'?who knows ?friend'")" = "Bob${TAB}Ada${TAB}strato" ]
	grep -qx 'status 1: somebody was faster, read again' said
	[ "$(sed -n '/^\$ strato-graph subgraph/,/^$/p' said | grep -c '^{"id"')" = 6 ]
	[ "$(after 'match -g again --count')" = 1 ]
	[ "$(tail -n 1 said)" = yes ]
}

@test "knowledge.sh: statements in, patterns, an index, provenance, backup and restore" {
	example knowledge
	[ "$(after "nodes --where='v:year=1931'")" = film:M ]
	[[ $(after 'edges --where=source=more.nt') = "film:Fury${TAB}person:Lang"* ]]
	grep -qx 'status 65' said
	grep -q '^strato-graph import: bad.nt: line 1: ' errors
	[ "$(after 'nodes --label=v:Film --count')" = 4 ]
	grep -qx 'the same' said
	[ "$(tail -n 1 said)" = yes ]
}

@test "evolution.sh: generations, lineage, what differs, what is pruned, what stays" {
	example evolution
	[ "$(after 'strato-snapshot --list | wc -l')" = 15 ]
	[[ $(after '$ strato-graph node gen/') = gen/016/*generation=16*score=* ]]
	[ "$(after 'strato-diff gen-9 gen-10')" = 24 ]
	# the last generation whole, and the ancestors of its best
	[ "$(after 'strato-ls gen/ | wc -l')" = $((23 + $(wc -l <evolution/ancestors))) ]
	[ "$(strato-ls -s evolution/store --count)" = $((23 + $(wc -l <evolution/ancestors))) ]
	[ "$(tail -n 1 said)" = yes ]
}

@test "arrays.sh: bytes in, pinned, own kernels where a device is, answers stored" {
	needs jq mkfifo od
	example arrays
	[ "$(after 'od -An -tu1 -N8' | tr -s ' ')" = " 1 2 3 4 1 2 3 4" ]
	if grep -q 'saxpy' said; then
		[ "$(after 'strato-get z | floats -N16')" = "0 6 12 18" ]
	fi
	[ "$(after 'strato-gpucache get bytes/quads && echo')" = new ]
	[ "$(tail -n 1 said)" = yes ]
	[ ! -e arrays/store/gpucache.sock ]
}

@test "batch.sh: make -j, xargs -P, the parts of an array, the crontab's lines" {
	needs make
	example batch
	[ "$(after 'strato-ls job/ | wc -l')" = 200 ]
	[ "$(after 'strato-ls -s answers | wc -l')" = 2000 ]
	[ "$(after 'ls backup | wc -l')" = 1 ]
	grep -q 'Nothing to be done' said
}

@test "an example that has run is made anew; a folder that is somebody's is left alone" {
	example knowledge
	example knowledge
	mkdir mine
	echo mine >mine/file
	run -73 "$STRATO_SOURCE/examples/knowledge.sh" "$W/mine"
	[ "$(cat mine/file)" = mine ]
	[ ! -e mine/store ]
}
