# tests/cmd/rm.bats - strato-rm: what is named goes, and nothing else
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	S=$W/kv
	cd "$W"
	export STRATO_STORE=$S
	strato-init "$S"
	printf 'user/%d\tname %d\n' 1 1 2 2 3 3 | strato-put -b
	strato-put -d x other
}

@test "keys named go in one commit, silently" {
	v=$(strato-stat -J | jq -r .version)
	run --separate-stderr -0 strato-rm user/1 user/2
	[ -z "$output$stderr" ]
	[ "$(strato-ls)" = "$(printf 'other\nuser/3')" ]
	[ "$(strato-stat -J | jq -r .version)" = $((v + 1)) ]
}

@test "a key that is not there is status 1 without a word, the others go" {
	run --separate-stderr -1 strato-rm nobody user/1
	[ -z "$output$stderr" ]
	[ "$(strato-ls --count user/)" = 2 ]
	run -0 strato-rm --force nobody user/2
	[ "$(strato-ls --count user/)" = 1 ]
	run --separate-stderr -1 strato-rm -v nobody
	[[ "$stderr" == *'"nobody": no such key'* ]]
}

@test "a key named twice is not there the second time, in whatever commit" {
	run -1 strato-rm user/1 user/1
	printf '%s\n' user/2 user/2 >list
	run -1 strato-rm -b list
	[ "$(strato-ls --count user/)" = 1 ]
}

@test "absent keys leave the version alone" {
	v=$(strato-stat -J | jq -r .version)
	strato-rm --force nobody
	run -1 strato-rm nobody
	[ "$(strato-stat -J | jq -r .version)" = "$v" ]
}

@test "-n prints what would go and changes no file, for names, lists and prefixes" {
	files_of "$S" >before
	run -1 strato-rm -n user/1 user/1 nobody
	[ "$output" = user/1 ]
	[ "$(printf 'user/1\nuser/2\n' | strato-rm -n -b)" = "$(printf 'user/1\nuser/2')" ]
	[ "$(strato-rm -n -p user/)" = "$(printf 'user/%d\n' 1 2 3)" ]
	[ "$(strato-rm -n -J other)" = '{"key":"other"}' ]
	[ "$(strato-rm -n -0 other | od -An -c | tr -d ' ')" = 'other\0' ]
	files_of "$S" >after
	same before after
}

@test "-p asks: without a terminal it is 64 and nothing goes, with --yes all go" {
	run --separate-stderr -64 strato-rm -p user/ </dev/null
	[[ "$stderr" == *"3 keys"*"user/"*"[usage]"*"--yes"* ]]
	[ "$(strato-ls --count user/)" = 3 ]
	strato-rm -y -p user/
	[ "$(strato-ls)" = other ]
	run -1 strato-rm -y -p user/
	run -0 strato-rm -y --force -p user/
}

@test "-p on a terminal takes y, and nothing else, for yes" {
	has_terminal || skip "script(1) gets no pseudo-terminal here"
	for answer in n '' x; do
		echo "$answer" | script -qec 'strato-rm -p user/' /dev/null >said || [ $? = 1 ]
		[ "$(strato-ls --count user/)" = 3 ]
	done
	grep -q 'delete 3 keys.*user/.*\[y/N\]' said
	echo y | script -qec 'strato-rm -p user/' /dev/null
	[ "$(strato-ls --count user/)" = 0 ]
}

@test "an empty prefix is every key: refused, even with --yes" {
	run --separate-stderr -64 strato-rm -y -p ''
	[[ "$stderr" == *"every key"*"[usage]"* ]]
	[ "$(strato-ls --count)" = 4 ]
}

@test "a prefix of odd bytes takes its keys and no neighbour" {
	echo "seed $SEED"
	for ((i = 1; i < 256; i++)); do
		printf 'p\\x%02x\tv\np\\x%02xtail\tv\n' $i $i
	done | strato-put -b
	for i in 1 9 10 92 127 128 254 255; do
		before=$(strato-ls --count)
		p=$(printf "p\\x$(printf %02x $i)!")
		strato-rm -y -p "${p%!}"
		[ "$(strato-ls --count)" = $((before - 2)) ] || fail "byte $i"
	done
}

