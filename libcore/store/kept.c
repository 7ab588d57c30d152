/* store/kept.c - taking, listing, finding and removing snapshots */
#include "store/kept.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/err.h"
#include "io/file.h"
#include "store/store_priv.h"

#define KEPT_MOST (65u << 20)		/* a manifest's most, and some */
#define KEPT_FILE_MAX (sizeof "snap/" + 2 * KEPT_NAME_MAX + sizeof ".kept")
#define HINT_NAMES 5			/* snapshots a hint tells of */

/* --- names --- */

static void file_of(char out[KEPT_FILE_MAX], struct bytes name)
{
	char *p = out + sprintf(out, "snap/");

	for (size_t i = 0; i < name.len; i++)
		p += sprintf(p, "%02x", name.ptr[i]);
	strcpy(p, ".kept");
}

static bool all_digits(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.ptr[i] < '0' || b.ptr[i] > '9')
			return false;
	return b.len > 0;
}

int kept_version(struct bytes which, uint64_t *version)
{
	uint64_t v = 0;

	if (!all_digits(which))
		return 0;
	for (size_t i = 0; i < which.len; i++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, which.ptr[i] - '0', &v))
			return err_set(ERR_USAGE, "%s: no version is so large",
				       bytes_show(which));
	*version = v;
	return 1;
}

static int check_name(struct bytes name)
{
	if (name.len < 1 || name.len > KEPT_NAME_MAX)
		return err_set(ERR_USAGE, "\"%s\": a snapshot's name has 1 to %u bytes",
			       bytes_show(name), KEPT_NAME_MAX);
	if (all_digits(name))
		return err_set(ERR_USAGE, "\"%s\": a number means a version, not a name",
			       bytes_show(name));
	if (bytes_equal(name, bytes_str("now")))
		return err_set(ERR_USAGE, "\"now\": means the newest state, not a name");
	return 0;
}

bool kept_is_name(struct bytes name)
{
	bool is = check_name(name) == 0;

	err_clear();
	return is;
}

/* --- reading --- */

static int parse(struct kept *k, struct bytes in, const char *where, struct mem *mem)
{
	const struct kept_disk *d = (const void *)in.ptr;
	uint64_t name_len;

	if (in.len < sizeof *d || memcmp(d->magic, KEPT_MAGIC, 8) != 0)
		return err_set(ERR_DAMAGED, "%s: offset 8: not a snapshot", where);
	if (le32_get(d->len) != in.len ||
	    crc32c(0, in.ptr + 4, in.len - 4) != le32_get(d->crc))
		return err_set(ERR_DAMAGED, "%s: offset 0: checksum differs", where);
	if (le32_get(d->format) > KEPT_FORMAT)
		return err_set(ERR_NEWER, "%s: format %u is newer than this program's %u",
			       where, le32_get(d->format), KEPT_FORMAT);
	name_len = le32_get(d->name_len);
	if (name_len < 1 || name_len > KEPT_NAME_MAX || name_len > in.len - sizeof *d)
		return err_set(ERR_DAMAGED, "%s: offset 20: a name of %" PRIu64 " bytes",
			       where, name_len);
	memcpy(k->name, in.ptr + sizeof *d, name_len);
	k->name_len = name_len;
	k->taken_ns = le64_get(d->taken_ns);
	return manifest_parse(&k->m, bytes_of(in.ptr + sizeof *d + name_len,
					      in.len - sizeof *d - name_len), where, mem);
}

/* What was put there under the name of another, or in another store's folder. */
static int in_its_place(struct kept *k, const uint8_t *store_id, const char *path,
			const char *where)
{
	char want[KEPT_FILE_MAX];

	file_of(want, kept_name(k));
	if (strcmp(want, path))
		return err_set(ERR_DAMAGED, "%s: is of another name: it was put there", where);
	if (store_id && memcmp(k->m.store_id, store_id, sizeof k->m.store_id))
		return err_set(ERR_DAMAGED, "%s: is another store's: it was put there", where);
	return 0;
}

static int read_one(struct kept *k, struct backend *b, const uint8_t *store_id,
		    const char *path, struct mem *mem)
{
	char where[4096];
	struct buf in = { .mem = mem };
	int r = file_slurp(b, path, KEPT_MOST, &in);

	snprintf(where, sizeof where, "%s/%s", b->path, path);
	if (r == 0)
		r = parse(k, buf_bytes(&in), where, mem);
	buf_release(&in);
	if (r < 0)
		return r;
	r = in_its_place(k, store_id, path, where);
	if (r < 0)
		manifest_release(&k->m);
	return r;
}

