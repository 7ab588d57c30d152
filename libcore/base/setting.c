/* base/setting.c - the table of settings, and their text form */
#include "base/setting.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/size.h"

#define K (1ull << 10)
#define M (1ull << 20)
#define T (1ull << 40)

const struct setting_info setting_table[SETTING_N] = {
	{ "io_depth", "STRATO_IO_DEPTH", SETTING_NUMBER, 1, 4096, 64, { NULL },
	  "reads and writes in flight at once" },
	{ "direct_io", "STRATO_DIRECT_IO", SETTING_CHOICE, 0, 2, DIRECT_IO_AUTO,
	  { "auto", "on", "off" }, "bypass the page cache for bulk data" },
	{ "compression", "STRATO_COMPRESSION", SETTING_CHOICE, 0, 1, COMPRESSION_LZ4,
	  { "none", "lz4" }, "how blocks are compressed" },
	/* 64K: less does not hold one block a reader */
	{ "cache_size", "STRATO_CACHE_SIZE", SETTING_SIZE, 64 * K, 64 * T, 32 * M,
	  { NULL }, "memory for aligned buffers" },
	{ "prefetch_distance", "STRATO_PREFETCH_DISTANCE", SETTING_NUMBER, 0, 1024, 16,
	  { NULL }, "blocks read ahead" },
	{ "sync", "STRATO_SYNC", SETTING_CHOICE, 0, 1, SYNC_COMMIT,
	  { "commit", "none" }, "when a commit is durable" },
	/* 1M: less does not hold a command's own buffers */
	{ "memory_limit", "STRATO_MEMORY_LIMIT", SETTING_SIZE, M, 64 * T, 0,
	  { NULL }, "memory a command may draw" },
	{ "log_size", "STRATO_LOG_SIZE", SETTING_SIZE, 256 * K, T, 64 * M,
	  { NULL }, "the log is folded beyond it" },
	{ "reserve_size", "STRATO_RESERVE_SIZE", SETTING_SIZE, 0, T, 16 * M,
	  { NULL }, "kept so that removing works on a full disk" },
	{ "network_fs", "STRATO_NETWORK_FS", SETTING_CHOICE, 0, 1, NETWORK_FS_REFUSE,
	  { "refuse", "allow" }, "stores on network file systems" },
};

void setting_init(struct settings *s)
{
	for (int i = 0; i < SETTING_N; i++) {
		s->value[i] = setting_table[i].built_in;
		s->origin[i] = SETTING_BUILT_IN;
	}
}

int setting_find(struct bytes name)
{
	struct nearest near;

	for (int i = 0; i < SETTING_N; i++)
		if (bytes_equal(name, bytes_str(setting_table[i].name)))
			return i;
	nearest_init(&near, name);
	for (int i = 0; i < SETTING_N; i++)
		nearest_offer(&near, setting_table[i].name);
	return err_set(ERR_SETTING,
		       "unknown setting \"%s\"; the closest is \"%s\"",
		       bytes_show(name), nearest_any(&near));
}

static char *rotating(void)
{
	static _Thread_local char text[4][64];
	static _Thread_local unsigned turn;

	return text[turn++ % 4];
}

const char *setting_range(enum setting which)
{
	const struct setting_info *t = &setting_table[which];
	char *text = rotating();

	if (t->kind == SETTING_NUMBER)
		snprintf(text, 64, "%" PRIu64 "..%" PRIu64, t->min, t->max);
	else if (t->kind == SETTING_SIZE)
		snprintf(text, 64, "%s..%s", size_show(t->min), size_show(t->max));
	else if (t->max == 1)
		snprintf(text, 64, "%s or %s", t->choices[0], t->choices[1]);
	else
		snprintf(text, 64, "%s, %s or %s", t->choices[0], t->choices[1],
			 t->choices[2]);
	return text;
}

static int read_choice(enum setting which, struct bytes value, uint64_t *out)
{
	const struct setting_info *t = &setting_table[which];

	for (uint64_t i = 0; i <= t->max; i++)
		if (bytes_equal(value, bytes_str(t->choices[i]))) {
			*out = i;
			return 0;
		}
	return err_set(ERR_SETTING, "%s: \"%s\": expected %s", t->name,
		       bytes_show(value), setting_range(which));
}

static int read_text(enum setting which, struct bytes value, uint64_t *out)
{
	const struct setting_info *t = &setting_table[which];
	int r;

	switch (t->kind) {
	case SETTING_CHOICE:
		return read_choice(which, value, out);
	case SETTING_SIZE:
		r = size_bytes(t->name, value, t->min, t->max, out);
		break;
	default:
		r = size_number(t->name, value, t->min, t->max, out);
	}
	return r < 0 ? ERR_SETTING : 0;
}

