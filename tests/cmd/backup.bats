# tests/cmd/backup.bats - strato-backup and strato-restore
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	S=$W/kv
	cd "$W"
	export STRATO_STORE=$S
	strato-init "$S"
}

# What a store says it holds, versions and expiry too; STORED_SIZE may differ.
listing() { # STORE [OPTION]...
	local s=$1
	shift
	strato-ls -s "$s" -l "$@" | cut -f1-3,5-
	strato-ls -s "$s" --values -f cdb "$@"
}

graph() { strato-graph export -s "$1" -f tsv | sort; }

change() { # ROUND
	LC_ALL=C awk -v x=$((SEED + $1)) -v round=$1 'BEGIN {
		for (i = 0; i < 80; i++) {
			x = (x * 1664525 + 1013904223) % 4294967296
			k = int(x / 65536) % 50
			x = (x * 1664525 + 1013904223) % 4294967296
			if (int(x / 65536) % 3 == 0)
				printf "k%02d\t\\N\n", k
			else
				printf "k%02d\t%d.%d\n", k, round, i
		}
	}' | strato-put -b
	seeded $((3000 + $1 * 1000)) $1 | strato-put big$(($1 % 3))
}

@test "a restored store holds the same keys, values, versions, graphs and settings" {
	strato-config compression=none
	seeded 700000 | strato-put large
	all_bytes | strato-put bytes
	strato-put -d '' empty
	change 1
	change 2
	printf 'a\tb\nb\tc\n' | strato-graph import -q -f tsv
	strato-backup -o image
	strato-restore copy image
	listing "$S" >here
	listing copy >there
	same here there
	graph "$S" >here
	graph copy >there
	same here there
	[ "$(strato-config -s copy compression)" = none ]
	[ "$(strato-stat -s copy -J | jq -r .id)" = "$(strato-stat -J | jq -r .id)" ]
	strato-walcheck -s copy --full
	strato-put -s copy -d v k
	version=$(strato-stat -J | jq -r .version)
	[ "$(strato-get -s copy -i k | cut -f3)" = $((version + 1)) ]
}

@test "through a pipe, packed or not" {
	change 1
	strato-backup | strato-restore copy
	strato-backup | gzip | strato-restore packed
	listing "$S" >here
	listing copy >there
	same here there
	listing packed >there
	same here there
}

@test "an empty store is backed up too" {
	strato-backup | strato-restore copy
	[ "$(strato-ls -s copy --count)" = 0 ]
	strato-put -s copy -d v k
	[ "$(strato-get -s copy k)" = v ]
}

@test "what is there already is refused and stays" {
	strato-put -d v k
	strato-backup -o image
	run --separate-stderr -73 strato-restore "$S" image
	mkdir folder
	run -73 strato-restore folder image
	[ -z "$(ls -A folder)" ]
	echo words >file
	run -73 strato-restore file image
	[ "$(cat file)" = words ]
	mkdir new.partial
	echo words >new.partial/mine
	run --separate-stderr -73 strato-restore new image
	[[ "$stderr" == *new.partial* ]]
	[ ! -e new ]
	[ "$(cat new.partial/mine)" = words ]
	run -64 strato-restore
	run -66 strato-restore new2 nofile
	[ ! -e new2 ]
	[ ! -e new2.partial ]
}

@test "a signal leaves nothing, and what a killed restore left is cleared by the next" {
	change 1
	strato-backup -o image
	for sig in INT TERM HUP KILL; do
		mkfifo pipe
		# bash has what it starts in the background ignore SIGINT
		env --default-signal=INT strato-restore copy <pipe 3>&- &
		pid=$!
		exec 7>pipe
		head -c 200 image >&7
		while [ ! -e copy.partial/manifest ]; do
			kill -0 $pid
			sleep 0.01
		done
		[ $sig != KILL ] || run --separate-stderr -73 strato-restore copy image
		kill -$sig $pid
		rc=0
		wait $pid || rc=$?
		[ $rc = $((128 + $(kill -l $sig))) ]
		exec 7>&-
		[ ! -e copy ]
		[ $sig = KILL ] || [ ! -e copy.partial ]
		rm pipe
	done
	[ -e copy.partial/manifest ]
	strato-restore copy image
	[ ! -e copy.partial ]
	strato-walcheck -s copy --full
	same <(strato-ls -l) <(strato-ls -s copy -l)
}

