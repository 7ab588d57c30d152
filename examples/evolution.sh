#!/bin/sh
# evolution.sh - generations of blobs, where each came from, and what may go
#
#	examples/evolution.sh [DIR]
#
# Each member of a generation is a value, its parents are edges, its score is a
# property.  A generation is one commit of values and one of the graph, then a
# snapshot: a search that is killed goes on from the last one.  Lineage is a question
# to the graph; what neither lives nor is an ancestor of who does is pruned.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/steps.sh
. "$here/steps.sh"
begin evolution "${1:-}" strato-init strato-put strato-get strato-ls strato-rm strato-diff \
	strato-snapshot strato-compact strato-graph strato-stat strato-walcheck
export STRATO_GRAPH=lineage

# breed NUMBER <PARENTS: the next generation; values to values.tsv, operations to ops
breed() {
	awk -v gen="$1" -v want="durable bytes" -v values=values.tsv -v ops=ops '
	function score(s,   i, n) {
		for (i = 1; i <= length(want); i++)
			n += substr(s, i, 1) == substr(want, i, 1)
		return n + 0
	}
	function letter() { return substr("abcdefghijklmnopqrstuvwxyz ", 1 + int(27 * rand()), 1) }
	function child(a, b,   i, s) {
		for (i = 1; i <= length(want); i++)
			s = s (rand() < 0.06 ? letter() : substr(rand() < 0.5 ? a : b, i, 1))
		return s
	}
	BEGIN { FS = "\t"; srand(gen) }
	{ key[NR] = $1; text[NR] = $2 }
	END {
		for (m = 1; m <= 24; m++) {
			a = 1 + int(NR * rand()); b = 1 + int(NR * rand())
			s = ""
			for (i = 1; NR == 0 && i <= length(want); i++)
				s = s letter()
			if (NR)
				s = child(text[a], text[b])
			name = sprintf("gen/%03d/%02d", gen, m)
			printf "%s\t%s\n", name, s >values
			printf "node\t%s\tscore=%d\tgeneration=%d\n", name, score(s), gen >ops
			if (NR)
				printf "edge\t%s\t%s\tfrom\n", name, key[a] >ops
			if (NR && a != b)
				printf "edge\t%s\t%s\tfrom\n", name, key[b] >ops
		}
	}'
	strato-put -b values.tsv
	strato-graph apply ops
}

best_of() { # GENERATION COUNT: its members of the highest score
	for score in $(seq 13 -1 0); do
		strato-graph nodes --where="generation=$1" --where="score=$score"
	done | head -n "$2"
}

say "A store, a graph of lineage, and a first generation made at random:"
run "strato-init \"\$STRATO_STORE\""
run "strato-graph import -q -f tsv </dev/null"
run "breed 1 </dev/null"

say "Fifteen more, each bred from the best eight before it, a snapshot after each:"
for gen in $(seq 2 16); do
	best_of $((gen - 1)) 8 | strato-get -b | breed "$gen"
	strato-snapshot "gen-$gen"
done
run "strato-snapshot --list | wc -l"

say "The best of the last one, its score, and its value:"
best=$(best_of 16 1)
run "strato-graph node $best"
run "strato-get $best && echo"

say "What the tenth generation added to the ninth:"
run "strato-diff gen-9 gen-10 | wc -l || [ \$? = 1 ]"

say "Where does it come from?  Ancestors by generation, one line of descent:"
run "strato-graph bfs $best | cut -f1 | sort >ancestors"
run "cut -d/ -f2 ancestors | uniq -c | tail -n 4"
run "strato-graph path $best \$(head -n 1 ancestors) | tail -n 3"

say "What is neither of the last generation nor an ancestor of its best goes:"
run "strato-ls gen/ | grep -v ^gen/016/ | sort | comm -23 - ancestors >dead"
run "strato-rm -b dead"
run "sed 's/^/del-node	/; s/\$/	cascade/' dead | strato-graph apply"
run "strato-ls gen/ | wc -l"

say "The past is kept as long as its snapshots are:"
run "strato-get --as-of=gen-9 \$(head -n 1 dead) && echo"
run "strato-snapshot --rm \$(seq -f gen-%g 2 16)"
run "strato-compact"
run "strato-graph compact"
run "strato-walcheck --full && echo yes"
