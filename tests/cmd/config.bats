# tests/cmd/config.bats - strato-config: what counts, from where; changes whole
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	S=$W/kv
	cd "$W"
	export STRATO_STORE=$S XDG_CONFIG_HOME=$W/home
	strato-init "$S"
}

@test "all settings: NAME, VALUE and ORIGIN, ten of them" {
	strato-config >out
	[ "$(wc -l <out)" = 10 ]
	[ "$(awk -F'\t' 'NF != 3' out)" = "" ]
	grep -qx "io_depth${TAB}64${TAB}built in" out
	strato-config -J | jq -se 'length == 10 and all(.name and .value and .origin)'
}

@test "one name is its value alone" {
	[ "$(strato-config io_depth)" = 64 ]
	[ "$(strato-config -J io_depth)" = '{"name":"io_depth","value":"64","origin":"built in"}' ]
}

@test "precedence: option, environment, store, user, built in" {
	origin() { strato-config "$@" | grep ^io_depth | cut -f2,3; }
	mkdir -p home/strato
	echo 'io_depth = 2' >home/strato/config
	[ "$(origin)" = "2${TAB}user" ]
	strato-config io_depth=3
	[ "$(origin)" = "3${TAB}store" ]
	export STRATO_IO_DEPTH=4
	[ "$(origin)" = "4${TAB}environment" ]
	[ "$(origin --io-depth=5)" = "5${TAB}option" ]
	[ "$(origin -O io_depth=6)" = "6${TAB}option" ]
}

@test "a value set is kept, other lines and comments stay" {
	printf '# mine\nio_depth = 5\n\nsync = none\nio_depth = 6\n' >"$S/config"
	strato-config io_depth=7 log_size=2M
	printf '# mine\nio_depth = 7\n\nsync = none\nlog_size = 2M\n' >want
	same want "$S/config"
	strato-config --unset=sync --unset=io_depth
	printf '# mine\n\nlog_size = 2M\n' >want
	same want "$S/config"
}

@test "values given at once are all set or none" {
	run -78 strato-config io_depth=7 bogus=1
	run -78 strato-config io_depth=7 sync=maybe
	run -64 strato-config io_depth=7 sync
	[ ! -s "$S/config" ]
}

@test "an unknown name is 78 and names the closest; out of range names the range" {
	for words in io_dpeth io_dpeth=3 --unset=io_dpeth; do
		run --separate-stderr -78 strato-config $words
		[[ "$stderr" == *io_depth*"[bad-setting]" ]]
	done
	for bad in io_depth=0 io_depth=4097 io_depth= io_depth=0x10 sync=x cache_size=1Q \
		$'io_depth=9\nsync=none'; do
		run --separate-stderr -78 strato-config "$bad"
		[[ "$stderr" == *"[bad-setting]" ]] || fail "$bad: $stderr"
	done
	strato-config io_depth=010
	[ "$(strato-config io_depth)" = 10 ]
}

@test "a config that stops every other command is mended here" {
	printf 'io_depth = many\nnonsense\n' >"$S/config"
	run --separate-stderr -78 strato-ls
	[[ "$stderr" == *"/config: line 1: "*"[bad-setting]" ]]
	run -78 strato-config
	run --separate-stderr -0 strato-config io_depth=4
	[[ "$stderr" == *"line 2"* ]]
	sed -i /nonsense/d "$S/config"
	strato-ls
}

@test "a value that is hidden is said to be" {
	export STRATO_IO_DEPTH=5
	run --separate-stderr -0 strato-config io_depth=7
	[[ "$stderr" == *"io_depth"*"environment"*5* ]]
	run --separate-stderr -0 strato-config -q io_depth=8
	[ -z "$stderr" ]
	grep -qx 'io_depth = 8' "$S/config"
}

@test "eight at once: each change counts" {
	names=(io_depth cache_size prefetch_distance log_size reserve_size memory_limit)
	values=(9 8M 7 6M 5M 64M)
	pids=
	for i in "${!names[@]}"; do
		strato-config "${names[i]}=${values[i]}" 3>&- &
		pids="$pids $!"
	done
	for p in $pids; do wait $p; done
	for i in "${!names[@]}"; do
		[ "$(strato-config ${names[i]})" = "${values[i]}" ] || fail "${names[i]}"
	done
	[ "$(wc -l <"$S/config")" = 6 ]
	[ -z "$(ls -A "$S/tmp")" ]
}

@test "a config that is a link or a pipe is refused, and what it points to untouched" {
	echo 'io_depth = 3' >elsewhere
	rm "$S/config"
	ln -s "$W/elsewhere" "$S/config"
	run --separate-stderr -77 strato-ls
	[[ "$stderr" == *"[untrusted]" ]]
	run -77 strato-config io_depth=5
	[ "$(cat elsewhere)" = 'io_depth = 3' ]
	rm "$S/config"
	mkfifo "$S/config"
	run -77 strato-config
}

@test "a mistyped store creates nothing" {
	run -66 strato-config -s nowhere
	run -66 strato-config -s nowhere io_depth=3
	[ ! -e nowhere ]
}
