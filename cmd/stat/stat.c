/* strato-stat - what a store holds, what is known of keys
 *
 * Sizes come from the manifest, at once.  How many records there are, and what
 * of the bytes they use, is known only by walking over the keys: that is done
 * where it takes a second at most, and beyond that the numbers are bounds and
 * say so.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/disk.h"
#include "base/err.h"
#include "cmd/common/info.h"
#include "cmd/common/open.h"
#include "io/stream.h"

#define STAT_WALK_N 1000000u	/* entries to walk over: about a second */

static const struct cli_tool tool = {
	.name = "strato-stat",
	.does = "what a store holds, or what is known of keys",
	.usage = "[OPTION]... [KEY]...",
	.examples = "strato-stat -s /data/kv\n"
		    "strato-stat -s /data/kv -J | jq .records",
};

struct stat_run {
	struct cli *cli;
	struct store *store;
	struct store_stat st;
	struct buf text;		/* for people */
	bool exact;			/* the keys were walked over */
	uint64_t records;		/* exact, or at most */
	uint64_t live;			/* bytes of keys and values, unpacked */
	uint64_t blob_live;		/* stored bytes of blobs that are referred to */
};

/* --- keys --- */

static int show_keys(struct stat_run *s)
{
	struct snapshot *snap = NULL;
	struct output *o = NULL;
	uint64_t absent_n = 0;
	struct entry e;
	const char *key;
	int r = open_snapshot(s->cli, s->store, &snap);

	if (r == 0)
		r = output_open(&o, cli_style(s->cli, true), output_stdout(), NULL);
	while (r == 0 && (key = cli_operand_if_any(s->cli))) {
		r = entry_check_key(bytes_str(key));
		if (r == 0)
			r = snapshot_get(snap, 0, bytes_str(key), &e);
		if (r == 0)
			absent_n++;
		if (r >= 0)
			r = r ? info_row(o, &e, bytes_str(key)) :
				info_absent(o, bytes_str(key));
	}
	if (r == 0)
		r = output_end(o);
	output_close(o);
	snapshot_close(snap);
	if (r == 0 && absent_n)
		r = err_set(ERR_ABSENT, "%s keys are not there", output_count(absent_n));
	return r;
}

/* --- the store --- */

static int walk(struct stat_run *s)
{
	const struct scan_options all = { .prefix = { NULL, 0 } };
	struct snapshot *snap = NULL;
	struct iter *it = NULL;
	struct entry e;
	int r = store_snapshot(s->store, &snap);

	if (r == 0)
		r = snapshot_scan(snap, &all, &it);
	while (r == 0 && (r = iter_next(it, &e)) == 1) {
		s->records++;
		s->live += e.key.len + e.size;
		if (e.kind == ENTRY_BLOB)
			s->blob_live += e.blob.stored;
		r = 0;
	}
	iter_close(it);
	snapshot_close(snap);
	s->exact = true;
	return r;
}

static int gather(struct stat_run *s)
{
	uint64_t most;
	int r = store_stat(s->store, &s->st);

	if (r < 0)
		return r;
	most = s->st.run_entries - s->st.run_removes + s->st.log_entries;
	if (s->st.run_entries + s->st.log_entries <= STAT_WALK_N)
		return walk(s);
	s->records = most;
	return 0;
}

/* What nobody needs: blob bytes that are not referred to (beyond a blob's own head
 * and its last page), and the runs' share of rows that newer ones hide. */
static uint64_t reclaimable(const struct stat_run *s)
{
	const struct store_stat *st = &s->st;
	uint64_t dead = st->run_entries > s->records ? st->run_entries - s->records : 0;
	uint64_t used = st->blob_n * DISK_PAGE + disk_round_up(s->blob_live, DISK_PAGE);
	uint64_t blobs = st->blob_bytes > used ? st->blob_bytes - used : 0;

	return blobs + (dead ? (uint64_t)((double)st->run_bytes * (double)dead /
					  (double)st->run_entries) : 0);
}

static void id_text(const struct stat_run *s, char out[33])
{
	const uint8_t *id = store_id(s->store);

	for (int i = 0; i < 16; i++)
		snprintf(out + 2 * i, 3, "%02x", id[i]);
}

static void json_settings(struct json *j, const struct settings *set)
{
	json_object(j, "settings");
	for (enum setting i = 0; i < SETTING_N; i++) {
		json_object(j, setting_table[i].name);
		json_text(j, "value", setting_text(set, i));
		json_text(j, "origin", setting_origin_name(set->origin[i]));
		json_object_end(j);
	}
	json_object_end(j);
}

static void json_numbers(struct stat_run *s, struct json *j)
{
	const struct store_stat *st = &s->st;

	json_u64(j, s->exact ? "records" : "records_at_most", s->records);
	json_u64(j, "graphs", st->graph_n);
	if (s->exact) {
		json_u64(j, "live_bytes", s->live);
		json_u64(j, "reclaimable_bytes", reclaimable(s));
	}
	json_u64(j, "stored_bytes", st->bytes);
	json_u64(j, "log_bytes", st->log_bytes);
	json_u64(j, "log_entries", st->log_entries);
	json_u64(j, "log_limit_bytes", st->log_limit);
	json_u64(j, "runs", st->run_n);
	json_u64(j, "run_bytes", st->run_bytes);
	json_u64(j, "blobs", st->blob_n);
	json_u64(j, "blob_bytes", st->blob_bytes);
	json_u64(j, "graph_bytes", st->graph_bytes);
	json_u64(j, "reserve_bytes", st->reserve);
}

