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

# An undirected edge may be said either way round.
normal() { # GRAPH
	local turn=.
	[ "$(strato-graph info -g "$1" -J | jq .undirected)" = false ] ||
		turn='if .from > .to then . + { from: .to, to: .from } else . end'
	strato-graph export -g "$1" -f jsonl | jq -Sc "$turn"'
		| if .props == {} or .props == null then del(.props) else . end' | sort
}

# diff of two states that lie in different segments, whatever came between
across() { # ROUNDS IMPORT-OPTION...
	local rounds=$1 flag
	shift
	for ((i = 0; i < rounds; i++)); do
		random_ops $((SEED + 100 + 3 * i)) 40 | sed 's/w0=/weight=/' >before
		random_ops $((SEED + 101 + 3 * i)) 40 >between
		random_ops $((SEED + 102 + 3 * i)) 20 | sed 's/w1=/weight=/' >after
		strato-graph apply before
		strato-snapshot "s$i"
		strato-graph export -f jsonl | sort >was
		strato-graph apply between
		case $((i % 3)) in
		0) strato-graph compact -q ;;
		1) strato-graph compact -q; strato-graph convert -q --order=degree --layout=csr ;;
		2) printf 'k1\tzed%d\tt\nk3\tk4\tu\n' $i |
			strato-graph import -q --append -f tsv ;;
		esac
		strato-graph apply after
		[ $((i % 2)) = 0 ] && flag=-J || flag=
		run strato-graph diff $flag "s$i"
		[ "$status" = 1 ] || fail "$output, seed $SEED"
		printf '%s\n' "$output" >difference
		[ "$(grep -c commit difference)" = 1 ]
		strato-graph import -q -g model$i -f jsonl "$@" was
		strato-graph apply -g model$i difference
		normal default >want
		normal "model$i" | diff want - || fail "seed $SEED, round $i"
		strato-graph compact -q
		strato-snapshot "t$i"
		strato-graph compact -q -g model$i
		[ -z "$(strato-graph diff "t$i")" ]
	done
}

@test "diff across compactions, conversions and appends gives the second state, too" {
	across 6
}

@test "the same of an undirected graph" {
	strato-graph rm default
	strato-graph import -q -f el --undirected <<<'k1 k2'
	across 3 --undirected
}

@test "the same of a graph whose keys were numbers first" {
	strato-graph rm default
	strato-graph import -q -f el <<<$'10 9\n9 100\n100 7'
	strato-snapshot first
	strato-graph apply <<<"edge${TAB}10${TAB}k1${TAB}${TAB}weight=1
del-node${TAB}7${TAB}cascade"
	strato-graph compact -q
	run strato-graph diff first
	[ "$(sort <<<"$output")" = "commit
del-node${TAB}7${TAB}cascade
edge${TAB}10${TAB}k1${TAB}${TAB}weight=1" ]
	across 3
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

@test "what was imported is in no log, and a line says so" {
	v=$(strato-graph apply --ack <<<"node${TAB}before" | cut -f2)
	printf 'x\ty\tt\n' | strato-graph import -q --append -f tsv
	strato-graph apply <<<"node${TAB}after"
	[ -z "$(strato-graph log | grep import)" ]
	[ "$(strato-graph log --since="$v" | cut -f1,2)" = "import${TAB}$((v + 1))
del-node${TAB}after
node${TAB}after
commit" ]
	[ "$(strato-graph log -J --since="$v" | head -1)" = "{\"op\":\"import\",\"id\":\"$((v + 1))\"}" ]
	[ -z "$(strato-graph log --since="$((v + 1))" | grep import)" ]
	for flag in '' -J; do
		strato-graph log $flag --since="$v" >log
		run -65 strato-graph apply -s copy log
		[[ $output == *'log line 1: an import: '*"'strato-graph diff' has"* ]]
	done
	# neither order, name nor index hide it; folding ends what the log knows
	strato-graph index -q x
	strato-graph mv default other
	[ "$(strato-graph log -g other --since="$v" | head -1)" = "import${TAB}$((v + 1))" ]
	strato-backup -q -o image
	strato-restore -q restored image
	[ "$(strato-graph log -s restored -g other --since="$v" | head -1)" = "import${TAB}$((v + 1))" ]
	strato-graph compact -q -g other
	run -66 strato-graph log -g other --since="$v"
	w=$(strato-graph apply -g other --ack <<<"node${TAB}more" | cut -f2)
	[ -z "$(strato-graph log -g other --since="$((w - 1))" | grep import)" ]
	printf 'a\tb\n' | strato-graph import -q -g other --replace -f tsv
	[ "$(strato-graph log -g other --since="$w")" = "import${TAB}$((w + 1))" ]
}

waits() { # COMMAND
	for ((i = 0; i < 600; i++)); do
		"$@" && return 0
		sleep 0.1
	done
	fail "$* came to nothing"
}

@test "an import between two commits comes between them, for who follows, too" {
	v=$(strato-graph apply --ack <<<"node${TAB}first" | cut -f2)
	strato-graph log --since="$((v - 1))" --follow >log &
	pid=$!
	waits grep -q commit log
	printf 'x\ty\tt\n' | strato-graph import -q --append -f tsv
	waits grep -q import log
	strato-graph apply <<<"node${TAB}last"
	waits grep -q last log
	kill -TERM $pid
	rc=0
	wait $pid || rc=$?
	[ $rc = 143 ]
	[ "$(grep -v ^del- log)" = "node${TAB}first
commit
import${TAB}$((v + 1))
node${TAB}last
commit" ]
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
	[[ $output == *"in its segments"*"hint: "*"diff"*"--keep"* ]]
	run strato-graph diff one
	[ "$status" = 1 ]
	[ "$output" = "node${TAB}b
commit" ]
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
