# tests/lib/gpucache.bash - a cache service on the store S, for tests that load it
#
# SERVICE is its process, or empty; what is left of it goes with the test.

setup() {
	W=$BATS_TEST_TMPDIR
	cd "$W"
	export HOME=$W POCL_CACHE_DIR=${STRATO_BUILD}/.pocl POCL_MEMORY_LIMIT=1
	export STRATO_KERNELS=$STRATO_SOURCE/kernels STRATO_STORE=$W/S
	mkdir -p "$POCL_CACHE_DIR"
	strato-init S
	SERVICE=
}

teardown() {
	[ -z "$SERVICE" ] || kill -KILL "$SERVICE" 2>/dev/null || :
}

# A service of the store S that answers when this returns.
serve() { # DEVICE [OPTION]...
	rm -f ready
	mkfifo ready
	strato-gpucache serve -q --size=32M --device="$@" --ready-fd=9 9>ready 3>&- &
	SERVICE=$!
	[ "$(cat ready)" = ready ] || fail "no service"
}

end_service() {
	kill -KILL "$SERVICE" 2>/dev/null || :
	wait "$SERVICE" || :
	SERVICE=
}

needs_opencl() {
	strato-gpucache devices | cut -f2,3 | grep -q '^cpu' ||
		skip "no OpenCL device of type cpu"
}
