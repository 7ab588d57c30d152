# tests/cmd/bench.bats - strato-bench: figures with what they were made with
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	cd "$W"
	mkdir place
	unset STRATO_STORE
	quick="--size=1M --time=2ms --runs=3"
}

bench() { strato-bench nvme_throughput $quick "$@"; }

@test "each figure is METRIC UNIT MEDIAN MIN MAX RUNS, and the median lies between" {
	bench place >out
	grep -v '^#' out >figures
	[ -z "$(awk -F'\t' 'NF != 6 || $6 != 3 || $3 < $4 || $3 > $5 || $4 <= 0' figures)" ]
	[ -z "$(cut -f2 figures | grep -vx 'MB/s\|IOPS\|us')" ]
	[ "$(cut -f1 figures | sort | uniq -d | wc -l)" = 0 ]
}

@test "random reads and writes have each depth from 1 to 128, and three percentiles" {
	bench -O direct_io=off place | cut -f1 >metrics
	for d in 1 2 4 8 16 32 64 128; do
		for op in read write; do
			for p in '' -p50 -p99 -p99.9; do
				grep -qx "random-$op-buffered-qd$d$p" metrics
			done
		done
	done
	[ "$(grep -c '^sequential-.*buffered$' metrics)" = 2 ]
}

@test "percentiles do not fall" {
	bench --only=random place | awk -F'\t' '/^#/ { next }
		/-p50\t/ { a = $3 } /-p99\t/ { b = $3 } /-p99.9\t/ { if (!(a <= b && b <= $3)) print }' >wrong
	[ ! -s wrong ]
}

@test "I/O mode, device and settings stand behind the figures" {
	bench --only=sequential place | grep '^#' >beside
	grep -q '^# I/O mode: ' beside
	grep -q '^# device: ' beside
	grep -q '^# settings: .*1M.* 2ms .* 3 runs' beside
	bench --only=sequential -J place | jq -se '
		(.[:-1] | all(.metric and .unit and .runs == 3 and .min <= .median and .median <= .max))
		and (.[-1] | .io_mode and .device and .size_bytes == 1048576 and .time_ns == 2000000)'
}

@test "direct_io decides what is measured" {
	bench -O direct_io=off place | grep -v '^#' | cut -f1 >metrics
	[ -s metrics ]
	[ "$(grep -c direct metrics)" = 0 ]
	if bench -O direct_io=on place >out 2>err; then
		[ "$(grep -v '^#' out | grep -c buffered)" = 0 ]
		grep -q '^random-read-direct-qd128' out
	else
		grep -qF '[unavailable]' err
	fi
}

@test "where direct I/O is refused: buffered with auto, 69 with on" {
	[ -d /dev/shm ] && [ "$(stat -f -c %T /dev/shm)" = tmpfs ] || skip "no tmpfs at /dev/shm"
	d=$(mktemp -d /dev/shm/bench.XXXXXX)
	bench --only=sequential "$d" >out
	run --separate-stderr bench -O direct_io=on --only=sequential "$d"
	rmdir "$d"
	if grep -q direct$TAB out; then skip "this tmpfs has direct I/O"; fi
	grep -q '^sequential-read-buffered' out
	grep -q '^# I/O mode: buffered only: this file system refuses' out
	[ "$status" = 69 ]
	[[ "$stderr" == *"[unavailable]" ]]
}

@test "no file is left: after the end, an interruption, a kill" {
	bench place >out
	[ -z "$(ls -A place)" ]
	for signal in INT TERM KILL; do
		rc=0
		setsid env --default-signal=INT strato-bench nvme_throughput --size=1M \
			--time=1h --progress=never place >out 2>err &
		pid=$!
		# its file is open and nameless: there, and gone from the folder
		for ((i = 0; i < 200; i++)); do
			ls -l /proc/$pid/fd 2>err2 | grep -q 'tmp (deleted)' && break
			sleep 0.05
		done
		[ $i -lt 200 ]
		[ -z "$(ls -A place)" ]
		kill -$signal $pid
		wait $pid || rc=$?
		[ $rc = $((128 + $(kill -l $signal))) ]
		[ -z "$(ls -A place)" ]
		[ ! -s out ]
	done
}

@test "in a store: the file is in its tmp/, its settings hold, and nothing is changed" {
	strato-init -O direct_io=off kv
	strato-put -s kv -d v k
	files_of kv >before
	bench -s kv >out
	files_of kv >after
	same before after
	grep -q '^# I/O mode: buffered only: direct_io is off' out
	STRATO_STORE=$W/kv bench --only=sequential >out2
	same <(cut -f1 out2 | grep ^seq) <(cut -f1 out | grep ^seq)
}

@test "an existing file is never touched, nor is a file a place" {
	echo mine >place/.strato-bench
	bench --only=sequential place >out
	[ "$(cat place/.strato-bench)" = mine ]
	run --separate-stderr -66 bench nowhere
	[[ "$stderr" == *"[no-file]" ]]
	[ ! -e nowhere ]
	echo file >file
	run --separate-stderr bench file
	[ "$status" -ge 64 ]
	[ "$(cat file)" = file ]
}

