# tests/cmd/get.bats - many keys, large values, and settings seen at work
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	S=$W/kv
	cd "$W"
	export STRATO_STORE=$S
	strato-init "$S"
	awk 'BEGIN { for (i = 0; i < 6000; i++) printf "key%06d\tvalue %d %0*d\n", i, i, i % 90, i }' >records
	strato-put -b <records
}

@test "answers are in the order asked, repetitions and missing keys included" {
	awk 'BEGIN { for (i = 0; i < 9000; i++) printf "key%06d\n", (i * 7919) % 6500 }' >keys
	run --separate-stderr -1 strato-get -b <keys
	printf '%s\n' "$output" | cut -f1 | cmp - keys
	awk -F'\t' 'NR == FNR { v[$1] = $2; next } { print $1 "\t" ($1 in v ? v[$1] : "\\N") }' \
		records keys >want
	printf '%s\n' "$output" | cmp - want
}

@test "--unordered gives the same answers, each once for every time it was asked" {
	awk 'BEGIN { for (i = 0; i < 9000; i++) printf "key%06d\n", (i * 7919) % 6000 }' >keys
	strato-compact
	strato-get -b <keys | sort >want
	strato-get -b --unordered <keys | sort | cmp - want
	strato-get -b --unordered -O cache_size=64K <keys | sort | cmp - want
}

@test "-v shows the windows, the cache within cache_size, and what it gave" {
	strato-compact
	coproc strato-get -b -v -O cache_size=1M 2>notes
	pid=$COPROC_PID
	for i in 1 2 3; do
		echo key000007 >&"${COPROC[1]}"
		read -r line <&"${COPROC[0]}"
		[[ $line == key000007$'\t'"value 7"* ]]
	done
	eval "exec ${COPROC[1]}>&-"
	wait "$pid"
	grep -q '^strato-get: 3 keys in 3 windows, 1 blocks; cache 2 hits, 1 misses, 0 dropped, [0-9]* of 262144 bytes$' notes
}

@test "a range of a large value reads its chunks, and no others" {
	head -c 20000000 /dev/urandom >big
	strato-put big big
	strato-get big | cmp - big
	tail -c +5000001 big | head -c 300000 >want
	strato-get -v -r 5000000:300000 big 2>notes | cmp - want
	grep -qE '^strato-get: [34] chunks, ' notes
}

@test "every prefetch_distance and I/O mode gives the same bytes" {
	{ head -c 20000000 /dev/urandom; seq 800000; } >big	# chunks that pack, and not
	strato-put big big
	for n in 0 1 16; do
		for io in auto $(io_modes); do
			strato-get -O prefetch_distance=$n -O direct_io=$io big | cmp - big
			strato-get -O prefetch_distance=$n -O direct_io=$io -o out big
			cmp out big
		done
		strato-get -O prefetch_distance=$n --mmap big | cmp - big
	done
	tail -c +1000001 big | head -c 21000000 >want
	for io in $(io_modes); do
		strato-get -O direct_io=$io -r 1000000:21000000 big | cmp - want
		strato-get -O direct_io=$io -r 1000000:21000000 big >out
		cmp out want
	done
}

