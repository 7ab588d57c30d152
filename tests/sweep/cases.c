/* tests/sweep/cases.c - the command lines that are swept: every command, its main options
 *
 * The store s is that of world.c; in/ has the files made here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/sweep/sweep.h"

#define TSV10 "a0\tone\na1\ttwo\na2\tthree\na3\t\na4\tfive\na5\tsix\na6\tseven\n" \
	"key/020\tnew\nkey/021\t\\N\na7\tlast\n"
#define CDB "+2,3:b0->one\n+2,0:b1->\n-7:key/030\n+2,5:b2->three\n\n"
#define JSONL "{\"key\":\"c0\",\"value\":\"one\"}\n{\"key\":\"c1\",\"value64\":\"AAEC\"}\n" \
	"{\"key\":\"key/031\",\"absent\":true}\n"
#define OPS "node\tn01\t:Seen\tborn=1950\nedge\tn01\tn02\tknows\tsince=2001\n" \
	"node\tbrand-new\t:Fresh\nedge\tbrand-new\tn03\tnear\n" \
	"del-edge\tn05\tn11\ndel-node\tn33\tcascade\n"
#define EDGES "x\ty\tto\ny\tz\tto\tweight=2\nz\tx\tby\nx\tz\tby\nq\tx\tto\n"

const struct probe probes[] = {
	/* values in */
	{ "put-data", "put -d value new", NULL, CASE_CHANGES, 0, NULL },
	{ "put-stdin", "put new", "from standard input", CASE_CHANGES, 0, NULL },
	{ "put-pipe", "put new", "from a pipe", CASE_CHANGES | CASE_PIPE_IN, 0, NULL },
	{ "put-file", "put new in/large", NULL, CASE_CHANGES, 0, NULL },
	{ "put-large-raw", "put --compression=none new", "@in/large", CASE_CHANGES, 0, NULL },
	{ "put-large-direct", "put --direct-io=on new in/large", NULL, CASE_CHANGES, 0, NULL },
	{ "put-batch", "put -b", TSV10, CASE_CHANGES, 10, NULL },
	{ "put-batch-pipe", "put -b", TSV10, CASE_CHANGES | CASE_PIPE_IN, 10, NULL },
	{ "put-cdb", "put -b -f cdb", CDB, CASE_CHANGES, 0, NULL },
	{ "put-jsonl", "put -b -f jsonl --atomic", JSONL, CASE_CHANGES, 0, NULL },
	{ "put-text", "put -b -f text in/records.txt", NULL, CASE_CHANGES, 0, NULL },
	{ "put-gzip", "put -b in/records.gz", NULL, CASE_CHANGES, 0, NULL },
	{ "put-lz4", "put -b --atomic in/records.lz4", NULL, CASE_CHANGES, 0, NULL },
	{ "put-ack", "put -a -b --commit-every=3", TSV10, CASE_CHANGES | CASE_ACK, 3, NULL },
	{ "put-rejects", "put -b --max-bad=2 --rejects=out", "bad\nk\tv\n", CASE_CHANGES | CASE_LESS, 0, "out" },
	{ "put-bulk", "put -q -b -O log_size=1M in/many.tsv", NULL, CASE_CHANGES, 1, NULL },
	{ "put-files", "put --files -p f/ in/tree/one in/tree/two in/tree/three", NULL, CASE_CHANGES, 1, NULL },
	{ "put-if", "put --if-version=1 -d v key/001", NULL, CASE_CHANGES, 0, NULL },
	{ "put-ttl", "put --ttl=1000h -d v new", NULL, CASE_CHANGES, 0, NULL },
	{ "put-create", "put -s new -c -d v k", NULL, CASE_REST | CASE_LESS, 0, "new" },
	{ "rm", "rm key/020 key/031", NULL, CASE_CHANGES, 0, NULL },
	{ "rm-prefix", "rm --yes -p key/06", NULL, CASE_CHANGES, 0, NULL },
	{ "rm-batch", "rm -b -a", "key/020\nkey/031\nlarge\n", CASE_CHANGES | CASE_ACK, 3, NULL },
	{ "mv", "mv key/020 moved", NULL, CASE_CHANGES, 0, NULL },
	{ "mv-large", "mv larger moved", NULL, CASE_CHANGES, 0, NULL },

	/* values out */
	{ "get", "get key/001", NULL, 0, 0, NULL },
	{ "get-large", "get larger", NULL, 0, 0, NULL },
	{ "get-pipe", "get larger", NULL, CASE_PIPE_OUT, 0, NULL },
	{ "get-out", "get -o out larger", NULL, 0, 0, "out" },
	{ "get-mmap", "get --mmap large", NULL, 0, 0, NULL },
	{ "get-range", "get -r 8000:700 larger", NULL, 0, 0, NULL },
	{ "get-absent", "get absent", NULL, 0, 0, NULL },
	{ "get-batch", "get -b -f jsonl", "key/000\nkey/099\nabsent\nanother\nkey/031\n", 0, 0, NULL },
	{ "get-batch-pipes", "get -b", "key/000\nlarge\nkey/031\n", CASE_PIPE_IN | CASE_PIPE_OUT, 0, NULL },
	{ "get-unordered", "get -b --unordered -f cdb key/010 key/011", NULL, 0, 0, NULL },
	{ "get-info", "get -b -i", "key/000\nlarge\nkey/085\n", 0, 0, NULL },
	{ "get-as-of", "get --as-of=tuesday key/088", NULL, 0, 0, NULL },
	{ "ls", "ls", NULL, 0, 0, NULL },
	{ "ls-values", "ls --values -f cdb", NULL, CASE_PIPE_OUT, 0, NULL },
	{ "ls-long", "ls -l -o out", NULL, 0, 0, "out" },
	{ "ls-reverse", "ls --reverse -L 5 key/0", NULL, 0, 0, NULL },
	{ "stat", "stat", NULL, CASE_FREE, 0, NULL },
	{ "stat-key", "stat key/001 large", NULL, 0, 0, NULL },

	/* the store */
	{ "init", "init new", NULL, CASE_REST, 0, "new" },
	{ "init-reserve", "init -O reserve_size=1M -O log_size=1M new", NULL, CASE_REST, 0, "new" },
	{ "config", "config", NULL, CASE_FREE, 0, NULL },
	{ "config-set", "config io_depth=32", NULL, CASE_CHANGES, 0, NULL },
	{ "compact", "compact -q", NULL, CASE_CHANGES | CASE_SPARE_FLUSH, 0, NULL },
	{ "snapshot", "snapshot wednesday", NULL, CASE_CHANGES | CASE_SPARE_FLUSH, 0, NULL },
	{ "snapshot-list", "snapshot --list", NULL, 0, 0, NULL },
	{ "snapshot-rm", "snapshot --rm monday", NULL, CASE_CHANGES, 0, NULL },
	{ "diff", "diff -l monday tuesday", NULL, 0, 0, NULL },
	{ "backup", "backup -o out", NULL, CASE_FREE, 0, "out" },
	{ "backup-pipe", "backup", NULL, CASE_FREE | CASE_PIPE_OUT, 0, NULL },
	{ "backup-since", "backup --since=tuesday -o out", NULL, CASE_FREE, 0, "out" },
	{ "restore", "restore -q new full more", NULL, CASE_REST, 0, "new" },
	{ "restore-stdin", "restore -q new", "@full", CASE_REST | CASE_PIPE_IN, 0, "new" },
	{ "restore-check", "restore -n new full more", NULL, 0, 0, NULL },
	{ "walcheck", "walcheck --full --stats", NULL, CASE_LESS, 0, NULL },
	{ "walcheck-list", "walcheck -l", NULL, CASE_LESS, 0, NULL },
	{ "walcheck-repair", "walcheck --repair=new", NULL, CASE_FREE | CASE_REST | CASE_LESS, 0, "new" },
	{ "doctor", "doctor", NULL, CASE_FREE | CASE_NO, 0, NULL },
	{ "bench", "bench nvme_throughput --size=1M --time=1ms --runs=1", NULL, CASE_FREE, 0, NULL },

	/* graphs in */
	{ "import-tsv", "graph import -q -g new -f tsv --threads=2 in/edges.tsv", NULL, CASE_CHANGES, 0, NULL },
	{ "import-el", "graph import -q -g new -f el", "1 2\n2 3 1.5\n3 1\n", CASE_CHANGES | CASE_PIPE_IN, 0, NULL },
	{ "import-csv", "graph import -q -g new -f csv in/nodes.csv in/edges.csv", NULL, CASE_CHANGES, 0, NULL },
	{ "import-jsonl", "graph import -q -g new -f jsonl in/graph.jsonl", NULL, CASE_CHANGES, 0, NULL },
	{ "import-nt", "graph import -q -g new -f nt in/graph.nt", NULL, CASE_CHANGES, 0, NULL },
	{ "import-ttl", "graph import -q -g new -f ttl in/graph.ttl", NULL, CASE_CHANGES | CASE_SERD, 0, NULL },
	{ "import-graphml", "graph import -q -g new -f graphml in/graph.graphml", NULL, CASE_CHANGES, 0, NULL },
	{ "import-auto-gzip", "graph import -q -g new in/edges.tsv.gz", NULL, CASE_CHANGES, 0, NULL },
	{ "import-replace", "graph import -q -g coo --replace --layout=csr in/edges.tsv", NULL, CASE_CHANGES, 0, NULL },
	{ "import-append", "graph import -q -g coo --append -f tsv in/edges.tsv", NULL, CASE_CHANGES, 0, NULL },
	{ "import-spilled", "graph import -q -g new -f tsv --memory-limit=32M in/edges.tsv", NULL, CASE_CHANGES, 0, NULL },
	{ "node", "graph node -g packed n01 born=1960 --label=Seen", NULL, CASE_CHANGES, 0, NULL },
	{ "node-rm", "graph node -g packed n02 --rm --cascade", NULL, CASE_CHANGES, 0, NULL },
	{ "edge", "graph edge -g packed n01 n02 knows since=2001", NULL, CASE_CHANGES, 0, NULL },
	{ "apply", "graph apply -g packed", OPS, CASE_CHANGES, 6, NULL },
	{ "apply-ack", "graph apply -g packed -a --commit-every=2", OPS, CASE_CHANGES | CASE_ACK, 2, NULL },
	{ "graph-compact", "graph compact -q -g moved", NULL, CASE_CHANGES, 0, NULL },
	{ "import-ldbc", "graph import -q -g new -f ldbc in/ldbc", NULL, CASE_CHANGES, 0, NULL },
	{ "graph-convert", "graph convert -q -g raw --order=degree --to=other", NULL, CASE_CHANGES, 0, NULL },
	{ "graph-index", "graph index -q -g packed rare", NULL, CASE_CHANGES, 0, NULL },
	{ "graph-rm", "graph rm coo", NULL, CASE_CHANGES, 0, NULL },
	{ "graph-mv", "graph mv raw cooked", NULL, CASE_CHANGES, 0, NULL },

	/* graphs out */
	{ "graph-ls", "graph ls", NULL, 0, 0, NULL },
	{ "graph-info", "graph info -g packed", NULL, 0, 0, NULL },
	{ "graph-check", "graph check -g packed", NULL, 0, 0, NULL },
	{ "schema", "graph schema -g packed", NULL, 0, 0, NULL },
	{ "neighbors", "graph neighbors -l --both -g packed n05", NULL, 0, 0, NULL },
	{ "neighbors-batch", "graph neighbors -b -g coo", "c01\nc02\nc39\n", CASE_PIPE_IN, 0, NULL },
	{ "node-show", "graph node -g packed n14", NULL, 0, 0, NULL },
	{ "nodes-where", "graph nodes -l -g packed --where=born<1930", NULL, 0, 0, NULL },
	{ "edges", "graph edges -g packed --where=since", NULL, 0, 0, NULL },
	{ "match", "graph match -g packed '?a knows ?b' '?b near ?c' '?a.born < 1950'", NULL, 0, 0, NULL },
	{ "path", "graph path -l -g packed --weight=weight n01 n33", NULL, 0, 0, NULL },
	{ "subgraph", "graph subgraph -g packed n20", NULL, 0, 0, NULL },
	{ "degree", "graph degree -g packed --both", NULL, 0, 0, NULL },
	{ "graph-log", "graph log -g packed", NULL, 0, 0, NULL },
	{ "graph-diff", "graph diff -g packed tuesday now", NULL, 0, 0, NULL },
	{ "bfs", "graph bfs -g raw 7", NULL, 0, 0, NULL },
	{ "sssp", "graph sssp -g packed n05", NULL, 0, 0, NULL },
	{ "pagerank", "graph pagerank -g packed --threads=2", NULL, 0, 0, NULL },
	{ "wcc", "graph wcc -g moved", NULL, 0, 0, NULL },
	{ "cdlp", "graph cdlp -g raw --threads=2", NULL, 0, 0, NULL },
	{ "lcc", "graph lcc -g raw", NULL, 0, 0, NULL },
	{ "triangles", "graph triangles -g packed", NULL, 0, 0, NULL },
	{ "bc", "graph bc -g raw 7", NULL, 0, 0, NULL },
	{ "export-jsonl", "graph export -g packed -f jsonl", NULL, CASE_PIPE_OUT, 0, NULL },
	{ "export-csv", "graph export -g packed -f csv -o out", NULL, 0, 0, "out" },
	{ "export-kgtk", "graph export -g moved -f kgtk", NULL, 0, 0, NULL },
	{ "export-graphml", "graph export -g moved -f graphml", NULL, 0, 0, NULL },

	/* the cache service, on host memory */
	{ "pin", "gpucache pin key/001 large", NULL, CASE_SERVICE, 0, NULL },
	{ "pin-graph", "gpucache pin --graph=raw", NULL, CASE_SERVICE, 0, NULL },
	{ "cache-get", "gpucache get -q larger", NULL, CASE_SERVICE, 0, NULL },
	{ "cache-get-batch", "gpucache get -q -b", "key/000\nlarge\nabsent\n", CASE_SERVICE, 0, NULL },
	{ "cache-get-alone", "gpucache get -q larger", NULL, 0, 0, NULL },
	{ "cache-warm", "gpucache warm -q -b", "key/000\nlarge\n", CASE_SERVICE | CASE_FREE, 0, NULL },
	{ "cache-stat", "gpucache stat", NULL, CASE_SERVICE | CASE_FREE, 0, NULL },
	{ "cache-evict", "gpucache evict -p key/", NULL, CASE_SERVICE | CASE_FREE, 0, NULL },
	{ "serve", "gpucache serve -q --device=host --size=16M --ready-fd=9", NULL, CASE_SERVE | CASE_FREE, 0, NULL },
};
const size_t probe_n = sizeof probes / sizeof *probes;

