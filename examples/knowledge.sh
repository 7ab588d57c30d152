#!/bin/sh
# knowledge.sh - strato behind an application that asks a knowledge graph
#
#	examples/knowledge.sh [DIR]
#
# Statements come as N-Triples, whatever made them; questions are patterns and paths,
# answers are lines; updates are durable when they return, while others ask; what was
# loaded where is kept with each statement; a backup is a stream.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/steps.sh
. "$here/steps.sh"
begin knowledge "${1:-}" strato-graph strato-backup strato-restore strato-walcheck
export STRATO_GRAPH=films

say "Statements, as some other program writes them:"
cat >films.nt <<'END'
<film:Metropolis> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <v:Film> .
<film:Metropolis> <v:title> "Metropolis"@de .
<film:Metropolis> <v:year> "1927"^^<http://www.w3.org/2001/XMLSchema#integer> .
<film:Metropolis> <v:director> <person:Lang> .
<film:Metropolis> <v:starring> <person:Helm> .
<film:M> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <v:Film> .
<film:M> <v:title> "M"@de .
<film:M> <v:year> "1931"^^<http://www.w3.org/2001/XMLSchema#integer> .
<film:M> <v:director> <person:Lang> .
<film:M> <v:starring> <person:Lorre> .
<film:Alraune> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <v:Film> .
<film:Alraune> <v:year> "1928"^^<http://www.w3.org/2001/XMLSchema#integer> .
<film:Alraune> <v:director> <person:Galeen> .
<film:Alraune> <v:starring> <person:Helm> .
<person:Lorre> <v:born> "1904-06-26"^^<http://www.w3.org/2001/XMLSchema#date> .
END
run "strato-graph import -q --create --stamp=source=films.nt films.nt"
run "strato-graph info"

say "What can be asked for: labels, properties, types of edges, and how many of each:"
run "strato-graph schema"

say "Directors of films before 1930, and who played:"
run "strato-graph match '?f : v:Film' '?f.v:year < 1930' '?f v:director ?d' '?f v:starring ?who' |
	sort"

say "Ask a thousand times without a process each: names in, rows out:"
run "strato-graph nodes --label=v:Film | strato-graph neighbors -b --type=v:director"

say "What is near a name, along and against the edges, the nearest first:"
run "strato-graph subgraph --hops=3 person:Lorre | cut -f 1-3"

say "An index for a value that is asked for often, then the question as before:"
run "strato-graph index v:year"
run "strato-graph nodes --where='v:year=1931'"

say "A second file is added; each statement says where it is from:"
cat >more.nt <<'END'
<film:Fury> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <v:Film> .
<film:Fury> <v:year> "1936"^^<http://www.w3.org/2001/XMLSchema#integer> .
<film:Fury> <v:director> <person:Lang> .
END
run "strato-graph import -q --append --stamp=source=more.nt more.nt"
run "strato-graph edges --where=source=more.nt"

say "A bad line stops an import, names its place, and leaves the graph as it was:"
printf '<a:a> <b:b> .\n' >bad.nt
run "strato-graph import --append -f nt bad.nt || echo \"status \$?\""
run "strato-graph nodes --label=v:Film --count"

say "One fact by hand, durable when it returns:"
run "strato-graph edge film:Fury person:Tracy v:starring source=hand"

if command -v dot >/dev/null; then
	say "The graph as a picture:"
	run "strato-graph export -q -f dot | dot -Tsvg >films.svg"
fi

say "Backup and restore, by a pipe that could go through ssh; the copy says the same:"
run "strato-backup | strato-restore copy"
run "strato-graph export -f jsonl >here.jsonl"
run "strato-graph export -s copy -f jsonl | cmp - here.jsonl && echo the same"
run "strato-walcheck -s copy --full && echo yes"
