# tests/cmd/put.bats - strato-put and strato-get: bytes in, bytes out
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	S=$W/kv
	export STRATO_STORE=$S
	strato-init "$S"
}

@test "a value is its bytes: empty, one byte, 256 bytes, without a newline, 1 MiB" {
	: >"$W/empty"
	printf x >"$W/one"
	all_bytes >"$W/all"
	seeded 1048577 >"$W/large"
	for f in empty one all large; do
		strato-put "$f" "$W/$f"
		strato-put "$f.stdin" <"$W/$f"
		strato-get "$f" >"$W/out"
		same "$W/$f" "$W/out"
		strato-get "$f.stdin" >"$W/out"
		same "$W/$f" "$W/out"
	done
	strato-put -d '' none
	[ "$(strato-get none | wc -c)" = 0 ]
}

@test "keys may be any bytes and 65535 long, not 0 and not 65536" {
	key=$(head -c 65535 /dev/zero | tr '\0' k)
	printf '%s\tv\n' "$key" | strato-put -b
	printf '%s\n' "$key" | strato-get -b | cut -f2 | grep -qx v
	run --separate-stderr -65 strato-put -b <<<"${key}k${TAB}v"
	[[ "$stderr" == *"[too-big]"* ]]
	run --separate-stderr -65 strato-put -b <<<"${TAB}v"
	run --separate-stderr -64 strato-put -d v ''
	strato-put -d dash -- -x
	[ "$(strato-get -- -x)" = dash ]
}

@test "every byte value in keys and values round trips through tsv, cdb and jsonl" {
	for ((i = 0; i < 256; i++)); do
		b=$(printf '\\x%02X' $i)
		printf 'k%sz\tv%s%sw\n' "$b" "$b" "$b"
	done >"$W/in"
	strato-put -b "$W/in"
	strato-ls --count | grep -qx 256
	for f in tsv cdb jsonl; do
		strato-ls --values -f $f >"$W/dump.$f"
		strato-put -s "$W/kv.$f" -c -b -f $f "$W/dump.$f"
		strato-ls -s "$W/kv.$f" --values -f cdb >"$W/again"
		strato-ls --values -f cdb >"$W/once"
		same "$W/once" "$W/again"
	done
	jq -e . "$W/dump.jsonl" >/dev/null
}

@test "a tsv stream shuffled gives the same store" {
	for ((i = 0; i < 500; i++)); do printf 'k%d\tv\\t%d\\n\n' $i $((i * 7)); done >"$W/in"
	strato-put -b "$W/in"
	sort -R "$W/in" | strato-put -s "$W/other" -c -b
	same <(strato-ls --values) <(strato-ls -s "$W/other" --values)
}

@test "later records win, absent ones delete" {
	printf 'a\t1\nb\t2\na\t3\nb\t\\N\n' | strato-put -b
	[ "$(strato-get a)" = 3 ]
	run -1 strato-get b
	[ -z "$output" ]
}

@test "a missing key is status 1, nothing on stdout, no words unless asked" {
	run --separate-stderr -1 strato-get nobody
	[ -z "$output" ] && [ -z "$stderr" ]
	run --separate-stderr -1 strato-get -v nobody
	[[ "$stderr" == *nobody* ]]
	run -1 strato-get -e nobody
	strato-put -d v somebody
	run -0 strato-get -e somebody
}

@test "batch answers in the order asked, missing keys in the stream" {
	printf 'a\t1\nc\t3\n' | strato-put -b
	run -1 strato-get -b c b a c
	[ "$output" = "c${TAB}3"$'\n'"b${TAB}\\N"$'\n'"a${TAB}1"$'\n'"c${TAB}3" ]
	run -0 strato-get -b --ignore-missing c b
	[ "$output" = "c${TAB}3" ]
	printf 'a\0c\0' | strato-get -b -0 | cut -f1 | paste -sd, | grep -qx a,c
}

@test "a copy of some keys carries deletions" {
	printf 'a\t1\n' | strato-put -b
	strato-put -s "$W/copy" -c -d old b
	{ strato-get -b -f cdb a b || [ $? = 1 ]; } | strato-put -s "$W/copy" -b -f cdb
	[ "$(strato-get -s "$W/copy" a)" = 1 ]
	run -1 strato-get -s "$W/copy" b
}

@test "ranges: from the start, from the end, past the end, across chunks" {
	seeded 400000 >"$W/v"
	strato-put v "$W/v"
	strato-get -r 0:10 v | cmp - <(head -c 10 "$W/v")
	strato-get -r 131070:5 v | cmp - <(tail -c +131071 "$W/v" | head -c 5)
	strato-get -r -7 v | cmp - <(tail -c 7 "$W/v")
	strato-get -r -7:3 v | cmp - <(tail -c 7 "$W/v" | head -c 3)
	[ "$(strato-get -r 400000:5 v | wc -c)" = 0 ]
	[ "$(strato-get -r 399999:50 v | wc -c)" = 1 ]
	run --separate-stderr -64 strato-get -r x v
}

