# tests/cmd/graph_ahead.bats - whole graphs whose lists are larger than memory_limit
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s
	strato-init "$STRATO_STORE"
	cd "$W"
	awk 'BEGIN { srand(5); for (i = 0; i < 500000; i++)
		print int(rand() * rand() * 19000), int(rand() * 20000) }' >el
}

# every answer, and on stderr how it was come by
ask() { # THREADS
	for threads in $1; do
		strato-graph bfs --stats --threads="$threads" 17
		strato-graph bfs --stats --threads="$threads" --both --parents 18
		strato-graph wcc --stats --threads="$threads"
		strato-graph pagerank --stats --threads="$threads" --iterations=5
	done
}

same() { # MEMORY IMPORT-OPTION...
	memory=$1
	shift
	strato-graph import -q -f el --replace "$@" el
	ask 1 >mapped 2>how
	run ! grep 'read ahead' how
	for threads in 1 2 3 8; do
		STRATO_MEMORY_LIMIT=$memory ask $threads >ahead 2>how
		cmp ahead mapped
		[ "$(grep -c 'lists too large for memory: [0-9]* bytes read ahead' how)" = 4 ]
	done
}

@test "lists larger than memory_limit are read ahead, and every answer is the same" {
	same 2M --layout=csr
	same 2M --layout=csr --undirected
	same 1M --layout=csr-packed
	same 1M --layout=coo --undirected
}

@test "read through the page cache they are the same" {
	export STRATO_DIRECT_IO=off
	same 2M --layout=csr
	run ! grep 'direct,' how
}

@test "a memory_limit that has room for nothing is refused, and what is needed is said" {
	head -n 100000 el | awk '{ print NR, $2 }' | strato-graph import -q -f el --layout=csr
	export STRATO_MEMORY_LIMIT=1M
	run -71 --separate-stderr strato-graph pagerank
	[[ "$stderr" == *"pagerank over "*" nodes takes "*" MiB of memory, "*" MiB are left"* ]]
	[[ "$stderr" == *"memory_limit says how much may be used"* ]]
	STRATO_MEMORY_LIMIT=64M strato-graph import -q -f el --layout=csr --replace el
	run -71 --separate-stderr strato-graph pagerank --iterations=5
	[[ "$stderr" == *"MiB of lists are read ahead, which takes "*" MiB of memory beside"* ]]
	[[ "$stderr" == *"memory_limit says how much may be used"* ]]
}

@test "with no memory_limit set it is half of what the process may use" {
	awk 'BEGIN { for (i = 0; i < 700000; i++) print i, i + 1 }' | strato-graph import -q -f el
	# the address sanitizer reserves more than any limit before main
	! grep -q 'define STRATO_SANITIZED' "$STRATO_BUILD/config.h" || skip "sanitized"
	run -71 --separate-stderr sh -c 'ulimit -v 36000; strato-graph pagerank --threads=1'
	[[ "$stderr" == *"pagerank over 700001 nodes takes 19 MiB of memory, 17 MiB are left"* ]]
	strato-graph pagerank --threads=1 --iterations=1 --top=1
}

@test "a byte that flipped on the disk is damage, with its offset" {
	strato-graph import -q -f el --layout=csr --undirected el
	file=$(ls s/seg/csr-*)
	at=$((4096 * 100 + 17))
	flip "$file" $at
	for threads in 1 3; do
		STRATO_MEMORY_LIMIT=2M run -76 --separate-stderr \
			strato-graph pagerank --threads=$threads
		[ -z "$output" ]
		[[ "$stderr" == *"/seg/csr-"*": offset 409600: checksum differs"*"[damaged]"* ]]
	done
}
