/* give-changes DIR GRAPH - changes of a graph, as one commit, out of lines
 *
 *	node TAB KEY [TAB :LABEL | TAB NAME=VALUE]...
 *	edge TAB SRC TAB TYPE TAB DST [TAB NAME=VALUE]...
 *	gone TAB KEY			a node, if it has no edges
 *	cascade TAB KEY			a node with its edges
 *	gone-edge TAB SRC TAB TYPE TAB DST
 *
 * Labels and names of a line come in the order of their bytes; no escapes.  For tests
 * of what sees them: nothing is looked up, the entries are what the lines say.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/setting.h"
#include "graph/change.h"
#include "graph/literal_code.h"
#include "store/store.h"

#define MOST 64

static void must(int r)
{
	if (r >= 0)
		return;
	fprintf(stderr, "give-changes: %s\n", err_message());
	exit(1);
}

static int settings(void *ctx, struct settings *out, struct bytes config, const char *where)
{
	(void)ctx;
	setting_init(out);
	return setting_read(out, SETTING_STORE, where, config);
}

static struct bytes word(char **rest)
{
	const char *w = strsep(rest, "\t");

	if (!w) {
		fprintf(stderr, "give-changes: a line is too short\n");
		exit(1);
	}
	return bytes_str(w);
}

static void take(struct txn *t, uint32_t space, char *line)
{
	static struct buf key, value;
	struct bytes label[MOST];
	struct property prop[MOST];
	struct change c = { .label = label, .prop = prop };
	char *rest = line, *more;
	struct bytes what = word(&rest);
	bool gone = what.len > 3 && !memcmp(what.ptr, "gone", 4);

	c.edge = what.len > 3 && !memcmp(what.ptr + what.len - 4, "edge", 4);
	c.state = gone ? CHANGE_GONE : *what.ptr == 'c' ? CHANGE_GONE_CASCADE : CHANGE_THERE;
	c.node = word(&rest);
	if (c.edge) {
		c.type = word(&rest);
		c.to = word(&rest);
	}
	while ((more = strsep(&rest, "\t")) && c.label_n < MOST && c.prop_n < MOST)
		if (*more == ':')
			label[c.label_n++] = bytes_str(more + 1);
		else
			must(literal_parse_pair(&prop[c.prop_n++], bytes_str(more)));
	must(change_key(&key, &c));
	must(change_value(&value, &c));
	must(txn_put(t, space, (struct bytes){ key.ptr, key.len },
		     (struct bytes){ value.ptr, value.len }, 0));
}

int main(int argc, char **argv)
{
	const struct store_options o = { .write = true, .wait_ns = 10000000000u,
					 .settings = settings, .who = "give-changes" };
	const struct manifest_graph *g;
	struct snapshot *v;
	struct store *s;
	struct txn *t;
	uint64_t version;
	char line[4096];
	uint32_t space;

	if (argc != 3)
		return 64;
	must(store_open(&s, argv[1], &o));
	must(store_snapshot(s, &v));
	g = manifest_find_graph(snapshot_manifest(v), argv[2]);
	if (!g)
		return 66;
	space = g->space;
	snapshot_close(v);
	must(txn_begin(&t, s));
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		take(t, space, line);
	}
	must(txn_commit(t, &version));
	txn_abort(t);
	store_close(s);
	return 0;
}
