# tests/cmd/compact.bats - strato-compact: the same store in fewer files
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	S=$W/kv
	cd "$W"
	export STRATO_STORE=$S
	strato-init "$S"
}

dump() { strato-ls --values -f cdb; }
number() { strato-stat -J | jq ".$1"; }

@test "an empty store stays one" {
	run --separate-stderr -0 strato-compact
	[ -z "$output$stderr" ]
	[ "$(strato-ls --count)" = 0 ]
	strato-put -d v k
	[ "$(strato-get k)" = v ]
}

@test "what is there stays, byte for byte, with its versions" {
	seeded 5000 >blob
	seeded 400000 >larger
	strato-put blob blob
	strato-put larger larger
	printf 'k%03d\tv%d\n' $(for i in $(seq 300); do echo $i $i; done) | strato-put -b
	strato-rm k007 k013
	dump >before
	strato-ls -l | cut -f1-3,5 >before.l
	strato-compact
	dump >after
	strato-ls -l | cut -f1-3,5 >after.l
	same before after
	same before.l after.l
	[ "$(number log_entries)" = 0 ]
	[ "$(number runs)" = 1 ]
	strato-compact
	dump >after
	same before after
}

@test "the version goes on, conditions on old versions hold" {
	strato-put -d a k
	strato-put -d b k
	strato-compact
	[ "$(strato-ls -l k | cut -f3)" = 2 ]
	run -1 strato-put --if-version=1 -d c k
	strato-put --if-version=2 -d c k
	[ "$(strato-ls -l k | cut -f3)" = 3 ]
}

@test "removed values give their space back" {
	seeded 600000 >large
	strato-put large large
	strato-put -d v k
	strato-rm large
	strato-compact
	[ "$(number stored_bytes)" -lt 100000 ]
	[ "$(find "$S/seg" -name 'blob-*' | wc -l)" = 0 ]
	[ "$(strato-ls)" = k ]
}

@test "random histories read the same before and after, many times" {
	echo "seed $SEED"
	: >model
	for ((round = 0; round < $(scaled 6); round++)); do
		LC_ALL=C awk -v x=$((SEED + round)) -v round=$round 'BEGIN {
			for (i = 0; i < 60; i++) {
				x = (x * 1664525 + 1013904223) % 4294967296
				k = int(x / 65536) % 40
				x = (x * 1664525 + 1013904223) % 4294967296
				if (int(x / 65536) % 3 == 0)
					printf "k%02d\t\\N\n", k
				else
					printf "k%02d\t%d.%d\n", k, round, i
			}
		}' >ops
		strato-put -b ops
		cat model ops | LC_ALL=C awk -F'\t' '{ v[$1] = $2 }
			END { for (k in v) if (v[k] != "\\N") print k "\t" v[k] }' |
			LC_ALL=C sort >next
		mv next model
		[ $((round % 3)) = 2 ] || strato-compact
		strato-ls --values >got
		cmp model got || fail "seed $SEED round $round"
	done
}

@test "writers go on meanwhile: nothing acknowledged is lost" {
	n=$(scaled 30)
	(for ((i = 0; i < n; i++)); do strato-put -d $i w$i || exit 1; done) 3>&- &
	pid=$!
	while kill -0 $pid 2>/dev/null; do strato-compact; done
	wait $pid
	strato-compact
	[ "$(strato-ls --count w)" = "$n" ]
	for ((i = 0; i < n; i++)); do [ "$(strato-get w$i)" = $i ]; done
}

@test "killed at any moment, nothing is lost and the next one finishes" {
	seq -f 'k%.0f' 1 2000 | awk '{ print $0 "\tv" NR }' | strato-put -b
	dump >before
	for ((i = 0; i < $(scaled 15); i++)); do
		strato-put -d $i changing
		strato-compact 3>&- &
		pid=$!
		sleep "0.00$((i % 10))"
		kill -9 $pid 2>/dev/null || :	# it may be done
		rc=0
		wait $pid || rc=$?
		[ $rc = 0 ] || [ $rc = 137 ]
		[ "$(strato-get changing)" = $i ]
		strato-ls --values -f cdb k >after
		same before after
	done
	strato-compact
	[ -z "$(ls -A "$S/tmp")" ]
	[ "$(number runs)" = 1 ]
}

