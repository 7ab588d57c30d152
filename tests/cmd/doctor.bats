# tests/cmd/doctor.bats - strato-doctor: what is found is what was done to it
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	S=$W/kv
	cd "$W"
	unset STRATO_STORE
	strato-init -O log_size=1M "$S"
	strato-put -s "$S" -d v k
}

doctor() { strato-doctor -s "$S" -J "$@"; }
status_of() { doctor | jq -r "select(.check == \"$1\") | .status"; }
found_of() { doctor | jq -r "select(.check == \"$1\") | .found"; }

@test "each line is a verdict, a check, what was found, what to do; each check once" {
	strato-doctor -s "$S" >out
	[ -z "$(awk -F'\t' 'NF != 4 || $1 !~ /^(ok|slow|fail)$/ || $2 == "" || $3 == ""' out)" ]
	[ -z "$(cut -f2 out | sort | uniq -d)" ]
	for c in store file-system network-fs device direct-io aio memory descriptors space \
		clock opencl lock log log-size runs index reserve; do
		cut -f2 out | grep -qx $c || fail "no $c"
	done
}

@test "a sound store on a sound machine: status 0, and every line of -J is an object" {
	doctor >out
	jq -se 'all(has("status") and has("check") and has("found") and has("do"))' out
	for c in store lock log log-size runs index reserve; do
		[ "$(status_of $c)" = ok ]
	done
}

@test "without a store it looks at the machine and the current directory" {
	strato-doctor >out
	cut -f2 out | grep -qx space
	! cut -f2 out | grep -qx 'log\|store' || fail "whose?"
	[ -z "$(find . -newer out -type f)" ]
}

@test "it changes nothing in a store" {
	files_of "$S" >before
	doctor >out
	files_of "$S" >after
	same before after
}

@test "a damaged log fails, says where, and the status is 1" {
	log=$(ls "$S"/wal/*.wal)
	flip "$log" $((4096 * 3 + 100))
	rm "$S/wal/index"
	run --separate-stderr -1 strato-doctor -s "$S"
	[[ "$output" == *"fail${TAB}log${TAB}"*".wal: "* ]]
	[ -z "$stderr" ]
}

@test "a manifest that is no manifest fails, and the other checks are made" {
	printf garbage >"$S/manifest"
	rc=0
	strato-doctor -s "$S" >out || rc=$?
	[ $rc = 1 ]
	grep -q "^fail${TAB}store$TAB" out
	cut -f2 out | grep -qx space
}

@test "a missing index is slow until a put made it again" {
	rm "$S/wal/index"
	[ "$(status_of index)" = slow ]
	[ ! -e "$S/wal/index" ]
	strato-put -s "$S" -d v k2
	[ "$(status_of index)" = ok ]
}

@test "a reserve that was given away is slow" {
	: >"$S/reserve"
	[ "$(status_of reserve)" = slow ]
	[[ "$(found_of reserve)" == "0 B of 1.2 MiB"* ]]
}

@test "few descriptors are a failure, some are slow" {
	(ulimit -n 128; [ "$(status_of descriptors)" = slow ])
	(ulimit -n 48; rc=0; strato-doctor -s "$S" >out || rc=$?
		[ $rc = 1 ]; grep -q "^fail${TAB}descriptors${TAB}48 " out)
}

@test "memory_limit over what the process may use is a failure" {
	run -1 strato-doctor -s "$S" --memory-limit=1T
	[[ "$output" == *"fail${TAB}memory$TAB"* ]]
	strato-doctor -s "$S" --memory-limit=8M | grep -q "^slow${TAB}memory$TAB"
}

@test "a limit on file sizes is told, one below the log fails" {
	ulimit -f 16	# KiB
	run -1 strato-doctor -s "$S"
	[[ "$output" == *"fail${TAB}file-size$TAB"* ]]
}

@test "direct I/O turned off in the settings is slow" {
	strato-config -s "$S" direct_io=off
	[ "$(status_of direct-io)" != ok ] || [[ "$(found_of direct-io)" == "not known"* ]]
}

@test "a file system without direct I/O is slow, and in memory" {
	df --output=fstype /dev/shm 2>/dev/null | grep -qx tmpfs || skip "no tmpfs at /dev/shm"
	cd /dev/shm
	strato-doctor >"$W/out"
	grep -q "^ok${TAB}file-system${TAB}tmpfs in memory" "$W/out"
	grep -q "${TAB}direct-io$TAB" "$W/out"
}

@test "OpenCL is asked of strato-gpucache; without it that is what is said" {
	mkdir alone
	cp "$(command -v strato-doctor)" alone
	PATH=/usr/bin:/bin
	! command -v strato-gpucache || skip "one is installed"
	alone/strato-doctor -J | jq -e 'select(.check == "opencl") |
		.found == "strato-gpucache is not installed" and .status == "ok"'
	printf '#!/bin/sh\nexit 3\n' >alone/strato-gpucache
	chmod +x alone/strato-gpucache
	alone/strato-doctor -J | jq -e 'select(.check == "opencl") | .status == "slow"'
	printf '#!/bin/sh\nprintf "0\\tgpu\\t1\\ttrue\\tP\\tN\\tW\\n"\n' >alone/strato-gpucache
	alone/strato-doctor -J | jq -e 'select(.check == "opencl") | .found == "gpu 0: N (P)"'
}

@test "doctor itself links no OpenCL" {
	command -v ldd >/dev/null || skip "ldd is not here"
	ldd "$(command -v strato-doctor)" >libs
	! grep -q OpenCL libs || fail "it does"
}
