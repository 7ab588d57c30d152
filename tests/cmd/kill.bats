# tests/cmd/kill.bats - processes that are killed, interrupted, and many at once
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	S=$W/kv
	export STRATO_STORE=$S
	strato-init -O log_size=1M "$S"
	RANDOM=$((SEED % 32768))
}

# Records of round N: keys N/000000 on, in order, values of some length.
records() { # N COUNT
	awk -v r="$1" -v n="$2" 'BEGIN { for (i = 0; i < n; i++)
		printf "%d/%06d\tvalue %d of round %d %0200d\n", r, i, i, r, i }'
}

# What is there of a round: its keys must be the first so many, with their values.
there() { # N -> count
	strato-ls --values "$1/" >"$W/there"
	records "$1" "$(wc -l <"$W/there")" | cmp - "$W/there" >&2 ||
		fail "round $1 is not a prefix of its records (seed $SEED)"
	wc -l <"$W/there"
}

@test "kill -9 at random moments: what was acknowledged is there, groups are whole" {
	rounds=$(scaled 200) acknowledged=0
	for ((r = 0; r < rounds; r++)); do
		: >"$W/acks"	# the process may be killed before it does
		# more than anybody puts in that time
		strato-put -b -a --commit-every=40 < <(records $r 200000) >"$W/acks" &
		pid=$!
		# the first one, however slow the machine is, acknowledges something
		while [ $r = 0 ] && [ ! -s "$W/acks" ] && kill -0 $pid; do
			sleep 0.01
		done
		sleep 0.0$((RANDOM % 40 + 10))
		kill -9 $pid
		ended_or_killed $pid
		count=$(tail -n 1 "$W/acks" | cut -f1)
		n=$(there $r)
		[ "$n" -ge "${count:-0}" ] || fail "round $r: $count acknowledged, $n there (seed $SEED)"
		[ $((n % 40)) = 0 ] || fail "round $r: $n is half a group (seed $SEED)"
		acknowledged=$((acknowledged + ${count:-0}))
	done
	[ "$acknowledged" -gt 0 ]
	run strato-walcheck --full
	[ "$status" -le 1 ]
	strato-put -d v after
	[ -z "$(ls "$S/tmp")" ]
}

@test "kill -9 in the middle of a large value leaves the old one" {
	strato-put -d old big
	for i in 1 2 3 4 5; do
		{ seeded 300000; sleep 0.2; seeded 300000; } | strato-put big &
		pid=$!
		sleep 0.1
		kill -9 $pid
		ended_or_killed $pid
		[ "$(strato-get big)" = old ]
	done
	strato-put -d new other
	strato-walcheck --full
}

@test "four putters at once: none fails, nothing is lost" {
	n=$(scaled 100)
	for p in 1 2 3 4; do
		(for ((i = 0; i < n; i++)); do strato-put -d "$p/$i" "k$p/$i" || exit 1; done) &
		pids="$pids $!"
	done
	for pid in $pids; do wait "$pid"; done
	[ "$(strato-ls --count)" = $((4 * n)) ]
	strato-ls --values | awk -F'\t' '"k" $2 != $1 { exit 1 }'
	[ "$(strato-walcheck -l | cut -f1 | sort -n | uniq -d)" = "" ]
}

@test "a reader sees both halves of a commit, or neither" {
	printf 'a\t0\nb\t0\n' | strato-put -b --atomic
	(for ((i = 1; i <= $(scaled 150); i++)); do
		printf 'a\t%d\nb\t%d\n' $i $i | strato-put -b --atomic || exit 1
	done) &
	writer=$!
	while kill -0 $writer 2>/dev/null; do
		[ "$(strato-get -b a b | cut -f2 | sort -u | wc -l)" = 1 ]
	done
	wait $writer
}

interrupted() { # SIGNAL STATUS
	mkfifo "$W/pipe.$1"
	strato-put -b <"$W/pipe.$1" 2>"$W/err" &
	pid=$!
	exec 7>"$W/pipe.$1"
	printf '%s/%d\tv\n' $1 1 $1 2 $1 3 >&7
	for ((i = 0; i < 100; i++)); do
		strato-get -e $1/3 && break
		sleep 0.05
	done
	kill -"$1" $pid
	rc=0
	wait $pid || rc=$?
	exec 7>&-
	[ $rc = "$2" ]
	grep -q "3 records are durable" "$W/err"
	[ "$(strato-ls --count $1/)" = 3 ]
}

@test "SIGINT, SIGTERM, SIGHUP: the status says so, the count is what is stored" {
	# a shell without job control starts background jobs with SIGINT ignored
	set -m
	interrupted INT 130
	interrupted TERM 143
	interrupted HUP 129
	[ -z "$(ls "$S/tmp")" ]
}
