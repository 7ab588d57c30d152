/* graph/index.c - written by one sort a name, read by bisection */
#include "graph/index.h"

#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/index_disk.h"
#include "graph/records.h"

/* --- written --- */

struct making {
	const struct index_plan *p;
	struct segment_writer *w;
	struct buf names;
};

static int add_values(struct making *m, uint32_t name, struct records *sorted)
{
	struct records_key key;
	struct literal_rank rank;
	struct prop_scan *scan;
	struct literal value;
	uint64_t row, n = 0;
	int r = prop_scan_open(&scan, m->p->prop, name);

	while (r >= 0 && (r = prop_scan_next(scan, &row, &value)) > 0) {
		if (!literal_rank(&value, &rank))
			continue;
		key = (struct records_key){ { rank.word[0], rank.word[1], row } };
		r = records_add(sorted, &key, bytes_of(NULL, 0));
		if (r == 0 && ++n % 65536 == 0 && m->p->stop)
			r = m->p->stop(m->p->stop_ctx);
	}
	prop_scan_close(scan);
	return r < 0 ? r : records_finish(sorted);
}

/* Equal ones once: a node may have a value twice, in two graphs. */
static int put_entries(struct making *m, struct records *sorted, uint64_t *n)
{
	struct records_key key, last = { { 0 } };
	struct index_entry_disk d;
	struct bytes none;
	int r;

	while ((r = records_next(sorted, &key, &none)) > 0) {
		if (*n && memcmp(&key, &last, sizeof key) == 0)
			continue;
		last = key;
		d.rank[0] = le64_of(key.word[0]);
		d.rank[1] = le64_of(key.word[1]);
		d.node = le64_of(key.word[2]);
		r = segment_write(m->w, &d, sizeof d);
		if (r < 0)
			return r;
		++*n;
	}
	return r;
}

static int put_name(struct making *m, uint32_t i)
{
	struct bytes text = m->p->name[i];
	struct records *sorted = NULL;
	struct index_name_disk d = {0};
	uint32_t name = 0;
	uint64_t n = 0;
	int r = segment_begin(m->w, INDEX_FIRST + i);

	if (r == 0)
		r = prop_find_name(m->p->prop, text, &name);
	if (r > 0) {
		r = records_open(&sorted, m->p->backend, m->p->budget, m->p->mem);
		if (r == 0)
			r = add_values(m, name, sorted);
		if (r == 0)
			r = put_entries(m, sorted, &n);
		records_close(sorted);
	}
	d.entry_n = le64_of(n);
	d.len = le32_of((uint32_t)text.len);
	if (r == 0)
		r = buf_add(&m->names, &d, sizeof d);
	return r < 0 ? r : buf_add(&m->names, text.ptr, text.len);
}

static int put_names(struct making *m)
{
	struct index_meta_disk d = {
		.node_n = le64_of(prop_row_n(m->p->prop)), .name_n = le32_of(m->p->name_n),
		.prop = le64_of(m->p->prop_id),
	};
	int r = segment_begin(m->w, INDEX_NAMES);

	if (r == 0)
		r = segment_write(m->w, m->names.ptr, m->names.len);
	return r < 0 ? r : segment_meta(m->w, &d, sizeof d);
}

int index_build(const struct index_plan *p, struct segment_ref *ref)
{
	struct making m = { .p = p, .names.mem = p->mem };
	int r = p->name_n <= INDEX_MOST ? 0 :
		err_set(ERR_USAGE, "more than %u properties in an index", INDEX_MOST);

	if (r == 0)
		r = segment_create(&m.w, p->backend, SEGMENT_INDEX, p->store_id, p->mem);
	for (uint32_t i = 0; r == 0 && i < p->name_n; i++)
		r = put_name(&m, i);
	if (r == 0)
		r = put_names(&m);
	buf_release(&m.names);
	if (r == 0)
		return segment_finish(m.w, ref);
	segment_abort(m.w);
	return r;
}

/* --- read --- */