@test "info: size, version, stored size, checksum" {
	printf %s 123456789 | strato-put k
	[ "$(strato-get -i k | cut -f1,2,5,6)" = "k${TAB}9${TAB}e3069283${TAB}-" ]
	v=$(strato-get -i k | cut -f3)
	strato-put --if-version="$v" -d new k
	run --separate-stderr -1 strato-put --if-version="$v" -d newer k
	[ "$(strato-get k)" = new ]
}

@test "conditions: if-absent and if-present decide at the commit" {
	strato-put --if-absent -d 1 k
	run -1 strato-put --if-absent -d 2 k
	strato-put --if-present -d 3 k
	run -1 strato-put --if-present -d 4 other
	[ "$(strato-get k)" = 3 ]
	run -1 strato-get -e other
	strato-put --if-version=0 -d 5 other
}

@test "acknowledgements count input records and name versions" {
	run -0 strato-put -a -b --commit-every=2 <<<$'a\t1\nb\t2\nc\t3'
	[ "$(cut -f1 <<<"$output" | paste -sd,)" = 2,3 ]
	[ "$(cut -f2 <<<"$output" | sort -u | wc -l)" = 2 ]
	strato-put -a -J -d v k | jq -e '.count == 1 and (.version | type) == "string"'
	run --separate-stderr -64 strato-put -a --no-sync -d v k
}

@test "a malformed record: those before it are kept, the message says where to go on" {
	run --separate-stderr -65 strato-put -b <<<$'a\t1\nbad\nc\t3'
	[[ "$stderr" == *"line 2"*"[bad-record]"* ]]
	[[ "$stderr" == *"1 records before it"*"tail -n +2"* ]]
	[ "$(strato-get a)" = 1 ]
	run -1 strato-get -e c
	printf 'a\t1\nbad\nc\t3\n' >"$W/in"
	strato-put -b --max-bad=1 --rejects="$W/rejects" "$W/in"
	[ "$(strato-get c)" = 3 ]
	[ "$(cat "$W/rejects")" = bad ]
}

@test "--atomic: a malformed record leaves nothing of the input" {
	run --separate-stderr -65 strato-put -b --atomic <<<$'a\t1\nbad'
	run -1 strato-get -e a
	for ((i = 0; i < 3000; i++)); do printf 'k%d\tv\n' $i; done | strato-put -b --atomic
	[ "$(strato-ls --count)" = 3000 ]
	[ "$(strato-ls -l | cut -f3 | sort -u | wc -l)" = 1 ]
}

@test "a cut-off stream is noticed" {
	run --separate-stderr -65 strato-put -b < <(printf 'a\t1\nb\t2')
	[[ "$stderr" == *"[cut-off]"* ]]
	[ "$(strato-get a)" = 1 ]
	run --separate-stderr -65 strato-put -b -f cdb < <(printf '+1,1:x->y\n')
	[[ "$stderr" == *"[cut-off]"* ]]
	[ "$(strato-get x)" = y ]
	printf 'p\tq\nr\ts\n' | gzip | head -c -6 >"$W/cut.gz"
	run --separate-stderr -65 strato-put -b "$W/cut.gz"
	[[ "$stderr" == *"[cut-off]"* ]]
}

@test "gzip and LZ4 record streams are unpacked, a single value never is" {
	printf 'g\t1\n' | gzip | strato-put -b
	printf 'l\t2\n' | lz4 -q | strato-put -b
	[ "$(strato-get g)$(strato-get l)" = 12 ]
	printf 'x' | gzip -n >"$W/v.gz"
	strato-put v <"$W/v.gz"
	same "$W/v.gz" <(strato-get v)
}

@test "a read error on stdin is an error, never the end of the input" {
	run --separate-stderr -74 strato-put k <"$W"
	run -1 strato-get -e k
	run --separate-stderr -74 strato-put -b <"$W"
}

@test "-o is complete or absent; a full disk is 74" {
	seeded 100000 >"$W/v"
	strato-put v "$W/v"
	strato-get -o "$W/out" v
	same "$W/v" "$W/out"
	run -1 strato-get -o "$W/none" nobody
	[ ! -e "$W/none" ]
	run --separate-stderr -74 bash -c 'strato-get v >/dev/full'
	[[ "$stderr" == *"[no-space]"* ]]
}

@test "files under their paths" {
	mkdir -p "$W/d/sub"
	printf 1 >"$W/d/a"
	seeded 5000 >"$W/d/sub/b"
	(cd "$W/d" && find . -type f -print0 | strato-put --files -0 --files-from=- -p in/)
	[ "$(strato-get in/a)" = 1 ]
	same "$W/d/sub/b" <(strato-get in/sub/b)
	(cd "$W/d" && strato-put --files a sub/b)
	[ "$(strato-ls | paste -sd' ')" = "a in/a in/sub/b sub/b" ]
	run --separate-stderr -66 strato-put --files "$W/nothing"
	run --separate-stderr -64 strato-put --files
}

