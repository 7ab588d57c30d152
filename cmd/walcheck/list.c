/* cmd/walcheck/list.c - the records of a log as rows, and their sums */
#include "cmd/walcheck/walcheck.h"

static bool wanted(const struct walcheck *w, uint64_t version)
{
	return version > w->since && version <= w->until;
}

int list_commit(void *ctx, const struct log_commit *c)
{
	struct walcheck *w = ctx;
	struct walcheck_stats *s = &w->seen;

	if (!wanted(w, c->version))
		return 0;
	if (s->commit_n++ == 0) {
		s->first = c->version;
		s->first_ns = c->wall_ns;
	}
	s->last = c->version;
	s->last_ns = c->wall_ns;
	s->bytes += c->bytes;
	if (c->bytes > s->largest)
		s->largest = c->bytes;
	return 0;
}

static void count(struct walcheck_stats *s, const struct entry *e)
{
	s->record_n++;
	s->put_n += e->kind != ENTRY_REMOVE;
	s->large_n += e->kind == ENTRY_BLOB;
	s->remove_n += e->kind == ENTRY_REMOVE;
}

/* Keys of graphs are not the users' keys: told apart by the operation. */
static const char *op(const struct entry *e)
{
	if (e->kind == ENTRY_REMOVE)
		return e->space ? "graph-remove" : "remove";
	return e->space ? "graph-put" : "put";
}

int list_entry(void *ctx, const struct log_commit *c, const struct entry *e, uint64_t off)
{
	struct walcheck *w = ctx;
	struct entry as_stored = *e;

	if (!wanted(w, c->version))
		return 0;
	count(&w->seen, e);
	if (!w->out)
		return 0;
	as_stored.version = 0;
	buf_clear(&w->record);
	if (entry_put_record(&w->record, &as_stored) < 0)
		return ERR_MEMORY;
	output_version(w->out, "version", c->version);
	output_u64(w->out, "offset", off);
	output_u64(w->out, "bytes", w->record.len);
	output_text(w->out, "op", op(e));
	output_bytes(w->out, "key", e->key);
	if (w->cli->json) {
		output_u64(w->out, "size_bytes", e->size);
		output_u64(w->out, "space", e->space);
	}
	return output_row(w->out);
}

static void row(struct output *o, const char *name, uint64_t value)
{
	output_text(o, "name", name);
	output_u64(o, "value", value);
	output_row(o);
}

static void rows(struct output *o, const struct walcheck_stats *s)
{
	row(o, "commits", s->commit_n);
	row(o, "records", s->record_n);
	row(o, "puts", s->put_n);
	row(o, "large_values", s->large_n);
	row(o, "removes", s->remove_n);
	row(o, "bytes", s->bytes);
	row(o, "largest_commit_bytes", s->largest);
	row(o, "first_version", s->first);
	row(o, "last_version", s->last);
	row(o, "first_time_ns", s->first_ns);
	row(o, "last_time_ns", s->last_ns);
}

static void object(struct output *o, const struct walcheck_stats *s)
{
	output_u64(o, "commits", s->commit_n);
	output_u64(o, "records", s->record_n);
	output_u64(o, "puts", s->put_n);
	output_u64(o, "large_values", s->large_n);
	output_u64(o, "removes", s->remove_n);
	output_u64(o, "bytes", s->bytes);
	output_u64(o, "largest_commit_bytes", s->largest);
	output_version(o, "first_version", s->first);
	output_version(o, "last_version", s->last);
	output_version(o, "first_time_ns", s->first_ns);
	output_version(o, "last_time_ns", s->last_ns);
	output_row(o);
}

int list_stats(struct walcheck *w)
{
	struct output *o;
	int r = output_open(&o, cli_style(w->cli, true), output_stdout(), &w->mem);

	if (r < 0)
		return r;
	if (w->cli->json)
		object(o, &w->seen);
	else
		rows(o, &w->seen);
	r = output_end(o);
	output_close(o);
	return r;
}
