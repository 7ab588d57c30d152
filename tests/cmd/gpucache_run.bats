# tests/cmd/gpucache_run.bats - one's own kernels over what is resident
load ../lib/common
load ../lib/gpucache

kernels() {
	cat >k.cl <<-'END'
	/* every byte plus one */
	kernel void more(global const uchar *in, ulong at, ulong len,
			 global uchar *out, ulong out_at, ulong out_len)
	{
		ulong i = get_global_id(0);

		if (i < len && i < out_len)
			out[out_at + i] = in[at + i] + 1;
	}

	kernel void numbers(int a, uint b, long c, ulong d, float e, double f,
			    global uchar *out, ulong at, ulong len)
	{
		global long *o = (global long *)(out + at);

		o[0] = a;
		o[1] = b;
		o[2] = c;
		o[3] = d;
		o[4] = (long)(e * 1000);
		o[5] = (long)(f * 1000);
		o[6] = len;
	}

	kernel void groups(global uchar *out, ulong at, ulong len)
	{
		out[at + get_global_id(0)] = 'a' + get_local_id(0);
	}

	kernel void nothing(global uchar *out, ulong at, ulong len)
	{
	}

	kernel void mark(global uchar *in, ulong at, ulong len)
	{
		in[at] = '!';
	}
	END
}

@test "a kernel over a key, over a token, and its answer stored" {
	needs_opencl
	kernels
	printf HAL | strato-put key
	serve cpu
	[ "$(strato-gpucache run --global=3 k.cl:more key @out:3)" = IBM ]
	strato-gpucache pin key
	[ "$(strato-gpucache run --global=3 k.cl:more "$(strato-gpucache ptr key)" @out:3)" = IBM ]
	printf 123 | strato-put 5
	[ "$(strato-gpucache run --global=3 k.cl:more key:5 @out:3)" = 234 ]
	strato-gpucache run --global=3 --out=answer k.cl:more key @out:3 >out
	[ ! -s out ]
	[ "$(strato-get answer)" = IBM ]
	strato-gpucache run --global=3 -o file k.cl:more answer @out:3
	[ "$(cat file)" = JCN ]
	[ "$(strato-gpucache stat -J | jq .pinned)" = 1 ]
}

@test "a value of some MiB, and what is not written is zero" {
	needs_opencl
	kernels
	seeded 3000000 >value
	strato-put value <value
	serve cpu
	strato-gpucache run --global=3000000 k.cl:more value @out:3000000 >out
	LC_ALL=C tr '\000-\376\377' '\001-\377\000' <value >want
	same out want
	[ "$(strato-gpucache run k.cl:nothing @out:1000 | tr -d '\0' | wc -c)" = 0 ]
	[ "$(strato-gpucache run k.cl:nothing @out:3M | wc -c)" = 3145728 ]
}

@test "numbers arrive as they are said, or are refused" {
	needs_opencl
	kernels
	serve cpu
	strato-gpucache run k.cl:numbers -- -5 4294967295u -9223372036854775808l \
		18446744073709551615ul 1.5f -2.25 @out:56 | od -An -v -td8 -w8 | tr -d ' ' >out
	printf '%s\n' -5 4294967295 -9223372036854775808 -1 1500 -2250 56 >want
	same out want
	for wrong in 2147483648 -2147483649 4294967296u -1u 9223372036854775808l 1e99f 1e999; do
		run --separate-stderr -64 strato-gpucache run k.cl:numbers -- "$wrong"
		[[ "$stderr" == *"$wrong: out of range"* ]] || fail "$wrong: $stderr"
	done
	[ "$(strato-gpucache run --global=6 --local=3 k.cl:groups @out:6)" = abcabc ]
	run -64 strato-gpucache run --global=6 --local=4 k.cl:groups @out:6
}

