# tests/cmd/hostile.bats - keys, names, values and stores that mean harm (SECURITY.md)
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	S=$W/kv
	cd "$W"
	export STRATO_STORE=$S
	strato-init "$S"
	CLEAR=$'\e[2J' CSI=$'\xc2\x9b31m'
}

# Each control byte but TAB and LF, C1 of Unicode and of Latin-1, DEL.
hostile_store() {
	printf 'key%s\tvalue%s\nkey%s\tbell\a\nback\b\rdel\x7f\tv\nlatin\x9b1m\t\x84\nok\xc3\xa9\t\xe2\x82\xac\n' \
		"$CLEAR" "$CLEAR" "$CSI" | strato-put -b -f text
	printf 'a%s\tb%s\tknows%s\tname%s=x%s\n' "$CLEAR" "$CSI" "$CLEAR" "$CLEAR" "$CSI" |
		strato-graph import -q -f tsv
	strato-graph node "a$CLEAR" ":L$CLEAR" "p$CLEAR=v$CSI" >/dev/null 2>&1 || true
	strato-snapshot kept
}

# What a terminal gets of COMMAND, line ends as they are in files.
seen() { # COMMAND
	script -qec "$1" /dev/null </dev/null | tr -d '\r'
}

tame() { # FILE
	! LC_ALL=C grep -qaP '[\x01-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$1" ||
		fail "$(LC_ALL=C grep -aP '[\x01-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$1" | od -c | head -n 20)"
}

@test "on a terminal no name and no listed value moves the cursor" {
	has_terminal || skip "script(1) gets no pseudo-terminal here"
	hostile_store
	printf 'key%s\n' "$CLEAR" >keys
	export CLEAR CSI
	for c in 'ls' 'ls -l' 'ls --values' 'ls --values -f text' 'ls --values -f cdb' 'ls -J --values' \
		'ls -0' 'get -b -f text <keys' 'get -i "key$CLEAR"' 'get "no$CLEAR"' 'stat "key$CLEAR"' \
		'rm -n "key$CLEAR"' 'mv "no$CLEAR" "x$CLEAR"' 'put -b "no$CLEAR"' 'snapshot "x$CLEAR/"' \
		'ls -s "no$CLEAR"' 'ls --no"$CLEAR"' 'put -O "no$CLEAR=1" k' 'diff kept' 'snapshot --list' \
		'graph ls' 'graph nodes -l' 'graph edges' 'graph neighbors -l "a$CLEAR"' 'graph schema' \
		'graph node "a$CLEAR"' 'graph export -f tsv' 'graph export -f dot' 'graph info' \
		'graph path "a$CLEAR" "b$CSI"' 'graph pagerank' 'graph neighbors "no$CLEAR"' \
		'graph match "?a knows$CLEAR ?b"' 'graph degree --histogram' 'graph log' \
		'graph info -g "no$CLEAR"' 'walcheck -l' 'config' 'backup --since="$CLEAR"'; do
		seen "strato-$c" >tty
		tame tty
	done
	seen "strato-ls" >tty
	grep -qF 'key\x1B[2J' tty
	grep -qF "ok$(printf '\xc3\xa9')" tty
	same <(strato-ls | LC_ALL=C sort) <(printf 'back\b\\rdel\x7f\nkey%s\nkey%s\nlatin\x9b1m\nok\xc3\xa9\n' \
		"$CLEAR" "$CSI" | LC_ALL=C sort)		# a file has them as they are
}

@test "a value with control bytes is refused on a terminal, and --force is its owner's word" {
	has_terminal || skip "script(1) gets no pseudo-terminal here"
	printf 'x%s' "$CLEAR" | strato-put v
	seen "strato-get v" >tty
	grep -q 'control bytes' tty
	tame tty
	seen "strato-get --force v" >tty
	grep -qF "$CLEAR" tty
}

@test "keys that look like paths are keys: nothing appears beside the store" {
	mkdir below
	export STRATO_STORE=$W/below/kv
	strato-init "$STRATO_STORE"
	(cd below && find . -path ./kv/wal -prune -o -print | sort) >before
	for k in ../out ../../out /out "$W/out" .. . ./x kv/manifest ../manifest wal/index 'a/../../out' \
		'$(touch out)' '`touch out`' '|touch out' '-rf' 'file:///out' "$(printf '%0300d' 0)"; do
		printf %s "$k" | strato-put -- "$k"
		[ "$(strato-get -- "$k")" = "$k" ]
	done
	printf '../out\t../../out\t../type\n' | strato-graph import -q -g ../out -f tsv
	strato-compact
	run strato-snapshot ../../out
	[ ! -e out ] && [ ! -e below/out ] && [ ! -e /out ]
	[ "$(strato-ls --count)" -eq 17 ]
	(cd below && find . -path ./kv/wal -prune -o -print | grep -v '/kv/seg/' |
		grep -v '/kv/snap' | sort) >after
	grep -v '/kv/seg/' before | grep -v '/kv/snap' >was
	grep -vE '/kv/(manifest.old|reserve)$' after >is
	grep -vE '/kv/(manifest.old|reserve)$' was >was2
	same was2 is
}

@test "what a store is made of nobody else may read or write" {
	(umask 0; strato-init open)
	export STRATO_STORE=$W/open
	(umask 0; head -c 300000 /dev/urandom | strato-put large; strato-put -d v k; strato-compact
	printf 'a\tb\n' | strato-graph import -q -f tsv; strato-snapshot kept; strato-put -d w k)
	[ -z "$(find open -type d ! -perm 0700)" ]
	[ -z "$(find open -type f ! -perm 0600)" ]
}

@test "a store whose files are links, pipes or linked twice is not opened" {
	strato-put -d v k
	log=$(echo "$S"/wal/0*)
	for f in "$S/manifest" "$log"; do
		mv "$f" kept
		for how in 'ln -s "$W/kept"' 'ln "$W/kept"' mkfifo mkdir; do
			eval "$how" '"$f"'
			run --separate-stderr timeout 20 strato-get k
			[ "$status" -ne 0 ] && [ "$status" -lt 124 ] || fail "$how $f: $status"
			[ -z "$output" ]
			rm -rf "$f"
		done
		mv kept "$f"
	done
	[ "$(strato-get k)" = v ]
}
