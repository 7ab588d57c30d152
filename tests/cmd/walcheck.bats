# tests/cmd/walcheck.bats - strato-walcheck: what it says of sound, torn and
# damaged stores, and what a repair brings back
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	S=$W/kv
	export STRATO_STORE=$S
	strato-init "$S"
	for i in 1 2 3 4 5; do
		printf 'value %d' $i | strato-put key$i
	done
	LOG=$S/wal/0000000001.wal
}

# Commits lie in blocks of 4096 bytes behind the first three.
overwrite() { # FILE OFFSET
	printf '\252\125\252' | dd of="$1" bs=1 seek=$2 conv=notrunc status=none
}

damage_commit() { # N
	overwrite "$LOG" $(((2 + $1) * 4096 + 100))
}

@test "a sound store is silence and status 0, with --full too" {
	run -0 --separate-stderr strato-walcheck
	[ -z "$output$stderr" ]
	head -c 300000 /dev/urandom | strato-put large
	strato-compact
	strato-put -d more key6
	run -0 --separate-stderr strato-walcheck --full
	[ -z "$output$stderr" ]
}

@test "-l lists version, offset, bytes, operation and key of every record" {
	strato-rm key2
	printf 'a\tb\n' | strato-put -b
	printf 'with\\ttab\tv\n' | strato-put -b
	strato-walcheck -l >"$W/list"
	[ "$(cut -f1 "$W/list" | tr '\n' ' ')" = "1 2 3 4 5 6 7 8 " ]
	[ "$(cut -f2 "$W/list" | sort -n | tr '\n' ' ')" = "$(cut -f2 "$W/list" | tr '\n' ' ')" ]
	[ "$(sed -n 6p "$W/list" | cut -f4,5)" = "remove${TAB}key2" ]
	[ "$(sed -n 8p "$W/list" | cut -f5)" = 'with\ttab' ]
	[ "$(awk -F'\t' 'NF != 5' "$W/list")" = "" ]
	strato-walcheck -l -J | jq -es 'length == 8 and .[5].op == "remove"' >/dev/null
	[ "$(strato-walcheck -l --since=2 --until=4 | cut -f1 | tr '\n' ' ')" = "3 4 " ]
}

@test "the bytes of a record are where -l says" {
	strato-walcheck -l | while IFS=$TAB read -r version offset bytes op key; do
		tail -c +$((offset + 1)) "$LOG" | head -c $bytes | grep -qaF "$key"
	done
}

@test "--stats counts commits and records" {
	strato-rm key1 key2
	strato-walcheck --stats >"$W/stats"
	grep -qx "commits${TAB}6" "$W/stats"
	grep -qx "records${TAB}7" "$W/stats"
	grep -qx "removes${TAB}2" "$W/stats"
	strato-walcheck --stats -J | jq -e '.commits == 6 and .last_version == "6"' >/dev/null
	strato-walcheck --stats --since=5 | grep -qx "records${TAB}2"
}

@test "a copied log is checked without its store" {
	cp "$LOG" "$W/copy.wal"
	strato-walcheck "$W/copy.wal"
	(cd "$W" && strato-walcheck -l copy.wal) | cut -f5 >"$W/keys"
	[ "$(tr '\n' ' ' <"$W/keys")" = "key1 key2 key3 key4 key5 " ]
	ln -s copy.wal "$W/link.wal"
	strato-walcheck "$W/link.wal"
}

@test "damage is status 76, with file, offset, version, checksums, and what lies beyond" {
	damage_commit 3
	run --separate-stderr -76 strato-walcheck
	[ -z "$output" ]
	line=${stderr%%$'\n'*}
	[[ "$line" == "strato-walcheck: $LOG: offset $((5 * 4096)): "*" [damaged]" ]]
	[[ "$line" == *"(expected "*", found "*")"* ]]
	[[ "$line" == *"version 3"* ]]
	[[ "$line" == *"2 sound commits beyond"* ]]
	[[ "$stderr" == *"hint: "*"--repair="* ]]
	run --separate-stderr -76 strato-walcheck -l
	[ "$(cut -f1 <<<"$output" | tr '\n' ' ')" = "1 2 4 5 " ]
}