/* --- files --- */

static void file_of(const char *name, const void *ptr, size_t len)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/in/%s", place, name);
	f = fopen(path, "we");
	if (!f || fwrite(ptr, 1, len, f) != len || fclose(f) != 0)
		stand_fail("%s: cannot be made", path);
}

static void text_of(const char *name, const char *text)
{
	file_of(name, text, strlen(text));
}

static void folder_of(const char *name)
{
	char path[512];

	snprintf(path, sizeof path, "%s/%s", place, name);
	if (mkdir(path, 0700) < 0)
		stand_fail("%s: cannot be made", path);
}

/* Bytes that do not shrink. */
static void large_of(const char *name, size_t len)
{
	uint8_t *p = malloc(len);

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)rnd(256);
	file_of(name, p, len);
	free(p);
}

static void edges_make(void)
{
	struct buf b = { .ptr = NULL };

	for (unsigned i = 0; i < 300; i++)
		buf_printf(&b, "v%u\tv%u\t%s\tweight=%u\n", (unsigned)rnd(60),
			   (unsigned)rnd(60), i % 3 ? "to" : "by", i);
	file_of("edges.tsv", b.ptr, b.len);
	buf_clear(&b);
	for (unsigned i = 0; i < 3000; i++)
		buf_printf(&b, "many/%05u\tvalue %u %080u\n", (i * 7) % 3000, i, i);
	file_of("many.tsv", b.ptr, b.len);
	buf_release(&b);
}

