/* store/fetch_file.c - the blobs that the values of a batch lie in
 *
 * A batch in the order of its keys asks for values all over the blobs.  Where it
 * asks for much of one in small pieces, reading it from front to back is less work,
 * although what is not asked for comes too: READ_WORTH bytes more of a long read cost
 * less than another read does.  Large values are better read as they are wanted: the
 * first need not wait for the last.
 */
#include "store/fetch_inside.h"

#include <sys/resource.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "io/file.h"
#include "store/blob_inside.h"

#define READ_WORTH (8u << 10)
#define MORE 16u		/* a full window is seldom the last, and the first is small */
#define SAMPLES 16u		/* of a file's pages, to call it warm */

/* A quarter of the descriptors there are, for others need some too. */
void fetch_files_init(struct fetch_files *fs, struct store *s, bool direct)
{
	struct rlimit r;

	*fs = (struct fetch_files){ .store = s, .direct = direct, .most = FETCH_FILES };
	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur / 8 < fs->most)
		fs->most = r.rlim_cur < 8 ? 1 : (unsigned)(r.rlim_cur / 8);
}

struct fetch_file *fetch_file(struct fetch_files *fs, uint64_t id)
{
	struct fetch_file **at = &fs->bucket[hash_u64(id) % FETCH_BUCKETS], *ff;

	for (ff = *at; ff; ff = ff->next)
		if (ff->id == id)
			return ff;
	ff = mem_zalloc(&fs->store->mem, sizeof *ff);
	if (!ff) {
		err_clear();
		return NULL;
	}
	ff->id = id;
	ff->next = *at;
	*at = ff;
	return ff;
}

static void close_file(struct fetch_files *fs, struct fetch_file *ff)
{
	if (ff->view.ptr)
		view_close(&ff->view);
	file_close(ff->direct);
	file_close(ff->file);
	ff->file = ff->direct = NULL;
	ff->warm = false;
	fs->open_n--;
}

/* The one that was wanted longest ago, if it has nothing on its way. */
static bool close_oldest(struct fetch_files *fs)
{
	struct fetch_file *oldest = NULL;

	for (unsigned i = 0; i < FETCH_BUCKETS; i++)
		for (struct fetch_file *ff = fs->bucket[i]; ff; ff = ff->next)
			if (ff->file && !ff->used && (!oldest || ff->turn < oldest->turn))
				oldest = ff;
	if (oldest)
		close_file(fs, oldest);
	return oldest != NULL;
}

static bool looks_warm(const struct fetch_file *ff)
{
	uint64_t step = ff->view.len / SAMPLES;

	for (uint64_t i = 0; i < SAMPLES; i++)
		if (!view_resident(&ff->view, i * step, 1))
			return false;
	return true;
}

static int open_both(struct fetch_files *fs, struct fetch_file *ff)
{
	struct store *s = fs->store;
	const struct segment_ref ref = { .kind = SEGMENT_BLOB, .id = ff->id };
	int r = segment_held(blob_open(&ff->file, s->backend, s->manifest.store_id, ff->id, 0),
			     s->backend, &ref);
	const char *name = r == 0 ? ff->file->name : NULL;

	if (r == 0 && fs->direct)
		r = backend_open(s->backend, name, FILE_LINKED | FILE_DIRECT, &ff->direct);
	if (r == 0 && s->backend->caps & BACKEND_MAPS)
		r = view_open(&ff->view, ff->file);
	if (r == 0)
		return 0;
	file_close(ff->direct);
	file_close(ff->file);
	ff->direct = ff->file = NULL;
	return r;
}

int fetch_file_open(struct fetch_files *fs, struct fetch_file *ff)
{
	int r;

	ff->turn = ++fs->turn;
	if (ff->file)
		return 0;
	if (fs->open_n >= fs->most && !close_oldest(fs))
		return err_set(ERR_RESOURCE, "%u files are in use", fs->open_n);
	do
		r = open_both(fs, ff);
	while (r == ERR_RESOURCE && close_oldest(fs));
	if (r < 0)
		return r;
	fs->open_n++;
	ff->warm = looks_warm(ff);
	return 0;
}

/* The pages at its ends are its neighbours' too; the one in its middle says it of all,
 * and asking for one is a third of the work of asking for sixteen. */
bool fetch_file_cached(const struct fetch_file *ff, uint64_t off, size_t len)
{
	return ff->warm || view_resident(&ff->view, off + len / 2, 1);
}

void fetch_file_expect(struct fetch_file *ff, uint64_t off, size_t len)
{
	if (ff->expected_n == 0 || off < ff->begin)
		ff->begin = off;
	if (ff->expected_n == 0 || off + len > ff->end)
		ff->end = off + len;
	ff->expected_n++;
}

/* Many small values: their reads are work for the device, not their bytes. */
static bool worth(const struct fetch_file *ff, bool more)
{
	return ff->end - ff->begin <= ff->expected_n * READ_WORTH * (more ? MORE : 1);
}

/* All are opened first: what is read to open one waits behind what is on its way. */
static void open_expected(struct fetch_files *fs)
{
	for (unsigned i = 0; i < FETCH_BUCKETS; i++)
		for (struct fetch_file *ff = fs->bucket[i]; ff; ff = ff->next)
			if (ff->expected_n && !ff->file && fs->open_n < fs->most &&
			    fetch_file_open(fs, ff) < 0)
				err_clear();	/* whoever reads the value will say it */
}

void fetch_files_plan(struct fetch_files *fs, bool more)
{
	open_expected(fs);
	for (unsigned i = 0; i < FETCH_BUCKETS; i++)
		for (struct fetch_file *ff = fs->bucket[i]; ff; ff = ff->next) {
			if (ff->expected_n && !fs->direct && ff->view.ptr && !ff->warm &&
			    worth(ff, more)) {
				view_advise(&ff->view, ff->begin, ff->end - ff->begin,
					    VIEW_WILLNEED);
				fs->brought_bytes += ff->end - ff->begin;
				ff->warm = true;
			}
			ff->expected_n = 0;
		}
}

void fetch_files_close(struct fetch_files *fs)
{
	for (unsigned i = 0; i < FETCH_BUCKETS; i++)
		while (fs->bucket[i]) {
			struct fetch_file *ff = fs->bucket[i];

			fs->bucket[i] = ff->next;
			if (ff->file)
				close_file(fs, ff);
			mem_free(&fs->store->mem, ff);
		}
}
