# tests/cmd/gpucache_graph.bats - graphs on a device, asked by strato-graph --device
load ../lib/common
load ../lib/gpucache

# A random graph of N nodes and M edges, some of them far more popular.
edges() { # N M [SEED]
	LC_ALL=C awk -v n="$1" -v m="$2" -v x="${3:-$SEED}" '
		function next_one(of) {
			x = (x * 1664525 + 1013904223) % 4294967296
			return int(x / 65536) % of
		}
		BEGIN {
			x %= 4294967296
			for (i = 0; i < m; i++)
				print next_one(next_one(n) + 1), next_one(n)
		}'
}

# A node of a graph, the same each time.
a_node() { # GRAPH
	strato-graph nodes -g "$1" -L 3 | tail -n 1
}

# Both answer the same bytes, and the device was asked.
same_answer() { # ARG...
	strato-graph "$@" >here
	strato-graph "$@" --device=gpu --require=gpu >there || fail "not answered: $*"
	same here there
}

# The CPU answers, the same bytes, with a note.
cpu_answer() { # PATTERN ARG...
	local pattern=$1

	shift
	strato-graph "$@" >here
	run --separate-stderr strato-graph "$@" --device=gpu
	[ "$status" = 0 ] || fail "status $status: $stderr"
	printf '%s\n' "$output" >there
	same here there
	[[ "$stderr" == *"the CPU answers: "$pattern* ]] || fail "$stderr"
	[ "${#stderr_lines[@]}" = 1 ]
	run --separate-stderr strato-graph "$@" --device=gpu -q
	[ -z "$stderr" ]
	run --separate-stderr -69 strato-graph "$@" --require=gpu
	[ -z "$output" ]
	[[ "$stderr" == *"no answer from a device: "$pattern*"[unavailable]"* ]] ||
		fail "$stderr"
}

# The device fails in the middle: the CPU answers, and says why.
cpu_fails() { # ARG...
	strato-graph "$@" >here
	strato-graph "$@" --device=gpu >there 2>said
	same here there
	grep -q "the CPU answers: .*the device failed" said || fail "$(cat said)"
}

@test "without a service the CPU answers, after a note; --require=gpu is 69" {
	printf '1 2\n2 3\n3 1\n' | strato-graph import -q
	cpu_answer "*no cache service" bfs 1
	cpu_answer "*no cache service" pagerank
	cpu_answer "*no cache service" path 1 2
	run --separate-stderr -69 strato-graph bfs 1 --require=gpu
	[[ "$stderr" == *"hint: "*"strato-gpucache serve"* ]]
	run -64 strato-graph bfs 1 --device=cpu --require=gpu
	run -64 strato-graph bfs 1 --device=cat
}

@test "without a calibration auto is the CPU, without a word" {
	edges 50 200 | strato-graph import -q
	run --separate-stderr strato-graph bfs 1 --device=auto
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	[ "$output" = "$(strato-graph bfs 1)" ]
}

@test "on host memory a graph is pinned, and the CPU answers" {
	edges 50 200 | strato-graph import -q -g web
	serve host
	from=$(a_node web)
	run --separate-stderr -0 strato-gpucache pin --graph=web
	[[ "$stderr" == *"runs no kernels"* ]]
	[ "$(strato-gpucache stat -J | jq .pinned)" = 4 ]
	strato-graph info -g web -J >info
	[ "$(strato-gpucache stat -J | jq .upload_bytes)" = \
		"$(jq '2 * (8 * (.nodes + 1) + 4 * .edges)' info)" ]
	cpu_answer "*host memory*" bfs -g web "$from"
	strato-gpucache pin --graph=web -q
	[ "$(strato-gpucache stat -J | jq .pinned)" = 4 ]
	strato-gpucache evict --graph=web
	[ "$(strato-gpucache stat -J | jq .resident)" = 0 ]
	strato-gpucache evict --graph=web
}

@test "pin: no graph is 66, a graph with changes or none of its type is refused" {
	serve host
	run --separate-stderr -66 strato-gpucache pin --graph=web
	edges 50 200 | strato-graph import -q -g web
	run --separate-stderr -1 strato-gpucache pin --graph=web --type=none
	strato-graph edge -g web add new newer
	run --separate-stderr -69 strato-gpucache pin --graph=web
	[[ "$stderr" == *"has changes"*"hint: strato-graph compact "*" -g web"* ]]
	strato-graph compact -g web
	strato-gpucache pin -q --graph=web
	run -64 strato-gpucache pin --graph=web key
	run -64 strato-gpucache pin --graph=web -p key
	run -64 strato-gpucache pin --type=x key
	run -64 strato-gpucache evict --graph=web --unpin
}

