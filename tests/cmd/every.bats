# every.bats - the manners of every command, from one table: tests/lib/tools.tsv
#
# A promise here is made for each row; a test tries all rows and names those that
# break it.  The numbers are those of the checks in the command line's contract.
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	cd "$W"
	export HOME=$W XDG_CONFIG_HOME=$W/config
	unset NO_COLOR
	export W
}

# Runs a command with its streams in files: sets rc, out, err (the file names).
streams() {
	out=$W/out.$BASHPID err=$W/err.$BASHPID rc=0
	"$@" >"$out" 2>"$err" || rc=$?
}

expect() { # WHAT COMMAND...
	local what=$1
	shift
	"$@" || {
		echo "$tool: $what (status ${rc-})"
		head -c 2000 "${err:-/dev/null}"
		return 1
	}
}

empty() { [ ! -s "$1" ]; }
not_empty() { [ -s "$1" ]; }
not() { ! "$@"; }
survived() { [ "$rc" -lt 126 ] && [ "$rc" -ne 70 ]; }

# --- 1: help, version, mistakes

helps() {
	local option
	for option in --help -h --version -V; do
		streams $tool $option
		expect "$option has status 0" [ $rc -eq 0 ]
		expect "$option writes to stdout" not_empty "$out"
		expect "$option is silent on stderr" empty "$err"
		expect "$option ends with a newline" [ -z "$(tail -c 1 "$out")" ]
	done
}

@test "1: --help, -h, --version and -V have status 0 and write to stdout only" {
	each_row helps
}

help_fits() {
	streams $tool --help
	expect "help has at most 60 lines" [ "$(wc -l <"$out")" -le 60 ]
	expect "help has lines of at most 80 columns" \
		[ -z "$(awk 'length > 80' "$out")" ]
	expect "help names the tool" grep -qF "$tool" "$out"
	expect "help has two examples" [ "$(grep -cE "^ +(.*[| ])?strato" "$out")" -ge 2 ]
}

@test "1: help is 60 lines of 80 columns at most, with two examples" {
	each_row help_fits
}

version_line() {
	streams $tool --version
	expect "the first line is NAME (strato) VERSION" \
		grep -qE "^$program( [a-z]+)? \(strato\) [0-9]+\.[0-9]+\.[0-9]+$" \
		<(head -n 1 "$out")
	expect "a second line has the build's features" [ "$(wc -l <"$out")" -eq 2 ]
}

@test "1: --version is the name and version, then a line of features" {
	each_row version_line
}

refuses_unknown() {
	streams $tool --verzion
	expect "status 64" [ $rc -eq 64 ]
	expect "nothing on stdout" empty "$out"
	expect "names the option" grep -qF -e --verzion "$err"
	expect "suggests the nearest" grep -qE -e '--version' "$err"
	expect "has the word [usage]" grep -qF '[usage]' "$err"
	expect "is two lines at most" [ "$(wc -l <"$err")" -le 2 ]
	expect "begins with the tool's name" not grep -qvE "^$tool: " "$err"
}

@test "1: an unknown option is 64, named, with the nearest one, and no usage dump" {
	each_row refuses_unknown
}

refuses_unknown_letter() {
	streams $tool -%
	expect "status 64" [ $rc -eq 64 ]
	expect "nothing on stdout" empty "$out"
	expect "has the word [usage]" grep -qF '[usage]' "$err"
}

@test "1: an unknown letter is 64" {
	each_row refuses_unknown_letter
}

refuses_in_json() {
	streams $tool -J --verzion
	expect "status 64" [ $rc -eq 64 ]
	expect "nothing on stdout" empty "$out"
	expect "stderr is an object with error, status and message" \
		jq -e '.error == "usage" and .status == 64 and
			(.message | type == "string")' "$err" >/dev/null
}

@test "1: with --json the refusal is an object on stderr" {
	each_row refuses_in_json
}

refuses_abbreviation() {
	streams $tool --versio
	expect "--versio is status 64" [ $rc -eq 64 ]
}

@test "1: long options are not abbreviated" {
	each_row refuses_abbreviation
}

needs_a_store() {
	case $words in --version|'"$T"') return 0 ;; esac
	case $program in strato-gpucache | strato-restore) return 0 ;; esac
	[ "$tool" != "strato-bench gpu_cache" ] || return 0
	# those look at the machine, or make a graph, then
	if [ $program != strato-doctor ] && [ "$tool" != "strato-bench graph_traversal" ]; then
		unset STRATO_STORE
		streams invoke
		expect "without a store: status 64" [ $rc -eq 64 ]
		expect "with a hint" grep -qE 'STRATO_STORE|--store' "$err"
	fi
	export STRATO_STORE=$W/mistyped
	streams invoke
	expect "a mistyped store: status 66" [ $rc -eq 66 ]
	expect "has the word [no-store]" grep -qF '[no-store]' "$err"
	expect "creates nothing" [ ! -e "$W/mistyped" ]
}