@test "-n verifies and makes nothing" {
	change 1
	strato-backup -o image
	run --separate-stderr -0 strato-restore -n copy image
	[ -z "$output$stderr" ]
	[ ! -e copy ]
	[ ! -e copy.partial ]
	run -65 strato-restore -n copy /dev/null
	run -65 strato-restore -n copy <(strato-ls -l)
}

@test "a byte changed anywhere is refused, and nothing is left" {
	echo "seed $SEED"
	seeded 300000 | strato-put large
	strato-put -d v k
	printf 'a\tb\nb\tc\n' | strato-graph import -q -f tsv
	strato-backup -o image
	size=$(stat -c %s image)
	for ((round = 0; round < $(scaled 40); round++)); do
		at=$(((SEED % 1000003 + round * 104729) % size))
		[ $round -gt 20 ] || at=$((round * 11))
		cp image bad
		old=$(od -An -tu1 -j $at -N 1 image | tr -d ' ')
		printf "\\x$(printf %x $((old ^ 1 << round % 8)))" |
			dd of=bad bs=1 seek=$at conv=notrunc status=none
		rc=0
		strato-restore -n copy bad 2>err || rc=$?
		[ $rc = 65 ] || [ $rc = 78 ] || fail "seed $SEED at $at: $rc $(cat err)"
		[ $((round % 8)) = 0 ] || continue
		rc=0
		strato-restore copy bad 2>err || rc=$?
		[ $rc = 65 ] || [ $rc = 78 ] || fail "seed $SEED at $at: $rc $(cat err)"
		[ ! -e copy ] && [ ! -e copy.partial ] || fail "at $at: something is left"
	done
}

@test "an image that is cut off anywhere is noticed" {
	echo "seed $SEED"
	seeded 300000 | strato-put large
	change 1
	strato-backup -o image
	size=$(stat -c %s image)
	for ((round = 0; round < $(scaled 25); round++)); do
		at=$(((SEED % 1000003 + round * 104729) % size))
		[ $round != 0 ] || at=0
		[ $round != 1 ] || at=128
		[ $round != 2 ] || at=$((size - 96))
		[ $round != 3 ] || at=$((size - 1))
		rc=0
		head -c $at image | strato-restore copy 2>err || rc=$?
		[ $rc = 65 ] || fail "seed $SEED cut at $at: $rc $(cat err)"
		grep -qF '[cut-off]' err
		[ ! -e copy ] && [ ! -e copy.partial ] || fail "cut at $at: something is left"
	done
	run -65 strato-restore copy <(cat image; echo more)
	[ ! -e copy ]
}

@test "backups since the one before bring a copy up to date, removals too" {
	echo "seed $SEED"
	change 0
	printf 'a\tb\n' | strato-graph import -q -f tsv
	strato-snapshot s0
	strato-backup -o image.0
	images=image.0
	for ((round = 1; round < $(scaled 8); round++)); do
		change $round
		strato-rm --force big$((round % 3))
		if [ $((round % 3)) = 1 ]; then
			printf 'r%d\tc\n' $round | strato-graph import -q --replace -f tsv
		fi
		[ $((round % 2)) = 0 ] || strato-compact
		strato-snapshot s$round
		strato-backup --since=s$((round - 1)) -o image.$round
		strato-snapshot --rm s$((round - 1))
		images="$images image.$round"
		listing "$S" >here
		strato-restore copy $images
		listing copy >there
		cmp here there || fail "seed $SEED round $round"
		[ "$(graph copy)" = "$(graph "$S")" ]
		strato-walcheck -s copy --full
		rm -r copy
		cat $images | strato-restore copy
		listing copy >there
		same here there
		rm -r copy
	done
}