@test "all findings are told, not only the first" {
	damage_commit 2
	damage_commit 4
	run --separate-stderr -76 strato-walcheck
	[[ "$stderr" == *"offset $((4 * 4096))"* ]]
	[[ "$stderr" == *"offset $((6 * 4096))"* ]]
	[[ "$stderr" == *": 2 damaged places [damaged]"* ]]
}

@test "with --json findings are objects on stdout, and stderr is an object" {
	damage_commit 3
	strato-walcheck -J >"$W/out" 2>"$W/err" || [ $? -eq 76 ]
	jq -e '.finding == "damage" and .kind == "commit" and .offset == 20480 and .beyond == 2 and
		.version == "3" and (.next | length > 0)' "$W/out" >/dev/null
	jq -e '.error == "damaged" and .status == 76' "$W/err" >/dev/null
}

@test "a file that is no log is status 76, a missing one 66, a folder 64" {
	head -c 32 /dev/zero >"$W/wal"
	run --separate-stderr -76 strato-walcheck "$W/wal"
	[[ "$stderr" == "strato-walcheck: $W/wal: offset 0: "* ]]
	run --separate-stderr -66 strato-walcheck "$W/nowhere"
	[[ "$stderr" == *"[no-file]" ]]
	run --separate-stderr -64 strato-walcheck "$S"
	run --separate-stderr -64 strato-walcheck -s "$S" "$LOG"
	run --separate-stderr -64 strato-walcheck --full "$LOG"
	run --separate-stderr -64 strato-walcheck --repair="$W/x" "$LOG"
	[ ! -e "$W/x" ]
}

@test "a torn last commit is silence and status 1, and a repair of it misses nothing" {
	rm -f "$S/wal/index"
	dd if=/dev/zero of="$LOG" bs=512 seek=$((7 * 8 + 1)) count=7 conv=notrunc status=none
	run --separate-stderr -1 strato-walcheck
	[ -z "$output$stderr" ]
	run --separate-stderr -1 strato-walcheck -v --full
	[[ "$stderr" == *"incomplete"* ]]
	run --separate-stderr -0 strato-walcheck --repair="$W/new"
	[ -z "$output$stderr" ]
	[ "$(strato-ls -s "$W/new" | tr '\n' ' ')" = "key1 key2 key3 key4 " ]
}

limited() { # KIB COMMAND...: no file gets longer
	(ulimit -f $1; shift; exec "$@")
}

kinds() { # of what is found
	strato-walcheck --full -J 2>"$W/err" | jq -r 'select(.finding == "damage") | .kind' |
		sort -u | tr '\n' ' '
}

@test "every finding has a word for its kind, what is hit, a consequence and a next step" {
	head -c 300000 /dev/urandom | strato-put large
	strato-snapshot kept
	strato-compact
	strato-put -d later key9
	cp -r "$S" "$W/sound"
	for try in "manifest 60 manifest" "manifest.old 60 manifest-copy" \
		"$(cd "$S" && echo wal/0*.wal) 12300 commit" \
		"$(cd "$S" && echo wal/0*.wal) 10 log" "seg/run-* 4200 keys run" \
		"seg/run-* 100 run" "seg/blob-* 200000 value" "seg/blob-* 10 value values" \
		"snap/* 20 snapshot" "config 3 settings"; do
		set -- $try
		rm -rf "$S" && cp -r "$W/sound" "$S"
		f=$(ls "$S"/$1 | tail -n 1)
		overwrite "$f" $2
		shift 2
		[ "$(kinds)" = "$* " ] || fail "$try: $(kinds)"
		strato-walcheck --full -J 2>"$W/err" |
			jq -es 'all(select(.finding == "damage") | .consequence != "" and .next != "")'
	done
	rm -rf "$S" && cp -r "$W/sound" "$S"
	for f in "$S"/seg/run-*; do
		overwrite "$f" 4200
	done
	strato-walcheck --full -J 2>"$W/err" | jq -es 'any(.kind == "keys" and .finding == "damage")'
}