@test "-b reads lists: escaped, raw with -0, as they are with text, several files" {
	printf 'a\\tb\tv\na\\nb\tv\na\\\\b\tv\n\\0\tv\n' | strato-put -b
	printf 'a\\tb\n\\0\n' | strato-rm -b
	printf 'a\nb\0' | strato-rm -b -0
	printf 'a\\b\n' | strato-rm -b -f text
	printf 'user/1\n' >one
	printf 'user/2\n' >two
	echo user/3 | strato-rm -b one - two
	[ "$(strato-ls)" = other ]
	strato-ls -0 | strato-rm -b -0
	[ "$(strato-ls --count)" = 0 ]
}

@test "a malformed or cut-off list is 65: those before it are gone, and it says so" {
	run --separate-stderr -65 strato-rm -b <<<'user/1
bad\q
user/2'
	[[ "$stderr" == *"line 2"*"[bad-record]"*"hint:"*"1 "* ]]
	[ "$(strato-ls user/)" = "$(printf 'user/2\nuser/3')" ]
	run --separate-stderr -65 strato-rm -b < <(printf 'user/2\nuser/3')
	[[ "$stderr" == *"[cut-off]"* ]]
	[ "$(strato-ls user/)" = user/3 ]
	run -66 strato-rm -b nofile
	run -74 strato-rm -b .
}

@test "an operand that is no key is refused before anything goes" {
	run -64 strato-rm user/1 ''
	key=$(head -c 65536 /dev/zero | tr '\0' k)
	run --separate-stderr -65 strato-rm user/1 "$key"
	[[ "$stderr" == *"[too-big]" ]]
	[ "$(strato-ls --count user/)" = 3 ]
}

@test "-a counts the keys of the input that are done, and names versions" {
	[ "$(strato-rm -a user/1)" = "1${TAB}$(strato-stat -J | jq -r .version)" ]
	printf 'user/2\nnobody\n' | { strato-rm -a -b || [ $? = 1 ]; } >acks
	[ "$(cut -f1 acks | tail -n 1)" = 2 ]
	strato-rm -a -J user/3 | jq -e '.count == 1 and (.version | type) == "string"'
	run -64 strato-rm -a --no-sync other
	run -64 strato-rm -a -O sync=none other
	strato-ls other | grep -qx other
}

@test "a list longer than a commit goes in several, and all of it goes" {
	n=$(scaled 20000)
	seq -f 'k%.0f' 1 "$n" >list
	awk '{ print $0 "\tv" }' list | strato-put -b
	sort -R list | strato-rm -a -b >acks
	[ "$(wc -l <acks)" -ge $((n / 1000)) ]
	[ "$(tail -n 1 acks | cut -f1)" = "$n" ]
	[ "$(strato-ls --count k)" = 0 ]
	[ "$(strato-ls --count)" = 4 ]
}

@test "killed at any moment: what was acknowledged is gone, and nothing behind it" {
	echo "seed $SEED"
	seq -f 'k%.0f' 1 5000 | sort -R >list
	for ((i = 0; i < $(scaled 12); i++)); do
		awk '{ print $0 "\tv" }' list | strato-put -b
		: >acks		# the process may be killed before it does
		strato-rm -a -b list >acks 3>&- &
		pid=$!
		sleep "0.0$(((SEED + 7 * i) % 4))$((i % 10))"
		kill -9 $pid 2>/dev/null || :	# it may be done
		ended_or_killed $pid
		n=$(awk -F'\t' 'NF == 2 && $2 != "" { n = $1 } END { print n + 0 }' acks)
		strato-ls k >left
		m=$((5000 - $(wc -l <left)))
		[ $m -ge "$n" ] || fail "$n acknowledged, $m gone"
		tail -n +$((m + 1)) list | LC_ALL=C sort >want
		same want left
	done
	[ "$(strato-ls user/ | wc -l)" = 3 ]
}

