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
	[[ "$stderr" == "strato-gpucache devices: "*"[unavailable]"*"hint: "* ]]
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

@test "a command that there is not is refused, with the nearest one" {
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

@test "without any driver: the named is 69 with the hint, any is host memory with a note" {
	export OCL_ICD_VENDORS=$W/none
	strato-init S
	for option in --require=gpu --device=cpu --device=0; do
		run --separate-stderr -69 strato-gpucache serve -s S $option
		[[ "$stderr" == *"[unavailable]"*"hint: "*devices* ]] || fail "$option: $stderr"
	done
	[ -z "$(ls S | grep gpucache)" ]
	strato-gpucache serve -s S --size=2M --ready-fd=9 9>ready 2>err 3>&- &
	SERVICE=$!
	until [ -s ready ]; do sleep 0.01; done
	grep -q "host memory is used: " err
	[ "$(STRATO_STORE=S stat_of device)" = host ]
}

@test "a size larger than the device is 71 with the figures, and none of it is taken" {
	strato-init S
	run --separate-stderr -71 strato-gpucache serve -s S --device=host --size=1000T
	[[ "$stderr" == *"host memory has "*" bytes [out-of-memory]"*"hint: "*--size* ]]
	[ -z "$(ls S | grep gpucache)" ]
	run --separate-stderr -71 strato-gpucache serve -s S --device=host --size=20M \
		--memory-limit=16M
	[[ "$stderr" == *"[out-of-memory]"* ]]
	strato-gpucache devices | cut -f2,3 | grep -q '^cpu' || skip "no OpenCL CPU device"
	run --separate-stderr -71 strato-gpucache serve -s S --device=cpu --size=1000T
	[[ "$stderr" == *"[out-of-memory]"*"hint: "*--size* ]]
	[ -z "$(ls S | grep gpucache)" ]
}

# 300 small keys, one of 3 MB, one that expires, one that is empty
fill() {
	export STRATO_STORE=$W/S
	strato-init S
	seq 300 | awk '{ print "user/" $1 "\tvalue " $1 }' | strato-put -b
	seeded 3000000 >big
	strato-put big big
	strato-put --ttl=1h -d soon fleeting
	strato-put -d '' empty
}

@test "get is strato-get: with a service, with a dead one, with none" {
	fill
	strato-ls >keys
	printf 'nokey\n' >>keys
	local format service
	for service in none alive dead; do
		[ $service != alive ] || serve
		[ $service != dead ] || { kill -KILL $SERVICE; wait $SERVICE || :; }
		for format in tsv cdb jsonl; do
			run -1 strato-gpucache get -q -b -f $format -o ours <keys
			run -1 strato-get -b -f $format -o theirs <keys
			same ours theirs
		done
		run -0 strato-gpucache get -q -b --ignore-missing -o ours user/1 nokey
		strato-gpucache get -q big | cmp - big
		strato-gpucache get -q empty >out
		[ ! -s out ]
		run --separate-stderr -1 strato-gpucache get -q nokey
		[ -z "$output$stderr" ]
		strato-gpucache get -q -J user/7 | jq -e '.value == "value 7"'
		run -1 strato-gpucache get -q -J nokey
		[ "$output" = '{"key":"nokey","absent":true}' ]
	done
}

@test "who cannot be asked is named, unless one is quiet" {
	fill
	run --separate-stderr -0 strato-gpucache get user/1
	[ "$output" = "value 1" ]
	[[ "$stderr" == "strato-gpucache get: the values come from the store: "*"no cache service" ]]
	run --separate-stderr -0 strato-gpucache get -q user/1
	[ -z "$stderr" ]
}

@test "a value is loaded when it is asked for, and comes from the device then" {
	fill
	serve
	strato-gpucache get user/1
	[ "$(stat_of resident)" = 1 ]
	strato-gpucache get -v user/1 2>err
	grep -q "1 values from the device, 0 from the store" err
	[ "$(stat_of hits)" = 1 ]
	strato-put -d new user/1
	[ "$(strato-gpucache get user/1)" = new ]
	strato-rm user/1
	run -1 strato-gpucache get user/1
	[ "$(stat_of resident)" = 0 ]
	[ "$(strato-gpucache get fleeting)" = soon ]
	[ "$(stat_of resident)" = 0 ]
}

@test "pin keeps, evict lets go, warm loads as far as there is room" {
	fill
	serve
	strato-gpucache pin user/1 user/2
	strato-gpucache pin -p user/29
	[ "$(stat_of pinned)" = 13 ]
	strato-put -d other user/1
	strato-gpucache get user/1 >/dev/null
	[ "$(stat_of pinned)" = 13 ]
	strato-gpucache evict --unpin user/1
	[ "$(stat_of pinned)" = 12 ]
	strato-gpucache evict -p user/
	[ "$(stat_of resident)" = 0 ]
	strato-ls | grep -v fleeting | strato-gpucache warm -b
	[ "$(stat_of resident)" = 302 ]
	run --separate-stderr -1 strato-gpucache pin -v user/3 nokey
	[[ "$stderr" == *"1 keys are not there [absent]" ]]
	run -0 strato-gpucache evict nokey
	run -64 strato-gpucache pin
	run -64 strato-gpucache pin -p ''
	run -64 strato-gpucache pin -p user key
}

@test "what the device is too small for is refused, with the hint what to do" {
	fill
	seeded 20000000 >huge
	strato-put huge huge
	serve
	run --separate-stderr -65 strato-gpucache pin huge
	[[ "$stderr" == *"20971520 bytes have no room"*"[too-big]"*"hint: "*--size* ]]
	strato-gpucache get huge | cmp - huge
	strato-gpucache warm huge
	run --separate-stderr -71 strato-gpucache pin fleeting
	[[ "$stderr" == *'"fleeting": expires'*"[no-resource]"* ]]
	[ "$(stat_of resident)" = 0 ]
}

@test "a pointer is that of a resident key, and another after the value changed" {
	fill
	serve
	run -1 strato-gpucache ptr user/1 user/2
	[ "$output" = "\\N
\\N" ]
	strato-gpucache pin user/1 user/2
	strato-gpucache ptr user/1 user/2 >first
	[ "$(grep -cxE 'strato-gpu:[0-9a-f]{32}(:[0-9]+){6}' first)" = 2 ]
	printf 'user/1\nuser/2\n' | strato-gpucache ptr -b | cmp - first
	strato-gpucache ptr -J user/1 | jq -e '.key == "user/1" and (.token | length) > 50'
	strato-put -d new user/1
	strato-gpucache ptr user/1 user/2 >second
	[ "$(sed -n 1p first)" != "$(sed -n 1p second)" ]
	[ "$(sed -n 2p first)" = "$(sed -n 2p second)" ]
}

@test "without a service pin, evict, warm and ptr are 69 with the hint" {
	fill
	for name in pin evict warm ptr; do
		run --separate-stderr -69 strato-gpucache $name user/1
		[[ "$stderr" == *"no cache service [unavailable]"*"hint: "*serve* ]]
	done
}

@test "a service that is stopped is waited for, but not for ever" {
	fill
	serve
	kill -STOP $SERVICE
	run --separate-stderr -0 strato-gpucache get user/1
	[ "$output" = "value 1" ]
	[[ "$stderr" == *"does not answer"* ]]
	run --separate-stderr -69 strato-gpucache stat --wait=0
	[[ "$stderr" == *"does not answer [unavailable]"* ]]
	kill -CONT $SERVICE
	[ "$(stat_of process)" = $SERVICE ]
}

@test "killed at any moment, the answers go on" {
	fill
	strato-ls >keys
	strato-get -b <keys >right
	local i n
	n=$(scaled 12)
	for ((i = 0; i < n; i++)); do
		serve
		(sleep 0.0$((RANDOM % 100)); kill -KILL $SERVICE) &
		for j in 1 2 3; do
			strato-gpucache get -q -b <keys | cmp - right || fail "round $i"
		done
		wait $SERVICE || :
	done
	strato-walcheck
}

@test "the files of a service are in nobody's way" {
	fill
	serve
	strato-backup >image
	strato-restore copy image
	[ -z "$(ls copy | grep gpucache)" ]
	strato-walcheck
	strato-compact
	kill -KILL $SERVICE
	wait $SERVICE || :
	strato-put -d x y
	strato-walcheck
	strato-doctor -s S >doctor || :
	! grep -i "gpucache\." doctor || fail "it is still told of"
	strato-backup >image
}

@test "a co-process is answered before it asks again" {
	fill
	serve
	coproc strato-gpucache get -b
	printf 'user/1\n' >&${COPROC[1]}
	read -r -u ${COPROC[0]} -t 20 line
	[ "$line" = "user/1${TAB}value 1" ]
	printf 'nokey\n' >&${COPROC[1]}
	read -r -u ${COPROC[0]} -t 20 line
	[ "$line" = "nokey${TAB}\N" ]
}

@test "an OpenCL device of type CPU serves when it is asked for" {
	strato-gpucache devices | cut -f2 | grep -qx cpu || skip "no OpenCL CPU device"
	fill
	serve --device=cpu
	[ "$(stat_of device)" = cpu ]
	strato-ls >keys
	strato-get -b <keys >right
	strato-gpucache get -b <keys | cmp - right
	strato-gpucache get -b -v <keys 2>err | cmp - right
	grep -q "302 values from the device, 1 from the store" err
	strato-gpucache stop
	wait $SERVICE
}

@test "a store that is removed takes its service with it" {
	serve
	rm -rf S
	wait $SERVICE
}

# A layer between the loader and the driver: reads fail while the file `broken` is
# there, once where it says so.
breakable() {
	command -v cc >/dev/null || skip "no compiler here"
	strato-gpucache devices | cut -f2 | grep -qx cpu || skip "no OpenCL CPU device"
	cat >layer.c <<-'C'
		#define CL_TARGET_OPENCL_VERSION 300
		#include <CL/cl_layer.h>
		#include <stdlib.h>
		#include <unistd.h>
		static struct _cl_icd_dispatch mine;
		static const struct _cl_icd_dispatch *next;
		static cl_int CL_API_CALL lose(cl_command_queue q, cl_mem m, cl_bool b, size_t o,
			size_t n, void *p, cl_uint c, const cl_event *w, cl_event *e)
		{
			if (access(getenv("BROKEN"), F_OK) == 0)
				return CL_OUT_OF_RESOURCES;
			return next->clEnqueueReadBuffer(q, m, b, o, n, p, c, w, e);
		}
		cl_int CL_API_CALL clGetLayerInfo(cl_layer_info n, size_t s, void *v, size_t *r)
		{
			if (n != CL_LAYER_API_VERSION)
				return CL_INVALID_VALUE;
			if (v && s >= sizeof(cl_layer_api_version))
				*(cl_layer_api_version *)v = CL_LAYER_API_VERSION_100;
			if (r)
				*r = sizeof(cl_layer_api_version);
			return CL_SUCCESS;
		}
		cl_int CL_API_CALL clInitLayer(cl_uint n, const struct _cl_icd_dispatch *t,
			cl_uint *r, const struct _cl_icd_dispatch **l)
		{
			next = t;
			mine.clEnqueueReadBuffer = lose;
			*l = &mine;
			*r = sizeof mine / sizeof mine.clGetPlatformIDs;
			return CL_SUCCESS;
		}
	C
	cc -shared -fPIC -o layer.so layer.c || skip "no OpenCL layers here"
	export OPENCL_LAYERS=$W/layer.so BROKEN=$W/broken
}

@test "a device that is lost is begun anew, and the answers go on" {
	breakable
	fill
	serve --device=cpu -q
	strato-gpucache pin user/1
	strato-gpucache ptr user/1 >before
	generation=$(stat_of generation)
	touch broken
	run --separate-stderr -0 strato-gpucache get user/1
	[ "$output" = "value 1" ]
	[[ "$stderr" == *"the device failed"* ]]
	rm broken
	for ((i = 0; i < 200; i++)); do
		[ "$(stat_of restarts 2>/dev/null)" != 1 ] || break
		sleep 0.1
	done
	[ "$(stat_of process)" = $SERVICE ]
	[ "$(stat_of restarts)" = 1 ]
	[ "$(stat_of device)" = cpu ]
	[ "$(stat_of generation)" != "$generation" ]
	[ "$(strato-gpucache get user/1)" = "value 1" ]
	strato-gpucache ptr user/1 >after
	! cmp -s before after || fail "one token for two generations"
	run -75 strato-gpucache serve --device=host
	strato-gpucache stop
	wait $SERVICE
	[ -z "$(ls S | grep gpucache)" ]
}

@test "a device that is lost again and again is done without" {
	breakable
	fill
	serve --device=cpu -q
	touch broken
	for ((i = 0; i < 300; i++)); do
		[ "$(strato-gpucache get -q user/1)" = "value 1" ]
		[ "$(stat_of device 2>/dev/null)" != host ] || break
		sleep 0.1
	done
	[ "$(stat_of process)" = $SERVICE ]
	[ "$(stat_of device)" = host ]
	strato-gpucache stat -J | jq -e '.why == "the device was lost 4 times"'
	strato-gpucache get -v user/1 2>err
	grep -q "1 values from the device" err
	kill $SERVICE
	rc=0
	wait $SERVICE || rc=$?
	[ $rc = 143 ]
	[ -z "$(ls S | grep gpucache)" ]
}
