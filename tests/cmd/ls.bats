# tests/cmd/ls.bats - strato-ls: keys in byte order, between bounds
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	S=$W/kv
	cd "$W"
	export STRATO_STORE=$S
	strato-init -O log_size=1M "$S"
}

# Lines of ALPHABET's letters, 1 to 5 long.
some_keys() { # N SEED
	LC_ALL=C awk -v n="$1" -v x="$2" 'BEGIN {
		split("a b / \377 0 ~", letter, " ")
		for (x %= 4294967296; n > 0; n--) {
			k = ""
			x = (x * 1664525 + 1013904223) % 4294967296
			for (i = int(x / 65536) % 5; i >= 0; i--) {
				x = (x * 1664525 + 1013904223) % 4294967296
				k = k letter[int(x / 65536) % 6 + 1]
			}
			print k
		}
	}'
}

@test "keys come in the order of their bytes, escaped, one a line" {
	printf '%s\tv\n' b 'a\tb' 'a' $'\xff' $'\xc3\xa9' '\0' 'a\\' 'Z' | strato-put -b
	strato-ls >out
	printf '%s\n' '\0' Z a 'a\tb' 'a\\' b $'\xc3\xa9' $'\xff' >want
	same want out
}

@test "-0 and text are the keys as they are; a list read back finds them all" {
	for ((i = 1; i < 256; i++)); do printf 'k\\x%02xz\tv\n' $i; done | strato-put -b
	strato-ls -0 >list0
	for ((i = 1; i < 256; i++)); do printf "k\\x$(printf %02x $i)z\0"; done | sort -z >want
	same want list0
	strato-get -b -0 <list0 | wc -l | grep -qx 255
	strato-ls | strato-get -b | wc -l | grep -qx 255
	run --separate-stderr -65 strato-ls -f text
	[[ "$stderr" == *"[bad-record]"* ]]
	strato-rm "$(printf 'k\nz')"
	strato-ls -f text >text
	tr '\0' '\n' <list0 | grep -avxF -e 'k' -e 'z' >want
	same want text
}

@test "prefix, bounds, direction and limit agree with a sorted list, whatever was folded" {
	echo "seed $SEED"
	some_keys 400 "$SEED" | LC_ALL=C sort -u >keys
	# in three layers: a run, a run over it that removes, and the log
	LC_ALL=C awk '{ print $0 "\tone" }' keys | strato-put -b
	strato-compact
	LC_ALL=C awk 'NR % 3 == 0' keys | strato-rm -b
	strato-compact
	LC_ALL=C awk 'NR % 6 == 0 { print $0 "\ttwo" }' keys | strato-put -b
	LC_ALL=C awk 'NR % 7 == 0' keys | strato-rm -b --force
	LC_ALL=C awk '(NR % 3 != 0 || NR % 6 == 0) && NR % 7 != 0' keys >live
	strato-ls >out
	same live out
	n=0
	while [ $n -lt "$(scaled 60)" ]; do
		n=$((n + 1))
		mapfile -t r < <(some_keys 3 $((SEED + 7 * n)))
		p= s= e= l=$((n % 9)) rev=
		[ $((n % 2)) = 0 ] || p=${r[0]:0:1}
		[ $((n % 3)) = 0 ] || s=${r[1]}
		[ $((n % 5)) = 0 ] || e=${r[2]}
		[ $((n % 4)) -lt 2 ] || rev=--reverse
		LC_ALL=C awk -v p="$p" -v s="$s" -v e="$e" '
			substr($0, 1, length(p)) == p && (s == "" || ($0 "") >= (s "")) &&
			(e == "" || ($0 "") < (e ""))' live >want
		[ -z "$rev" ] || { tac want >w; mv w want; }
		[ $l = 0 ] || { head -n $l want >w; mv w want; }
		LC_ALL=C strato-ls ${s:+--start="$s"} ${e:+--end="$e"} $rev \
			$([ $l = 0 ] || echo -L $l) -- "$p" >out
		cmp want out || fail "seed $SEED: prefix '$p' start '$s' end '$e' $rev limit $l"
	done
}

@test "--count counts what would be listed; -L 0 is nothing" {
	printf 'k%d\tv\n' 1 2 3 4 5 | strato-put -b
	[ "$(strato-ls --count)" = 5 ]
	[ "$(strato-ls --count -L 3)" = 3 ]
	[ "$(strato-ls --count --start=k4)" = 2 ]
	[ "$(strato-ls --count nothing)" = 0 ]
	[ "$(strato-ls --count -J)" = '{"keys":5}' ]
	[ -z "$(strato-ls -L 0)" ]
}