@test "a graph that does not fit is refused with the figures, and nothing is left" {
	edges 5000 300000 | strato-graph import -q -g web
	serve host --size=2M
	run --separate-stderr -65 strato-gpucache pin --graph=web
	[[ "$stderr" =~ takes\ [0-9]+\ bytes.*\ [0-9]+\ more.*\ [0-9]+\ can\ be\ pinned ]]
	[[ "$stderr" == *"hint: "*--size=* ]]
	[ "$(strato-gpucache stat -J | jq .resident)" = 0 ]
}

@test "depths and sums are the CPU's: one way, the other, undirected, by types" {
	needs_opencl
	edges 300 700 >few
	edges 2000 30000 $((SEED + 1)) >many
	strato-graph import -q -g few <few
	strato-graph import -q -g many <many
	strato-graph import -q -g both --undirected <few
	awk '{ print $1 "\t" $2 "\tabc" int(NR % 3) }' few |
		strato-graph import -q -g typed -f tsv
	serve cpu
	for graph in few many both typed; do
		strato-gpucache pin --graph=$graph
		from=$(a_node $graph)
		for option in --out --in --all --summary --top=5; do
			same_answer bfs -g $graph $option "$from"
		done
		strato-graph nodes -g $graph -L 20 >sources
		same_answer bfs -g $graph -b --summary sources
		same_answer bfs -g $graph -b sources
	done
	from=$(a_node few)
	cpu_answer "--both" bfs -g few --both "$from"
	cpu_answer "--parents" bfs -g few --parents "$from"
	from=$(a_node both)
	same_answer bfs -g both --both "$from"
	from=$(a_node typed)
	cpu_answer "*not pinned" bfs -g typed --type=abc1 "$from"
	strato-gpucache pin --graph=typed --type=abc1
	same_answer bfs -g typed --type=abc1 "$from"
	cpu_answer "*not pinned" bfs -g typed --type=abc1 --type=abc2 "$from"
	strato-gpucache pin --graph=typed --type=abc2 --type=abc1
	same_answer bfs -g typed --type=abc1 --type=abc2 "$from"
	same_answer bfs -g typed --type=abc1 --type=abc2 --type=abc0 "$from"
}

# Both answer the same bytes to a batch, the device having been asked N times.
same_batch() { # N ARG...
	local n=$1

	shift
	strato-graph bfs "$@" >here || [ $? = 1 ]
	strato-graph bfs "$@" --require=gpu -v >there 2>said || [ $? = 1 ]
	same here there
	[ "$(grep -c "the device answered in" said)" = "$n" ] || fail "not $n: $* $(cat said)"
}

# What a graph's arrays are as they are, in bytes.
plain_bytes() { # GRAPH
	strato-graph info -g "$1" -J | jq "(if .directed then 2 else 1 end) *
		(8 * (.nodes + 1)) + 4 * (if .directed then 2 * .edges else 2 * .edges end)"
}

