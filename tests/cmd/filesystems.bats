# tests/cmd/filesystems.bats - the same claims on ext4, xfs and tmpfs, and where a
# file system, a limit or a quota says no
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	cd "$W"
	mkdir disk
}

teardown() {
	cd /
	if mountpoint -q "$W/disk"; then
		umount "$W/disk"
	fi
}

# Mounts a file system of its own at disk, or skips.
mounted() { # TYPE SIZE_MB
	[ "$(id -u)" = 0 ] || skip "only root mounts file systems"
	case $1 in
	tmpfs|ramfs)
		mount -t "$1" -o "size=$2m" none disk 2>/dev/null ||
			skip "$1 cannot be mounted here"
		return
	esac
	command -v "mkfs.$1" >/dev/null || skip "no mkfs.$1"
	truncate -s "$2M" image
	"mkfs.$1" -q image 2>/dev/null || skip "mkfs.$1 makes none of $2 MiB"
	mount -o loop image disk 2>/dev/null || skip "an image of $1 cannot be mounted here"
}

# A day in the life of a store.
life() {
	export STRATO_STORE=disk/kv
	strato-init -O reserve_size=1M -O log_size=1M disk/kv
	seeded 300000 5 >large
	strato-put large large
	awk 'BEGIN { for (i = 0; i < 5000; i++) printf "key/%05d\tvalue %d\n", i, i }' >in
	strato-put -b in
	strato-put --ttl=1ms -d gone key/00000
	strato-mv key/00001 renamed
	strato-rm key/00002
	printf 'a\tb\nb\tc\n' | strato-graph import -g g -f tsv
	strato-compact
	strato-put -b in
	strato-walcheck --full
	strato-get large | cmp - large
	[ "$(strato-ls --count key/)" = 5000 ]
	strato-ls --values key/ | cmp - in
	[ "$(strato-graph path -g g a c | paste -sd' ')" = "a b c" ]
	strato-put -b -a <in >acks &
	kill -9 $! || :	# it may be done
	ended_or_killed $!
	strato-walcheck --full || [ $? = 1 ]
	strato-ls --values key/ | cmp - in
}

@test "ext4: put, get, expire, rename, import, compact, kill" {
	mounted ext4 48
	life
}

@test "xfs: the same" {
	mounted xfs 320
	life
}

@test "tmpfs: the same" {
	mounted tmpfs 48
	life
}

# The tests of the commands, with their stores on the file system at disk.  What a
# test of this file exports is not theirs.
others() { # FILE.bats [OPTION]...
	local file=$BATS_TEST_DIRNAME/$1
	shift
	env -i PATH="$(tr : '\n' <<<"$PATH" | grep -v bats-core | paste -sd:)" HOME="$W" TMPDIR="$W/disk" SEED="$SEED" \
		STRATO_SOURCE="$STRATO_SOURCE" STRATO_BUILD="$STRATO_BUILD" \
		STRATO_TEST_SCALE="$(scaled 5)" \
		bats --tap "$@" "$file" >others.out 2>&1 ||
		fail "$file on $(stat -f -c %T disk): $(cat others.out)"
	grep -q '^ok ' others.out || fail "$file: $(cat others.out)"
}

# What moves bytes to the file system and back, killed on the way too.
all_others() {
	local f
	command -v bats >/dev/null || skip "no bats in the path"
	for f in put get compact snapshot backup walcheck ttl kill; do
		others $f.bats
	done
	others bulk.bats -f '^a bulk load, in one commit or as it flows'
	others bulk.bats -f 'kill'
	[ -z "$(ls -A disk | grep -v '^lost+found$')" ]
}

@test "ext4: the tests of put, get, bulk, compact, snapshot, backup, walcheck, ttl and kill" {
	mounted ext4 2048
	all_others
}

@test "xfs: the same tests" {
	mounted xfs 2048
	all_others
}

@test "tmpfs: the same tests" {
	mounted tmpfs 2048
	all_others
}

# Answers of what the page cache does not hold, with the words about the queue.
cold_reads() { # MOUNTED
	export STRATO_STORE=$1/kv
	strato-init -O compression=none -O direct_io="${2:-auto}" "$STRATO_STORE"
	head -c 70M /dev/zero | tr '\0' x >large
	strato-put large large
	awk 'BEGIN { for (i = 0; i < 5000; i++) printf "key/%05d\tvalue %d\n", i, i }' >in
	strato-put -b in
	strato-compact
	find "$STRATO_STORE/seg" -type f -exec dd if={} iflag=nocache count=0 status=none \;
	strato-get -v large 2>note | cmp - large
	cut -f1 in | strato-get -b | cmp - in
	strato-walcheck --full
}