@test "on a full disk deleting and compacting work, and give the space back" {
	as="unshare -m"
	[ "$(id -u)" = 0 ] || as="unshare -rm"
	mkdir disk
	$as mount -t tmpfs -o size=24M none disk 2>/dev/null ||
		skip "no file system of our own can be mounted here"
	$as bash -e -c '
		mount -t tmpfs -o size=24M none disk
		export STRATO_STORE=disk/kv
		strato-init -O reserve_size=2M -O log_size=2M -O compression=none disk/kv
		seq -w 0 99999 >large
		for ((i = 0; i < 100; i++)); do
			strato-put large$i large 2>err || break
		done
		[ $i -gt 20 ]
		[ $i -lt 100 ]
		grep -qF "[no-space]" err
		[ "$(strato-ls --count)" = $i ]
		strato-rm large0
		strato-rm -y -p large
		[ "$(strato-ls --count)" = 0 ]
		strato-compact
		[ "$(strato-stat -J | jq .stored_bytes)" -lt 200000 ]
		strato-put large large
		strato-get large | cmp - large' 3>&-
}

@test "-v says how it was and how it is" {
	strato-put -d v k
	run --separate-stderr -0 strato-compact -v
	[ -z "$output" ]
	[[ "$stderr" == *"before: "*"now: "*"runs 1"* ]]
}

@test "--keep serves the version before, so many back, and leaves named snapshots" {
	for i in 1 2 3 4 5; do
		strato-put -d $i k
		[ $i != 1 ] || strato-snapshot mine
		strato-compact --keep=2
	done
	[ "$(strato-get k)" = 5 ]
	for i in 1 3 4 5; do
		[ "$(strato-get --as-of=$i k)" = $i ]
	done
	run -66 strato-get --as-of=2 k
	[ "$(strato-snapshot --list | cut -f1 | paste -sd' ')" = \
		"mine compact-3 compact-4 compact-5" ]
	# twice at one version is once; a time, and the clock goes on
	strato-compact --keep=2
	strato-compact --keep=1h
	[ "$(strato-snapshot --list | wc -l)" = 4 ]
	sleep 0.02
	strato-put -d 6 k
	strato-compact --keep=10ms -v 2>note
	[ "$(strato-snapshot --list | cut -f1 | paste -sd' ')" = "mine compact-6" ]
	grep -qxF "strato-compact: version 6 is kept: --as-of=6" note
	grep -qxF "strato-compact: version 5 is kept no longer" note
	[ "$(strato-get --as-of=mine k)" = 1 ]
	strato-walcheck --full
	for bad in 0 -1 x 1y ''; do
		run --separate-stderr -64 strato-compact --keep=$bad
		[[ "$stderr" == *"--keep"* ]]
	done
}

@test "--upgrade: nothing is older, and -v says so" {
	run --separate-stderr -0 strato-compact --upgrade -v
	[[ "$stderr" == *"format 1: nothing here is of an older one"* ]]
	run --separate-stderr -0 strato-compact --upgrade
	[ -z "$stderr" ]
}

@test "operands are refused, a mistyped store creates nothing" {
	run -64 strato-compact k
	run -66 strato-compact -s nowhere
	[ ! -e nowhere ]
}

@test "a folder of the store that is gone is damage, told by name, not a no" {
	seq 2000 | awk '{ print "k" $1 "\t" $1 }' | strato-put -b
	rm -r "$STRATO_STORE/tmp"
	run --separate-stderr -76 strato-compact
	[[ "$stderr" == *"/tmp/"*"the folder it belongs in is not there [damaged]"* ]]
	[ "$(strato-get k7)" = 7 ]
	mkdir -m 700 "$STRATO_STORE/tmp"
	strato-compact
	strato-walcheck --full
}
