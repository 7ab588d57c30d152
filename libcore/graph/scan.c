/* graph/scan.c - the portable way, and the choice between the ways */
#include "graph/scan.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "graph/scan_inside.h"
#include "graph/text/weight.h"

static bool is_digit(uint8_t c)
{
	return c - (unsigned)'0' <= 9;
}

/* As el has it: blank, TAB, VT, FF, CR, comma, bar. */
static bool separates(uint8_t c)
{
	return c == ' ' || (c - (unsigned)'\t' <= '\r' - '\t' && c != '\n') || c == ',' ||
		c == '|';
}

static const uint8_t *skip(const uint8_t *at, const uint8_t *end)
{
	while (at < end && separates(*at))
		at++;
	return at;
}

/* The end of the number at AT; NULL: there is none, or not a canonical one. */
static const uint8_t *number(const uint8_t *at, const uint8_t *end, uint64_t *out)
{
	const uint8_t *start = at;
	uint64_t v = 0;
	size_t len;

	while (at < end && is_digit(*at))
		v = v * 10 + (*at++ - (unsigned)'0');
	len = (size_t)(at - start);
	if (len == 0 || (*start == '0' && len > 1))
		return NULL;
	if (len >= 20 && !text_number(bytes_of(start, len), &v))
		return NULL;
	*out = v;
	return at;
}

/* The weight at AT; its end, or NULL. */
static const uint8_t *weight(const uint8_t *at, const uint8_t *end, struct text_value *out)
{
	const uint8_t *start = at;

	while (at < end && *at != '\n' && !separates(*at))
		at++;
	return weight_parse(bytes_of(start, (size_t)(at - start)), out) < 0 ? NULL : at;
}

/* The edge at AT; its end, which may be that of the text, or NULL. */
static const uint8_t *edge(const struct scan *s, const uint8_t *at, struct scan_edge *out,
			   struct text_value *value)
{
	const uint8_t *gap;

	gap = number(at, s->end, &out->src);
	if (!gap || gap == s->end)
		return NULL;
	if (s->shape == SCAN_TSV)
		at = gap + (*gap == '\t');
	else
		at = skip(gap, s->end);
	at = number(at, s->end, &out->dst);
	gap = at;
	if (at && s->shape == SCAN_EL)
		at = skip(at, s->end);
	if (at > gap && s->value && at < s->end && *at != '\n') {
		at = weight(at, s->end, value);
		at = at ? skip(at, s->end) : NULL;
	}
	return at && (at == s->end || *at == '\n') ? at : NULL;
}

static enum scan_stop taken(struct scan *s, const uint8_t *lf)
{
	s->at = lf < s->end ? lf + 1 : lf;
	s->line_n++;
	return SCAN_END;
}

enum scan_stop scan_line(struct scan *s)
{
	const uint8_t *at = s->at, *lf;
	struct text_value value = { .kind = TEXT_NO_VALUE };
	struct scan_edge e;

	if (s->shape == SCAN_EL)
		at = skip(at, s->end);
	if (s->shape == SCAN_EL && at < s->end && (*at == '#' || *at == '%')) {
		lf = memchr(at, '\n', (size_t)(s->end - at));
		lf = lf ? lf : s->end;
	} else if (s->shape == SCAN_EL && (at == s->end || *at == '\n')) {
		lf = at;
	} else {
		lf = edge(s, at, &e, &value);
		if (!lf)
			return SCAN_ODD;
		if (s->n == s->cap)
			return SCAN_FULL;
		s->edge[s->n] = e;
		if (s->value)
			s->value[s->n] = value;
		at = NULL;
	}
	if (lf - s->at >= TEXT_LINE_MAX)	/* whole lines only: let the reader cut it */
		return SCAN_ODD;
	s->n += !at;
	return taken(s, lf);
}

enum scan_stop scan_plain(struct scan *s)
{
	enum scan_stop stop = SCAN_END;

	while (s->at < s->end && stop == SCAN_END)
		stop = scan_line(s);
	return stop;
}

/* --- the choice --- */

static scan_fn *chosen;
static pthread_once_t once = PTHREAD_ONCE_INIT;

scan_fn *scan_way(enum scan_way way)
{
	if (way == SCAN_AVX512)
		return scan_avx512();
	return way == SCAN_AVX2 ? scan_avx2() : scan_plain;
}

static void choose(void)
{
	for (int way = SCAN_WAYS - 1; !chosen; way--)
		chosen = scan_way((enum scan_way)way);
}

enum scan_stop scan_lines(struct scan *s)
{
	pthread_once(&once, choose);
	return chosen(s);
}