@test "a run whose superblock is damaged is read by its footer, and nothing is lost" {
	strato-compact
	overwrite "$(echo "$S"/seg/run-*)" 100
	run --separate-stderr -76 strato-walcheck --full
	[[ "$stderr" == *"all keys in it cannot be read: 5, of versions up to 5"* ]]
	run -76 strato-get key1
	run -0 --separate-stderr strato-walcheck --repair="$W/new"
	[ -z "$output$stderr" ]
	[ "$(strato-ls -s "$W/new" | tr '\n' ' ')" = "key1 key2 key3 key4 key5 " ]
}

@test "a repair into the store itself is refused, and touches nothing" {
	(cd "$S" && find . | sort) >"$W/before"
	for dir in "$S/new" "$S/tmp" "$S" "$S/seg/../tmp/x"; do
		run --separate-stderr -64 strato-walcheck --repair="$dir"
		[[ "$stderr" == *"lies in the store"* ]]
	done
	(cd "$S" && find . | sort) >"$W/after"
	same "$W/before" "$W/after"
}

@test "a repair that is interrupted leaves nothing" {
	awk 'BEGIN { for (i = 0; i < 200000; i++) printf "k%d\tvalue %d\n", i, i }' |
		strato-put -q -b
	for ((i = 0, met = 0; i < 30 && !met; i++)); do
		strato-walcheck --repair="$W/new" 2>"$W/err" &
		pid=$!
		until [ -e "$W/new.partial" ] || [ -e "$W/new" ]; do :; done
		kill -TERM $pid || [ -e "$W/new" ]
		status=0
		wait $pid || status=$?
		[ ! -e "$W/new.partial" ]
		if [ -e "$W/new" ]; then
			strato-walcheck -s "$W/new" --full
			rm -r "$W/new"
		else
			[ $status -eq 143 ] || fail "$status: $(cat "$W/err")"
			met=1
		fi
	done
	[ $met = 1 ]
}

@test "a repair onto a full disk fails, and leaves nothing" {
	awk 'BEGIN { for (i = 0; i < 30000; i++) printf "k%d\t%s%d\n", i, rand(), rand() }' |
		strato-put -q -b
	run --separate-stderr -74 limited 128 strato-walcheck --repair="$W/new"
	[ ! -e "$W/new" ] && [ ! -e "$W/new.partial" ]
	[ -z "$output" ]
}

@test "nothing that is read is ever written to" {
	damage_commit 3
	(cd "$S" && find . -type f -exec sha256sum {} +) >"$W/before"
	strato-walcheck --full 2>/dev/null || status=$?
	[ $status -eq 76 ]
	strato-walcheck --repair="$W/new" >"$W/lost" 2>/dev/null || status=$?
	(cd "$S" && find . -type f -exec sha256sum {} +) >"$W/after"
	same "$W/before" "$W/after"
}

@test "a store that may only be read is checked all the same" {
	chmod -R a-w "$S"
	strato-walcheck --full
	chmod -R u+w "$S"
}

@test "a sound store repairs to the same keys, values, versions" {
	head -c 300000 /dev/urandom | strato-put large
	strato-compact
	strato-rm key2
	strato-ls -l >"$W/was"
	run -0 --separate-stderr strato-walcheck --repair="$W/new/"
	[ -z "$output$stderr" ]
	strato-ls -s "$W/new" -l >"$W/is"
	same "$W/was" "$W/is"
	same <(strato-get large) <(strato-get -s "$W/new" large)
	strato-put -s "$W/new" -d again key2
	strato-walcheck -s "$W/new" --full
	[ ! -e "$W/new.partial" ]
}