@test "a stale token, a wrong one, one of another store fail cleanly" {
	needs_opencl
	kernels
	printf one | strato-put key
	serve cpu
	strato-gpucache pin key
	token=$(strato-gpucache ptr key)
	strato-gpucache run k.cl:more "$token" @out:3 >out
	printf two | strato-put key
	run --separate-stderr -1 strato-gpucache run k.cl:more "$token" @out:3
	[ -z "$output" ]
	token=$(strato-gpucache ptr key)
	strato-gpucache run k.cl:more "$token" @out:3 >out
	strato-gpucache evict key
	run -1 strato-gpucache run k.cl:more "$token" @out:3
	run -65 strato-gpucache run k.cl:more "${token}9x" @out:3
	run -65 strato-gpucache run k.cl:more strato-gpu: @out:3
	other=${token#strato-gpu:}
	case $other in 0*) other=1${other#?} ;; *) other=0${other#?} ;; esac
	run --separate-stderr -65 strato-gpucache run k.cl:more "strato-gpu:$other" @out:3
	[[ "$stderr" == *"of another store [bad-record]"*"hint: "*ptr* ]]
	end_service
	serve cpu
	strato-gpucache pin key
	run -1 strato-gpucache run k.cl:more "$token" @out:3
	run --separate-stderr -1 strato-gpucache run k.cl:more nokey @out:3
	[[ "$stderr" == *'no key "nokey"'* ]]
}

@test "what does not compile is 65 with the compiler's words; what is no kernel is 64" {
	needs_opencl
	kernels
	serve cpu
	printf 'kernel void k(global uchar *a, ulong b, ulong c) { nonsense_here; }\n' >bad.cl
	run --separate-stderr -65 strato-gpucache run bad.cl:k @out:1
	[ -z "$output" ]
	[[ "$stderr" == *nonsense_here*"bad.cl does not compile [bad-record]"*"hint: "* ]] ||
		fail "$stderr"
	run --separate-stderr -64 strato-gpucache run k.cl:absent @out:1
	run --separate-stderr -64 strato-gpucache run k.cl:more @out:1
	run -64 strato-gpucache run k.cl @out:1
	run -64 strato-gpucache run k.cl:more @out:1 @out:1
	run -64 strato-gpucache run --out=x k.cl:nothing
	run -66 strato-gpucache run none.cl:k
	head -c 60000 /dev/zero | tr '\0' ' ' >large.cl
	run -65 strato-gpucache run large.cl:k
	[ "$(strato-gpucache run --global=6 --local=3 k.cl:groups @out:6)" = abcabc ]
	[ "$(strato-gpucache stat -J | jq .pinned)" = 0 ]
}

@test "what has no room is refused, and the service goes on" {
	needs_opencl
	kernels
	serve cpu
	run --separate-stderr strato-gpucache run k.cl:nothing @out:1G
	[ "$status" = 65 ] || [ "$status" = 71 ]
	[ "$(strato-gpucache run --global=3 --local=3 k.cl:groups @out:3)" = abc ]
}

@test "a kernel that writes to a value: get still has the store's bytes" {
	needs_opencl
	kernels
	printf one | strato-put key
	serve cpu
	strato-gpucache pin key
	strato-gpucache run k.cl:mark key
	[ "$(strato-gpucache get -q key)" = one ]
	strato-gpucache stat -J | jq -e '.restarts == 0'
}

# A device that turns a bit of the Kth that is read, or of all from there on.
turning() { # flip|flips K
	local layer=$STRATO_BUILD/tests/gpu/fault_layer.so

	[ -e "$layer" ] || skip "there is no OpenCL layer: apt install opencl-c-headers"
	OPENCL_LAYERS=$layer FAULT=1:$1:$2 serve cpu
}

@test "bits that turn on the way back from the device are seen, and read again" {
	needs_opencl
	kernels
	seeded 300000 >value
	strato-put value <value
	printf HAL | strato-put key
	for k in 1 2 3 4; do
		turning flip $k
		strato-gpucache pin value key
		for ((i = 0; i < 3; i++)); do
			strato-gpucache get -v value >got 2>said
			same value got
			grep -q "1 values from the device, 0 from the store" said || fail "$(cat said)"
		done
		[ "$(strato-gpucache run --global=3 k.cl:more key @out:3)" = IBM ]
		end_service
		turning flip $k
		[ "$(strato-gpucache run --global=3 k.cl:more key @out:3)" = IBM ]
		[ "$(strato-gpucache run --global=3 k.cl:more key @out:3)" = IBM ]
		end_service
	done
}

@test "a device none of whose answers is right is given up; the store has the value" {
	needs_opencl
	seeded 300000 >value
	strato-put value <value
	turning flips 1
	strato-gpucache pin value
	strato-gpucache get value >got 2>said
	same value got
	grep -q "the device failed" said || fail "$(cat said)"
}

@test "a kernel on a device none of whose answers is right fails" {
	needs_opencl
	kernels
	printf HAL | strato-put key
	turning flips 1
	run --separate-stderr strato-gpucache run --global=3 k.cl:more key @out:3
	[ "$status" != 0 ] && [ -z "$output" ]
	[[ "$stderr" == *"the device failed"* ]]
}

# (What such a kernel does is not defined: here it goes far enough to be noticed.)
@test "a kernel that leaves its memory ends the service, not the store" {
	needs_opencl
	cat >over.cl <<-'END'
	kernel void over(global uchar *out, ulong at, ulong len)
	{
		for (ulong i = 0; i < ((ulong)1 << 40); i += 4096)
			out[at + i] = 1;
	}
	END
	printf one | strato-put key
	serve cpu
	strato-gpucache pin key
	run --separate-stderr -69 strato-gpucache run over.cl:over @out:8
	[[ "$stderr" == *"has died [unavailable]"*"hint: "*"serve -s"* ]] || fail "$stderr"
	wait "$SERVICE" || :
	[ "$(strato-gpucache get -q key)" = one ]
	strato-walcheck --full
	serve cpu
	strato-gpucache pin key
	[ "$(strato-gpucache get -q key)" = one ]
}

@test "on host memory run is 69 with a hint; without a service too" {
	kernels
	run --separate-stderr -69 strato-gpucache run k.cl:nothing @out:1
	[[ "$stderr" == *"hint: start one"* ]]
	serve host
	run --separate-stderr -69 strato-gpucache run k.cl:nothing @out:1
	[[ "$stderr" == *"runs no kernels"*"hint: "*--device=cpu* ]]
}