@test "an input that pauses is committed while it is open" {
	mkfifo in
	strato-rm -a -b in >acks 3>&- &
	exec 7>in
	printf 'user/1\n' >&7
	for ((i = 0; i < 600; i++)); do
		[ ! -s acks ] || break
		sleep 0.05
	done
	[ "$(cut -f1 acks)" = 1 ]
	run -1 strato-get -e user/1
	exec 7>&-
	wait $!
}

@test "SIGTERM: what was read is committed, counted, and the signal is the status" {
	mkfifo in
	strato-rm -a -b in >acks 2>err 3>&- &
	pid=$!
	exec 7>in
	printf 'user/1\nuser/2\n' >&7
	for ((i = 0; i < 600; i++)); do
		[ ! -s acks ] || break
		sleep 0.05
	done
	kill -TERM $pid
	rc=0
	wait $pid || rc=$?
	exec 7>&-
	[ $rc = 143 ]
	grep -q '2 keys are done' err
	[ "$(strato-ls user/)" = user/3 ]
}

@test "what excludes itself is 64" {
	for o in '-b -p x' '-p x y' '' '-f csv x'; do
		run --separate-stderr -64 strato-rm $o
		[[ "$stderr" == *"[usage]"* ]] || fail "$o: $stderr"
	done
}

@test "a second writer's lock is waited for, then it is 75; readers go on" {
	command -v perl >/dev/null || skip "perl is not here"
	# an open-file-description lock on the append byte, as a writer takes it
	mkfifo until
	perl -e 'use Fcntl qw(:DEFAULT :seek);
		open(my $f, "+<", "$ARGV[0]/lock") or die;
		my $l = pack("s s x4 q q i x4", F_WRLCK, SEEK_SET, 0, 1, 0);
		fcntl($f, 37, $l) or die;
		open(my $held, ">", "held"); close $held;
		open(my $until, "<", "until")' "$S" 3>&- &
	pid=$!
	for ((i = 0; i < 600; i++)); do [ ! -e held ] || break; sleep 0.05; done
	run --separate-stderr -75 strato-rm --wait=0 other
	[[ "$stderr" == *"[store-locked]"* ]]
	[ "$(strato-ls other)" = other ]
	: >until
	wait $pid
	strato-rm other
}

blobs() { find "$S/seg" -name "blob-*" | wc -l; }
kib() { du -sk --exclude=reserve --exclude=wal "$S" | cut -f1; }

@test "a very large value has a file of its own, which goes when the value does" {
	strato-config compression=none
	seeded 5000 1 >small
	strato-put small small
	[ "$(blobs)" = 1 ]
	head -c 64M /dev/zero | tr '\0' x >large
	strato-put large large
	strato-put late small
	[ "$(blobs)" = 2 ]
	[ "$(kib)" -gt 65536 ]
	strato-get large | cmp - large
	strato-snapshot kept
	strato-rm large
	[ "$(kib)" -gt 65536 ]			# the snapshot needs it
	strato-get --as-of=kept large | cmp - large
	strato-snapshot --rm kept
	strato-compact
	[ "$(blobs)" = 1 ]
	strato-put large large
	[ "$(blobs)" = 2 ]
	strato-rm large
	[ "$(blobs)" = 1 ]
	[ "$(kib)" -lt 1000 ] || fail "$(du -ak "$S")"
	strato-get late | cmp - small
	strato-put large <large		# its length is not known, or is
	strato-put large/2 large
	strato-rm -y -p large
	[ "$(kib)" -lt 1000 ] || fail "$(du -ak "$S")"
	strato-get small | cmp - small
	run -1 strato-get large
	strato-walcheck --full
}

@test "a pipe's very large value goes at once too, if nothing else is in its file" {
	strato-config compression=none
	head -c 64M /dev/zero | tr '\0' x | strato-put large
	strato-rm large
	[ "$(kib)" -lt 1000 ] || fail "$(du -ak "$S")"
}