# The log may be so long as it was when a writer found it beyond log_size: one commit
# more, in blocks of 4 KiB, and its file grows ahead by no more than that again.
@test "a reader held through whole overwrites: no writer waits, the log stays in its bound" {
	strato-config log_size=256K reserve_size=1M
	for round in first second third; do
		LC_ALL=C awk -v r=$round 'BEGIN { for (i = 0; i < 6000; i++)
			printf "key/%05d\tvalue %d of the %s\n", i, i, r }' >"$W/$round"
	done
	strato-put -b "$W/first"
	seeded 300000 2 >"$W/large"
	strato-put large "$W/large"
	coproc READER { exec strato-get -b; }
	pid=$READER_PID
	echo key/00000 >&"${READER[1]}"
	IFS= read -r -t 20 line <&"${READER[0]}"
	[ "$line" = "key/00000${TAB}value 0 of the first" ]
	for round in second third second third; do
		strato-put --wait=0 -b --commit-every=100 "$W/$round"
		strato-put --wait=0 -d small large
		[ "$(strato-stat -J | jq .log_bytes)" -le $((2 * 256 * 1024)) ]
		[ "$(du -cb "$S"/wal/* | tail -n 1 | cut -f1)" -le $((8 * 256 * 1024)) ]
	done
	strato-compact --wait=0
	for i in 00001 03000 05999; do
		echo key/$i >&"${READER[1]}"
		IFS= read -r -t 20 line <&"${READER[0]}"
		[ "$line" = "key/$i${TAB}value $((10#$i)) of the first" ]
	done
	eval "exec ${READER[1]}>&-"
	wait "$pid"
	strato-ls --values key/ | cmp - "$W/third"
	strato-put -d v after
	[ "$(strato-stat -J | jq .stored_bytes)" -lt 4000000 ] || fail "$(strato-stat)"
	strato-walcheck --full
}

# Values of some KiB and of hundreds, more of them than any window's memory holds.
many_values() {
	awk 'BEGIN { for (i = 0; i < 900; i++) {
		printf "m%03d\t", i
		n = i % 40 ? 1100 + i * 7 : 300000 + i
		for (k = 0; k < n; k += 16) printf "%016d", (k % 64 ? i : i * 7919 + k * 104729)
		print "" } }' >values
	strato-put -b -f text <values
}

@test "large values of a batch are the same for every I/O mode, depth and memory" {
	many_values
	sort -R --random-source=values values >want
	cut -f1 want >asked
	for o in $(io_modes | sed s/^/direct_io=/) io_depth=1 cache_size=64K cache_size=1M; do
		strato-get -b -f text -O $o <asked | cmp - want
		strato-get -b -f text -O $o --unordered <asked | sort | cmp - values
	done
	strato-get -b -v -f text <asked 2>notes >/dev/null
	grep -q '^strato-get: 900 large values, ' notes
	grep -q 'at most' notes
}

@test "a damaged large value in a batch: status 76, what came before it and nothing else" {
	many_values
	cut -f1 values >asked
	strato-compact
	blob=$(ls -S "$STRATO_STORE"/seg/blob-* | head -n 1)
	size=$(stat -c %s "$blob")
	for at in 3 2; do
		cp "$blob" keep
		flip "$blob" $((size / at))
		for o in $(io_modes | sed s/^/direct_io=/); do
			run --separate-stderr -76 strato-get -b -f text -O $o <asked
			[ $status = 76 ]
		done
		strato-get -b -f text <asked >got 2>said || [ $? = 76 ]
		grep -q "seg/blob-.*: offset [0-9]*: .* \[damaged\]$" said
		[ "$(wc -l <said)" = 1 ]
		n=$(stat -c %s got)
		[ "$n" -gt 100000 ]
		[ "$n" -lt "$(stat -c %s values)" ]
		head -c "$n" values | cmp - got
		cat keep >"$blob"
	done
	strato-get -b -f text <asked | cmp - values
}

@test "a large value removed, expired or absent is not there, whatever was on its way" {
	many_values
	strato-rm m007 m500
	strato-put --ttl=1ms m010 <values
	sleep 0.1
	cut -f1 values >asked
	echo m999 >>asked
	run -1 strato-get -b -f tsv <asked
	strato-get -b -f cdb <asked >got || [ $? = 1 ]
	grep -aq '^-4:m007$' got
	grep -aq '^-4:m500$' got
	grep -aq '^-4:m010$' got
	grep -aq '^-4:m999$' got
	grep -v -e '^m007' -e '^m500' -e '^m010' values >want
	strato-get -b -f text --ignore-missing <asked | cmp - want
}