@test "packed lists go to the device as they are stored, others as plain arrays" {
	needs_opencl
	edges 3000 90000 >many
	strato-graph import -q -g packed <many
	strato-graph import -q -g both --undirected <many
	strato-graph import -q -g raw --layout=csr <many
	strato-graph import -q -g coo --layout=coo <many
	awk '{ print $1 "\t" $2 "\tabc" int(NR % 2) }' many | strato-graph import -q -g typed -f tsv
	edges 3000 1000 | strato-graph import -q -g sparse
	serve cpu
	before=0 upload=0
	for graph in packed:2 both:1 raw:0 coo:0 typed:0 sparse:0; do
		n=${graph#*:} graph=${graph%:*}
		strato-gpucache pin --graph=$graph
		[ "$(strato-gpucache stat -J | jq .unpacked)" = $((before += n)) ] || fail "$graph"
		bytes=$(strato-gpucache stat -J | jq ".upload_bytes - $upload")
		upload=$((upload + bytes))
		if [ "$n" != 0 ]; then
			[ "$bytes" -lt "$(($(plain_bytes $graph) * 9 / 10))" ] || fail "$graph: $bytes"
		fi
		from=$(a_node $graph)
		same_answer bfs -g $graph "$from"
		same_answer bfs -g $graph --in "$from"
		strato-gpucache evict --graph=$graph
	done
	# of one of two types the lists are whole ones, too
	strato-gpucache pin --graph=typed --type=abc1
	[ "$(strato-gpucache stat -J | jq .unpacked)" = $((before + 2)) ]
	same_answer bfs -g typed --type=abc1 "$from"
	strato-gpucache evict --graph=typed
	# nothing is left of what they were unpacked from
	[ "$(strato-gpucache stat -J | jq .resident)" = 0 ]
	[ "$(strato-gpucache stat -J | jq .pinned_bytes)" = 0 ]
	# what there is no room to unpack is brought as it is
	end_service
	serve cpu --size=6M
	strato-gpucache pin --graph=packed
	same_answer bfs -g packed "$(a_node packed)"
}

@test "a batch is asked 64 at a time, and says what the CPU says" {
	needs_opencl
	edges 300 500 >few
	strato-graph import -q -g few <few
	strato-graph import -q -g both --undirected <few
	edges 2000 30000 $((SEED + 1)) | awk '{ print $1 "\t" $2 "\tabc" int(NR % 3) }' |
		strato-graph import -q -g typed -f tsv
	serve cpu
	for graph in few both typed; do
		strato-gpucache pin --graph=$graph
		strato-graph nodes -g $graph | awk 'NR > 140 { exit }
			NR % 10 == 3 { print "nobody" NR }
			{ print; last = $0 }
			END { print last; print last }' >sources
		for option in --out --in; do
			same_batch 3 -g $graph -b --summary $option sources
			same_batch 3 -g $graph -b $option sources
			same_batch 3 -g $graph -b --all $option sources
			same_batch 3 -g $graph -b --top=4 $option sources
		done
		# few are asked one by one, and nobody of none
		head -n 3 sources >three
		same_batch 2 -g $graph -b three
		printf 'nobody\nnothing\n' >none
		same_batch 0 -g $graph -b --summary none
	done
	strato-gpucache pin --graph=typed --type=abc1
	same_batch 3 -g typed -b --type=abc1 sources
	run --separate-stderr -0 strato-graph bfs -g few -b --both --device=gpu --summary \
		<(strato-graph nodes -g few -L 20)
	[[ "$stderr" == *"the CPU answers: --both"* ]]
}

@test "bits that turn on the way back: the right answer, or the CPU's" {
	needs_opencl
	layer=$STRATO_BUILD/tests/gpu/fault_layer.so
	[ -e "$layer" ] || skip "there is no OpenCL layer: apt install opencl-c-headers"
	edges 300 900 | strato-graph import -q -g web
	strato-graph nodes -g web -L 30 >sources
	from=$(a_node web)
	for k in 1 2 3 4 5 6 7 8; do
		OPENCL_LAYERS=$layer FAULT=1:flip:$k serve cpu
		strato-gpucache pin --graph=web
		same_answer bfs -g web "$from"
		same_answer bfs -g web -b sources
		end_service
	done
	OPENCL_LAYERS=$layer FAULT=1:flips:5 serve cpu
	strato-gpucache pin --graph=web		# which reads four times
	cpu_fails bfs -g web "$from"
}

@test "a batch on long ways: more room for depths is asked for, then one by one" {
	needs_opencl
	serve cpu
	for n in 31 32 33 255 256 257 300; do
		seq $n | awk '{ print $1 - 1, $1 }' | strato-graph import -q -g chain$n
		strato-gpucache pin --graph=chain$n
		seq 0 9 >sources
		same_batch $((n <= 255 ? 1 : 10)) -g chain$n -b sources
		same_batch $((n <= 255 ? 1 : 10)) -g chain$n -b --summary --out sources
		strato-gpucache evict --graph=chain$n
	done
}

@test "a batch without the memory that many take is asked one by one" {
	needs_opencl
	edges 60000 200000 | strato-graph import -q -g web --undirected
	serve cpu --size=6M
	strato-gpucache pin --graph=web
	strato-graph nodes -g web -L 10 >sources
	same_batch 10 -g web -b --summary sources
}

@test "a node of more than a million edges, of one type and of three" {
	needs_opencl
	awk 'BEGIN { for (i = 1; i <= 1100000; i++) {
		print 0, i
		if (i % 50 == 0)
			print i, i / 2
	} }' | strato-graph import -q -g star
	strato-graph export -g star -f el | awk '{ print $1 "\t" $2 "\tt" NR % 3 }' |
		strato-graph import -q -g typed -f tsv
	serve cpu --size=128M
	for graph in star typed; do
		strato-gpucache pin --graph=$graph
		same_answer bfs -g $graph --summary 0
		same_answer bfs -g $graph --summary --in 77
		same_answer bfs -g $graph --summary 1099950
		strato-gpucache evict --graph=$graph
	done
}

