# strato.bats - the front end: finds tools, hands on what follows, lists them
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	mkdir "$W/own" "$W/path"
	cp "$(command -v strato)" "$W/own/strato"
	strato=$W/own/strato
	export PATH=$W/path:$PATH
}

tool() { # FOLDER NAME: a tool that says what it was given
	printf '#!/bin/sh\necho "%s ${0##*/}"\nfor a; do printf "<%%s>\\n" "$a"; done\nexit 3\n' \
		"$1" >"$W/$1/strato-$2"
	chmod +x "$W/$1/strato-$2"
}

@test "strato NAME runs strato-NAME with what follows, untouched, and gives its status" {
	tool own try
	run -3 "$strato" try -x '--y=a b' '' -- '!#:+' --help
	[ "$output" = "own strato-try
<-x>
<--y=a b>
<>
<-->
<!#:+>
<--help>" ]
}

@test "a tool beside strato comes before one in PATH" {
	tool path try
	run -3 "$strato" try
	[ "$output" = "path strato-try" ]
	tool own try
	run -3 "$strato" try
	[ "$output" = "own strato-try" ]
}

@test "alone it lists the tools that are there, one a line" {
	tool own put
	tool own get
	run --separate-stderr -0 "$strato"
	[ -z "$stderr" ]
	[[ "$output" == *"strato-put${TAB}write values"* ]]
	[[ "$output" == *"strato-get${TAB}read values"* ]]
	[ -z "$(printf '%s\n' "$output" | grep -v "^strato-[a-z]*$TAB[a-zA-Z]")" ]
	"$strato" -J >"$W/json"
	[ "$(jq -r .tool "$W/json")" = "$("$strato" | cut -f1)" ]
}

@test "an unknown name is 64 with the nearest one" {
	tool own walcheck
	run --separate-stderr -64 "$strato" walchek
	[ -z "$output" ]
	[ "$stderr" = "strato: unknown tool \"walchek\" [usage]
strato: hint: did you mean 'strato walcheck'?" ]
	run --separate-stderr -64 "$strato" xyzzy
	[[ "$stderr" == *"hint: 'strato' alone lists the tools"* ]]
}

@test "a name is a name: no path, no empty word" {
	tool own try
	run -64 "$strato" ''
	run -64 "$strato" "x/../../own/strato-try"
	run -64 "$strato" "$(printf '%04096d' 0)"
	run -64 "$strato" $'a\e[2Jb'
	[[ "$output" != *$'\e'* ]]
}

@test "a tool that may not be run is trouble, not an unknown name" {
	[ "$(id -u)" -ne 0 ] || skip "root may not be told by modes"
	tool own put
	chmod 000 "$W/own/strato-put"
	PATH=/nowhere run -77 "$strato" put
}

@test "the list on a full device is 74" {
	tool own put
	run -74 sh -c '"$1" >/dev/full' - "$strato"
	[[ "$output" == "strato: standard output: write: "*" [no-space]" ]]
}