@test "1: no store is 64, a mistyped store is 66 and creates nothing" {
	make_store
	each_row needs_a_store
}

# --- 2: a full device

full_device() {
	local option
	for option in --help --version; do
		rc=0
		$tool $option >/dev/full 2>"$W/err" || rc=$?
		err=$W/err
		expect "$option >/dev/full is status 74" [ $rc -eq 74 ]
		expect "$option >/dev/full has a message" \
			grep -qE '\[(no-space|io-error)\]' "$W/err"
	done
	[ "$stdout" = data ] || return 0
	rc=0
	invoke >/dev/full 2>"$W/err" || rc=$?
	expect "$words >/dev/full is status 74" [ $rc -eq 74 ]
	expect "$words >/dev/full has a message" grep -q '\[' "$W/err"
}

@test "2: stdout on a full device is 74 with a message, for help too" {
	make_store
	each_row full_device
}

# --- the invocation itself, and 3, 4: pipes and closed streams

succeeds() {
	streams invoke
	expect "status 0" [ $rc -eq 0 ]
	expect "silent on stderr" empty "$err"
	case $stdout in
	data) expect "writes to stdout" not_empty "$out" ;;
	silent) expect "silent on stdout" empty "$out" ;;
	*) fail "tools.tsv: $tool: column 2 is $stdout" ;;
	esac
}

@test "0: each row's invocation succeeds, says nothing on stderr, and again" {
	make_store
	each_row succeeds
	each_row succeeds
}

only_reads() {
	[ "$changes" != yes ] || return 0
	files_of "$S" >"$W/before"
	streams invoke
	files_of "$S" >"$W/after"
	expect "changes no file" cmp "$W/before" "$W/after"
}

@test "0: what only reads changes no file of the store" {
	make_store
	each_row only_reads
}

head_is_quiet() {
	local status
	[ "$stdout" = data ] || return 0
	{ rc=0; invoke 2>"$W/err" || rc=$?; echo $rc >"$W/rc"; } | head -n 1 >/dev/null
	rc=$(cat "$W/rc")
	err=$W/err
	expect "status is 0 or 141" [ $rc -eq 0 -o $rc -eq 141 ]
	expect "nothing on stderr" empty "$W/err"
}

@test "3: | head -n 1 is quiet, and the status is 0 or 141" {
	make_store
	each_row head_is_quiet
}

closed_streams() {
	rc=0; err=/dev/null
	invoke <&- >"$W/out" 2>"$W/err" || rc=$?
	expect "stdin closed: no crash" survived
	rc=0
	invoke >&- 2>"$W/err" || rc=$?
	expect "stdout closed: no crash" survived
	[ "$stdout" = silent ] ||
		expect "stdout closed, data to write: status 74" [ $rc -eq 74 ]
	rc=0
	invoke >"$W/out" 2>&- || rc=$?
	expect "stderr closed: no crash" survived
	rc=0
	invoke <&- >&- 2>&- || rc=$?
	expect "all three closed: no crash" survived
	rc=0
	$tool --verzion <&- >&- 2>&- || rc=$?
	expect "all three closed and a mistake: status 64" [ $rc -eq 64 ]
}

@test "4: with streams closed nothing crashes, and no word lands in the store" {
	make_store
	holdings "$S" >"$W/before"
	each_row closed_streams
	holdings "$S" >"$W/after"
	same "$W/before" "$W/after"
	strato-walcheck --full
	! grep -rqE 'strato-[a-z]+: .*\[[a-z-]+\]|verzion' "$S" ||
		fail "a message lies in the store"
}

# --- 10: escape bytes and progress

plain() {
	local how
	for how in NO_COLOR=1 TERM=dumb A=B; do
		(export "$how" && streams invoke)
		! grep -q "$ESC" "$W"/out.* "$W"/err.* ||
			expect "no escape bytes in a pipe with $how" false
	done
	rm -f "$W"/out.* "$W"/err.*
}

@test "10: into a pipe or a file nobody gets an escape byte" {
	make_store
	each_row plain
}

plain_on_terminal() {
	local how typed
	[ "$tool" != strato-get ] || return 0	# a value is the user's bytes
	for how in NO_COLOR=1 TERM=dumb; do
		typed="env $how $tool $words"
		export T=$W/new.$how
		rm -rf "$T"
		script -qec "$typed" /dev/null </dev/null >"$W/tty" 2>&1
		expect "no escape bytes on a terminal with $how" \
			not grep -q "$ESC" "$W/tty"
	done
}

