# tests/cmd/init.bats - strato-init: a store, or nothing touched
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	cd "$W"
}

@test "a new store is empty, private, and every command opens it" {
	strato-init kv
	[ "$(stat -c %a kv)" = 700 ]
	[ -z "$(find kv -type f ! -perm 600)" ]
	[ -z "$(strato-ls -s kv)" ]
	strato-put -s kv -d v k
	[ "$(strato-get -s kv k)" = v ]
}

@test "an existing store is 73 and the same bytes afterwards" {
	strato-init kv
	strato-put -s kv -d v k
	files_of kv >before
	run --separate-stderr -73 strato-init kv
	[ -z "$output" ]
	[[ "$stderr" == "strato-init: kv: "*"[exists]" ]]
	files_of kv >after
	same before after
}

@test "an empty folder is taken; one with anything in it, a file and a dead link are 73" {
	mkdir empty full
	touch full/.hidden file
	ln -s nowhere link
	strato-init empty
	for f in full file link; do
		run --separate-stderr -73 strato-init $f
		[[ "$stderr" == *"[exists]" ]]
	done
	[ "$(ls -A full)" = .hidden ]
	[ ! -s file ]
	[ ! -e nowhere ]
}

@test "a missing parent is 73 and nothing is made" {
	run --separate-stderr -73 strato-init a/b
	[[ "$stderr" == *"[cannot-create]" ]]
	[ ! -e a ]
}

@test "-O goes into the new store's config, the last of a name" {
	strato-init -O io_depth=7 -O log_size=64M -O io_depth=9 kv
	[ "$(cat kv/config)" = "$(printf 'io_depth = 9\nlog_size = 64M')" ]
	[ "$(strato-config -s kv io_depth)" = 9 ]
}

@test "a wrong setting is 78, the closest name or the range is told, nothing is made" {
	run --separate-stderr -78 strato-init -O io_dpeth=3 kv
	[[ "$stderr" == *io_depth*"[bad-setting]" ]]
	run --separate-stderr -78 strato-init -O io_depth=0 kv
	[[ "$stderr" == *4096*"[bad-setting]" ]]
	[ ! -e kv ]
}

@test "a creation that was killed is taken up again" {
	strato-init kv
	rm kv/manifest
	touch kv/creating
	seeded 8192 >kv/wal/0000000001.wal
	run -66 strato-ls -s kv
	strato-init kv
	[ -z "$(strato-ls -s kv)" ]
	strato-put -s kv -d v k
	[ "$(strato-get -s kv k)" = v ]
}

@test "odd names are names: a dash, blanks, a newline, quotes" {
	for name in -dash 'a b' $'a\nb' '"q"' 'tail/'; do
		strato-init -- "$name"
		strato-put -d v k -s "$name"
		[ "$(strato-get -s "$name" k)" = v ]
	done
}

@test "operands: one, not empty" {
	run --separate-stderr -64 strato-init
	[[ "$stderr" == *"missing operand: DIR [usage]"* ]]
	run -64 strato-init ''
	run -64 strato-init a b
	[ ! -e a ]
}

@test "with -J the refusal is an object" {
	touch f
	run --separate-stderr -73 strato-init -J f
	jq -e '.error == "exists" and .status == 73 and .subject == "f"' <<<"$stderr"
}
