#!/bin/sh
# memory.sh - what an agent keeps from one conversation to the next
#
#	examples/memory.sh [DIR]
#
# Facts are nodes and edges.  Each edge says where it came from; what was learnt
# together is one commit, there as a whole or not at all, however many agents write;
# what was believed at some time can be asked later; and what is near a name goes to
# a model as JSON of bounded size.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/steps.sh
. "$here/steps.sh"
begin memory "${1:-}" strato-graph strato-snapshot strato-stat strato-walcheck jq
export STRATO_GRAPH=memory

say "A store with an empty graph:"
run "strato-graph import -q --create -f tsv </dev/null"

say "What the first conversation taught, one group, durable when the line is printed:"
cat >talk-1.json <<'END'
{"op":"node","id":"Ada","labels":["person"],"props":{"observations":["prefers tea","writes C"]}}
{"op":"node","id":"Kiel","labels":["place"]}
{"op":"node","id":"strato","labels":["project"]}
{"op":"edge","from":"Ada","type":"lives in","to":"Kiel","props":{"source":"talk-1","said":"2026-01-12","sure":0.9}}
{"op":"edge","from":"Ada","type":"works on","to":"strato","props":{"source":"talk-1","said":"2026-01-12"}}
END
run "strato-graph apply --ack talk-1.json"
run "strato-snapshot talk-1"

say "The second one corrects it; forty other agents write at the same time:"
cat >talk-2.json <<'END'
{"op":"del-edge","from":"Ada","to":"Kiel","type":"lives in"}
{"op":"edge","from":"Ada","type":"lives in","to":"Riga","props":{"source":"talk-2","said":"2026-02-02"}}
{"op":"edge","from":"Bob","type":"knows","to":"Ada","props":{"source":"talk-2","said":"2026-02-02","sure":0.6}}
END
run "seq 40 | xargs -P8 -I{} strato-graph edge agent-{} Ada met source=log-{} &
strato-graph apply talk-2.json; wait"
run "strato-graph neighbors --in --type=met Ada | wc -l"

say "Where does she live; where did we think so after the first; what became other?"
run "strato-graph neighbors --type='lives in' Ada"
run "strato-graph neighbors --as-of=talk-1 --type='lives in' Ada"
run "strato-graph diff talk-1 | grep 'lives in'"

say "Who says so, and what is not sure:"
run "strato-graph edges -J --where=source=talk-2"
run "strato-graph edges --where='sure<0.8'"

say "Who knows somebody who works on what?"
run "strato-graph match '?who knows ?friend' '?friend \"works on\" ?what'"

say "Only if nothing changed since it was read (optimistic, no lock held):"
version=$(strato-stat -J | jq -r .version)
run "echo 'node	Ada	mood=glad' | strato-graph apply --if-version=$version"
run "echo 'node	Ada	mood=sad' | strato-graph apply --if-version=$version ||
	echo 'status 1: somebody was faster, read again'"

say "A context for a model: at most six nodes, the nearest first, each line complete:"
run "strato-graph subgraph -J --hops=2 -L 6 Ada"

say "Out to the memory file of an MCP server, and in again as a graph of its own:"
run "strato-graph export -f mcp -o memory.json"
run "strato-graph import -q -g again -f mcp memory.json"
run "strato-graph match -g again --count 'Ada \"works on\" ?what'"

say "Is every checksum in the store right?"
run "strato-walcheck --full && echo yes"