@test "since a version that no snapshot keeps: what is newer, unless removals are forgotten" {
	seq -f 'k%.0f' 1 3000 | awk '{ print $0 "\tv" NR }' | strato-put -b
	strato-compact
	strato-backup -o full
	v=$(strato-stat -J | jq -r .version)
	strato-rm k7
	strato-put -d new k8
	strato-backup --since=$v -o more
	[ "$(stat -c %s more)" -lt 2000 ]
	strato-restore copy full more
	listing "$S" >here
	listing copy >there
	same here there
	strato-compact
	run --separate-stderr -66 strato-backup --since=$v
	[ -z "$output" ]
	[[ "$stderr" == *"[no-snapshot]"*"full backup"* ]]
	run -66 strato-backup --since=nobody
	run -64 strato-backup --since=999999
	strato-backup --since=0 | strato-restore again
	listing again >there
	same here there
}

# Both stores show the same for every snapshot, graph and all.
same_snapshots() { # COPY
	local name
	strato-snapshot --list >names
	strato-snapshot -s "$1" --list >there
	same names there
	while IFS=$TAB read -r name _; do
		listing "$S" --as-of="$name" >here
		listing "$1" --as-of="$name" >there
		cmp here there || fail "seed $SEED: $name"
	done <names
	listing "$S" >here
	listing "$1" >there
	same here there
}

@test "--snapshots: each snapshot is there again, with its name, version, time and state" {
	echo "seed $SEED"
	strato-put -d v k00		# k00 may be overwritten by change
	for ((round = 0; round < $(scaled 6); round++)); do
		change $round
		strato-rm --force big$((round % 3))
		[ $((round % 3)) != 1 ] || strato-compact
		printf 'r%d\tc\n' $round | strato-graph import -q --replace -f tsv
		strato-snapshot "at/$round"
		[ $((round % 4)) != 2 ] || strato-snapshot "also $round"
		strato-backup --snapshots -o image
		strato-restore copy image
		same_snapshots copy
		strato-walcheck -s copy --full
		[ "$(graph copy)" = "$(graph "$S")" ]
		# the copy goes on: what a snapshot needs stays
		strato-put -s copy -d new k01
		strato-compact -s copy
		strato-get -s copy --as-of="at/$round" -b k01 >there || [ $? = 1 ]
		strato-get --as-of="at/$round" -b k01 >here || [ $? = 1 ]
		same here there
		strato-snapshot -s copy --rm "at/$round"
		strato-compact -s copy
		strato-walcheck -s copy --full
		rm -r copy
	done
	# snapshots that a backup since one adds; without them nothing is kept
	strato-backup --since=at/0 --snapshots -o since
	for name in $(strato-snapshot --list | cut -f1 | grep -v at/0 | tr ' ' '?'); do
		strato-snapshot --rm "${name/\?/ }"
	done
	strato-backup -v -o plain 2>note
	grep -qF "1 snapshots are not part of it: --snapshots adds them" note
	strato-restore copy plain
	[ -z "$(strato-snapshot -s copy --list)" ]
	rm -r copy
}

@test "--snapshots --since: a chain of backups brings them all" {
	images=
	since=
	for ((round = 0; round < 4; round++)); do
		change $round
		strato-snapshot s$round
		change 1$round
		strato-snapshot t$round
		[ $round != 2 ] || strato-compact
		strato-backup $since --snapshots -o image.$round
		since=--since=t$round
		images="$images image.$round"
		strato-restore -n copy $images
		strato-restore -v copy $images 2>note
		grep -qF "with $((2 * round + 2)) snapshots" note
		same_snapshots copy
		strato-walcheck -s copy --full
		rm -r copy
	done
}

@test "what had expired when it was backed up stays so where the clock is behind" {
	strato-put -d older k
	strato-put --ttl=1ms -d gone k
	sleep 0.05
	strato-put -d later l
	run -1 strato-get k
	strato-backup -o image
	strato-restore copy image
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
	before=(faketime '2 days ago')
	"${before[@]}" strato-get --version >note 2>&1 || skip "faketime: $(head -n 1 note)"
	[ "$("${before[@]}" strato-get -s copy l)" = later ]
	run -1 "${before[@]}" strato-get -s copy k
	run -1 "${before[@]}" strato-get k
}