@test "a repair takes what lies beyond damage and lists what is doubtful" {
	damage_commit 3
	strato-walcheck --repair="$W/new" >"$W/lost" 2>"$W/err" || [ $? -eq 76 ]
	[ "$(strato-ls -s "$W/new" | tr '\n' ' ')" = "key1 key2 key4 key5 " ]
	[ "$(grep ^lost-commit "$W/lost" | cut -f4)" = 3 ]
	[ "$(grep ^doubtful "$W/lost" | cut -f2 | tr '\n' ' ')" = "key1 key2 " ]
	strato-walcheck -s "$W/new" --full
	strato-walcheck --repair="$W/again" -J 2>"$W/err" >"$W/lost" || [ $? -eq 76 ]
	jq -es 'length == 3' "$W/lost" >/dev/null
	jq -e '.error == "damaged"' "$W/err" >/dev/null
}

@test "a repair without a manifest, or with a damaged one, brings every key back" {
	strato-compact
	strato-put -d later key9
	overwrite "$S/manifest" 60
	run --separate-stderr -76 strato-walcheck
	[[ "$stderr" == *"/manifest: "*"checksum"* ]]
	strato-walcheck --repair="$W/new" >"$W/lost" 2>"$W/err" || [ $? -eq 76 ]
	[ "$(strato-ls -s "$W/new" | tr '\n' ' ')" = "key1 key2 key3 key4 key5 key9 " ]
	rm "$S/manifest" "$S/manifest.old"
	strato-walcheck --repair="$W/newer" >"$W/lost" 2>"$W/err" || [ $? -eq 76 ]
	[ "$(strato-ls -s "$W/newer" | tr '\n' ' ')" = "key1 key2 key3 key4 key5 key9 " ]
}

@test "a repair without either manifest goes by the newest snapshot, graphs and all" {
	printf 'Alice\tBob\n' | strato-graph import -q -g web -f tsv
	strato-snapshot old
	strato-rm key1
	strato-snapshot kept
	strato-put -d later key9
	strato-rm key2
	rm "$S/manifest" "$S/manifest.old"
	: >"$S/snap/00.kept"		# one that is no snapshot
	strato-walcheck --repair="$W/new" >"$W/lost" 2>"$W/err" || [ $? -eq 76 ]
	[ "$(strato-ls -s "$W/new" | tr '\n' ' ')" = "key3 key4 key5 key9 " ]
	[ "$(strato-graph export -s "$W/new" -g web -f tsv)" = "Alice${TAB}Bob" ]
	! grep -q ^doubtful "$W/lost" || fail "$(cat "$W/lost")"
	strato-walcheck -s "$W/new" --full
}

@test "a repair keeps the snapshots that are sound, and names the others" {
	people 300
	head -c 200000 /dev/urandom | strato-put large
	strato-snapshot one
	strato-rm key1
	strato-put -d other key2
	people_was=$(strato-graph export -g people -f jsonl | sort | cksum)
	head -c 100000 /dev/urandom | strato-put large
	strato-graph rm -q people
	strato-snapshot 'two more'
	strato-compact
	for name in one 'two more'; do
		strato-ls --values -f cdb --as-of="$name" >"$W/was $name"
	done
	run -0 --separate-stderr strato-walcheck --repair="$W/new"
	[ -z "$output$stderr" ]
	for name in one 'two more'; do
		strato-ls -s "$W/new" --values -f cdb --as-of="$name" >"$W/is"
		same "$W/was $name" "$W/is"
	done
	[ "$(strato-graph export -s "$W/new" -g people -f jsonl --as-of=one | sort | cksum)" = \
		"$people_was" ]
	[ "$(strato-snapshot -s "$W/new" --list | wc -l)" -eq 2 ]
	strato-put -s "$W/new" -d more key8
	strato-compact -s "$W/new"
	strato-walcheck -s "$W/new" --full
	run -0 --separate-stderr strato-walcheck -s "$W/new" --repair="$W/newer"
	overwrite "$(ls "$S"/seg/csr-* | head -n 1)" 5000
	strato-walcheck --repair="$W/newest" >"$W/lost" 2>"$W/err" || [ $? -eq 76 ]
	[ "$(cut -f1,2 "$W/lost")" = "lost-snapshot${TAB}one" ]
	strato-ls -s "$W/newest" --values -f cdb --as-of='two more' >"$W/is"
	same "$W/was two more" "$W/is"
	strato-walcheck -s "$W/newest" --full
}