@test "paths of the device have the CPU's lengths, and are paths" {
	needs_opencl
	edges 400 900 >few
	strato-graph import -q -g few <few
	awk '{ print $1 "\t" $2 "\tt" int(NR % 2) }' few | strato-graph import -q -g typed -f tsv
	serve cpu
	for graph in few typed; do
		strato-gpucache pin --graph=$graph
		strato-graph nodes -g $graph | awk -v x="$SEED" '
			{ key[NR] = $0 }
			END {
				for (x %= 4294967296; n < 60; n++) {
					x = (x * 1664525 + 1013904223) % 4294967296
					from = int(x / 65536) % NR + 1
					print key[from] "\t" key[n % NR + 1]
				}
			}' >pairs
		strato-graph path -g $graph -b pairs >here || [ $? = 1 ]
		strato-graph path -g $graph -b pairs --require=gpu >there || [ $? = 1 ]
		same here there
		awk -F'\t' '$3 > 1 && $3 < 99' here | head -n 5 >some
		[ -s some ]
		while IFS=$TAB read -r from to hops cost; do
			strato-graph path -g $graph -l --require=gpu "$from" "$to" |
				tr '\t' '|' >steps
			[ "$(wc -l <steps)" = $((hops + 1)) ]
			[ "$(head -n 1 steps | cut -d'|' -f1)" = "$from" ]
			[ "$(tail -n 1 steps | cut -d'|' -f1)" = "$to" ]
			before=
			while IFS='|' read -r node step type cost; do
				[ -z "$before" ] || strato-graph neighbors -g $graph -l \
					${type:+--type=$type} "$before" | cut -f1 | grep -qx "$node"
				before=$node
			done <steps
		done <some
	done
	IFS=$TAB read -r from to <pairs
	run -1 strato-graph path -g typed --require=gpu "$from" nobody
	run --separate-stderr -69 strato-graph path -g typed --require=gpu -k 2 "$from" "$to"
}

# Of two lists of ranks: all together differ by less than MOST.
agree() { # HERE THERE MOST
	paste "$1" "$2" | awk -F'\t' -v most="$3" '
		function abs(v) { return v < 0 ? -v : v }
		{ sum += abs($2 - $4) }
		$1 != $3 { bad = 1; print }
		END { exit bad || NR == 0 || sum >= most }'
}

@test "ranks are the CPU's to the last digit, but where it rounds as is tolerated" {
	needs_opencl
	edges 3000 40000 >many
	strato-graph import -q -g many <many
	strato-graph import -q -g both --undirected <many
	edges 100 90 | strato-graph import -q -g few
	serve cpu
	for graph in many both few; do
		strato-gpucache pin --graph=$graph
		for option in --iterations=7 "--iterations=100 --damping=0.5" --iterations=0 \
			"--iterations=3 --damping=0" "--iterations=3 --damping=1"; do
			strato-graph pagerank -g $graph $option >here
			strato-graph pagerank -g $graph $option --require=gpu >there
			[ -s here ] && cmp here there || fail "$graph $option (seed $SEED)"
		done
		strato-graph pagerank -g $graph --tolerance=1e-9 >here
		strato-graph pagerank -g $graph --tolerance=1e-9 --require=gpu >there
		cmp here there || fail "$graph 1e-9 (seed $SEED)"
		for tolerance in 1e-6 1e-3; do
			strato-graph pagerank -g $graph --tolerance=$tolerance >here
			strato-graph pagerank -g $graph --tolerance=$tolerance --require=gpu >there
			agree here there $(awk "BEGIN { print 2 * $tolerance }") ||
				fail "$graph $tolerance (seed $SEED)"
		done
	done
}

@test "a graph that changed is answered as it is now; pinned again it takes no more" {
	needs_opencl
	edges 200 900 | strato-graph import -q -g web
	serve cpu
	strato-gpucache pin --graph=web
	strato-gpucache stat -J | jq .resident >before
	from=$(a_node web)
	same_answer bfs -g web "$from"
	strato-graph edge -g web add "$from" new
	cpu_answer "the graph has changes" bfs -g web "$from"
	strato-graph compact -g web
	cpu_answer "*not pinned" bfs -g web "$from"
	strato-gpucache pin --graph=web
	same_answer bfs -g web "$from"
	[ "$(strato-gpucache stat -J | jq .resident)" = "$(cat before)" ]
	edges 100 300 $((SEED + 1)) | strato-graph import -q -g web --replace
	from=$(a_node web)
	cpu_answer "*not pinned" bfs -g web "$from"
	strato-graph rm web
	strato-gpucache evict --graph=web
	[ "$(strato-gpucache stat -J | jq .resident)" = 0 ]
}