@test "images that do not fit onto each other are refused" {
	strato-put -d 1 k
	strato-backup -o one
	strato-snapshot s1
	strato-put -d 2 k
	strato-backup --since=s1 -o one-two
	strato-snapshot s2
	strato-put -d 3 k
	strato-backup --since=s2 -o two-three
	strato-init other
	strato-put -s other -b <<<"k${TAB}v"
	strato-backup -s other -o foreign
	for images in one-two 'one two-three' 'one one' 'one one-two one' \
		'one-two one' 'foreign one-two'; do
		rc=0
		strato-restore copy $images 2>err || rc=$?
		[ $rc = 65 ] || fail "$images: $rc $(cat err)"
		[ ! -e copy ] && [ ! -e copy.partial ]
	done
	strato-restore copy one one-two two-three
	[ "$(strato-get -s copy k)" = 3 ]
	strato-put -s copy -d 4 k
	[ "$(strato-stat -s copy k | tail -n 1 | awk '{ print $3 }')" = 4 ]
	strato-backup -s copy --since=3 -o three-four
	strato-restore next one one-two two-three three-four
	[ "$(strato-get -s next k)" = 4 ]
}

@test "beside writers and compactions a backup is one moment, whole commits only" {
	for i in {1..50}; do printf 'k%d\t0\n' $i; done | strato-put -b --atomic
	n=$(scaled 40)
	(for ((i = 1; i <= n; i++)); do
		for k in {1..50}; do printf 'k%d\t%d\n' $k $i; done | strato-put -b --atomic
		[ $((i % 7)) != 0 ] || strato-compact
	done) 3>&- &
	pid=$!
	round=0
	while kill -0 $pid 2>/dev/null; do
		strato-backup -o image
		strato-restore copy image
		[ "$(strato-ls -s copy --values | cut -f2 | sort -u | wc -l)" = 1 ]
		[ "$(strato-ls -s copy --count)" = 50 ]
		rm -r copy
		round=$((round + 1))
	done
	wait $pid
	[ $round -gt 0 ]
}

@test "a killed restore leaves no store, a killed backup no file" {
	seeded 3000000 | strato-put large
	strato-backup -o image
	for ((n = 0; n < $(scaled 8); n++)); do
		strato-restore copy image 3>&- &
		pid=$!
		sleep "0.0$((n % 4))"
		kill -9 $pid 2>/dev/null || :	# it may be done
		rc=0
		wait $pid || rc=$?
		[ $rc = 0 ] || [ $rc = 137 ]
		if [ -e copy ]; then
			strato-get -s copy large | cmp - <(strato-get large)
			rm -r copy
		fi
		strato-backup -o other 3>&- &
		pid=$!
		sleep "0.00$((n % 4))"
		kill -9 $pid 2>/dev/null || :	# it may be done
		rc=0
		wait $pid || rc=$?
		[ $rc = 0 ] || [ $rc = 137 ]
		[ ! -e other ] || strato-restore -n copy other
		rm -f other
	done
}

@test "damage in the store is never backed up" {
	seeded 300000 | strato-put large
	strato-compact
	blob=$(ls "$S"/seg/blob-*)
	flip "$blob" 100000
	run --separate-stderr -76 strato-backup -o image
	[ ! -e image ]
}

# The writer folds so many changes into a segment, between two versions.
@test "changes that were folded are in a backup, an increment and a repaired store" {
	printf 'a\tb\n' | strato-graph import -q -f tsv
	strato-snapshot before
	strato-backup -o full
	seq 40000 | awk '{ printf "edge\t%d\t%d\tk\n", $1 % 9000, $1 % 8999 }' |
		strato-graph apply -q
	[ "$(find "$S/seg" -name 'delta-*' | wc -l)" = 1 ]
	graph "$S" >want
	strato-backup --since=before >increment
	strato-restore -q both full increment
	strato-backup | strato-restore -q whole
	strato-walcheck --repair="$W/repaired" >said
	for s in both whole repaired; do
		graph "$s" | cmp - want
		strato-graph check -s "$s"
		strato-walcheck -s "$s" --full
	done
}
