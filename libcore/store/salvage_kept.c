/* store/salvage_kept.c - snapshots, as far as they are sound
 *
 * A snapshot is the store as it was, to the byte, or it is none: one of which anything
 * cannot be read is told and not kept.  The others are merged from their own runs into a
 * run of the new store, as the store itself was; segments of graphs that it has already
 * are shared.  What two snapshots had in common in the old store they have twice here.
 */
#include <string.h>

#include "base/err.h"
#include "io/file.h"
#include "store/kept.h"
#include "store/salvage_inside.h"

static int tell(struct salvaging *v, struct bytes name, uint64_t version, const char *words)
{
	struct salvage_lost l = {
		.what = SALVAGE_SNAPSHOT, .key = name, .version = version, .words = words,
	};

	return salvaging_tell(v, &l);
}

static int bad_file(void *ctx, const char *name, int code)
{
	uint8_t room[KEPT_NAME_MAX];
	struct err_note note;

	err_take(&note, code);
	err_clear();
	return tell(ctx, kept_file_name(name + strlen("snap/"), room), 0, note.message);
}

/* Its manifest's graphs get the roots that their segments have in the new store. */
static int keep_graphs(struct salvaging *k)
{
	int r = 0;

	for (uint32_t i = 0; i < k->base.graph_n; i++)
		manifest_unfold_graph(&k->base.graph[i]);
	for (uint32_t i = 0; r == 0 && i < k->base.graph_n; i++)
		for (uint32_t n = 0; r == 0 && n < k->base.graph[i].segment_n; n++)
			r = salvaging_verify(k, &k->base.graph[i].segment[n]);
	for (uint32_t i = 0; r == 0 && i < k->base.graph_n; i++)
		for (uint32_t n = 0; r == 0 && n < k->base.graph[i].segment_n; n++)
			r = salvaging_share(k, &k->base.graph[i].segment[n]);
	return r;
}

static void drop_run(struct salvaging *k)
{
	char name[SEGMENT_NAME_MAX];
	struct err_note note;

	if (!k->made.ref.id)
		return;
	err_take(&note, ERR_DAMAGED);
	segment_name(name, SEGMENT_RUN, k->made.ref.id);
	backend_remove(k->s->to, name);
	err_give(&note);
}

/* 0, or ERR_DAMAGED: something of it is lost. */
static int keep_entries(struct salvaging *k)
{
	int r = 0;

	k->graph_lost = mem_zalloc(k->s->mem, k->base.graph_n * sizeof *k->graph_lost);
	if (!k->graph_lost)
		return ERR_MEMORY;
	for (uint32_t i = 0; r == 0 && i < k->base.run_n; i++)
		r = salvaging_named(k, &k->base.run[i]);
	if (r == 0 && !k->damaged)
		r = salvaging_merge(k);
	salvaging_drop_sources(k);
	mem_free(k->s->mem, k->graph_lost);
	if (r == 0 && k->damaged) {
		drop_run(k);
		r = err_set(ERR_DAMAGED, "something of it cannot be read");
	}
	return r;
}

/* 1: it can be kept; 0: it was told. */
static int keep(struct salvaging *v, struct kept *kept, struct run_info *made)
{
	const struct salvage was = *v->s;
	struct salvaging k = {
		.s = v->s, .base = kept->m, .base_sound = true, .store = v->store,
		.quiet = true, .missing.mem = v->s->mem,
	};
	int r = 0;

	memcpy(k.store_id, v->store_id, sizeof k.store_id);
	if (memcmp(kept->m.store_id, v->store_id, sizeof k.store_id))
		r = err_set(ERR_DAMAGED, "it is another store's");
	if (r == 0)
		r = keep_graphs(&k);
	if (r == 0)
		r = keep_entries(&k);
	buf_release(&k.missing);
	*made = k.made;
	v->stopped = k.stopped;
	v->s->entry_n = was.entry_n;
	v->s->value_bytes = was.value_bytes;
	if (v->stopped || (r < 0 && r != ERR_DAMAGED && r != ERR_ABSENT && r != ERR_IO))
		return r;
	return r == 0 ? 1 : tell(v, kept_name(kept), kept->m.version, err_message());
}

int salvaging_kept(struct salvaging *v)
{
	struct kept_set *set = &v->kept;
	uint32_t n = 0;
	int r = kept_load(set, v->s->from, v->store_id, v->s->mem, bad_file, v);

	if (r < 0)
		return r;
	v->kept_loaded = true;
	v->kept_run = mem_zalloc(v->s->mem, (set->n + 1) * sizeof *v->kept_run);
	if (!v->kept_run)
		return ERR_MEMORY;
	for (uint32_t i = 0; r >= 0 && i < set->n; i++) {
		r = keep(v, &set->kept[i], &v->kept_run[n]);
		if (r == 1 && n != i) {		/* the lost one goes behind */
			struct kept lost = set->kept[n];

			set->kept[n] = set->kept[i];
			set->kept[i] = lost;
		}
		n += r == 1;
	}
	v->kept_n = n;
	return r < 0 ? r : 0;
}

static int put(struct salvaging *v, const struct kept *kept, const struct run_info *made)
{
	struct manifest m;
	int r = manifest_copy(&m, &v->store->manifest);

	if (r < 0)
		return r;
	m.run_n = m.graph_n = 0;
	m.version = m.folded = m.forgotten = kept->m.version;
	m.commit_ns = kept->m.commit_ns;
	m.next_space = kept->m.next_space;
	if (made->entry_n)
		r = manifest_add_run(&m, made);
	for (uint32_t i = 0; r == 0 && i < kept->m.graph_n; i++)
		r = manifest_add_graph(&m, &kept->m.graph[i]);
	if (r == 0)
		r = kept_put(v->store, kept_name(kept), kept->taken_ns, &m);
	manifest_release(&m);
	return r;
}

int salvaging_put_kept(struct salvaging *v)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < v->kept_n; i++)
		r = put(v, &v->kept.kept[i], &v->kept_run[i]);
	return r;
}

void salvaging_drop_kept(struct salvaging *v)
{
	if (v->kept_loaded)
		kept_release(&v->kept);
	mem_free(v->s->mem, v->kept_run);
}