struct index {
	struct segment *seg;
	struct mem *mem;
	uint64_t node_n, prop;
	uint32_t name_n;
	struct { struct bytes text; const uint8_t *at; uint64_t n; } name[INDEX_MOST];
};

static int damaged(const struct index *x, const char *what)
{
	return err_set(ERR_DAMAGED, "%s: %s", segment_path(x->seg), what);
}

static int open_name(struct index *x, uint32_t i, struct bytes *rest)
{
	struct bytes all = segment_section(x->seg, INDEX_FIRST + i);
	struct index_name_disk d;
	size_t len;

	if (rest->len < sizeof d)
		return damaged(x, "its names are cut off");
	memcpy(&d, rest->ptr, sizeof d);
	len = le32_get(d.len);
	x->name[i].n = le64_get(d.entry_n);
	x->name[i].at = all.ptr;
	if (len > rest->len - sizeof d || all.len % sizeof(struct index_entry_disk) ||
	    all.len / sizeof(struct index_entry_disk) != x->name[i].n)
		return damaged(x, "names and sections do not fit together");
	x->name[i].text = bytes_of(rest->ptr + sizeof d, len);
	*rest = bytes_of(rest->ptr + sizeof d + len, rest->len - sizeof d - len);
	return i && bytes_cmp(x->name[i - 1].text, x->name[i].text) >= 0 ?
		damaged(x, "its names are out of order") : 0;
}

static int open_all(struct index *x)
{
	struct bytes meta = segment_get_meta(x->seg), rest = segment_section(x->seg, INDEX_NAMES);
	struct index_meta_disk d;
	int r;

	if (meta.len != sizeof d)
		return damaged(x, "a meta of another length");
	memcpy(&d, meta.ptr, sizeof d);
	x->node_n = le64_get(d.node_n);
	x->prop = le64_get(d.prop);
	x->name_n = le32_get(d.name_n);
	if (x->name_n > INDEX_MOST)
		return damaged(x, "more names than there can be");
	r = rest.len ? segment_check(x->seg, rest.ptr, rest.len) : 0;
	for (uint32_t i = 0; r == 0 && i < x->name_n; i++)
		r = open_name(x, i, &rest);
	return r == 0 && rest.len ? damaged(x, "bytes behind its names") : r;
}

int index_open(struct index **out, struct backend *b, const struct segment_ref *ref,
	       const uint8_t store_id[16], struct mem *mem)
{
	struct index *x = mem_zalloc(mem, sizeof *x);
	int r;

	if (!x)
		return ERR_MEMORY;
	x->mem = mem;
	r = segment_open(&x->seg, b, ref, store_id, mem);
	if (r == 0)
		r = open_all(x);
	if (r < 0)
		index_close(x);
	else
		*out = x;
	return r;
}

void index_close(struct index *x)
{
	if (!x)
		return;
	segment_close(x->seg);
	mem_free(x->mem, x);
}

struct segment *index_segment(const struct index *x)
{
	return x->seg;
}

uint64_t index_prop(const struct index *x)
{
	return x->prop;
}

uint64_t index_value_n(const struct index *x, uint32_t name)
{
	return x->name[name].n;
}

uint32_t index_name_n(const struct index *x)
{
	return x->name_n;
}

struct bytes index_name_at(const struct index *x, uint32_t name)
{
	return x->name[name].text;
}

bool index_find(const struct index *x, struct bytes text, uint32_t *name)
{
	for (*name = 0; *name < x->name_n; ++*name)
		if (bytes_equal(x->name[*name].text, text))
			return true;
	return false;
}

static int entry_at(struct index *x, uint32_t name, uint64_t i, struct index_entry_disk *d)
{
	const uint8_t *at = x->name[name].at + i * sizeof *d;
	int r = segment_check(x->seg, at, sizeof *d);

	if (r < 0)
		return r;
	memcpy(d, at, sizeof *d);
	return 0;
}

static int compare_rank(const struct index_entry_disk *d, const struct literal_rank *rank)
{
	for (int i = 0; i < 2; i++) {
		uint64_t a = le64_get(d->rank[i]);

		if (a != rank->word[i])
			return a < rank->word[i] ? -1 : 1;
	}
	return 0;
}

