# steps.sh - what the examples share; read by them with `.`, run by none
#
# begin NAME DIR TOOL...: DIR (strato-NAME if empty) is made anew and entered
# say WORDS...: what the next step is for
# run COMMAND-LINE: shown as it can be typed, then run; a pipe's status is its last
# command's, so that is strato's own, or only head, wc or sort stand behind it

say() { printf '\n%s\n' "$*"; }

run() {
	printf '$ %s\n' "$1"
	eval "$1"
}

begin() {
	name=$1 dir=${2:-strato-$1}
	shift 2
	for tool; do
		command -v "$tool" >/dev/null || {
			echo "$name.sh: $tool is not in PATH: build it first" >&2
			exit 69
		}
	done
	mkdir -p "$dir"
	cd "$dir"
	# only what an earlier run left; whatever else lies there is somebody's
	if [ -e .strato-example ]; then
		find . -mindepth 1 -delete
	elif [ -n "$(ls -A)" ]; then
		echo "$name.sh: $dir is not empty, and not an example's: name another" >&2
		exit 73
	fi
	: >.strato-example
	unset STRATO_GRAPH MAKEFLAGS MFLAGS MAKELEVEL	# of a make that runs this
	STRATO_STORE=$PWD/store
	export STRATO_STORE
	printf '$ export STRATO_STORE=%s\n' "$STRATO_STORE"
}
