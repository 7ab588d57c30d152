# tests/cmd/graph_log.bats - what changed, and that applied elsewhere it is the same
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s
	cd "$W"
	for s in s copy; do
		strato-init -O log_size=1M $s
		strato-graph import -q -s $s -f jsonl <<-'END'
			{"id":"k1","labels":["Old"],"props":{"x":1,"gone":"soon"}}
			{"from":"k1","type":"t","to":"k2","props":{"p":"q"}}
			{"from":"k2","type":"","to":"k1"}
		END
	done
}

random_ops() { # SEED N
	awk -v seed="$1" -v n="$2" 'function k() { return "k" int(rand() * 9) }
		BEGIN { srand(seed); OFS = "\t"
		for (i = 0; i < n; i++) {
			r = rand()
			if (r < .3) print "node", k(), ":L" int(rand() * 3), "a=" int(rand() * 9), "!gone"
			else if (r < .4) print "node", k(), "b=1e3", "t=x\\ty"
			else if (r < .75) print "edge", k(), k(), "t", "w" int(rand() * 3) "=" i
			else if (r < .85) print "del-edge", k(), k(), "t"
			else if (r < .9) print "del-node", k()
			else if (r < .95) print "del-node", k(), "cascade"
			else print "{\"op\":\"node\",\"id\":\"" k() "\",\"props\":{\"s\":\"12\",\"j\":{\"@value\":\"x\",\"@language\":\"en\"}}}"
			if (rand() < .4) print "commit" }
		print "commit" }'
}

all() { # STORE
	strato-graph export -s "$1" -f jsonl | sort
}

@test "diff of two snapshots, applied to a copy of the first, gives the second" {
	for i in 1 2 3 4 5 6; do
		random_ops $((SEED + 2 * i)) 30 >before
		random_ops $((SEED + 2 * i + 1)) 30 >after
		strato-graph apply before
		strato-graph apply -s copy before
		strato-snapshot "v$i"
		strato-graph apply after
		strato-snapshot "w$i"
		[ $((i % 2)) = 0 ] && flag=-J || flag=
		run strato-graph diff $flag "v$i" "w$i"
		[ "$status" = 1 ]
		printf '%s\n' "$output" | strato-graph apply -s copy
		all s >want
		all copy | diff want - || fail "seed $SEED"
		strato-graph diff "w$i" "w$i"
	done
}

@test "log --since is what came after a version, commit by commit" {
	random_ops "$SEED" 20 >before
	strato-graph apply before
	v=$(strato-graph apply --ack <<<"node${TAB}mark" | cut -f2)
	strato-backup -q -o image
	strato-restore -q restored image
	random_ops $((SEED + 1)) 40 >after
	strato-graph apply after
	strato-graph log --since="$v" >log
	strato-graph apply -s restored log
	all s >want
	all restored | diff want - || fail "seed $SEED"
	[ "$(tail -1 log)" = commit ]
	strato-graph log -J --since="$v" | jq -e .op >/dev/null
	strato-graph log >all
	strato-graph apply -s copy all
	all copy | diff want - || fail "seed $SEED"
}

@test "values that tsv would change are lines of JSON" {
	strato-graph apply <<<'{"op":"edge","from":"k1","type":"t","to":"k9","props":{"s":"12","!n":1,"weight":"heavy"}}'
	strato-graph apply <<<"edge${TAB}k1${TAB}k8${TAB}${TAB}n=12${TAB}m=a\\tb"
	strato-graph log >log
	[ "$(grep -v del-edge log | head -3)" = \
		"{\"op\":\"edge\",\"from\":\"k1\",\"type\":\"t\",\"to\":\"k9\",\"props\":{\"!n\":1,\"s\":\"12\",\"weight\":\"heavy\"}}
commit
edge${TAB}k1${TAB}k8${TAB}${TAB}m=a\\tb${TAB}n=12" ]
}

@test "what was folded into the segments is not listed, and that is said" {
	v=$(strato-graph apply --ack <<<"node${TAB}a" | cut -f2)
	strato-snapshot one
	strato-graph apply <<<"node${TAB}b"
	strato-graph compact -q
	[ -z "$(strato-graph log)" ]
	run strato-graph log --since="$v"
	[ "$status" = 66 ]
	[[ $output == *"in its segments"* ]]
	run strato-graph diff one
	[ "$status" = 66 ]
	strato-graph apply <<<"node${TAB}c"
	[ "$(strato-graph log | grep -v del)" = "node${TAB}c
commit" ]
}

@test "log --follow waits for more, until it is told to stop" {
	strato-graph log --follow >followed &
	pid=$!
	for i in 1 2 3; do
		strato-graph node "n$i" x=$i
		for ((t = 0; t < 200; t++)); do
			grep -q "^node${TAB}n$i" followed && break
			sleep 0.05
		done
	done
	kill -TERM $pid
	rc=0
	wait $pid || rc=$?
	[ $rc = 143 ]
	[ "$(grep -c '^node' followed)" = 3 ]
	[ "$(grep -c '^commit' followed)" = 3 ]
}
