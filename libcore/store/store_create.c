/* store/store_create.c - a new store
 *
 * Everything but the manifest first, and durable; the manifest makes it a store.
 * What a killed creation left is taken up again by the next one.
 */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "io/file.h"
#include "store/store_priv.h"

static int put_file(struct backend *b, const char *name, struct bytes text)
{
	struct file *f;
	int r = backend_open(b, name, FILE_WRITE | FILE_CREATE, &f);

	if (r == ERR_EXISTS)	/* a creation that was killed, taken up again */
		r = backend_open(b, name, FILE_WRITE, &f);
	if (r < 0)
		return r;
	r = file_resize(f, 0);
	if (r == 0 && text.len)
		r = file_write(f, text.ptr, text.len, 0);
	if (r == 0)
		r = file_flush(f);
	file_close(f);
	return r;
}

static int make_folders(struct backend *b)
{
	static const char *const folder[] = { "wal", "seg", "tmp" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof folder / sizeof *folder; i++) {
		r = backend_mkdir(b, folder[i]);
		if (r == ERR_EXISTS)
			r = 0;
	}
	return r;
}

/* Everything but the manifest, which makes it a store. */
static int prepare(struct store *s, struct bytes config)
{
	struct log_options o;
	int r = put_file(s->backend, "creating", bytes_of(NULL, 0));

	/* Before anything else has a name here: the rest alone is nobody's. */
	if (r == 0)
		r = backend_sync_dir(s->backend, "");
	if (r == 0)
		r = make_folders(s->backend);
	if (r == 0)
		r = put_file(s->backend, "lock", bytes_of(NULL, 0));
	if (r == 0)
		r = put_file(s->backend, "config", config);
	if (r < 0)
		return r;
	store_log_options(s, &o);
	o.write = true;
	r = backend_remove(s->backend, "wal/0000000001.wal");
	if (r == 0 || r == ERR_ABSENT)
		r = log_create(&o, LOG_FIRST, 0);
	store_fill_reserve(s, false);
	return r < 0 ? r : backend_sync_dir(s->backend, "");
}

static int any(void *ctx, const char *name)
{
	(void)name;
	*(bool *)ctx = true;
	return 1;
}

/* What may lie in a folder that a killed creation left. */
static int only_ours(void *ctx, const char *name)
{
	static const char *const ours[] = { "creating", "wal", "seg", "tmp", "lock",
		"config", "reserve" };
	bool *other = ctx;

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (!strcmp(ours[i], name))
			return 0;
	*other = true;
	return 1;
}

static int check_empty(struct backend *b)
{
	bool found = false, other = false;
	struct file *f;
	int r = backend_list(b, "", any, &found);

	if (r < 0 || !found)
		return r < 0 ? r : 0;
	r = backend_open(b, "creating", 0, &f);
	if (r == 0)
		file_close(f);
	if (backend_list(b, "", only_ours, &other) < 0 || other || r < 0)
		return err_set(ERR_EXISTS, "%s: exists and is not empty", b->path);
	return 0;
}

int store_create_as(struct backend *b, struct bytes config, const uint8_t id[16])
{
	struct store s = { .backend = b, .write = true, .wait_ns = 0 };
	int r = check_empty(b);

	if (r < 0)
		return r;
	mem_init(&s.mem, 0);
	setting_init(&s.settings);
	r = setting_read(&s.settings, SETTING_STORE, "config", config);
	if (r < 0)
		return r;
	s.manifest.mem = &s.mem;
	s.manifest.write_ok = true;
	s.manifest.log_id = 1;
	s.manifest.next_space = 1;
	s.manifest.created_ns = clock_wall_ns();
	memcpy(s.manifest.store_id, id, sizeof s.manifest.store_id);
	r = prepare(&s, config);
	if (r == 0)
		r = manifest_publish(&s.manifest, b);
	if (r == 0)
		r = backend_remove(b, "creating");
	manifest_release(&s.manifest);
	return r;
}

int store_create_on(struct backend *b, struct bytes config)
{
	const uint64_t id[2] = { clock_random(), clock_random() };

	return store_create_as(b, config, (const uint8_t *)id);
}

int store_create(const char *dir, struct bytes config)
{
	struct backend *b;
	int r = backend_local_create(&b, dir);

	if (r < 0)
		return r;
	r = store_create_on(b, config);
	backend_close(b);
	return r;
}