int setting_set(struct settings *s, enum setting_origin from, enum setting which,
		struct bytes value)
{
	uint64_t v;
	int r = read_text(which, value, &v);

	if (r < 0)
		return r;
	if (from >= s->origin[which]) {
		s->value[which] = v;
		s->origin[which] = (uint8_t)from;
	}
	return 0;
}

int setting_set_named(struct settings *s, enum setting_origin from,
		      struct bytes name, struct bytes value)
{
	int which = setting_find(name);

	return which < 0 ? which : setting_set(s, from, (enum setting)which, value);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct bytes trim(struct bytes b)
{
	while (b.len && is_blank(b.ptr[0])) {
		b.ptr++;
		b.len--;
	}
	while (b.len && is_blank(b.ptr[b.len - 1]))
		b.len--;
	return b;
}

/* NAME = VALUE in two; false without a "=". */
static bool split(struct bytes line, struct bytes *name, struct bytes *value)
{
	const uint8_t *eq = line.len ? memchr(line.ptr, '=', line.len) : NULL;

	if (!eq)
		return false;
	*name = trim(bytes_of(line.ptr, (size_t)(eq - line.ptr)));
	*value = trim(bytes_of(eq + 1, (size_t)(line.ptr + line.len - eq - 1)));
	return true;
}

int setting_set_text(struct settings *s, enum setting_origin from,
		     struct bytes text)
{
	struct bytes name, value;

	if (!split(text, &name, &value))
		return err_set(ERR_SETTING, "\"%s\": expected NAME=VALUE",
			       bytes_show(text));
	return setting_set_named(s, from, name, value);
}

/* The first line, its LF left out; *rest is what follows. */
static struct bytes first_line(struct bytes file, struct bytes *rest)
{
	const uint8_t *lf = memchr(file.ptr, '\n', file.len);
	size_t len = lf ? (size_t)(lf - file.ptr) : file.len;

	*rest = lf ? bytes_of(lf + 1, file.len - len - 1) : bytes_of(NULL, 0);
	return bytes_of(file.ptr, len);
}

int setting_read(struct settings *s, enum setting_origin from,
		 const char *where, struct bytes file)
{
	struct bytes line, rest;
	struct err_note note;

	for (unsigned n = 1; file.len; n++, file = rest) {
		line = trim(first_line(file, &rest));
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (setting_set_text(s, from, line) == 0)
			continue;
		err_take(&note, ERR_SETTING);
		return err_set(ERR_SETTING, "%s: line %u: %s", where, n, note.message);
	}
	return 0;
}

uint64_t setting_u64(const struct settings *s, enum setting which)
{
	if (which == SETTING_MEMORY_LIMIT && s->value[which] == 0)
		return mem_default_limit();
	return s->value[which];
}

const char *setting_text(const struct settings *s, enum setting which)
{
	const struct setting_info *t = &setting_table[which];
	uint64_t v = setting_u64(s, which);
	char *text;

	if (t->kind == SETTING_CHOICE)
		return t->choices[v];
	if (t->kind == SETTING_SIZE)
		return size_show(v);
	text = rotating();
	snprintf(text, 64, "%" PRIu64, v);
	return text;
}

const char *setting_origin_name(enum setting_origin from)
{
	static const char *const names[] = {
		"built in", "user", "store", "environment", "option"
	};

	return names[from];
}

int setting_print(const struct settings *s, enum setting which, struct buf *out)
{
	return buf_printf(out, "%s = %s\n", setting_table[which].name,
			  setting_text(s, which));
}

static int add_line(struct buf *out, enum setting which, struct bytes value)
{
	return buf_printf(out, "%s = %.*s\n", setting_table[which].name,
			  (int)value.len, (const char *)value.ptr);
}

/* The last line of a name wins, so the new value takes the first one's place and
 * later ones go. */
int setting_edit(struct bytes file, enum setting which, struct bytes value,
		 struct buf *out)
{
	struct bytes line, rest, name, old, want = bytes_str(setting_table[which].name);
	bool done = value.ptr == NULL;
	int r = 0;

	for (; r == 0 && file.len; file = rest) {
		line = first_line(file, &rest);
		if (trim(line).len && trim(line).ptr[0] != '#' &&
		    split(line, &name, &old) && bytes_equal(name, want)) {
			if (!done)
				r = add_line(out, which, value);
			done = true;
			continue;
		}
		r = buf_add(out, line.ptr, line.len);
		if (r == 0)
			r = buf_add_byte(out, '\n');
	}
	return r == 0 && !done ? add_line(out, which, value) : r;
}