@test "a batch from a store larger than it takes less than 64 MiB of memory" {
	! grep -q 'define STRATO_SANITIZED' "$STRATO_BUILD/config.h" ||
		skip "the sanitizer's own memory would be counted"
	text=$(printf '%0190d' 0)
	seq -f "k%06.0f$(printf '\t')$text" 420000 | strato-put -b -f text -O compression=none
	[ "$(du -s -B1 "$S/seg" | cut -f1)" -gt 80000000 ]
	seq -f k%06.0f 1 5 400000 >asked
	for i in 2 3 4 5; do seq -f k%06.0f $i 5 400000; done >>asked
	mkfifo keys
	strato-get -b -f text <keys >got &
	pid=$!
	exec 9>keys
	cat asked >&9
	while [ "$(wc -l <got)" -lt 400000 ]; do sleep 0.1; done
	peak=$(awk '/VmHWM/ { print $2 }' /proc/$pid/status)
	exec 9>&-
	wait $pid
	echo "peak $peak KiB"
	[ "$peak" -lt 65536 ]
}

@test "a memory_limit that leaves none for values on their way gives the same answers" {
	many_values
	cut -f1 values >asked
	for m in 1M 1200K 1500K 2M 4M; do
		strato-get -b -f text -O memory_limit=$m <asked | cmp - values
		for io in $(io_modes); do
			strato-get -b -f text -O memory_limit=$m -O direct_io=$io <asked |
				cmp - values
		done
	done
}

@test "--files --into: what put --files stored comes back, names, bytes and directories" {
	mkdir -p "$W/from/a b/c" "$W/from/-d"
	printf x >"$W/from/one"
	: >"$W/from/a b/empty"
	head -c 3000000 /dev/urandom >"$W/from/a b/c/large"
	printf '\0\n' >"$W/from/-d/"$'\xff\n'
	(cd "$W/from" && find . -type f -print0 | strato-put --files -p tree/ -0 --files-from=-)
	strato-get --files --into="$W/to" -p tree/
	diff -r "$W/from" "$W/to"
	# again, over what is there; some by name; none is left half-made
	printf other >"$W/to/one"
	chmod u-w "$W/to/a b/c/large"
	strato-get --files --into="$W/to" -p tree/ tree/one "tree/a b/c/large"
	diff -r "$W/from" "$W/to"
	[ -z "$(find "$W/to" -name '.strato*')" ]
	run -1 strato-get --files --into="$W/to" tree/one nobody
	[ "$(cat "$W/to/tree/one")" = x ]
	printf later | strato-put tree/one
	strato-get --files --into="$W/old" --as-of="$(($(strato-stat -J | jq -r .version) - 1))" tree/one
	[ "$(cat "$W/old/tree/one")" = x ]
}

@test "--files --into: no key leads out of the directory" {
	local key
	mkdir "$W/to" "$W/away"
	ln -s "$W/away" "$W/to/link"
	ln -s "$W/away/file" "$W/to/last"
	for key in /abs ../up a/../../up a/.. . .. a//b a/ / link/in "$(printf 'x%.0s' $(seq 300))"; do
		printf bad | strato-put -- "$key"
		run --separate-stderr strato-get --files --into="$W/to" -- "$key"
		[ "$status" -ge 64 ] || fail "$key: status $status"
		[[ "$stderr" == *'['*']'* ]]
	done
	[ -z "$(ls -A "$W/away")" ]
	[ ! -e "$W/up" ]
	# a link in the place of the file is replaced, not followed
	printf good | strato-put last
	strato-get --files --into="$W/to" last
	[ "$(cat "$W/to/last")" = good ] && [ ! -L "$W/to/last" ]
	[ -z "$(ls -A "$W/away")" ]
	run -64 strato-get --files last
	run -64 strato-get --into="$W/to" last
	run -64 strato-get --files --into="$W/to" -b last
	run -64 strato-get -p x last
}