@test "a service killed in the middle of a walk: the CPU answers" {
	needs_opencl
	edges 3000 40000 | strato-graph import -q -g web
	strato-graph pagerank -g web --iterations=10000 >here
	for how in KILL STOP; do
		serve cpu
		strato-gpucache pin --graph=web
		strato-graph pagerank -g web --iterations=10000 --device=gpu >there 2>said 3>&- &
		client=$!
		sleep 0.03		# long before it is done
		kill -$how "$SERVICE"
		wait $client
		grep -q "the CPU answers: .*cache service" said || fail "$how: $(cat said)"
		same here there
		end_service
	done
}

@test "auto asks where a calibration says so; a broken one is ignored with a note" {
	needs_opencl
	edges 200 900 | strato-graph import -q -g web
	serve cpu
	strato-gpucache pin --graph=web
	from=$(a_node web)
	head=strato-gpucache-calibration\ 1
	printf '%s\ndevice x\nbfs 1\npagerank 99999999\n' "$head" >S/gpucache.calibration
	run --separate-stderr strato-graph bfs -g web -v --device=auto "$from"
	[[ "$stderr" == *"the device answered in "* ]]
	run --separate-stderr strato-graph pagerank -g web -v --device=auto
	[[ "$stderr" != *"the device answered"* ]]
	run --separate-stderr strato-graph path -g web -v --device=auto "$from" "$from"
	[[ "$stderr" != *"the device answered"* ]]
	for text in "bfs 1" "$head" "$head\nbfs x\n" "$head\nbfs 1" "$head\n\n" ""; do
		printf "$text" >S/gpucache.calibration
		run --separate-stderr strato-graph bfs -g web -v --device=auto "$from"
		[[ "$stderr" != *"the device answered"* ]]
		run --separate-stderr strato-graph bfs -g web --device=auto "$from"
		[ "$status" = 0 ]
		[[ "$stderr" == *"no calibration: gpucache.calibration: line "* ]] ||
			fail "$text: $stderr"
	done
}

@test "bench --calibrate writes what auto reads; bench measures a value" {
	edges 300 900 | strato-graph import -q -g web
	seeded 5000 >value
	strato-put value <value
	serve host
	strato-gpucache bench --runs=3 value >out
	[ "$(cut -f1 out | tr '\n' ' ')" = "request hit get read_back miss load upload " ]
	awk -F'\t' 'NF != 6 || $4 > $3 || $3 > $5 || $6 != 3 { exit 1 }' out
	strato-gpucache bench --runs=3 value -J | jq -es 'length == 7 and all(.median > 0)'
	run -1 strato-gpucache bench nothing
	run -64 strato-gpucache bench
	run -64 strato-gpucache bench --graph=web value
	run --separate-stderr -69 strato-gpucache bench --calibrate -g web
	[[ "$stderr" == *"is not pinned"*"hint: strato-gpucache pin"* ]]
	strato-gpucache pin -q --graph=web
	run -69 strato-gpucache bench --calibrate -g web
	[ ! -e S/gpucache.calibration ]
	end_service

	needs_opencl
	serve cpu
	strato-gpucache pin --graph=web
	strato-gpucache bench --calibrate -g web --runs=3 >out
	[ "$(cut -f1 out | tr '\n' ' ')" = "bfs_device bfs_cpu path_device path_cpu \
pagerank_device pagerank_cpu " ]
	head -n 1 S/gpucache.calibration | grep -qx "strato-gpucache-calibration 1"
	edge_n=$(strato-graph info -g web -J | jq .edges)
	run --separate-stderr -0 strato-walcheck -v --full
	[[ "$stderr" != *gpucache* ]] || fail "$stderr"
	[ "$(grep -Ecx "(bfs|path|pagerank) (-|$edge_n)" S/gpucache.calibration)" = 3 ]
	run --separate-stderr strato-graph bfs -g web --device=auto "$(a_node web)"
	[ "$status" = 0 ]
	[ -z "$stderr" ]
}
