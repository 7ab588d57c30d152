# tests/cmd/ttl.bats - records that expire
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	S=$W/kv
	export STRATO_STORE=$S
	strato-init "$S"
}

# A moment later than any --ttl=1ms before it.
later() {
	sleep 0.02
}

@test "--ttl goes with one value, a batch, and files; -i, ls -l and stat show it" {
	seeded 3000 >"$W/large"
	strato-put --ttl=1h -d v one
	strato-put --ttl=1h large "$W/large"
	printf 'a\t1\nb\t2\n' | strato-put --ttl=2h -b
	(cd "$W" && strato-put --ttl=1d --files -p f/ large)
	strato-put -d v ever
	for key in one large a b f/large; do
		[[ "$(strato-get -i "$key" | cut -f6)" == 20??-*T*Z ]]
		[ "$(strato-ls -l "$key" | cut -f6)" = "$(strato-get -i "$key" | cut -f6)" ]
		[ "$(strato-stat "$key" | cut -f6)" = "$(strato-get -i "$key" | cut -f6)" ]
	done
	[ "$(strato-get -i ever | cut -f6)" = - ]
	strato-get large >"$W/out"
	same "$W/large" "$W/out"
	[[ "$(strato-get -i one | cut -f6)" < "$(strato-get -i b | cut -f6)" ]]
}

@test "what expired is absent to get, exists, ls, counts and conditions" {
	seeded 3000 >"$W/large"
	strato-put -d old a
	strato-put -d v b
	strato-put --ttl=1ms -d new a
	strato-put --ttl=1ms large "$W/large"
	later
	run -1 strato-get a
	run -1 strato-get -e a
	run -1 strato-get large
	[ "$(strato-ls)" = b ]
	[ "$(strato-ls --count)" = 1 ]
	[ "$(printf 'a\nb\n' | strato-get --ignore-missing -b)" = "b${TAB}v" ]
	run -1 strato-put --if-present -d x a
	strato-put --if-absent -d again a
	[ "$(strato-get a)" = again ]
	[ "$(strato-get -i a | cut -f6)" = - ]
	run -1 strato-mv large elsewhere
}

@test "neither folding nor merging brings an older value back" {
	for i in {1..6}; do
		strato-put -d "old $i" a
		strato-put -d "$i" "keep/$i"
		strato-compact
	done
	strato-put --ttl=1ms -d new a
	later
	run -1 strato-get a
	strato-compact
	run -1 strato-get a
	[ "$(strato-ls --count)" = 6 ]
	strato-walcheck --full
}

@test "compacting gives back the space of what expired" {
	seeded 400000 >"$W/large"
	strato-put --ttl=1ms large "$W/large"
	later
	before=$(du -sk --exclude=reserve "$S" | cut -f1)
	strato-compact
	after=$(du -sk --exclude=reserve "$S" | cut -f1)
	((before - after >= 350)) || fail "$before KiB, then $after"
}

@test "a time to live is a duration of 1 ms to 100 years" {
	for ttl in 5 0ms -1s 200000d 1y ''; do
		run --separate-stderr -64 strato-put --ttl="$ttl" -d v k
		[[ "$stderr" == *--ttl*"[usage]"* ]]
	done
	run -1 strato-get k
	strato-put --ttl=36500d -d v k
	[ "$(strato-get k)" = v ]
}
