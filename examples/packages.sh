#!/bin/sh
# packages.sh - the packages of this machine as a store and a graph
#
#	examples/packages.sh [DIR]
#
# Everything is left in DIR (build/demo with `make demo`), made anew each time.
# Each step prints its command line, so that it can be tried by hand.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
dir=${1:-strato-demo}
mkdir -p "$dir"
cd "$dir"
rm -rf packages available *.svg
cp "$here/packages.awk" .

for tool in strato-put strato-get strato-graph strato-walcheck; do
	command -v $tool >/dev/null || {
		echo "packages.sh: $tool is not in PATH: build it first" >&2
		exit 69
	}
done

say() { printf '\n%s\n' "$*"; }

# Prints the command line, then runs it.  A pipe's status is its last command's,
# so a step that must not fail quietly has strato-* last, or only head behind it.
run() {
	printf '$ %s\n' "$1"
	eval "$1"
}

have() { strato-get -s packages -e "$1"; }

first_of() { # NAME...: the first that is a package here
	for name; do
		if have "$name"; then
			echo "$name"
			return
		fi
	done
	strato-ls -s packages -L 1
}

path_between() { # sets from and to: the first pair with a path, longest first
	for pair in gimp:libgmp10 vlc:libacl1 git:libacl1 apt:libacl1 \
			apt:libc6 bash:libc6; do
		from=${pair%:*} to=${pair#*:}
		if have "$from" && strato-graph path -s packages -g packages \
				--type=Depends "$from" "$to" >/dev/null; then
			return
		fi
	done
}

say "The package database of this machine, as text:"
if command -v apt-cache >/dev/null; then
	run "apt-cache dumpavail > available"
fi
[ -s available ] || run "cp /var/lib/dpkg/status available"

say "A store with one value a package, under the package's name:"
run "awk -v out=records -f packages.awk available |
	strato-put -s packages -b --create"

say "A graph in the same store: who needs, wants, provides or excludes whom:"
run "awk -v out=edges -f packages.awk available |
	strato-graph import -s packages -g packages -f tsv"

path_between
about=$(first_of graphviz git apt dpkg)
small=$(first_of tmux jq apt dpkg)

say "What does a package say of itself?"
run "strato-get -s packages $about | head -n 12"

say "Who depends on $to?"
run "strato-graph neighbors -s packages -g packages --in --type=Depends $to |
	head -n 5"
run "strato-graph neighbors -s packages -g packages --in --type=Depends $to |
	wc -l"

say "Why does $from need $to?  The shortest path:"
run "strato-graph path -s packages -g packages --type=Depends $from $to"

say "The ten hubs:"
run "strato-graph degree -s packages -g packages --top=10"

say "How many packages have how many relations:"
run "strato-graph degree -s packages -g packages --histogram"

if command -v dot >/dev/null; then
	say "The surroundings of $small as a picture:"
	run "strato-graph export -s packages -g packages -f dot \\
	--around=$small --hops=1 | dot -Tsvg > $small.svg"
	[ -s "$small.svg" ]
	echo "see $(pwd)/$small.svg"
fi

say "Is every checksum in the store right?"
run "strato-walcheck -s packages --full && echo yes"

say "Try next, in $(pwd):"
cat <<END
  strato-ls -s packages -l $small | head
  strato-graph path -s packages -g packages $small $to
  strato-graph neighbors -s packages -g packages --in -l $about | head
END