/* The first entry from LO on that is not below RANK, or with ABOVE above it. */
static int bisect(struct index *x, uint32_t name, const struct literal_rank *rank, bool above,
		  uint64_t *lo)
{
	struct index_entry_disk d;
	uint64_t hi = x->name[name].n;
	int r = 0;

	while (r == 0 && *lo < hi) {
		uint64_t mid = *lo + (hi - *lo) / 2;

		r = entry_at(x, name, mid, &d);
		if (r == 0 && compare_rank(&d, rank) < above)
			*lo = mid + 1;
		else
			hi = mid;
	}
	return r;
}

int index_range(struct index *x, uint32_t name, const struct literal_rank *least,
		const struct literal_rank *most, uint64_t *first, uint64_t *end)
{
	int r;

	*first = 0;
	r = bisect(x, name, least, false, first);
	*end = *first;
	return r < 0 ? r : bisect(x, name, most, true, end);
}

int index_node(struct index *x, uint32_t name, uint64_t entry, uint64_t *node)
{
	struct index_entry_disk d;
	int r = entry_at(x, name, entry, &d);

	if (r < 0)
		return r;
	*node = le64_get(d.node);
	return *node < x->node_n ? 0 : damaged(x, "a node that there is not");
}

/* --- checked --- */

/* All entries in order; a sum over them that does not depend on it. */
static int sum_entries(struct index *x, uint32_t name, uint64_t *sum)
{
	struct index_entry_disk d;
	uint64_t last[3] = {0};
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < x->name[name].n; i++) {
		uint64_t now[3];
		int k = 0;

		r = entry_at(x, name, i, &d);
		if (r < 0)
			return r;
		now[0] = le64_get(d.rank[0]);
		now[1] = le64_get(d.rank[1]);
		now[2] = le64_get(d.node);
		while (k < 2 && now[k] == last[k])
			k++;
		if (i && now[k] <= last[k])
			return damaged(x, "entries are out of order");
		memcpy(last, now, sizeof last);
		*sum += hash64(0, now, sizeof now);
	}
	return r;
}

/* A node's values of one name, few: those seen already are counted once. */
struct seen {
	uint64_t row, sum;
	struct buf hash;
};

static int add_seen(struct seen *s, uint64_t row, uint64_t hash)
{
	const uint64_t *all = (const uint64_t *)s->hash.ptr;

	if (row != s->row)
		buf_clear(&s->hash);
	s->row = row;
	for (size_t i = 0; i < s->hash.len / sizeof hash; i++)
		if (all[i] == hash)
			return 0;
	s->sum += hash;
	return buf_add(&s->hash, &hash, sizeof hash);
}

static int sum_values(struct index *x, struct prop *p, uint32_t name, struct seen *s)
{
	struct literal_rank rank;
	struct prop_scan *scan = NULL;
	struct literal value;
	uint64_t row;
	int r = prop_scan_open(&scan, p, name);

	s->hash.mem = x->mem;
	while (r >= 0 && (r = prop_scan_next(scan, &row, &value)) > 0)
		if (literal_rank(&value, &rank)) {
			const uint64_t now[] = { rank.word[0], rank.word[1], row };

			r = add_seen(s, row, hash64(0, now, sizeof now));
		}
	prop_scan_close(scan);
	buf_release(&s->hash);
	return r;
}

int index_check(struct index *x, struct prop *prop)
{
	int r = 0;

	if (prop_row_n(prop) != x->node_n)
		return damaged(x, "it is of other properties");
	for (uint32_t i = 0; r == 0 && i < x->name_n; i++) {
		struct seen want = {0};
		uint64_t sum = 0;
		uint32_t name;

		r = sum_entries(x, i, &sum);
		if (r == 0)
			r = prop_find_name(prop, x->name[i].text, &name);
		if (r > 0)
			r = sum_values(x, prop, name, &want);
		if (r == 0 && want.sum != sum)
			r = damaged(x, "it does not have the values that the nodes have");
	}
	return r;
}