@test "a repair by a snapshot whose log is gone doubts what came later" {
	strato-snapshot kept
	strato-rm key1
	strato-compact
	strato-put -d later key9
	strato-compact
	rm "$S/manifest" "$S/manifest.old"
	strato-walcheck --repair="$W/new" >"$W/lost" 2>"$W/err" || [ $? -eq 76 ]
	[ "$(strato-get -s "$W/new" key9)" = later ]
	# that it was removed only the lost manifest could say
	grep -q "^doubtful${TAB}key1" "$W/lost"
}

@test "what is gone is told for what it is, and nothing is told that is not missed" {
	strato-compact
	strato-put -d later key9
	cp -r "$S" "$W/sound"
	for try in "lock sound key9" "config sound key9" "wal/index sound key9" \
		"tmp folder key9" "manifest manifest key9" "manifest.old sound key9" \
		"wal folder-log key1" "seg folder-run key9"; do
		set -- $try
		rm -rf "$S" "$W/new" && cp -r "$W/sound" "$S"
		rm -r "$S/$1"
		# readers agree: damage they meet is told
		status=0
		strato-ls >"$W/out" 2>"$W/err" || status=$?
		found=$(kinds | sed 's/ *$//; s/ /-/g')
		[ "${found:-sound}" = "$2" ] || fail "$1: $found"
		[ $status -eq 0 ] || [ "$2" != sound ] || fail "$1: $status $(cat "$W/err")"
		strato-walcheck --repair="$W/new" >"$W/lost" 2>"$W/err" || [ $? -eq 76 ]
		strato-ls -s "$W/new" | grep -qx $3
	done
	rm -rf "$S" && cp -r "$W/sound" "$S"
	printf '\377' | dd of="$S/manifest" bs=1 seek=1 conv=notrunc status=none
	run -76 strato-walcheck
	rm -rf "$S"/*
	run --separate-stderr -66 strato-walcheck --full
}

@test "a manifest that was put back is told" {
	cp "$S/manifest" "$W/manifest"
	strato-compact
	strato-put -d later key9
	cp "$W/manifest" "$S/manifest"
	run --separate-stderr -76 strato-walcheck
	[[ "$stderr" == *"put back"* ]]
}

@test "a manifest that was put back is no older store, to readers and writers" {
	for round in 1 2 3 4; do
		strato-put -d $round later
		cp "$S/manifest" "$W/manifest"
		strato-snapshot now$round
		strato-put -d $round latest
		cp "$S/manifest" "$W/newer"
		cp "$W/manifest" "$S/manifest"
		for c in "get key1" "ls" "put -d v key10" "backup -o $W/image"; do
			run --separate-stderr -76 strato-$c
			[[ "$stderr" =~ "put back"|"it is not there" ]] || fail "$c: $stderr"
		done
		cp "$W/newer" "$S/manifest"
		[ "$(strato-get latest)" = $round ]
	done
}

@test "a log that was put back is damage to all who know its index" {
	cp "$LOG" "$W/log"
	strato-put -d 6 key6
	cp "$W/log" "$LOG"
	for c in "get key1" "get key6" "ls" "put -d 7 key7" "backup -o $W/image" "walcheck"; do
		run --separate-stderr -76 strato-$c
		[[ "$stderr" == *"$LOG: offset $((8 * 4096)): "*"its index knows version 6"* ]] ||
			fail "$c: $stderr"
		[[ "$stderr" == *"remove wal/index"* || $c = walcheck ]] || fail "$c: $stderr"
	done
	rm "$S/wal/index"		# it was meant
	run -1 strato-get key6
	strato-put -d 7 key7
	[ "$(strato-get key1)" = "value 1" ]
	strato-walcheck --full
}

@test "a large value that cannot be read names its key" {
	head -c 300000 /dev/urandom | strato-put 'my large'
	overwrite "$(echo "$S"/seg/blob-*)" 200000
	strato-walcheck
	run --separate-stderr -76 strato-walcheck --full
	[[ "$stderr" == *'key "my large"'* ]]
	strato-walcheck --repair="$W/new" >"$W/lost" 2>"$W/err" || [ $? -eq 76 ]
	[ "$(cut -f1,2 "$W/lost")" = "lost${TAB}my large" ]
	[ "$(strato-ls -s "$W/new" | wc -l)" -eq 5 ]
}

@test "graphs come over, and a damaged one is named" {
	printf 'Alice\tBob\nBob\tCarol\n' >"$W/edges"
	strato-graph import -q -g web -f tsv "$W/edges"
	strato-graph import -q -g other -f tsv "$W/edges"
	run -0 --separate-stderr strato-walcheck --repair="$W/new"
	strato-graph export -s "$W/new" -g web -f tsv | sort >"$W/is"
	same "$W/edges" "$W/is"
	overwrite "$(ls "$S"/seg/dict-* | head -n 1)" 4100
	run --separate-stderr -76 strato-walcheck --full
	[[ "$stderr" == *'graph "'* ]]
	strato-walcheck --repair="$W/newer" >"$W/lost" 2>"$W/err" || [ $? -eq 76 ]
	[[ "$(cut -f1 "$W/lost")" =~ ^lost-(nodes|edges) ]]
	strato-walcheck -s "$W/newer" --full
	rm "$(ls "$S"/seg/dict-* | head -n 1)"
	strato-walcheck --repair="$W/newest" >"$W/lost" 2>"$W/err" || [ $? -eq 76 ]
	[ "$(cut -f1 "$W/lost")" = lost-graph ]
	[ "$(strato-graph ls -s "$W/newest" | wc -l)" -eq 1 ]
	strato-walcheck -s "$W/newest" --full
}

people() { # N: a graph with labels, properties, weights, an index, and changes
	awk -v n=$1 'BEGIN {
		for (i = 0; i < n; i++)
			printf "{\"id\":\"n%05d\",\"labels\":[\"P\"],\"props\":{\"born\":%d}}\n",
				i, 1900 + i % 90
		for (i = 0; i < 6 * n; i++)
			printf "{\"from\":\"n%05d\",\"type\":\"%s\",\"to\":\"n%05d\",\"props\":" \
				"{\"weight\":%d,\"since\":%d}}\n", i * 7919 % n, i % 3 ? "knows" :
				"near", i * 104729 % n, i % 100, i
	}' | strato-graph import -q -g people -f jsonl
	strato-graph index -q -g people born
	printf 'node\tnew\t:P\tborn=2000\nedge\tnew\tn00007\tknows\tsince=1\n' >"$W/ops"
	printf 'del-node\tn00003\tcascade\ndel-edge\tn00100\tn00005\tnear\n' >>"$W/ops"
	strato-graph apply -q -g people "$W/ops" || [ $? -eq 1 ]
}

told_nodes() { # what of the lines on stdin is not of the list's nodes
	awk -F'\t' -v list="$W/lost" 'BEGIN {
		while ((getline line <list) > 0) {
			split(line, f, "\t")
			if (f[1] ~ /^lost-(nodes|edges)/) {
				low[++n] = f[2]; high[n] = f[3]; what[n] = f[1]
			}
		}
	}
	{
		for (i = 1; i <= n; i++)
			for (k = 1; k <= (what[i] == "lost-nodes" ? 2 : 1); k++)
				if (what[i] == "lost-edges" ? low[i] == $k :
				    (low[i] == "\\N" || $k >= low[i]) &&
				    (high[i] == "\\N" || $k < high[i]))
					next
		print
	}'
}

@test "a graph with one direction damaged comes back whole, changes and all" {
	people 3000
	strato-graph export -g people -f jsonl | sort >"$W/was"
	for f in "$S"/seg/csr-* "$S"/seg/index-*; do
		cp "$f" "$W/sound"
		overwrite "$f" 5000
		overwrite "$f" 20000
		run --separate-stderr -76 strato-walcheck --full
		[[ "$stderr" == *'graph "people"'* ]]
		case $f in
		*/csr-*) [[ "$stderr" == *'of type "knows"; graph "people": questions that go '* ]] ;;
		esac
		run -0 --separate-stderr strato-walcheck --repair="$W/new"
		[ -z "$output$stderr" ]
		strato-graph export -s "$W/new" -g people -f jsonl | sort >"$W/is"
		same "$W/was" "$W/is"
		strato-graph check -s "$W/new" -g people
		[ "$(strato-graph index -s "$W/new" -g people)" = born ]
		rm -r "$W/new"
		mv "$W/sound" "$f"
	done
}

