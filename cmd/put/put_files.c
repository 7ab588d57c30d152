/* cmd/put/put_files.c - files of the file system under their paths as keys */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/put/put.h"

/* "./a" and "a" are one file and one key. */
static struct bytes plain(struct bytes path)
{
	while (path.len > 2 && path.ptr[0] == '.' && path.ptr[1] == '/') {
		path.ptr += 2;
		path.len -= 2;
	}
	return path;
}

static int one_path(struct put *p, const struct put_files *f, struct bytes path)
{
	struct buf key = { .mem = NULL }, name = { .mem = NULL };
	struct in *in = NULL;
	struct bytes inner = plain(path);
	int r = 0;

	if (memchr(path.ptr, 0, path.len))
		return err_set(ERR_BAD_RECORD, "\"%s\": a path cannot hold NUL", bytes_show(path));
	if (f->prefix)
		r = buf_add(&key, f->prefix, strlen(f->prefix));
	if (r == 0)
		r = buf_add(&key, inner.ptr, inner.len);
	if (r == 0)
		r = buf_add(&name, path.ptr, path.len);
	if (r == 0)
		r = buf_add_byte(&name, 0);
	if (r == 0)
		r = in_open(&in, (char *)name.ptr, false, NULL);
	if (r == 0)
		r = put_stream(p, buf_bytes(&key), in);
	if (r == 0) {
		p->progress.bytes += in_total(in);
		r = put_counted(p);
	}
	in_close(in);
	buf_release(&key);
	buf_release(&name);
	return r;
}

static ssize_t fill(void *ctx, void *buf, size_t cap)
{
	return in_read(ctx, buf, cap);
}

static int from_list(struct put *p, const struct put_files *f)
{
	struct record_source source = { fill, NULL, f->from };
	struct record_reader *reader = NULL;
	struct record rec;
	struct in *in;
	int r = in_open(&in, f->from, false, NULL);

	if (r < 0)
		return r;
	source.ctx = in;
	r = record_open(&reader, f->null ? RECORD_NUL : RECORD_TEXT, RECORD_KEYS,
			&source, 0, 0, NULL);
	while (r == 0 && !cli_stopped() && (r = record_next(reader, &rec)) == 1)
		r = one_path(p, f, rec.key);
	record_close(reader);
	in_close(in);
	return r;
}

/* What came before a fault or a signal is kept, unless it was to be one commit. */
static int finish(struct put *p, int r)
{
	struct err_note note;
	int kept;

	if (p->atomic && (r < 0 || cli_stopped()))
		return r;
	if (r == 0)
		return put_commit(p);
	err_take(&note, r);
	kept = put_commit(p);
	return kept < 0 ? kept : err_give(&note);
}

int put_files(struct put *p, const struct put_files *f)
{
	const char *path = NULL;
	int r = 0;

	if (!f->from && !(path = cli_operand_if_any(p->cli)))
		return err_set(ERR_USAGE, "missing operand: PATH");
	progress_begin(&p->progress, p->cli, "files", 0);
	if (f->from) {
		r = from_list(p, f);
		path = cli_operand_if_any(p->cli);
	}
	for (; r == 0 && path && !cli_stopped(); path = cli_operand_if_any(p->cli))
		r = one_path(p, f, bytes_str(path));
	r = finish(p, r);
	progress_end(&p->progress, NULL);
	if (cli_stopped())
		cli_say(p->cli, "stopped: %llu files are durable", (unsigned long long)p->durable);
	else if (r == 0 && p->dry_run)
		cli_say(p->cli, "would write %llu files", (unsigned long long)p->count);
	return r;
}