@test "a file system without direct I/O is read and written buffered, and says so" {
	mounted ramfs 1
	# ramfs says nothing of its size, and takes what it is given
	dd if=/dev/zero of=disk/probe bs=4096 count=1 oflag=direct 2>/dev/null &&
		skip "direct I/O on ramfs"
	cold_reads disk
	strato-stat -J | jq -e '.io_mode == "buffered"' || fail "$(strato-stat -J)"
	strato-stat | grep -q '^I/O .*no direct I/O'
	run --separate-stderr -69 strato-get -O direct_io=on large
	[[ "$stderr" == *"direct I/O"*"[unavailable]"* ]]
	others put.bats
	others get.bats
	others kill.bats -f 'random moments'
}

# COMMAND on a machine whose contexts are all taken: so it is for this process alone, as
# other tests look at the same machine meanwhile.
without_contexts() { # COMMAND...
	# the leak sanitizer cannot look while another does
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 unshare -m sh -c '
		mount --bind none /proc/sys/fs/aio-max-nr
		exec strace -f -qq -o trace -e trace=io_setup -e inject=io_setup:error=EAGAIN "$@"
	' sh "$@"
}

@test "no aio context left: the same answers by threads, and doctor and bench say so" {
	mounted ext4 256
	echo 0 >none
	without_contexts true || skip "no strace, or it may not trace"
	cold_reads disk on
	find "$STRATO_STORE/seg" -type f -exec dd if={} iflag=nocache count=0 status=none \;
	without_contexts strato-get -v large 2>note | cmp - large
	grep -q 'threads: libaio: no context' note || fail "$(cat note)"
	cut -f1 in | without_contexts strato-get -b | cmp - in
	without_contexts strato-walcheck --full
	without_contexts strato-doctor >said || [ $? = 1 ]
	grep '^slow.aio.*aio-max-nr' said || fail "$(cat said)"
	mkdir disk/place
	without_contexts strato-bench nvme_throughput --size=1M --time=2ms --runs=1 disk/place \
		>figures
	grep -q '^# I/O mode: .*threads' figures || fail "$(cat figures)"
}

# A MiB of records and values, removals and compactions on a disk of each size from
# hopeless to enough: wherever it ends for want of room, the store opens, shows all
# that was acknowledged, removes, reclaims, and writes again.
@test "no space at every step of a workload: the store stays usable" {
	mounted tmpfs 2
	awk 'BEGIN { for (i = 0; i < 4000; i++) printf "key/%05d\tvalue %d\n", i, i }' >in
	seeded 200000 7 >large
	export STRATO_STORE=disk/kv
	full=0
	for ((size = 1300; size <= 2300; size += 100)); do
		rm -rf disk/kv
		mount -o "remount,size=${size}k" disk
		strato-init -O reserve_size=512K -O log_size=256K -O compression=none \
			disk/kv 2>err || { grep -qF "[no-space]" err; continue; }
		: >acked
		for ((i = 0; i < 5; i++)); do
			strato-put "large/$i" large 2>err || break
			echo "large/$i" >>acked
			strato-put -b -a in 2>err >acks || break
			strato-compact 2>err || break
		done
		if [ $i -lt 5 ]; then
			full=$((full + 1))
			grep -qF "[no-space]" err || fail "$size KiB: $(cat err)"
		fi
		strato-walcheck --full
		while read -r key; do
			strato-get "$key" | cmp - large || fail "$size KiB: $key"
		done <acked
		strato-rm -y -p large/
		strato-rm -y -p key/
		strato-compact || fail "$size KiB: no compaction"
		[ "$(strato-ls --count)" = 0 ]
		strato-put -d v again || fail "$size KiB: nothing can be written any more"
		[ "$(strato-get again)" = v ]
		strato-walcheck --full
	done
	[ $full -ge 3 ]
}

# The reserve is as long as the log and a hundredth of the store: with all settings as
# they are built in it must do for a store of records in the log, and of large values.
@test "no space with the settings built in: removing and compacting give it back" {
	mounted tmpfs 24
	awk 'BEGIN { for (i = 0; i < 20000; i++) printf "%05d\tvalue %0180d\n", i, i * 7919 }' >in
	seeded 100000 7 >large
	export STRATO_STORE=disk/kv
	for kind in records values both; do
		strato-init disk/kv
		for ((i = 0; i < 200; i++)); do
			[ $kind = values ] || sed "s/^/$i\//" in |
				strato-put -b --compression=none --commit-every=500 2>err || break
			[ $kind = records ] || for ((k = 0; k < 20; k++)); do
				strato-put --compression=none $i/large$k large 2>err || break 2
			done
		done
		[ $i -lt 200 ]
		grep -qF "[no-space]" err || fail "$kind: $(cat err)"
		strato-walcheck --full
		strato-rm -y -p 0/
		for ((k = 1; k <= i; k++)); do
			strato-rm -y -p $k/ || [ $k = $i ] || fail "$kind: no removal of $k"
		done
		strato-compact || fail "$kind: no compaction"
		[ "$(strato-ls --count)" = 0 ]
		[ "$(du -sk disk/kv | cut -f1)" -lt 2000 ] || fail "$kind: $(du -ak disk/kv)"
		strato-put -b in
		strato-ls --values | cmp - in
		rm -rf disk/kv
	done
}

