/* store/store_reserve.c - room kept for removals on a full disk
 *
 * What gives space back begins with a commit and goes on with a fold: the log's rows
 * as a run, beside the log.  So there is room for the length of the log's file and a
 * hundredth of the store, at least RESERVE_LEAST.  The log before, which waits to be
 * used again, is a part of that room: it goes when room is short.  The reserve is the
 * rest, at most reserve_size; it grows where the log's file does, and is made shorter
 * by a fold and by strato-compact.
 */
#include <stdio.h>

#include "base/err.h"
#include "io/file.h"
#include "store/store_priv.h"

#define RESERVE_LEAST (1u << 20)
#define RESERVE_SHARE 100

/* As the manifest has it: no file is asked. */
static uint64_t bytes_named(const struct manifest *m)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < m->run_n; i++)
		bytes += m->run[i].ref.bytes;
	for (uint32_t i = 0; i < m->blob_n; i++)
		bytes += m->blob[i].counted;
	for (uint32_t i = 0; i < m->graph_n; i++)
		for (uint32_t k = 0; k < m->graph[i].segment_n; k++)
			bytes += m->graph[i].segment[k].bytes;
	return bytes;
}

static uint64_t length_of(const struct store *s, const char *name)
{
	uint64_t have = 0;
	struct file *f;

	if (backend_open(s->backend, name, 0, &f) == 0) {
		file_size(f, &have);
		file_close(f);
	}
	err_clear();
	return have;
}

/* What the log needs beyond the one before it. */
static uint64_t log_share(const struct store *s)
{
	uint64_t need = s->log ? log_file_bytes(s->log) : LOG_FIRST, waiting;
	char name[64];

	snprintf(name, sizeof name, "wal/%010llu.wal",
		 (unsigned long long)s->manifest.log_id - 1);
	waiting = length_of(s, name);
	return need > waiting ? need - waiting : 0;
}

uint64_t store_reserve_want(const struct store *s)
{
	uint64_t most = setting_u64(&s->settings, SETTING_RESERVE_SIZE);
	uint64_t share = bytes_named(&s->manifest) / RESERVE_SHARE;

	share = share > RESERVE_LEAST ? share : RESERVE_LEAST;
	share += log_share(s);
	return disk_round_up(share < most ? share : most, DISK_PAGE);
}

uint64_t store_reserve_bytes(const struct store *s)
{
	return length_of(s, "reserve");
}

int store_use_reserve(struct store *s)
{
	struct file *f;
	int r = backend_open(s->backend, "reserve", FILE_WRITE, &f);

	if (r < 0)
		return r;
	r = file_resize(f, 0);
	if (r == 0)
		r = file_flush(f);
	file_close(f);
	return r;
}

void store_fill_reserve(struct store *s, bool trim)
{
	uint64_t want = store_reserve_want(s), have;
	struct file *f;
	int r = backend_open(s->backend, "reserve", FILE_WRITE, &f);

	if (r == ERR_ABSENT)
		r = backend_open(s->backend, "reserve", FILE_WRITE | FILE_CREATE, &f);
	if (r == 0) {
		if (file_size(f, &have) < 0)
			have = want;
		if (have < want)
			file_reserve(f, 0, want);
		else if (trim && have > want)
			file_resize(f, want);
		file_close(f);
	}
	err_clear();
}
