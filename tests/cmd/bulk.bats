# tests/cmd/bulk.bats - strato-put --batch of more than the log takes at once
load ../lib/common

# Keys count down, so that a prefix of the input is a suffix of the keys, and the
# first keys come last.  200 000 records are 23 MiB: a bulk load.
ALL=400000
HALF=200000

setup() {
	W=$BATS_TEST_TMPDIR
	S=$W/kv
	export STRATO_STORE=$S
	strato-init "$S"
	LC_ALL=C awk -v n=$ALL 'BEGIN {
		for (i = 1; i < 100; i++) pad = pad "x"
		for (i = 1; i <= n; i++) printf "%08d\t%d%s\n", 10000000 - i, i % 10, pad
	}' >"$W/in"
}

# The store holds exactly the first N records of the input, N as printed.
a_prefix() {
	local n
	n=$(strato-ls --count)
	[ "$n" = 0 ] || [ "$(strato-ls -L 1)" = "$(printf %08d $((10000000 - n)))" ] ||
		fail "$n records are not the first $n"
	echo "$n"
}

@test "a bulk load, in one commit or as it flows, gives every record once, the last one wins" {
	head -n 1000 "$W/in" | sed 's/\t.*/\t\\N/' >"$W/removed"
	sed -n '1001,2000s/\t.*/\tlater/p' "$W/in" >"$W/changed"
	{ sed 's/\t.*//' "$W/changed" | sed 's/$/\tlater/'; tail -n +2001 "$W/in"; } |
		LC_ALL=C sort >"$W/want"
	cat "$W/in" "$W/removed" "$W/changed" | strato-put -b
	strato-ls --values >"$W/got"
	same "$W/want" "$W/got"
	strato-put -s "$W/one" -c -b --atomic "$W/in" "$W/removed" "$W/changed"
	strato-ls -s "$W/one" --values >"$W/got"
	same "$W/want" "$W/got"
	[ "$(strato-stat -J | jq -r .version)" = 1 ]
	strato-walcheck --full
	[ -z "$(ls "$S/tmp")" ]
}

@test "a bulk load over a store that has the keys replaces them, and its old files go" {
	sed 's/\t.*/\told/' "$W/in" | strato-put -b
	strato-put -b <"$W/in"
	strato-put -d newest 09999999
	strato-ls --values | LC_ALL=C sort >"$W/got"
	{ sed 1d "$W/in"; printf '09999999\tnewest\n'; } | LC_ALL=C sort >"$W/want"
	same "$W/want" "$W/got"
	strato-compact
	strato-walcheck --full
	[ "$(find "$S/seg" -name 'run-*' | wc -l)" = 1 ]
}

@test "records before a malformed one of a bulk load are committed, with --atomic none" {
	{ head -n $HALF "$W/in"; echo malformed; tail -n 5 "$W/in"; } >"$W/bad"
	run --separate-stderr -65 strato-put -b "$W/bad"
	[[ "$stderr" == *"the $HALF records before it are committed"* ]]
	[ "$(a_prefix)" = $HALF ]
	run --separate-stderr -65 strato-put -s "$W/one" -c -b --atomic "$W/bad"
	[ "$(strato-ls -s "$W/one" --count)" = 0 ]
	[ -z "$(ls "$W/one/tmp")" ]
}

@test "a bulk load is committed when its input pauses, and killed later it stays" {
	mkfifo "$W/fifo"
	strato-put -b <"$W/fifo" &
	pid=$!
	exec 9>"$W/fifo"
	head -n $HALF "$W/in" >&9
	for ((i = 0; i < 600; i++)); do
		n=$(strato-ls --count)
		[ "$n" = 0 ] || break
		sleep 0.1
	done
	# a machine that stalls for long enough may see a pause earlier
	while [ "$n" -lt $HALF ]; do n=$(strato-ls --count); sleep 0.1; done
	[ "$n" = $HALF ]
	tail -n +$((HALF + 1)) "$W/in" | head -n 170000 >&9
	kill -9 $pid
	rc=0
	wait $pid || rc=$?
	[ "$rc" = 137 ]
	exec 9>&-
	[ "$(a_prefix)" -ge $HALF ]
	strato-put -d v another
	[ -z "$(ls "$S/tmp")" ]
	run strato-walcheck
	[ "$status" -le 1 ]
}

@test "what trickles in without a pause is durable all the same, also behind a bulk load" {
	mkfifo "$W/fifo"
	for first in 10 $HALF; do
		before=$(strato-ls --count)
		strato-put -b <"$W/fifo" &
		pid=$!
		exec 9>"$W/fifo"
		head -n $first "$W/in" | sed "s/^/$first-/" >&9
		for ((i = 0; i < 1000; i++)); do	# far longer than it takes
			printf 'trickle\t%d\n' $i >&9
			sleep 0.03
			[ "$((i % 20))" = 0 ] && [ "$(strato-ls --count)" -ge $((before + first)) ] && break
		done
		[ "$i" -lt 1000 ]
		exec 9>&-
		wait $pid
	done
}

@test "a bulk load killed at any moment leaves a prefix of its input" {
	for ((i = 0; i < $(scaled 8); i++)); do
		rm -rf "$S"
		strato-init "$S"
		{ cat "$W/in"; sleep 0.15; head -n 10 "$W/in"; sleep 5; } | strato-put -b &
		pid=$!
		sleep "0.$(((SEED / (i + 1)) % 80 + 10))"
		kill -9 $pid
		rc=0
		wait $pid || rc=$?
		[ "$rc" = 137 ]
		n=$(a_prefix)
		strato-put -d v another
		strato-walcheck --full
		[ "$(strato-ls --count)" = $((n + 1)) ]
		[ -z "$(ls "$S/tmp")" ]
	done
}

@test "SIGTERM during a bulk load: what came before it is durable, and counted" {
	mkfifo "$W/fifo"
	strato-put -b <"$W/fifo" 2>"$W/err" &
	pid=$!
	exec 9>"$W/fifo"
	head -n $HALF "$W/in" >&9
	kill -TERM $pid
	rc=0
	wait $pid || rc=$?
	exec 9>&-
	[ "$rc" = 143 ]
	n=$(a_prefix)
	grep -q "stopped: $n records are durable" "$W/err" || fail "$(cat "$W/err")"
}

@test "a bulk load keeps to a small memory_limit, and says so when it cannot" {
	/usr/bin/env -i PATH="$PATH" strato-put -s "$S" -b -O memory_limit=8M <"$W/in"
	[ "$(a_prefix)" = $ALL ]
	run --separate-stderr -71 strato-put -b -O memory_limit=1M <"$W/in"
	[[ "$stderr" == *"memory_limit"* ]]
	[ "$(strato-ls --count)" = $ALL ]
}