@test "10: NO_COLOR and TERM=dumb: no escape bytes on a terminal" {
	has_terminal || skip "script(1) gets no pseudo-terminal here"
	make_store
	each_row plain_on_terminal
}

without_progress() {
	case $words in --version) return 0 ;; esac
	tool="$tool --progress=never"
	streams invoke
	expect "--progress=never: status 0" [ $rc -eq 0 ]
	expect "--progress=never: nothing on stderr" empty "$err"
}

@test "10: --progress=never leaves stderr empty on success" {
	make_store
	each_row without_progress
}

# --- 13: locales and clocks

@test "13: the bytes are the same in the C, UTF-8 and Turkish locales" {
	make_store
	if localedef -i tr_TR -f UTF-8 "$W/tr_TR.UTF-8" 2>"$W/localedef"; then
		export LOCPATH=$W
	else
		echo "# no Turkish locale here: $(head -n 1 "$W/localedef")" >&3
	fi
	mkdir -p "$W/C" "$W/C.UTF-8" "$W/tr_TR.UTF-8"
	each_row speaks_alike
}

# What a row says in one locale: its answer, its help, and a refusal whose capital
# I becomes another letter where someone lowers it by the Turkish rules.
say_in() { # LOCALE
	export LC_ALL=$1
	streams invoke
	cat "$out" "$err"
	[ $rc -eq 0 ]
	$tool --help
	streams $tool --INFO
	cat "$err"
	[ $rc -eq 64 ]
}

speaks_alike() {
	local where rc=0
	[ "$changes" = no ] || return 0
	for where in C C.UTF-8 tr_TR.UTF-8; do
		(say_in $where) >"$W/said.$where"
		expect "the same bytes in $where" cmp "$W/said.C" "$W/said.$where"
	done
}

@test "13: a clock set back changes no result" {
	command -v faketime >/dev/null || skip "faketime(1) is not here"
	make_store
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
	faketime '2038-01-01' strato-put -d new clock
	faketime '2001-01-01' strato-put -d newer clock
	[ "$(strato-get clock)" = newer ]
	[ "$(faketime '1999-01-01' strato-get clock)" = newer ]
	[ "$(faketime '2039-01-01' strato-get clock)" = newer ]
	faketime '1999-01-01' strato-ls >"$W/then"
	strato-ls >"$W/now"
	same "$W/then" "$W/now"
	strato-walcheck --full
}

# --- 14: one set of options, and examples that run

page() { echo "$STRATO_SOURCE/man/$1.1"; }

# A program's page, and those of groups of its commands.
pages() { # PROGRAM
	page $1
	[ $1 = strato ] || find "$STRATO_SOURCE/man" -name "$1-*.1" | sort
}

# A page may leave out what strato(7) says for many commands.
shared_options() {
	local part
	for part in "Every command" "Commands that open a store" \
		"Commands that write" "Where they make sense"; do
		options_of_page "$STRATO_SOURCE/man/strato.7" "$part"
	done | sort -u
}

has_common_options() {
	local missing
	missing=$(comm -13 <(options_of_help $tool) <(options_of_page \
		"$STRATO_SOURCE/man/strato.7" "Every command"))
	[ -z "$missing" ] || fail "$tool --help lacks" $missing
}

@test "14: every --help has the options every command has" {
	each_row has_common_options
}

# all options of a program: its own and those of its subcommands in the table
program_options() { # PROGRAM
	tool_rows | cut -f1 | grep -E "^$1( |\$)" | while read -r t; do
		options_of_help $t
	done | sort -u
}

@test "14: --help and the manual page list the same options" {
	local bad=
	for p in $(programs); do
		if [ ! -f "$(page $p)" ]; then
			bad="$bad $p(no page)"
			continue
		fi
		program_options $p >"$W/help"
		for f in $(pages $p); do options_of_page "$f"; done | sort -u >"$W/page"
		shared_options >"$W/shared"
		bad="$bad $(comm -13 "$W/help" "$W/page" |
			sed "s/^/$p(7 and page only):/")"
		bad="$bad $(comm -23 "$W/help" <(sort -u "$W/page" "$W/shared") |
			sed "s/^/$p(help only):/")"
	done
	bad=$(echo $bad)
	[ -z "$bad" ] || fail "$bad"
}

@test "14: bash completes the options of --help" {
	local bad=
	while read -r t; do
		options_of_help $t >"$W/help"
		bash "$STRATO_SOURCE/tests/lib/complete-bash" "$t -" |
			sed 's/=$//' | sort -u >"$W/offered"
		cmp "$W/help" "$W/offered" || bad="$bad, $t"
		[ -s "$W/offered" ] || bad="$bad, $t (none)"
	done < <(tool_rows | cut -f1)
	[ -z "$bad" ] || fail "bash: $bad"
}

