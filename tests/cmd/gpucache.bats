# tests/cmd/gpucache.bats - strato-gpucache: devices and the cache service
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	cd "$W"
	export HOME=$W POCL_CACHE_DIR=${STRATO_BUILD}/.pocl
	SERVICE=
}

teardown() {
	[ -z "$SERVICE" ] || kill -KILL "$SERVICE" 2>/dev/null || :
}

# A service of the store S on host memory; it answers when this returns.
serve() { # OPTION...
	export STRATO_STORE=$W/S
	[ -d S ] || strato-init S
	rm -f ready
	mkfifo ready
	strato-gpucache serve --device=host --size=16M "$@" --ready-fd=9 9>ready 3>&- &
	SERVICE=$!
	[ "$(cat ready)" = ready ] || fail "no service"
}

# Of `stat`, one number.
stat_of() { # NAME
	strato-gpucache stat -J | jq -r ".$1"
}

@test "host memory is always the last device, and exactly one is used" {
	strato-gpucache devices >out
	[ "$(awk -F'\t' 'NF != 7' out)" = "" ]
	[ "$(tail -n 1 out | cut -f1,2)" = "host${TAB}host" ]
	[ "$(cut -f4 out | grep -cx true)" = 1 ]
	[ "$(cut -f7 out | grep -cx '')" = 0 ]
	strato-gpucache devices -J | jq -se 'map(select(.used)) | length == 1'
}

@test "without a driver it is host memory, and it says why" {
	OCL_ICD_VENDORS=$W/none strato-gpucache devices -J >out
	jq -e '.type == "host" and .used and (.why | length) > 5 and .memory_bytes > 0' out
}

@test "--require=gpu is 69 without one, and the list is printed all the same" {
	export OCL_ICD_VENDORS=$W/none
	run --separate-stderr -69 strato-gpucache devices --require=gpu
	[[ "$output" == host* ]]
	[[ "$stderr" == "strato-gpucache devices: "*"[unavailable]" ]]
	strato-gpucache devices --require=any
	run -64 strato-gpucache devices --require=cat
}

@test "a driver that crashes is a reason, not a crash" {
	mkdir vendors
	command -v cc >/dev/null || skip "no compiler here"
	# (under a sanitizer the crash is an exit)
	echo 'void *clGetExtensionFunctionAddress(const char *n)
		{ (void)n; *(volatile int *)0 = 1; return 0; }' >bad.c
	cc -shared -fPIC -o bad.so bad.c || skip "no shared libraries here"
	echo "$W/bad.so" >vendors/bad.icd
	strato-gpucache --version | grep -qi opencl || skip "built without OpenCL"
	OCL_ICD_VENDORS=$W/vendors strato-gpucache devices -J >out
	jq -e '.type == "host" and .used and (.why | test("crashed|ended"))' out
}

@test "what the service will bring is refused by name" {
	for name in pin evict warm get ptr run bench; do
		run --separate-stderr -69 strato-gpucache $name
		[[ "$stderr" == "strato-gpucache: $name: "*"[unsupported]"* ]]
		[ -z "$output" ]
	done
	run --separate-stderr -64 strato-gpucache divices
	[[ "$stderr" == *"did you mean"*devices* ]]
	run -64 strato-gpucache
}

@test "no other command links OpenCL" {
	command -v ldd >/dev/null || skip "ldd is not here"
	for p in strato strato-put strato-get strato-ls strato-rm strato-mv strato-stat \
		strato-config strato-compact strato-init; do
		! ldd "$(command -v $p)" | grep -q OpenCL || fail "$p"
	done
}

@test "a service says what it holds, and leaves nothing behind when it is stopped" {
	serve
	[ "$(stat_of process)" = $SERVICE ]
	[ "$(stat_of device)" = host ]
	[ "$(stat_of size_bytes)" = 16777216 ]
	strato-gpucache stat | grep -qx "process${TAB}$SERVICE"
	[ "$(stat -c %a S/gpucache.sock)" = 600 ]
	[ "$(stat -c %a S/gpucache.idx)" = 600 ]
	strato-gpucache stop
	wait $SERVICE
	[ -z "$(ls S | grep gpucache)" ]
}

@test "a second service is 75, names the first, and the first goes on" {
	serve
	run --separate-stderr -75 strato-gpucache serve --device=host
	[[ "$stderr" == *"process $SERVICE (strato-gpucache)"*"[store-locked]"* ]]
	[[ "$stderr" == *"hint: "*stop* ]]
	[ "$(stat_of process)" = $SERVICE ]
}

# (SIGINT, which a script's background processes ignore: tests/unit/service.c)
@test "SIGTERM and SIGHUP end a service cleanly, and are its status" {
	local sig
	for sig in 15 1; do
		serve
		kill -$sig $SERVICE
		rc=0
		wait $SERVICE || rc=$?
		[ $rc = $((128 + sig)) ]
		[ -z "$(ls S | grep gpucache)" ]
	done
}

@test "a service that was killed is known as dead, and the next one takes its place" {
	serve
	kill -KILL $SERVICE
	wait $SERVICE || :
	[ -S S/gpucache.sock ]
	for name in stat stop; do
		run --separate-stderr -69 strato-gpucache $name
		[[ "$stderr" == *"has died [unavailable]"*"hint: "*"strato-gpucache serve"* ]]
	done
	serve
	[ "$(stat_of process)" = $SERVICE ]
	strato-gpucache stop
	wait $SERVICE
}

@test "without a service who needs one is told how to start it" {
	strato-init S
	for name in stat stop; do
		run --separate-stderr -69 strato-gpucache $name -s S
		[[ "$stderr" == *"S/gpucache.sock: no cache service [unavailable]"* ]]
		[[ "$stderr" == *"hint: start one with 'strato-gpucache serve -s S'"* ]]
		[ -z "$output" ]
	done
	run -66 strato-gpucache stat -s nowhere
	run -66 strato-gpucache serve -s nowhere
}

@test "devices and sizes that are not there are refused before anything is" {
	strato-init S
	run --separate-stderr -69 strato-gpucache serve -s S --device=31
	[[ "$stderr" == *"--device=31"*"[unavailable]"*"hint: "*devices* ]]
	run --separate-stderr -64 strato-gpucache serve -s S --device=cat
	[[ "$stderr" == *"--device=cat"*"[usage]"* ]]
	run -64 strato-gpucache serve -s S --size=1K
	run --separate-stderr -69 strato-gpucache serve -s S --device=host --require=gpu
	[ -z "$(ls S | grep gpucache)" ]
}

@test "an OpenCL device of type CPU serves when it is asked for" {
	strato-gpucache devices | cut -f2 | grep -qx cpu || skip "no OpenCL CPU device"
	serve --device=cpu
	[ "$(stat_of device)" = cpu ]
	strato-gpucache stop
	wait $SERVICE
}

@test "a store that is removed takes its service with it" {
	serve
	rm -rf S
	wait $SERVICE
}
