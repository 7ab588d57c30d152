# tests/cmd/mv.bats - strato-mv: one commit, one of the two
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	S=$W/kv
	cd "$W"
	export STRATO_STORE=$S
	strato-init "$S"
	strato-put -d one a
	strato-put -d two b
}

@test "the value is under the new key, the old one is gone, in one commit" {
	v=$(strato-stat -J | jq -r .version)
	run --separate-stderr -0 strato-mv a c
	[ -z "$output$stderr" ]
	[ "$(strato-get c)" = one ]
	[ "$(strato-ls)" = "$(printf 'b\nc')" ]
	[ "$(strato-stat -J | jq -r .version)" = $((v + 1)) ]
	[ "$(strato-ls -l c | cut -f3)" = $((v + 1)) ]
}

@test "a value under the new key is replaced, unless --if-absent: then status 1" {
	files_of "$S" >before
	run --separate-stderr -1 strato-mv --if-absent a b
	[ -z "$output$stderr" ]
	[ "$(strato-get a)$(strato-get b)" = onetwo ]
	strato-mv a b
	[ "$(strato-get b)" = one ]
	[ "$(strato-ls)" = b ]
	strato-mv --if-absent b c
	[ "$(strato-ls)" = c ]
}

@test "no old key is status 1, silent; nothing is changed" {
	run --separate-stderr -1 strato-mv nobody c
	[ -z "$output$stderr" ]
	run --separate-stderr -1 strato-mv -v nobody c
	[[ "$stderr" == *'"nobody"'*"[absent]" ]]
	[ "$(strato-ls)" = "$(printf 'a\nb')" ]
}

@test "a key onto itself changes nothing: 0 if it is there, 1 if not" {
	v=$(strato-stat -J | jq -r .version)
	strato-mv a a
	run -1 strato-mv nobody nobody
	run -1 strato-mv --if-absent a a
	[ "$(strato-get a)" = one ]
	[ "$(strato-stat -J | jq -r .version)" = "$v" ]
}

@test "large values and folded ones move too, byte for byte" {
	seeded 700000 3 >large
	strato-put large large
	strato-mv large moved
	strato-get moved >out
	same large out
	strato-compact
	strato-mv moved again
	strato-mv a c
	strato-get again >out
	same large out
	strato-compact
	strato-get again >out
	same large out
	[ "$(strato-ls)" = "$(printf 'again\nb\nc')" ]
}

@test "hostile keys: control bytes, leading dashes, the longest" {
	key=$(head -c 65535 /dev/zero | tr '\0' k)
	odd=$(printf '\001\033[2J\t\n\377.')
	strato-mv a "$key"
	strato-mv "$key" "$odd"
	strato-mv "$odd" -- -n
	[ "$(strato-get -- -n)" = one ]
	run -65 strato-mv -- -n "${key}k"
	run -64 strato-mv -- -n ''
	run -64 strato-mv -- -n
	run -64 strato-mv b c d
	[ "$(strato-get -- -n)" = one ]
	run --separate-stderr -1 strato-mv -v "$odd" c
	[[ "$stderr" != *"$ESC"* ]]
}

@test "readers always see one of the two" {
	command -v timeout >/dev/null
	(for ((i = 0; i < $(scaled 60); i++)); do
		strato-mv a c
		strato-mv c a
	done) &
	pid=$!
	n=0
	while kill -0 $pid 2>/dev/null; do
		printf 'a\nc\n' | { strato-get -b || [ $? -eq 1 ]; } >seen
		[ "$(grep -c "${TAB}one\$" seen)" = 1 ] || fail "$(cat seen)"
		n=$((n + 1))
	done
	wait $pid
	[ $n -gt 0 ]
}

@test "of many that want the same new key, --if-absent lets one win" {
	for ((i = 0; i < 8; i++)); do strato-put -d $i from$i; done
	for ((i = 0; i < 8; i++)); do
		{ strato-mv --if-absent from$i winner && echo $i >>won; } &
	done
	wait
	[ "$(wc -l <won)" = 1 ]
	[ "$(strato-get winner)" = "$(cat won)" ]
	[ "$(strato-ls --count from)" = 7 ]
}

@test "a mistyped store creates nothing" {
	run --separate-stderr -66 strato-mv -s nowhere a b
	[[ "$stderr" == *"[no-store]"* ]]
	[ ! -e nowhere ]
}
