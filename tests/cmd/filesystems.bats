# tests/cmd/filesystems.bats - the same claims on ext4, xfs and tmpfs, and where a
# file system, a limit or a quota says no
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	cd "$W"
	mkdir disk
}

teardown() {
	if mountpoint -q "$W/disk"; then
		umount "$W/disk"
	fi
}

# Mounts a file system of its own at disk, or skips.
mounted() { # TYPE SIZE_MB
	[ "$(id -u)" = 0 ] || skip "only root mounts file systems"
	if [ "$1" = tmpfs ]; then
		mount -t tmpfs -o "size=$2m" none disk 2>/dev/null ||
			skip "tmpfs cannot be mounted here"
		return
	fi
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
	kill -9 $! || true
	wait $! || true
	strato-walcheck --full
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
	strato-compact
	memory=("-v 20000" "-v 60000")
	# the address sanitizer reserves more than any limit before main
	! grep -q 'define STRATO_SANITIZED' "$STRATO_BUILD/config.h" || memory=()
	for limit in "-n 4" "-n 6" "-n 8" "${memory[@]}"; do
		for tool in "strato-put -d v k" "strato-get key/00007" "strato-compact"; do
			bash -c "ulimit $limit; exec $tool" >out 2>err && status=0 || status=$?
			# 127 and 126: not even the program could be loaded
			[[ " 0 69 71 126 127 " == *" $status "* ]] ||
				fail "$limit: $tool: status $status: $(cat err)"
		done
		strato-walcheck --full
		strato-ls --values key/ | cmp - in
	done
}