@test "of a graph damaged all over what is lost is told node by node, and nothing is made up" {
	people 3000
	strato-graph edges -g people | sort >"$W/was"
	for f in "$S"/seg/csr-* "$S"/seg/dict-*; do
		overwrite "$f" 9000
		overwrite "$f" 5000
	done
	strato-walcheck --repair="$W/new" >"$W/lost" 2>"$W/err" || [ $? -eq 76 ]
	strato-graph check -s "$W/new" -g people
	strato-graph edges -s "$W/new" -g people | sort >"$W/is"
	[ -s "$W/is" ] && [ "$(wc -l <"$W/is")" -lt "$(wc -l <"$W/was")" ]
	[ -z "$(comm -13 "$W/was" "$W/is")" ]
	[ -z "$(comm -23 "$W/was" "$W/is" | told_nodes)" ]
}

@test "a repair refuses a place that is taken, and leaves it alone" {
	mkdir "$W/full"
	: >"$W/full/mine"
	run --separate-stderr -73 strato-walcheck --repair="$W/full"
	[[ "$stderr" == *"[exists]"* ]]
	[ -f "$W/full/mine" ]
	mkdir "$W/empty"
	strato-walcheck --repair="$W/empty"
	[ "$(strato-ls -s "$W/empty" | wc -l)" -eq 5 ]
}

