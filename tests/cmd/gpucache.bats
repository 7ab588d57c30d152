# tests/cmd/gpucache.bats - strato-gpucache: devices, and what comes later
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	cd "$W"
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
	for name in serve pin evict warm get ptr run stat bench stop; do
		run --separate-stderr -69 strato-gpucache $name
		[[ "$stderr" == "strato-gpucache: $name: "*"[unsupported]"* ]]
		[ -z "$output" ]
	done
	run --separate-stderr -69 strato-gpucache serve --device=0
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