static int print_json(struct stat_run *s)
{
	char when[INFO_TIME_MAX], id[33];
	struct json j;
	int r;

	id_text(s, id);
	info_time(when, s->st.created_ns / 1000000);
	json_init(&j, NULL);
	json_object(&j, NULL);
	json_bytes(&j, "path", bytes_str(store_path(s->store)));
	json_text(&j, "id", id);
	json_u64(&j, "format", s->st.format);
	json_text(&j, "created", when);
	json_version(&j, "version", s->st.version);
	json_numbers(s, &j);
	json_text(&j, "io_mode", s->st.io_mode);
	json_text(&j, "io_why", s->st.io_why);
	json_settings(&j, store_settings(s->store));
	json_object_end(&j);
	r = json_line(&j, output_stdout());
	json_release(&j);
	return r;
}

/* "NAME   words", aligned. */
static int line(struct stat_run *s, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int line(struct stat_run *s, const char *name, const char *fmt, ...)
{
	char words[4500];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof words, fmt, ap);
	va_end(ap);
	return buf_printf(&s->text, "%-18s  %s\n", name, words);
}

/* "12.5 MiB (13,107,200 bytes)" */
static int line_size(struct stat_run *s, const char *name, uint64_t bytes, const char *more)
{
	if (bytes < 1024)
		return line(s, name, "%s%s", output_size(bytes), more);
	return line(s, name, "%s (%s bytes)%s", output_size(bytes), output_count(bytes), more);
}

static int text_head(struct stat_run *s)
{
	const struct store_stat *st = &s->st;
	char when[INFO_TIME_MAX], id[33];
	int r;

	id_text(s, id);
	info_time(when, st->created_ns / 1000000);
	r = line(s, "store", "%s", bytes_show(bytes_str(store_path(s->store))));
	if (r == 0)
		r = line(s, "id", "%s", id);
	if (r == 0)
		r = line(s, "format", "%u, created %s", st->format, when);
	if (r == 0)
		r = line(s, "version", "%llu", (unsigned long long)st->version);
	if (r == 0)
		r = line(s, "records", "%s%s", s->exact ? "" : "at most ",
			 output_count(s->records));
	return r < 0 ? r : line(s, "graphs", "%s", output_count(st->graph_n));
}

static int text_sizes(struct stat_run *s)
{
	const struct store_stat *st = &s->st;
	char more[160];
	int r = 0;

	if (s->exact)
		r = line_size(s, "live", s->live, ", keys and values");
	if (r == 0)
		r = line_size(s, "stored", st->bytes, "");
	if (r == 0 && s->exact)
		r = line_size(s, "reclaimable", reclaimable(s), ", about");
	snprintf(more, sizeof more, ", %s entries, folded beyond %s",
		 output_count(st->log_entries), output_size(st->log_limit));
	if (r == 0)
		r = line_size(s, "log", st->log_bytes, more);
	snprintf(more, sizeof more, " in %s file%s", output_count(st->run_n),
		 st->run_n == 1 ? "" : "s");
	if (r == 0)
		r = line_size(s, "runs", st->run_bytes, more);
	snprintf(more, sizeof more, " in %s file%s", output_count(st->blob_n),
		 st->blob_n == 1 ? "" : "s");
	if (r == 0)
		r = line_size(s, "blobs", st->blob_bytes, more);
	if (r == 0 && st->graph_n)
		r = line_size(s, "graph segments", st->graph_bytes, "");
	if (r == 0)
		r = line_size(s, "reserve", st->reserve, ", for removing on a full disk");
	return r;
}

static int print_text(struct stat_run *s)
{
	const struct settings *set = store_settings(s->store);
	struct sink to = output_stdout();
	int r = text_head(s);

	if (r == 0)
		r = text_sizes(s);
	if (r == 0)
		r = line(s, "I/O", "%s: %s", s->st.io_mode, s->st.io_why);
	if (r == 0)
		r = buf_printf(&s->text, "\nsettings\n");
	for (enum setting i = 0; r == 0 && i < SETTING_N; i++)
		r = buf_printf(&s->text, "%-18s  %-10s  %s\n", setting_table[i].name,
			       setting_text(set, i), setting_origin_name(set->origin[i]));
	return r < 0 ? r : to.write(to.ctx, s->text.ptr, s->text.len);
}

static int show_store(struct stat_run *s)
{
	int r = gather(s);

	if (r < 0)
		return r;
	return s->cli->json ? print_json(s) : print_text(s);
}

static int run(struct cli *c)
{
	struct stat_run s = { .cli = c };
	int r = open_store(c, &s.store, OPEN_READ);

	if (r == 0)
		r = cli_operand_peek(c) ? show_keys(&s) : show_store(&s);
	buf_release(&s.text);
	store_close(s.store);
	return r;
}

int main(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_OPTION_AS_OF,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cli cli;

	stream_guard_std();
	cli_begin(&cli, &tool, argc, argv, table);
	if (cli_given(&cli, CLI_VAL_AS_OF) && !cli_operand_peek(&cli))
		cli_usage(&cli, "--as-of goes with keys");
	return cli_end(&cli, run(&cli));
}