@test "a limit on the size of files is an error, and nothing is lost" {
	export STRATO_STORE=kv
	strato-init -O reserve_size=64K kv
	strato-put -d kept k
	seeded 3000000 3 >large
	run --separate-stderr -74 bash -c 'ulimit -f 1024; trap "" XFSZ; strato-put large large'
	[[ "$stderr" == "strato-put: "*"["*"]"* ]]
	[ "$(strato-get k)" = kept ]
	run -1 strato-get large
	strato-walcheck --full
	strato-put large large
	strato-get large | cmp - large
}

@test "few descriptors and little memory are errors, and nothing is lost" {
	export STRATO_STORE=kv
	strato-init kv
	awk 'BEGIN { for (i = 0; i < 3000; i++) printf "key/%05d\tvalue %d\n", i, i }' >in
	strato-put -b in
	seeded 300000 3 >large
	strato-put large large
	strato-compact
	memory=("-v 20000" "-v 60000")
	# the address sanitizer reserves more than any limit before main
	! grep -q 'define STRATO_SANITIZED' "$STRATO_BUILD/config.h" || memory=()
	for limit in "-n 4" "-n 6" "-n 8" "${memory[@]}"; do
		for tool in "strato-put -d v k" "strato-get key/00007" "strato-compact" \
				"strato-get -b key/00007" "strato-put -b in" \
				"strato-put large large" "strato-get large" \
				"strato-backup -o image" "strato-walcheck --full"; do
			bash -c "ulimit $limit; exec $tool" >out 2>err && status=0 || status=$?
			# 127 and 126: not even the program could be loaded
			[[ " 0 69 71 126 127 " == *" $status "* ]] ||
				fail "$limit: $tool: status $status: $(cat err)"
		done
		strato-walcheck --full
		strato-ls --values key/ | cmp - in
		strato-get large | cmp - large
	done
}

# Runs COMMAND again and again, each time with the next CALL failing with ERROR, until
# none is left to fail: an error of that kind or none, nothing lost, and once the
# trouble is over it does what it was to do.
each_call() { # CALLS ERROR STATUS COMMAND...
	local calls=$1 error=$2 status=$3 n rc
	shift 3
	for ((n = 1; n < 200; n++)); do
		rm -rf kv
		cp -r base kv
		rc=0
		# the leak sanitizer cannot look while another does
		ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
			strace -f -qq -o trace -e trace="$calls" \
			-e inject="$calls:error=$error:when=$n" "$@" >out 2>err || rc=$?
		grep -q INJECTED trace || break
		[ $rc != 127 ] || continue	# the program itself could not be read
		tried=$((tried + 1))
		[ $rc = 0 ] || [ $rc = "$status" ] || fail "$* ($calls $n $error): $rc $(cat err)"
		[ $rc = 0 ] || grep -q ' \[[a-z-]*\]$' err || fail "$*: $(cat err)"
		strato-walcheck --full >out 2>err || [ $? = 1 ] ||
			fail "$* ($calls $n $error): $(cat err)"
		strato-ls --values key/ | cmp - in || fail "$* ($calls $n $error)"
		strato-get old | cmp - large || fail "$* ($calls $n $error)"
		"$@" >out 2>err || fail "$* after $calls $n $error: $(cat err)"
	done
	[ $n -gt 1 ] || [ "$calls" != pwrite64 ] || fail "$*: no $calls"
	"$@"
	strato-walcheck --full
}

@test "over quota, or broken, at each call to the system: an error, and nothing is lost" {
	strace -qq -o trace -e trace=pwrite64 -e inject=pwrite64:error=EDQUOT true ||
		skip "no strace, or it may not trace"
	export STRATO_STORE=kv
	strato-init -O log_size=256K -O reserve_size=1M kv
	awk 'BEGIN { for (i = 0; i < 500; i++) printf "key/%05d\tvalue %d\n", i, i }' >in
	seeded 300000 3 >large
	strato-put -b in
	strato-put old large
	strato-put twin large
	strato-compact
	strato-put -d v k
	mv kv base
	tried=0
	for command in "strato-put -d v new" "strato-put new large" "strato-put -b in" \
			"strato-rm --force twin k" "strato-compact"; do
		each_call pwrite64 EDQUOT 74 $command
		each_call fallocate,ftruncate EDQUOT 74 $command
		each_call fsync,fdatasync EIO 74 $command
	done
	each_call pwrite64 EIO 74 strato-compact
	each_call renameat,renameat2 EIO 74 strato-compact
	each_call pread64 EIO 74 strato-put -d v new
	each_call pread64 EIO 74 strato-get old
	[ $tried -gt 60 ] || fail "$tried"
}