static void graphs_make(void)
{
	text_of("nodes.csv", "id:ID,name,:LABEL,born:int\n1,One,Person,1950\n2,Two,Person,1960\n"
		"3,Three,Place;Town,\n");
	text_of("edges.csv", ":START_ID,:END_ID,:TYPE,since:int\n1,2,knows,2001\n2,3,lives,\n");
	text_of("graph.jsonl", "{\"id\":\"a\",\"labels\":[\"P\"],\"props\":{\"born\":1950}}\n"
		"{\"from\":\"a\",\"type\":\"knows\",\"to\":\"b\",\"props\":{\"since\":2001}}\n");
	text_of("graph.nt", "<http://e.x/a> <http://e.x/knows> <http://e.x/b> .\n"
		"<http://e.x/a> <http://e.x/name> \"A\"@en .\n"
		"<http://e.x/b> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://e.x/P> .\n");
	text_of("graph.ttl", "@prefix e: <http://e.x/> .\ne:a e:knows e:b , e:c ; e:name \"A\" .\n");
	text_of("graph.graphml", "<?xml version=\"1.0\"?>\n<graphml xmlns=\"http://graphml.graphdrawing"
		".org/xmlns\"><key id=\"k\" for=\"node\" attr.name=\"born\" attr.type=\"int\"/>"
		"<graph edgedefault=\"directed\"><node id=\"a\"><data key=\"k\">1950</data></node>"
		"<node id=\"b\"/><edge source=\"a\" target=\"b\"/></graph></graphml>\n");
}

static void ldbc_make(void)
{
	folder_of("in/ldbc");
	text_of("ldbc/small.v", "1\n2\n3\n");
	text_of("ldbc/small.e", "1 2 0.5\n2 3 1.5\n");
	text_of("ldbc/small.properties", "graph.small.vertex-file = small.v\n"
		"graph.small.edge-file = small.e\ngraph.small.directed = true\n"
		"graph.small.edge-properties.names = weight\n"
		"graph.small.edge-properties.types = real\n");
}

static void packed_of(const char *command)
{
	char line[700];

	snprintf(line, sizeof line, "cd '%s/in' && %s", place, command);
	if (system(line) != 0)
		stand_fail("%s: failed", command);
}

void inputs_make(void)
{
	folder_of("in");
	folder_of("in/tree");
	text_of("tree/one", "the first file\n");
	text_of("tree/two", "");
	text_of("tree/three", "the third file\n");
	text_of("records.txt", TSV10);
	large_of("large", 300000);
	edges_make();
	graphs_make();
	ldbc_make();
	packed_of("gzip -nk edges.tsv && gzip -nc records.txt >records.gz");
	packed_of("lz4 -qc records.txt >records.lz4");
}