@test "a co-process is answered before the next key is sent" {
	strato-put -d 1 a
	coproc GET { strato-get -b; }
	local pid=$GET_PID
	printf 'a\n' >&"${GET[1]}"
	IFS= read -r -t 10 line <&"${GET[0]}"
	[ "$line" = "a${TAB}1" ]
	printf 'a\n' >&"${GET[1]}"
	IFS= read -r -t 10 line <&"${GET[0]}"
	[ "$line" = "a${TAB}1" ]
	eval "exec ${GET[1]}>&-"
	wait "$pid"
}

@test "an input that pauses is committed while it is open" {
	mkfifo "$W/pipe"
	strato-put -b <"$W/pipe" &
	exec 7>"$W/pipe"
	printf 'a\t1\n' >&7
	for ((i = 0; i < 100; i++)); do
		strato-get -e a && break
		sleep 0.1
	done
	[ "$(strato-get a)" = 1 ]
	exec 7>&-
	wait
}

@test "a mistyped store creates nothing and says what to do" {
	run --separate-stderr -66 strato-put -s "$W/typo" -d v k
	[ ! -e "$W/typo" ]
	[[ "$stderr" == *"no store here [no-store]"*"strato-init"* ]]
	run --separate-stderr -66 strato-get -s "$W/typo" k
	unset STRATO_STORE
	run --separate-stderr -64 strato-put -d v k
}

@test "every message with -J is JSON" {
	run --separate-stderr -66 strato-get -J -s "$W/typo" k
	jq -e '.error == "no-store" and .status == 66' <<<"$stderr"
	run --separate-stderr -1 strato-get -J nobody
	jq -e '.absent' <<<"$output"
	strato-put -d $'\xff' raw
	strato-get -J raw | jq -e '.value64 == "/w=="'
}

@test "a value far larger than the memory allowed goes in and out in 32 MiB" {
	n=$(scaled 268435456)
	strato-put -c big < <(head -c "$n" /dev/zero | tr '\0' 'z')
	[ "$(strato-get big | wc -c)" = "$n" ]
	[ "$(strato-get -i big | cut -f2)" = "$n" ]
}

@test "memory stays within the limit for an input ten times larger" {
	limit=$((32 << 20))
	n=$(scaled 3000000)
	awk -v n="$n" 'BEGIN { for (i = 0; i < n; i++)
		printf "%08x\tvalue %d with some length to it, so that it is a hundred bytes or so, in all, about\n",
			(i * 2654435761) % 4294967296, i }' >"$W/in"
	for how in "" --atomic; do
		/usr/bin/time -f %M -o "$W/rss" strato-put -b $how --memory-limit=$limit "$W/in"
		[ "$(cat "$W/rss")" -le $(((limit + (64 << 20)) / 1024)) ]
	done
	[ "$(strato-ls --count --memory-limit=$limit)" = "$(cut -f1 "$W/in" | sort -u | wc -l)" ]
}

@test "killed in the middle of a large value, the old one stays and the next one goes in" {
	strato-put -d old k
	mkfifo "$W/pipe"
	for zeros in 0 1; do
		strato-put k <"$W/pipe" 3>&- &
		pid=$!
		exec 4>"$W/pipe"
		# noise is written as it comes; the pipe stays open, so the value has no end
		head -c 24000000 /dev/urandom >&4
		[ $zeros = 0 ] || head -c 100000000 /dev/zero >&4
		kill -9 $pid
		ended_or_killed $pid
		exec 4>&-
		[ "$(strato-get k)" = old ]
	done
	head -c 24000000 /dev/urandom >"$W/new"
	strato-put k <"$W/new"
	strato-get k >"$W/out"
	same "$W/new" "$W/out"
	strato-walcheck -s "$S"
}

@test "a disk that fills up in the middle of a large value is status 74, and has its room again" {
	as="unshare -m"
	[ "$(id -u)" = 0 ] || as="unshare -rm"
	mkdir "$W/disk"
	$as mount -t tmpfs -o size=64M none "$W/disk" 2>/dev/null ||
		skip "a small file system cannot be mounted here"
	$as bash -ec '
		mount -t tmpfs -o size=64M none "$1"
		export STRATO_STORE=$1/kv
		strato-init -O reserve_size=0 "$STRATO_STORE"
		head -c 8000000 /dev/urandom >"$2/fits"
		strato-put k "$2/fits"
		for i in 1 2 3; do
			status=0
			head -c 100000000 /dev/urandom | strato-put k 2>"$2/words" || status=$?
			[ $status = 74 ]
			grep -F "[no-space]" "$2/words"
			strato-get k | cmp - "$2/fits"
			strato-put other "$2/fits"
			strato-rm other
		done
	' - "$W/disk" "$W"
}
