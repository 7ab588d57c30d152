/* base/size.c - numbers with units
 *
 * One reader for all of them: digits, then a suffix looked up in the table of the
 * kind.  Only what a table lists is accepted: "64k" and "64KB" mean 1000 to some
 * and 1024 to others, so they are refused.
 */
#include "base/size.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

struct unit {
	const char *suffix;
	uint64_t times;
};

static const struct unit number_units[] = { { "", 1 }, { NULL, 0 } };

static const struct unit size_units[] = {
	{ "", 1 },
	{ "K", 1ull << 10 }, { "M", 1ull << 20 }, { "G", 1ull << 30 }, { "T", 1ull << 40 },
	{ "KiB", 1ull << 10 }, { "MiB", 1ull << 20 }, { "GiB", 1ull << 30 },
	{ "TiB", 1ull << 40 },
	{ "kB", 1000ull }, { "MB", 1000000ull }, { "GB", 1000000000ull },
	{ "TB", 1000000000000ull },
	{ NULL, 0 }
};

static const struct unit time_units[] = {
	{ "ns", 1 }, { "us", 1000ull }, { "ms", 1000000ull }, { "s", 1000000000ull },
	{ "m", 60000000000ull }, { "h", 3600000000000ull }, { "d", 86400000000000ull },
	{ NULL, 0 }
};

static const struct unit second_units[] = {
	{ "", 1000000000ull },
	{ "ns", 1 }, { "us", 1000ull }, { "ms", 1000000ull }, { "s", 1000000000ull },
	{ "m", 60000000000ull }, { "h", 3600000000000ull }, { "d", 86400000000000ull },
	{ NULL, 0 }
};

static uint64_t times_of(const struct unit *units, struct bytes suffix)
{
	for (; units->suffix; units++)
		if (bytes_equal(suffix, bytes_str(units->suffix)))
			return units->times;
	return 0;
}

/* 1 and the value, or 0: not of this form; -1: of the form, but over 64 bits. */
static int read_value(const struct unit *units, struct bytes t, uint64_t *out)
{
	uint64_t v = 0, times;
	size_t i = 0;
	int over = 0;

	for (; i < t.len && t.ptr[i] >= '0' && t.ptr[i] <= '9'; i++)
		over |= __builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(t.ptr[i] - '0'), &v);
	if (i == 0)
		return 0;
	times = times_of(units, bytes_of(t.ptr + i, t.len - i));
	if (times == 0)
		return 0;
	over |= __builtin_mul_overflow(v, times, &v);
	*out = v;
	return over ? -1 : 1;
}

typedef const char *show_fn(uint64_t v);

/* " from 1 to 4096", " of at least 1", " of at most 5", or nothing. */
static const char *range(char *text, size_t cap, uint64_t min, uint64_t max,
			 show_fn *show)
{
	if (max != UINT64_MAX && min)
		snprintf(text, cap, " from %s to %s", show(min), show(max));
	else if (max != UINT64_MAX)
		snprintf(text, cap, " from 0 to %s", show(max));
	else if (min)
		snprintf(text, cap, " of at least %s", show(min));
	else
		text[0] = '\0';
	return text;
}

static int read_in_range(const char *name, struct bytes text, uint64_t min,
			 uint64_t max, uint64_t *out, const struct unit *units,
			 const char *kind, show_fn *show)
{
	char text_range[96];
	uint64_t v = 0;
	int r = read_value(units, text, &v);

	if (r == 1 && v >= min && v <= max) {
		*out = v;
		return 0;
	}
	if (r == -1 && max == UINT64_MAX)
		return err_set(ERR_USAGE, "%s: \"%s\": more than 64 bits hold",
			       name, bytes_show(text));
	return err_set(ERR_USAGE, "%s: \"%s\": expected %s%s", name,
		       bytes_show(text), kind,
		       range(text_range, sizeof text_range, min, max, show));
}

static char *rotating(void)
{
	static _Thread_local char text[4][32];
	static _Thread_local unsigned turn;

	return text[turn++ % 4];
}

static const char *show_number(uint64_t v)
{
	char *text = rotating();

	snprintf(text, 32, "%" PRIu64, v);
	return text;
}

int size_number(const char *name, struct bytes text, uint64_t min, uint64_t max,
		uint64_t *out)
{
	return read_in_range(name, text, min, max, out, number_units, "a number",
			     show_number);
}

int size_bytes(const char *name, struct bytes text, uint64_t min, uint64_t max,
	       uint64_t *out)
{
	return read_in_range(name, text, min, max, out, size_units,
			     "a size such as 4096, 64K or 64kB", size_show);
}

int size_duration(const char *name, struct bytes text, uint64_t min_ns,
		  uint64_t max_ns, uint64_t *out_ns)
{
	return read_in_range(name, text, min_ns, max_ns, out_ns, time_units,
			     "a duration such as 250ms, 5s or 2m",
			     size_show_duration);
}

int size_seconds(const char *name, struct bytes text, uint64_t min_ns,
		 uint64_t max_ns, uint64_t *out_ns)
{
	return read_in_range(name, text, min_ns, max_ns, out_ns, second_units,
			     "seconds", size_show_duration);
}

/* The value in the largest unit among the first N that divides it. */
static const char *show_in(const struct unit *units, size_t n, uint64_t v)
{
	const struct unit *best = &units[0];	/* times 1 */
	char *text = rotating();

	for (size_t i = 0; i < n; i++)
		if (v % units[i].times == 0)	/* they grow */
			best = &units[i];
	snprintf(text, 32, "%" PRIu64 "%s", v / best->times, best->suffix);
	return text;
}

const char *size_show(uint64_t bytes)
{
	return bytes ? show_in(size_units, 5, bytes) : show_number(0);
}

const char *size_show_duration(uint64_t ns)
{
	return ns ? show_in(time_units, 7, ns) : strcpy(rotating(), "0s");
}