@test "a full disk is said before anything is measured" {
	run --separate-stderr -74 strato-bench nvme_throughput --size=16T place
	[[ "$stderr" == *"[no-space]"* ]]
	[ -z "$output" ]
	[ -z "$(ls -A place)" ]
}

@test "words out of their range are refused" {
	run -64 bench --size=4K place
	run -64 bench --time=5 place
	run -64 bench --runs=0 place
	run -64 bench --only=randm place
	run -64 bench -s place place
	run -64 bench
	run -64 bench place place
}

@test "graph_traversal: a made graph, every question, the same graph for a seed; nothing is left" {
	strato-bench graph_traversal --scale=8 --runs=3 --sources=2 --threads=2 >out
	[ "$(grep -v '^#' out | cut -f 1,2,6)" = "$(printf '%s\t%s\t3\n' open us neighbors nodes/s \
		path pairs/s bfs edges/s pagerank edges/s wcc edges/s triangles edges/s)" ]
	awk -F'\t' '!/^#/ && !($4 > 0 && $4 <= $3 && $3 <= $5) { exit 1 }' out
	grep '^# graph: ' out >one
	strato-bench graph_traversal --scale=8 --runs=1 --threads=1 --only=wcc | grep '^# graph: ' | diff one -
	! strato-bench graph_traversal --scale=8 --runs=1 --seed=2 --only=wcc | grep -qxF "$(<one)" ||
		fail "another seed, the same graph"
	[ "$(find . -newer place -type f ! -name out ! -name one)" = "" ]
}

@test "graph_traversal of a store's graph: read only, changes and all" {
	printf 'a b\nb c\nc a\n' | strato-graph import -q --create -s kv -g g -f el
	strato-graph edge -s kv -g g c d
	strato-bench graph_traversal -s kv -g g --runs=1 -J >out
	[ "$(tail -n 1 out | grep -o '"nodes":4,"edges":4')" ]
	[ "$(wc -l <out)" = 8 ]
	run --separate-stderr -66 strato-bench graph_traversal -s kv -g none
	[[ "$stderr" == *'[no-graph]'* ]]
	run -66 strato-bench graph_traversal -s nowhere
	run -64 strato-bench graph_traversal -s kv --scale=8
	run -64 strato-bench graph_traversal --only=x
	strato-walcheck -s kv
}

@test "gpu_cache: hits, misses and batches, found or not as they must be; nothing is left" {
	strato-bench gpu_cache --keys=2000 --lookups=4096 --runs=2 place >out
	[ "$(grep -v '^#' out | cut -f 1,2,6)" = "$(printf '%s\tns\t2\n' hit-zipf hit miss hit-batched)" ]
	[ -z "$(ls -A place)" ]
	run -66 strato-bench gpu_cache nowhere
	run -64 strato-bench gpu_cache --keys=1
	run --separate-stderr -64 strato-bench nvme_throughputs
	[[ "$stderr" == *"did you mean"*nvme_throughput* ]]
	run -64 strato-bench
}

@test "figures become a table, JSON and a page; each judged by README.md's bounds" {
	local bench=$STRATO_SOURCE/bench
	printf '# machine: <two> & "three"\n# group one\nput-over-version\tratio\t%s\t1\t2\t5\n' 1.3 >first
	{
		printf '# machine: <two> & "three"\n# group one\n'
		printf 'put-over-version\tratio\t1.6\t1.5\t1.7\t5\nget-over-version\tratio\t9\t8\t10\t5\n'
		printf 'put-thing\tus\t10\t9\t11\t5\nput-thing-peer\tus\t\t\t\t0\n'
	} >last
	awk -v draw=1 -f "$bench/targets.awk" -f "$bench/table.awk" "$bench/README.md" last >table
	grep -Eq '^put-over-version +1.6 .* bar +#########$' table
	grep -Eq '^get-over-version +9 .* MISSED #$' table
	awk -f "$bench/targets.awk" -f "$bench/table.awk" "$bench/README.md" last >plain
	! grep -q '#$' plain || fail "bars where none were asked for"
	awk -f "$bench/targets.awk" -f "$bench/report.awk" "$bench/README.md" first last >page
	grep -q "machine: &lt;two&gt; &amp; &quot;three&quot;" page
	grep -q "put-over-version<td class='n'>1.6.*class='bar'.*polyline.*1.3 .. 1.6" page
	grep -q "get-over-version<td class='n'>9.*class='MISSED'" page
	grep -q "put-thing<td class='n'>10.*class='none' width='120.0'" page
	grep -q "put-thing-peer.*not here" page
	! grep -Eq '(src|href)=|http' page || fail "it needs something else"
	awk -f "$bench/json.awk" last >json
	if command -v jq >/dev/null; then
		[ "$(jq -r '.figures | map(.metric) | join(" ")' json)" = \
			"put-over-version get-over-version put-thing put-thing-peer" ]
		[ "$(jq -c '.figures[3]' json)" = \
			'{"group":"one","metric":"put-thing-peer","unit":"us","runs":0}' ]
		[ "$(jq -r '.about[0]' json)" = 'machine: <two> & "three"' ]
	fi
}