struct loading {
	struct kept_set *set;
	struct backend *b;
	const uint8_t *store_id;
	int (*bad)(void *ctx, const char *name, int code);
	void *ctx;
};

bool kept_is_file(const char *name)
{
	size_t n = strspn(name, "0123456789abcdef");

	return n >= 2 && n <= 2 * KEPT_NAME_MAX && n % 2 == 0 && !strcmp(name + n, ".kept");
}

static unsigned hex(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

struct bytes kept_file_name(const char *name, uint8_t room[KEPT_NAME_MAX])
{
	size_t n = strspn(name, "0123456789abcdef") / 2;

	for (size_t i = 0; i < n && i < KEPT_NAME_MAX; i++)
		room[i] = (uint8_t)(hex(name[2 * i]) << 4 | hex(name[2 * i + 1]));
	return bytes_of(room, n < KEPT_NAME_MAX ? n : KEPT_NAME_MAX);
}

static int load_one(void *ctx, const char *name)
{
	struct loading *l = ctx;
	struct kept_set *set = l->set;
	struct kept *all;
	char path[KEPT_FILE_MAX];
	int r;

	if (!kept_is_file(name))
		return 0;
	all = mem_resize(set->mem, set->kept, (set->n + 1) * sizeof *all);
	if (!all)
		return ERR_MEMORY;
	set->kept = all;
	snprintf(path, sizeof path, "snap/%s", name);
	r = read_one(&all[set->n], l->b, l->store_id, path, set->mem);
	if (r == 0)
		set->n++;
	else if (r == ERR_ABSENT)
		r = 0;			/* removed meanwhile */
	else if (r != ERR_MEMORY && l->bad)
		r = l->bad(l->ctx, path, r);
	return r;
}

static int by_version(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	if (x->m.version != y->m.version)
		return x->m.version < y->m.version ? -1 : 1;
	return bytes_cmp(kept_name(x), kept_name(y));
}

int kept_load(struct kept_set *set, struct backend *b, const uint8_t *store_id,
	      struct mem *mem, int (*bad)(void *ctx, const char *name, int code), void *ctx)
{
	struct loading l = { set, b, store_id, bad, ctx };
	int r;

	*set = (struct kept_set){ .mem = mem };
	r = backend_list(b, "snap", load_one, &l);
	if (r == ERR_ABSENT)
		r = 0;			/* none was ever taken */
	if (r != 0)
		kept_release(set);
	else if (set->n)
		qsort(set->kept, set->n, sizeof *set->kept, by_version);
	return r;
}

void kept_release(struct kept_set *set)
{
	for (uint32_t i = 0; i < set->n; i++)
		manifest_release(&set->kept[i].m);
	mem_free(set->mem, set->kept);
	set->kept = NULL;
	set->n = 0;
}

bool kept_names(const struct kept_set *set, const char *path)
{
	for (uint32_t i = 0; set && i < set->n; i++)
		if (manifest_names(&set->kept[i].m, path))
			return true;
	return false;
}

const struct kept *kept_find(const struct kept_set *set, struct bytes which)
{
	uint64_t version;
	int number = kept_version(which, &version);

	if (number < 0)
		err_clear();
	for (uint32_t i = 0; i < set->n; i++)
		if (number ? number == 1 && set->kept[i].m.version == version :
		    bytes_equal(kept_name(&set->kept[i]), which))
			return &set->kept[i];
	return NULL;
}

int kept_none(const struct kept_set *set, struct bytes which, uint64_t first, uint64_t last)
{
	char logged[80] = "";
	char hint[400] = "";
	size_t at = 0;

	for (uint32_t i = set->n; i && set->n - i < HINT_NAMES; i--) {
		const struct kept *k = &set->kept[i - 1];

		at += (size_t)snprintf(hint + at, sizeof hint - at, "%s%s (%" PRIu64 ")",
				       at ? ", " : "", bytes_show(kept_name(k)),
				       k->m.version);
		if (at >= sizeof hint)
			break;
	}
	err_set(ERR_NO_SNAPSHOT, "\"%s\": no snapshot of this name or version is kept",
		bytes_show(which));
	if (last)
		snprintf(logged, sizeof logged, "versions %" PRIu64 " to %" PRIu64
			 " are in the log; ", first, last);
	if (set->n)
		err_hint("%skept are, newest first: %s%s", logged, hint,
			 set->n > HINT_NAMES ? ", ..." : "");
	else
		err_hint("%snothing is kept; strato-snapshot NAME keeps the store as it is now, "
			 "compact --keep as it was", logged);
	return ERR_NO_SNAPSHOT;
}

/* --- taking --- */

static int encode(const struct manifest *m, struct bytes name, uint64_t taken_ns,
		  struct buf *out)
{
	struct kept_disk d;
	struct buf inner = { .mem = out->mem };
	int r = manifest_encode(m, &inner);

	memset(&d, 0, sizeof d);
	memcpy(d.magic, KEPT_MAGIC, 8);
	d.format = le32_of(KEPT_FORMAT);
	d.name_len = le32_of((uint32_t)name.len);
	d.taken_ns = le64_of(taken_ns);
	if (r == 0)
		r = buf_add(out, &d, sizeof d);
	if (r == 0)
		r = buf_add(out, name.ptr, name.len);
	if (r == 0)
		r = buf_add(out, inner.ptr, inner.len);
	buf_release(&inner);
	if (r < 0)
		return r;
	d.len = le32_of((uint32_t)out->len);
	memcpy(out->ptr, &d, sizeof d);
	d.crc = le32_of(crc32c(0, out->ptr + 4, out->len - 4));
	memcpy(out->ptr, &d.crc, sizeof d.crc);
	return 0;
}

static int make_folder(struct backend *b)
{
	int r = backend_mkdir(b, "snap");

	if (r == ERR_EXISTS)
		r = 0;
	return r < 0 ? r : backend_sync_dir(b, "");
}

static int refuse_existing(struct store *s, const char *path, struct bytes name)
{
	struct file *f;
	int r = backend_open(s->backend, path, 0, &f);

	if (r == ERR_ABSENT)
		return 0;
	if (r == 0)
		file_close(f);
	return r < 0 ? r : err_set(ERR_EXISTS, "\"%s\": there is a snapshot of this name",
				   bytes_show(name));
}

int kept_put(struct store *s, struct bytes name, uint64_t taken_ns, const struct manifest *m)
{
	struct buf out = { .mem = &s->mem };
	char path[KEPT_FILE_MAX];
	int r = make_folder(s->backend);

	file_of(path, name);
	if (r == 0)
		r = encode(m, name, taken_ns, &out);
	if (r == 0)
		r = file_replace(s->backend, path, out.ptr, out.len);
	buf_release(&out);
	return r;
}

/* Under LOCK_PUBLISH: the manifest after a fold is the newest until it is given
 * back, whatever is committed meanwhile. */
static int take(struct store *s, const char *path, struct bytes name, uint64_t *version)
{
	int r = refuse_existing(s, path, name);

	if (r == 0)
		r = merge_fold_alone(s, 0);
	if (r == 0 && !s->log)
		r = store_refresh(s);
	if (r == 0)
		r = kept_put(s, name, clock_wall_ns(), &s->manifest);
	if (r == 0)
		*version = s->manifest.version;
	return r;
}

int kept_take(struct store *s, struct bytes name, uint64_t *version)
{
	char path[KEPT_FILE_MAX];
	int r = check_name(name);

	if (r < 0)
		return r;
	if (!s->write)
		return err_set(ERR_READ_ONLY, "%s: opened for reading", s->backend->path);
	file_of(path, name);
	r = store_lock_publish(s, s->wait_ns);
	if (r < 0)
		return r;
	r = store_build_begin(s);	/* it begins in tmp/ */
	if (r == 0) {
		r = take(s, path, name, version);
		store_build_end(s);
	}
	backend_unlock(s->backend, LOCK_PUBLISH);
	/* one snapshot is one run more, though the log was never full */
	if (r == 0 && merge_by_the_way(s, MERGE_IF_MANY) < 0)
		err_clear();
	return r;
}

/* --- removing --- */

static int remove_file(struct store *s, const char *path, struct bytes name)
{
	int r = backend_remove(s->backend, path);

	if (r == ERR_ABSENT) {
		struct kept_set set;

		r = kept_load(&set, s->backend, s->manifest.store_id, &s->mem, NULL, NULL);
		if (r == 0) {
			r = kept_none(&set, name, 0, 0);
			kept_release(&set);
		}
		return r;
	}
	return r < 0 ? r : backend_sync_dir(s->backend, "snap");
}

int kept_remove(struct store *s, struct bytes name)
{
	char path[KEPT_FILE_MAX];
	int r = check_name(name);

	if (r < 0)
		return r;
	file_of(path, name);
	r = store_lock_publish(s, s->wait_ns);
	if (r < 0)
		return r;
	r = remove_file(s, path, name);
	if (r == 0)
		r = store_refresh(s);
	if (r == 0)
		store_sweep_segments(s);
	backend_unlock(s->backend, LOCK_PUBLISH);
	return r;
}
