# tests/cmd/snapshot.bats - strato-snapshot, --as-of, strato-diff
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	S=$W/kv
	cd "$W"
	export STRATO_STORE=$S
	strato-init "$S"
}

files() { ls "$S/seg" | wc -l; }

@test "a snapshot reads as the store was, whatever comes after" {
	seeded 300000 >large
	strato-put large large
	strato-put -d a k
	strato-ls -l >then.l
	strato-ls --values -f cdb >then
	strato-snapshot one
	strato-put -d b k
	strato-put -d new n
	strato-rm large
	for i in 1 2; do
		strato-ls -l --as-of=one >got.l
		strato-ls --values -f cdb --as-of=one >got
		same then.l got.l
		same then got
		[ "$(strato-get --as-of=one k)" = a ]
		strato-get --as-of=one large | cmp - large
		strato-get --as-of=one -r 1000:2000 large |
			cmp - <(tail -c +1001 large | head -c 2000)
		[ "$(strato-get --as-of=one -i k | cut -f3)" = 2 ]
		[ "$(strato-stat --as-of=one k | tail -n 1 | awk '{print $3}')" = 2 ]
		[ "$(echo k | strato-get --as-of=one -b)" = "k${TAB}a" ]
		run -1 strato-get --as-of=one n
		[ "$(strato-get k)" = b ]
		strato-compact
	done
	strato-walcheck --full
}

@test "a version is served while a snapshot of it is kept, and the newest always" {
	strato-put -d a k
	strato-snapshot one
	strato-put -d b k
	strato-put -d c k
	strato-compact
	[ "$(strato-get --as-of=1 k)" = a ]
	[ "$(strato-get --as-of=3 k)" = c ]
	[ "$(strato-get --as-of=now k)" = c ]
	run --separate-stderr -66 strato-get --as-of=2 k
	[[ "$stderr" == *'"2"'*"[no-snapshot]"*"one (1)"* ]]
	[ -z "$output" ]
	run --separate-stderr -66 strato-ls --as-of=nobody
	[[ "$stderr" == *"[no-snapshot]"* ]]
	run -64 strato-ls --as-of=99999999999999999999999
}

@test "each version since the log was folded is served from the log" {
	strato-put -d 0 k
	strato-compact
	for i in 1 2 3 4 5 6; do
		strato-put -d $i k$((i % 2))
		if [ $i = 4 ]; then strato-rm k1; fi
		strato-ls --values >want.$i
		strato-stat -J | jq -r .version >version.$i
	done
	seeded 300000 >large
	strato-put k0 large
	for i in 1 2 3 4 5 6; do
		strato-ls --values --as-of="$(cat version.$i)" | cmp - want.$i
	done
	v=$(cat version.3)
	[ "$(strato-get --as-of="$v" k1)" = 3 ]
	[ "$(strato-get --as-of="$((v - 1))" k1)" = 1 ]
	[ "$(strato-get --as-of=1 k)" = 0 ]
	run -1 strato-get --as-of=1 k1
	[ "$(strato-get --as-of=8 k0)" = 6 ]
	strato-get --as-of=9 k0 | cmp - large
	run --separate-stderr -66 strato-get --as-of=10 k
	[[ "$stderr" == *"versions 1 to 9 are in the log"* ]]
	run --separate-stderr -66 strato-get --as-of=0 k
	strato-compact
	run --separate-stderr -66 strato-get --as-of="$v" k1
}

