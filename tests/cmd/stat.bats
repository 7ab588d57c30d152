# tests/cmd/stat.bats - strato-stat: numbers that are true
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	S=$W/kv
	cd "$W"
	export STRATO_STORE=$S
	strato-init -O compression=none "$S"
}

number() { strato-stat -J | jq ".$1"; }

@test "an empty store: version 0, no records, nothing live" {
	strato-stat -J | jq -e '.version == "0" and .records == 0 and .live_bytes == 0
		and .graphs == 0 and .format == 1'
}

@test "records are keys that are there: overwritten, removed and folded ones count once" {
	printf 'k%d\tv\n' 1 2 3 4 5 | strato-put -b
	[ "$(number records)" = 5 ]
	printf 'k%d\tw\n' 1 2 3 | strato-put -b
	[ "$(number records)" = 5 ]
	strato-rm k1
	[ "$(number records)" = 4 ]
	strato-compact
	[ "$(number records)" = 4 ]
	strato-put -d v k1
	[ "$(number records)" = 5 ]
	[ "$(number version)" = '"4"' ]
}

@test "live bytes are those of keys and values" {
	strato-put -d 12345 abc
	strato-put -d '' x
	seeded 100000 >large
	strato-put large large
	[ "$(number live_bytes)" = $((3 + 5 + 1 + 5 + 100000)) ]
}

@test "what nobody needs is reclaimable, and compacting takes it away" {
	seeded 500000 >large
	for i in 1 2 3; do strato-put large large; done
	r=$(number reclaimable_bytes)
	[ "$r" -ge 900000 ]
	[ "$r" -le 1100000 ]
	strato-rm large
	strato-compact
	[ "$(number reclaimable_bytes)" -lt 100000 ]
	[ "$(number stored_bytes)" -lt 100000 ]
}

@test "stored bytes are about what du finds in wal and seg" {
	seeded 300000 >large
	strato-put large large
	printf 'k%d\tv\n' $(seq 1000) | strato-put -b
	strato-compact
	in_seg=$(find "$S/seg" -type f -printf '%s\n' | awk '{ n += $1 } END { print n }')
	said=$(strato-stat -J | jq '.run_bytes + .blob_bytes + .graph_bytes')
	[ "$in_seg" = "$said" ]
}

@test "the I/O mode in use, and why" {
	strato-stat -J | jq -e '(.io_mode == "direct" or .io_mode == "buffered") and
		(.io_why | length) > 5'
	strato-stat -J --direct-io=off | jq -e '.io_mode == "buffered" and
		.io_why == "direct_io is off"'
	if [ "$(strato-stat -J | jq -r .io_mode)" = buffered ]; then
		run --separate-stderr -69 strato-stat --direct-io=on
		[[ "$stderr" == *"[unavailable]"* ]]
	else
		strato-stat --direct-io=on >/dev/null
	fi
}

@test "each setting with the origin that counts" {
	export STRATO_IO_DEPTH=5 XDG_CONFIG_HOME=$W/home
	mkdir -p home/strato
	echo 'cache_size = 8M' >home/strato/config
	strato-stat -J --prefetch-distance=3 >out
	jq -e '.settings | .io_depth == {"value":"5","origin":"environment"} and
		.compression == {"value":"none","origin":"store"} and
		.cache_size == {"value":"8M","origin":"user"} and
		.prefetch_distance == {"value":"3","origin":"option"} and
		.sync == {"value":"commit","origin":"built in"} and length == 10' out
	strato-stat --prefetch-distance=3 | grep -qE '^io_depth +5 +environment$'
}

@test "the text is aligned, within 80 columns, the same numbers" {
	printf 'k%d\tv\n' 1 2 3 | strato-put -b
	strato-stat -s kv >out
	[ -z "$(awk 'length > 80' out)" ]
	grep -qE '^records +3$' out
	grep -qE '^version +1$' out
}

@test "keys: their columns in the order asked; a missing one is version 0 and status 1" {
	strato-put -d vv b
	strato-put -d v a
	strato-stat b a >out
	[ "$(cut -f1,2,3 out)" = "$(printf 'b\t2\t1\na\t1\t2')" ]
	run --separate-stderr -1 strato-stat a nobody
	[ "${lines[1]}" = "nobody${TAB}\\N${TAB}0${TAB}\\N${TAB}\\N${TAB}\\N" ]
	[ -z "$stderr" ]
	run -1 strato-stat -J nobody
	jq -e '.key == "nobody" and .absent == true' <<<"$output"
	run -64 strato-stat ''
}

@test "a reader changes nothing and needs no lock" {
	strato-put -d v k
	files_of "$S" >before
	strato-stat >/dev/null
	strato-stat k >/dev/null
	files_of "$S" >after
	same before after
	run -66 strato-stat -s nowhere
	[ ! -e nowhere ]
}