@test "-l: size, version, stored size, checksum of the value, expiry" {
	printf %s 123456789 | strato-put crc
	strato-put -d '' empty
	[ "$(strato-ls -l crc)" = "crc${TAB}9${TAB}1${TAB}9${TAB}e3069283${TAB}-" ]
	[ "$(strato-ls -l empty)" = "empty${TAB}0${TAB}2${TAB}0${TAB}00000000${TAB}-" ]
	[ "$(strato-ls -l)" = "$(strato-stat crc empty)" ]
	strato-ls -l -J crc | jq -e '.key == "crc" and .size_bytes == 9 and .version == "1"
		and .checksum == "e3069283" and .expires == null'
}

@test "--values is a dump that makes the same store, in each format" {
	seeded 3000 5 >large
	seeded 400000 6 >larger
	strato-put -d '' empty
	strato-put large large
	strato-put larger larger
	all_bytes | strato-put all
	printf 'a\\tb\tc\\nd\n' | strato-put -b
	strato-ls --values -f cdb >dump
	for f in tsv cdb jsonl; do
		strato-ls --values -f $f | strato-put -s other.$f -c -b -f $f
		strato-ls -s other.$f --values -f cdb >again
		same dump again
	done
	strato-ls --values -J | jq -e .key >/dev/null
	strato-compact
	strato-ls --values -f cdb >again
	same dump again
}

@test "a list is of one moment, however long it takes to read" {
	# more than the pipe and the buffers of the command hold
	seq -f 'k%06.0f' 1 200000 >want
	awk '{ print $0 "\tv" }' want | strato-put -b
	mkfifo slow
	strato-ls >slow &
	exec 7<slow
	read -r first <&7
	strato-rm -y -p k
	strato-put -d v z
	strato-compact
	{ echo "$first"; cat <&7; } >out
	exec 7<&-
	wait $!
	same want out
}

@test "-o is complete or absent" {
	printf 'k%d\tv\n' 1 2 3 | strato-put -b
	strato-ls -o list
	[ "$(wc -l <list)" = 3 ]
	printf 'a\\nb\tv\n' | strato-put -b
	run -65 strato-ls -f text -o list
	[ "$(wc -l <list)" = 3 ]
	[ "$(ls -A | grep -vxE 'kv|list')" = "" ]
}

@test "what excludes itself is 64" {
	for o in '-l --count' '-l --values' '--count --values' '-0 -l' '-0 --values' \
		'--start=' '--end=' '-L x' '-L -1' '-f csv' 'a b'; do
		run --separate-stderr -64 strato-ls $o
		[[ "$stderr" == "strato-ls: "*"[usage]"* ]] || fail "$o: $stderr"
	done
}

@test "nothing to list is status 0, and with -J nothing is valid too" {
	run --separate-stderr -0 strato-ls
	[ -z "$output$stderr" ]
	run --separate-stderr -0 strato-ls -J nobody
	[ -z "$output$stderr" ]
	run --separate-stderr -66 strato-ls -J -s nowhere
	jq -e '.error == "no-store" and .status == 66' <<<"$stderr"
	[ ! -e nowhere ]
}

# A place another user can reach, with the store and the programs in it.
reachable_copy() {
	place=$(mktemp -d)
	chmod 755 "$place"
	cp -r "$S" "$place/kv"
	cp "$(command -v strato-ls)" "$(command -v strato-rm)" "$place"
	chmod -R a+rX "$place"
	S=$place/kv STRATO_STORE=$place/kv PATH=$place:$PATH
}

teardown() {
	[ -z "${place-}" ] || { chmod -R u+w "$place"; rm -rf "$place"; }
}

@test "a reader without any right to write lists all the same" {
	printf 'k%d\tv\n' 1 2 3 | strato-put -b
	strato-compact
	strato-put -d v k4
	reachable_copy
	if [ "$(id -u)" = 0 ]; then
		command -v setpriv >/dev/null || skip "setpriv is not here"
		as="setpriv --reuid=65534 --clear-groups"
		$as test -r "$S/manifest" -a -x "$place/strato-ls" ||
			skip "another user cannot reach $place"
	else
		chmod -R a-w "$S"
		as=
	fi
	$as strato-ls >out || fail "status $?"
	[ "$(cat out)" = "$(printf 'k%d\n' 1 2 3 4)" ]
	run --separate-stderr -77 $as strato-rm k1
	[[ "$stderr" == *"[denied]"* || "$stderr" == *"[read-only]"* ]]
	chmod -R u+w "$S"
	[ "$(strato-ls --count)" = 4 ]
}