@test "--list tells name, version and time, --rm gives the space back" {
	run -0 strato-snapshot --list
	[ -z "$output" ]
	seeded 3000000 >large
	strato-put large large
	strato-snapshot b/../x
	strato-put -d v k
	strato-snapshot 'a name, with
more'
	strato-rm large
	strato-compact
	[ "$(strato-snapshot --list | cut -f1,2)" = "b/../x${TAB}1
a name, with\\nmore${TAB}2" ]
	strato-snapshot -J --list | jq -s -e '.[0].version == "1"' >ok
	[ "$(du -s --apparent-size -k "$S/seg" | cut -f1)" -gt 2000 ]
	strato-snapshot --rm b/../x 'a name, with
more'
	[ "$(du -s --apparent-size -k "$S/seg" | cut -f1)" -lt 100 ]
	[ "$(strato-snapshot --list | wc -l)" = 0 ]
	[ "$(strato-ls)" = k ]
	run -66 strato-snapshot --rm b/../x
	strato-walcheck --full
}

@test "a name that cannot be, or is taken, is refused and nothing is kept" {
	run -64 strato-snapshot ''
	run -64 strato-snapshot 17
	run -64 strato-snapshot now
	run -64 strato-snapshot "$(printf '%081d' 0 | tr 0 x)"
	run -64 strato-snapshot
	run -64 strato-snapshot a b
	run -64 strato-snapshot --list --rm
	run -64 strato-snapshot --rm
	[ "$(strato-snapshot --list | wc -l)" = 0 ]
	strato-snapshot "$(printf '%080d' 0 | tr 0 x)"
	strato-put -d v k
	strato-snapshot one
	strato-put -d w k
	run -73 strato-snapshot one
	[ "$(strato-get --as-of=one k)" = v ]
	run -66 strato-snapshot -s nowhere one
	[ ! -e nowhere ]
}

@test "random histories: every snapshot stays what it was, through folds and merges" {
	echo "seed $SEED"
	for ((round = 0; round < $(scaled 12); round++)); do
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
		seeded $((2000 + round * 1000)) $round | strato-put big$((round % 3))
		strato-ls -l >model.$round
		strato-snapshot s$round
		[ $((round % 3)) = 2 ] || strato-compact
		[ $((round % 5)) != 4 ] || { strato-snapshot --rm s$((round - 2)); rm model.$((round - 2)); }
		for m in model.*; do
			strato-ls -l --as-of=s${m#model.} >got
			cmp $m got || fail "seed $SEED round $round snapshot $m"
			strato-ls --values --as-of=s${m#model.} >values
		done
	done
	strato-walcheck --full
}

@test "damage in what only a snapshot needs is found, and nothing of it is swept" {
	strato-put -d a k
	strato-snapshot one
	strato-put -d b k
	strato-compact
	strato-walcheck --full
	before=$(files)
	kept=$(ls "$S"/snap/*)
	cp "$kept" saved
	flip "$kept" 100
	run --separate-stderr -76 strato-walcheck --full
	[[ "$stderr" == *"/snap/"*"checksum differs"* ]]
	run -76 strato-get --as-of=one k
	strato-put -d c k
	strato-compact
	[ "$(files)" -ge $before ]
	cp saved "$kept"
	[ "$(strato-get --as-of=one k)" = a ]
	strato-compact
	strato-walcheck --full
	for run in "$S"/seg/run-*; do
		flip "$run" 5000
	done
	run --separate-stderr -76 strato-walcheck --full
	[ "$(grep -c /seg/run- <<<"$stderr")" -ge 2 ]
}

@test "killed while taking one, it is there whole or not at all" {
	for i in {1..300}; do printf 'k%d\tv%d\n' $i $i; done | strato-put -b
	for ((n = 0; n < $(scaled 15); n++)); do
		strato-put -d $n changing
		strato-snapshot s$n 3>&- &
		pid=$!
		sleep "0.00$((n % 10))"
		kill -9 $pid 2>/dev/null || :	# it may be done
		ended_or_killed $pid
		[ "$(strato-ls --count)" = 301 ]
		if strato-snapshot --list | cut -f1 | grep -qx s$n; then
			[ "$(strato-get --as-of=s$n changing)" = $n ]
		else
			run -66 strato-get --as-of=s$n changing
		fi
	done
	strato-compact
	[ -z "$(ls -A "$S/tmp")" ]
	strato-walcheck --full
}

@test "strato-diff lists the keys that differ; status 0 the same, 1 they differ" {
	seeded 300000 7 >large
	strato-put -b <<-END
		added${TAB}\\N
		changed${TAB}one
		removed${TAB}x
		rewritten${TAB}same
		same${TAB}same
	END
	strato-put large large
	strato-snapshot a
	run --separate-stderr -0 strato-diff a
	[ -z "$output$stderr" ]
	strato-put -d two changed
	strato-put -d same rewritten
	strato-put large large
	strato-put -d '' added
	strato-rm removed
	strato-snapshot b
	run --separate-stderr -1 strato-diff a b
	[ "$output" = "added
changed
removed" ]
	[ -z "$stderr" ]
	run -1 strato-diff -l a b
	[ "$output" = "added${TAB}added${TAB}\\N${TAB}0${TAB}0${TAB}6
changed${TAB}changed${TAB}3${TAB}1${TAB}3${TAB}3
removed${TAB}removed${TAB}1${TAB}1${TAB}\\N${TAB}0" ]
	run -1 strato-diff -L 1 a b
	[ "$output" = added ]
	run -1 strato-diff -J b a
	[ "$(jq -r .change <<<"$output" | paste -sd' ')" = "removed changed added" ]
	run -1 strato-diff -0 -o list b a
	tr '\0' '\n' <list | cmp - <(printf '%s\n' added changed removed)
	seeded 300000 8 >large
	strato-put large large
	run -1 strato-diff b
	[ "$output" = large ]
	strato-compact
	run -1 strato-diff b now
	[ "$output" = large ]
	run -66 strato-diff b nobody
	run -64 strato-diff
}

@test "what diff lists is what brings a copy up to date" {
	for i in {1..200}; do printf 'k%d\tv%d\n' $i $i; done | strato-put -b
	strato-init copy
	strato-ls --values -f cdb | strato-put -s copy -b -f cdb
	strato-snapshot a
	for i in {50..100}; do printf 'k%d\t%s\n' $i "$((i % 2))"; done | strato-put -b
	strato-rm k3 k4
	strato-diff a >keys || [ $? = 1 ]
	strato-get -b -f cdb --as-of=now <keys >delta || [ $? = 1 ]
	strato-put -s copy -b -f cdb <delta
	strato-ls --values >here
	strato-ls -s copy --values >there
	same here there
}

@test "another store's snapshot is refused by name, and --rm takes it away" {
	strato-put -d ours k
	strato-snapshot ours
	strato-init other
	strato-put -s other -d theirs k
	strato-snapshot -s other theirs
	cp other/snap/*.kept "$S/snap/"
	theirs=snap/746865697273.kept
	for ask in "snapshot --list" "ls --as-of=ours" "ls --as-of=theirs" "backup --snapshots"; do
		run --separate-stderr -76 strato $ask
		[[ "$stderr" == *"$S/$theirs: is another store's: it was put there"* ]]
		[ -z "$output" ] || [ "${ask%% *}" = backup ]
	done
	run --separate-stderr -76 strato-walcheck --full
	[[ "$stderr" == *"$theirs: is another store's"* ]]
	[ "$(strato-get k)" = ours ]
	strato-compact			# what a snapshot might need stays
	strato-snapshot --rm theirs
	[ "$(strato-snapshot --list | cut -f 1)" = ours ]
	strato-walcheck --full
}