@test "beside writers walcheck never speaks of damage" {
	strato-config log_size=1M
	printf '1\t2\n' | strato-graph import -q -g web -f tsv
	(
		for ((i = 0; i < 40; i++)); do
			if ((i % 5 == 0)); then
				seq $i 200 | awk '{ print "edge\t" $1 "\t" $1 * 7 "\tknows" }' |
					strato-graph apply -q -g web
				strato-snapshot s$i
				((i < 10)) || strato-snapshot --rm s$((i - 10))
				((i % 10)) || strato-graph compact -q -g web
			fi
			seeded 40000 $i | strato-put "v$((i % 7))"
			awk -v i=$i 'BEGIN { for (n = 0; n < 400; n++)
				printf "k%d\t%0200d\n", n, i }' | strato-put -b
			strato-compact -q
		done
	) &
	writer=$!
	for ((i = 0; i < $(scaled 15); i++)); do
		strato-walcheck --full
	done
	wait $writer
	strato-walcheck --full
}

@test "a file that is gone is damage, by its name, to whoever needs it" {
	head -c 300000 /dev/urandom | strato-put large
	printf '%s\n' '{"id":"a","props":{"n":1}}' '{"from":"a","to":"b","type":"t"}' |
		strato-graph import -q -g web -f jsonl
	strato-graph index -q -g web n
	strato-snapshot kept
	for f in "$S"/seg/*; do
		mv "$f" "$W/away"
		for c in "get large" "get -b key1 large" "ls --values -f cdb" "backup" \
			"ls --values -f cdb --as-of=kept" "graph nodes -l -g web" \
			"graph nodes -g web --where=n=1" "graph export -g web -f jsonl"; do
			status=0
			strato-$c >"$W/out" 2>"$W/err" || status=$?
			[ $status -eq 0 ] || [ $status -eq 76 ] || fail "$f: $c: $status"
			[ $status -eq 0 ] || grep -qF "${f##*/}" "$W/err" ||
				fail "$f: $c: $(cat "$W/err")"
		done
		run --separate-stderr -76 strato-backup -o "$W/image"
		run --separate-stderr -76 strato-walcheck --full
		[[ "$stderr" == *"${f##*/}"* ]]
		mv "$W/away" "$f"
	done
	strato-walcheck --full
}
