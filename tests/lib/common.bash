# tests/lib/common.bash - what the command tests share
#
#	load ../lib/common		in a bats file
#	make_store			S, W, STRATO_STORE as tools.tsv says
#
# Randomness: seeded(1) gives the same bytes for the same seed everywhere, and
# $SEED is printed by a test that fails (bats shows its output).

bats_require_minimum_version 1.5.0

: "${STRATO_SOURCE:=$(cd "${BATS_TEST_DIRNAME:-.}/../.." && pwd)}"
: "${STRATO_BUILD:=$STRATO_SOURCE/build}"
: "${SEED:=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}"
TOOLS_TSV=$STRATO_SOURCE/tests/lib/tools.tsv

# script(1) types into $SHELL, or sh where there is none: what it is given is for this one.
export SHELL=$BASH

TAB=$'\t'
ESC=$'\033'

fail() {
	printf '%s\n' "$*" >&2
	return 1
}

# Is there a pseudo-terminal to be had?  (Not in a chroot without /dev/pts.)
has_terminal() {
	script -qec true /dev/null </dev/null >/dev/null 2>&1
}

# "on" and "off", as far as the file system of the store at hand takes direct_io.
io_modes() {
	! strato-stat -O direct_io=on >/dev/null 2>&1 || echo on
	echo off
}

# N scaled by STRATO_TEST_SCALE (percent), at least one.
scaled() {
	local n=$(($1 * ${STRATO_TEST_SCALE:-100} / 100))
	echo $((n > 0 ? n : 1))
}

# LEN bytes that look random, the same for the same SEED with any awk: a linear
# congruence whose products stay below 2^53, its upper bits.
seeded() { # LEN [SEED]
	LC_ALL=C awk -v n="$1" -v x="${2:-$SEED}" 'BEGIN {
		for (x %= 4294967296; n > 0; n--) {
			x = (x * 1664525 + 1013904223) % 4294967296
			printf "%c", int(x / 65536) % 256
		}
	}'
}

# all 256 byte values, once each
all_bytes() {
	local i
	for ((i = 0; i < 256; i++)); do
		printf '%b' "\\0$(printf %o $i)"
	done
}

same() { # FILE FILE
	cmp -- "$1" "$2" || fail "$1 and $2 differ (seed $SEED)"
}

# A process that was sent a SIGKILL had ended well before, or it died of that.
ended_or_killed() { # PID
	local rc=0

	wait "$1" 2>/dev/null || rc=$?
	[ $rc = 0 ] || [ $rc = 137 ]
}

# Another byte in the place of the one at AT, whatever it was.
flip() { # FILE AT
	local byte

	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf "\\$(printf %o $((byte ^ 16)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# One line a file of a directory: its checksum and path.  What may differ though
# nothing was changed is left out: the index of the log is a cache, the lock file
# has a text of who held it.
files_of() { # DIR
	(cd "$1" && find . -type f ! -path ./wal/index ! -path ./lock -print0 |
		sort -z | xargs -0 -r sha256sum)
}

# What a store says it holds, every byte of it.
holdings() { # STORE
	strato-ls -s "$1" --values -f cdb
	strato-graph export -s "$1" -g web -f tsv | sort
}

make_input() {
	printf 'Alice\tBob\nBob\tCarol\nCarol\tZoe\nAlice\tDave\nDave\tBob\n' \
		>"$W/edges.tsv"
	for i in {1..20}; do
		printf 'user/%d\tname %d\n' $i $i
	done >"$W/records.tsv"
	cut -f1 "$W/records.tsv" >"$W/keys"
	seeded 5000 1 >"$W/blob"
}

# The store that tools.tsv describes.
make_store() {
	W=$BATS_TEST_TMPDIR
	S=$W/store
	make_input
	strato-init "$S"
	printf %s hello | strato-put -s "$S" greeting
	strato-put -s "$S" -d '' empty
	strato-put -s "$S" blob "$W/blob"
	strato-put -s "$S" -b "$W/records.tsv"
	strato-graph import -s "$S" -q -f tsv "$W/edges.tsv"
	strato-graph import -s "$S" -q -g web -f tsv "$W/edges.tsv"
	awk '{ print $1, $2, NR }' "$W/edges.tsv" | strato-graph import -s "$S" -q -g roads -f el
	strato-backup -s "$S" -o "$W/image"
	export STRATO_STORE=$S S W
}

tool_rows() {
	grep -v '^#' "$TOOLS_TSV"
}

programs() {
	tool_rows | cut -f1 | cut -d' ' -f1 | sort -u
}

# Runs CHECK for each row, with tool, stdout, changes, words and program set; all
# rows are tried, and each that failed is named.
each_row() { # CHECK
	local tool stdout changes words program bad= line n=0
	while IFS= read -r line <&9; do
		IFS=$TAB read -r tool stdout changes words <<<"$line"
		program=${tool%% *}
		n=$((n + 1))
		if ! command -v "$program" >/dev/null; then
			bad="$bad\n$tool: not built"
			continue
		fi
		# in the background, because errexit sleeps inside a condition
		(
			trap - ERR DEBUG EXIT
			set -e
			"$1" 9<&-
		) &
		wait $! || bad="$bad\n$tool ${words//\\/\\\\}"
	done 9< <(tool_rows)
	[ $n -gt 0 ] || fail "no rows in $TOOLS_TSV"
	[ -z "$bad" ] || fail "$(printf 'not so for:%b' "$bad")"
}

# The row's own invocation, its words read by the shell, with a fresh T.
invoke() {
	T=$(mktemp -u "$W/new.XXXXXX")
	eval "$tool $words"
}

# The options a text of --help lists, one a line, sorted: -x and --name.
options_of_help() { # TOOL [SUBCOMMAND]
	"$@" --help | sed -nE 's/^ +(-[A-Za-z0-9]), (--[a-z0-9-]+).*/\1\n\2/p
		s/^ +(--[a-z0-9-]+).*/\1/p
		s/^ +(-[A-Za-z0-9])( .*|$)/\1/p' | sort -u
}

# The options a page lists as .It Fl items, within a section or the whole page.
options_of_page() { # FILE [SUBSECTION]
	awk -v want="$2" '
		/^\.S[hs] / { here = substr($0, 5) }
		/^\.It Fl / && (want == "" || want == here) {
			for (i = 2; i < NF; i++)
				if ($i == "Fl") {
					o = $(i + 1)
					sub(/^\\-/, "-", o)
					print "-" o
				}
		}' "$1" | sort -u
}
