#!/bin/sh
# batch.sh - many at once: make -j, xargs -P, a night's backup, parts of a job
#
#	examples/batch.sh [DIR]
#
# Writers of one store wait for each other's commits and share their flushes; nothing
# is lost, and no lock is left by one that was killed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/steps.sh
. "$here/steps.sh"
begin batch "${1:-}" make strato-put strato-get strato-ls strato-graph strato-init \
	strato-backup strato-restore strato-compact strato-walcheck
cp "$here"/batch/* .

say "Four graphs by make, at most four imports at a time; a second make does nothing:"
run "strato-init \"\$STRATO_STORE\""
for graph in a b c d; do
	awk -v g=$graph 'BEGIN { srand(length(g)); for (i = 0; i < 2000; i++)
		print g int(300 * rand()), g int(300 * rand()) }' >$graph.el
done
run "make -s -j4 -f graphs.mk"
run "strato-graph ls | cut -f1"
run "make -f graphs.mk | tail -n 1"

say "Two hundred values by eight writers, a process each; none is lost:"
run "seq 200 | xargs -P8 -I{} strato-put -d {} job/{}"
run "strato-ls job/ | wc -l"

say "The same by one process and one flush:"
run "seq 1800 | awk '{ print \"batch/\" \$1 \"\\t\" \$1 }' | strato-put -b"

say "The parts of a job array (array.slurm), run here one after the other:"
for part in 0 1 2 3; do
	SLURM_ARRAY_TASK_ID=$part SLURM_ARRAY_TASK_COUNT=4 bash array.slurm
done
run "LC_ALL=C sort -m parts/*.tsv | strato-put -s answers -c -b"
run "strato-ls -s answers | wc -l"

say "What nightly.cron does, with these folders:"
mkdir backup
night=$(sed -n 's/^10 3 \* \* \*	//p' nightly.cron | sed 's/\\%/%/g')
run "STORE=\$STRATO_STORE TO=backup sh -c '$night'"
run "ls backup | wc -l"
week=$(sed -n 's/^40 3 \* \* 0	//p' nightly.cron)
run "STORE=\$STRATO_STORE sh -c '$week'"

say "strato-gpucache@.service keeps a cache service for a store; see its first lines."
