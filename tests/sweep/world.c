/* tests/sweep/world.c - the store that commands are swept on: every kind of file, each small
 *
 * Keys in a run and in the log, some removed, some with blobs; graphs `packed` (labels,
 * properties, an index, changes in the log), `raw` (integers, no direction), `coo`, and
 * `moved` (changes in a segment and more on top); two snapshots, a backup and an
 * increment to it.  Much as in tests/damage, which has needs of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "graph/delta_fold.h"
#include "store/store.h"
#include "tests/sweep/sweep.h"

static struct buf text;

static uint64_t draw(uint64_t x, uint64_t n)
{
	return hash_u64(x * 2654435761u + 7) % n;
}

static void say(const char *words)
{
	stand_must(words, (const char *)text.ptr, text.len);
	buf_clear(&text);
}

static void put_keys(unsigned from, unsigned to, unsigned round)
{
	for (unsigned i = from; i < to; i++) {
		buf_printf(&text, "key/%03u\t%u:", i, round);
		for (uint64_t n = draw(i + 1000 * round, 120); n; n--)
			buf_printf(&text, "%c", (char)('a' + draw(n + i, 26)));
		buf_printf(&text, "\n");
	}
	say("put -b");
}

/* LEN bytes that do not shrink. */
static void put_large(const char *words, unsigned len, unsigned seed)
{
	for (unsigned i = 0; i < len; i++)
		buf_add_byte(&text, (uint8_t)draw(seed + i, 256));
	say(words);
}

static void import_packed(void)
{
	for (unsigned i = 0; i < 60; i++)
		buf_printf(&text, "{\"id\":\"n%02u\",\"labels\":[\"%s\"],\"props\":{"
			   "\"born\":%u,\"name\":\"Name %u\"%s}}\n", i,
			   i % 3 ? "Person" : "Place", 1900 + (unsigned)draw(i, 99), i,
			   i % 7 ? "" : ",\"rare\":[1.5,\"two\"]");
	for (unsigned i = 0; i < 400; i++)
		buf_printf(&text, "{\"from\":\"n%02u\",\"type\":\"%s\",\"to\":\"n%02u\","
			   "\"props\":{\"weight\":%u%s}}\n",
			   i % 3 ? (unsigned)draw(i, 60) : 5, i % 4 ? "knows" : "near",
			   (unsigned)draw(i + 999, 60), 1 + i % 9,
			   i % 5 ? "" : ",\"since\":\"2020-01-02\"");
	say("graph import -q -g packed -f jsonl");
	stand_must("graph index -q -g packed born name", NULL, 0);
}

static void import_raw(void)
{
	for (unsigned i = 0; i < 300; i++)
		buf_printf(&text, "%u %u %u.5\n", (unsigned)draw(i, 50),
			   (unsigned)draw(i + 777, 50), (unsigned)draw(i, 20));
	say("graph import -q -g raw -f el --undirected --layout=csr");
}

static void edges_of(unsigned n, const char *prefix)
{
	for (unsigned i = 0; i < n; i++)
		buf_printf(&text, "%s%02u\t%s%02u\t%s\n", prefix, (unsigned)draw(i, 40),
			   prefix, (unsigned)draw(i + 555, 40), i % 2 ? "to" : "by");
}

static int fold_moved(void)
{
	const struct store_options o = { .write = true, .who = "sweep" };
	struct store *s;
	int r = store_open(&s, "s", &o);

	if (r == 0) {
		r = delta_fold(s, "moved") == 1 ? 0 : -1;
		store_close(s);
	}
	return r;
}

static void change(const char *graph, unsigned from, unsigned to)
{
	char words[64];

	for (unsigned i = from; i < to; i++) {
		buf_printf(&text, "node\tnew%02u\t:Fresh\tborn=%u\n", i, 2000 + i);
		buf_printf(&text, "edge\tnew%02u\tnew%02u\tknows\tsince=%u\n", i, i / 2, i);
	}
	buf_printf(&text, "edge\tnew%02u\t%s\tto\n", from, *graph == 'm' ? "m03" : "n03");
	buf_printf(&text, "del-node\t%s\tcascade\n", *graph == 'm' ? "m07" : "n07");
	snprintf(words, sizeof words, "graph apply -g %s", graph);
	say(words);
}

void world_make(void)
{
	setenv("STRATO_STORE", "s", 1);
	stand_must("init -O reserve_size=0 s", NULL, 0);
	put_keys(0, 60, 1);
	put_large("put large", 9000, 1);
	put_large("put larger", 30000, 2);
	stand_must("snapshot monday", NULL, 0);
	stand_must("backup -o full", NULL, 0);
	put_keys(20, 90, 2);
	stand_must("rm key/003 key/004 key/050", NULL, 0);
	put_keys(60, 64, 3);
	stand_must("compact", NULL, 0);
	import_packed();
	stand_must("backup --since=monday -o more", NULL, 0);
	import_raw();
	edges_of(150, "c");
	say("graph import -q -g coo -f tsv --layout=coo");
	edges_of(150, "m");
	say("graph import -q -g moved -f tsv");
	change("moved", 0, 12);
	stand_child(fold_moved);
	stand_must("snapshot tuesday", NULL, 0);
	put_large("put another", 5000, 3);
	put_keys(85, 100, 4);
	stand_must("rm key/010 key/088", NULL, 0);
	change("packed", 0, 5);
	change("moved", 20, 24);
	put_keys(30, 33, 5);
	files_keep();
	clock_step++;
	buf_release(&text);
}