@test "14: zsh completes the options of --help" {
	command -v zsh >/dev/null || skip "zsh is not here"
	local bad=
	while read -r t; do
		options_of_help $t >"$W/help"
		zsh -f "$STRATO_SOURCE/tests/lib/complete-zsh" "$t -" |
			sed 's/=$//' | sort -u >"$W/offered"
		cmp "$W/help" "$W/offered" || bad="$bad, $t"
		[ -s "$W/offered" ] || bad="$bad, $t (none)"
	done < <(tool_rows | cut -f1)
	[ -z "$bad" ] || fail "zsh: $bad"
}

@test "14: fish completes the options of --help" {
	command -v fish >/dev/null || skip "fish is not here"
	local bad=
	while read -r t; do
		options_of_help $t >"$W/help"
		fish --no-config -c "source '$STRATO_SOURCE/completions/strato.fish'
			complete -C '$t -'" |
			cut -f1 | sed 's/=$//' | grep '^-' | sort -u >"$W/offered"
		cmp "$W/help" "$W/offered" || bad="$bad, $t"
		[ -s "$W/offered" ] || bad="$bad, $t (none)"
	done < <(tool_rows | cut -f1)
	[ -z "$bad" ] || fail "fish: $bad"
}

@test "14: completions know every program and every setting" {
	local file p
	make_store
	for file in strato.bash _strato strato.fish; do
		file=$STRATO_SOURCE/completions/$file
		for p in $(programs); do
			grep -qE "(^|[[:space:]])$p( |\$|;)" "$file" || fail "$file lacks $p"
		done
		strato-config | cut -f1 >"$W/settings"
		[ -s "$W/settings" ]
		while read -r p; do
			grep -qE "[ ('\"]$p[ =)'\"]|$p\$|^[[:space:]]+.*$p" "$file" ||
				fail "$file lacks the setting $p"
		done <"$W/settings"
	done
}

@test "14: strato-config(5) describes the settings strato-config lists" {
	make_store
	strato-config | cut -f1 | sort >"$W/known"
	sed -nE 's/^\.It Cm ([a-z_]+)$/\1/p' "$STRATO_SOURCE/man/strato-config.5" |
		sort >"$W/described"
	same "$W/known" "$W/described"
}

@test "14: completion runs nothing that a key's name could smuggle in" {
	make_store
	strato-put -d x 'a$(touch smuggled)'
	strato-put -d x 'a`touch smuggled`'
	bash "$STRATO_SOURCE/tests/lib/complete-bash" "strato-get -s $S a" >offered
	[ ! -e smuggled ]
	grep -qF 'touch' offered
}

@test "14: every example of every page runs and prints what the page says" {
	local bad= p f
	command -v mandoc >/dev/null || skip "mandoc is not here"
	make_store
	for p in $(programs); do
		for f in $(pages $p); do
			rm -rf "$W/reader"
			mkdir "$W/reader"
			cp -r "$S" "$W/reader/store"
			cp "$W/edges.tsv" "$W/records.tsv" "$W/keys" "$W/reader"
			(
				cd "$W/reader"
				export STRATO_STORE=$W/reader/store HOME=$W/reader
				"$STRATO_SOURCE/tests/lib/run-examples" "$f"
			) >"$W/ran" 2>&1 || bad="$bad
$(cat "$W/ran")"
		done
	done
	mkdir "$W/seven"
	(
		cd "$W/seven"
		unset STRATO_STORE
		"$STRATO_SOURCE/tests/lib/run-examples" "$STRATO_SOURCE/man/strato.7"
	) >"$W/ran" 2>&1 || bad="$bad
$(cat "$W/ran")"
	mkdir "$W/five"
	(
		cd "$W/five"
		export STRATO_STORE=$W/five/store
		strato-init "$STRATO_STORE"
		"$STRATO_SOURCE/tests/lib/run-examples" "$STRATO_SOURCE/man/strato-formats.5"
	) >"$W/ran" 2>&1 || bad="$bad
$(cat "$W/ran")"
	[ -z "$bad" ] || fail "$bad"
}

@test "the two-minute tour of README.md runs as printed" {
	sed -n '/^## Two minutes/,/^## Where/p' "$STRATO_SOURCE/README.md" |
		awk '/^```/ { on = !on && /sh$/; next } on' >tour
	[ "$(wc -l <tour)" -gt 10 ]
	command -v dot >/dev/null || sed -i 's/| dot .*//' tour
	unset STRATO_STORE
	bash -eu -o pipefail tour >said 2>errors
	[ ! -s errors ]
	grep -qx 'Alice Bob Carol Zoe' said
	grep -qx 'status 1: the answer is no' said
	grep -qx 'every checksum is right' said
}
