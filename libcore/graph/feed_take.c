/* graph/feed_take.c - chunks of whole lines out of a file or a stream
 *
 * Of a plain file, chunk k has the lines that begin in the bytes [k * C, (k+1) * C):
 * whoever reads it looks at one byte before for an LF, and behind for the end of
 * the last line.  Nobody has to know anything of the other chunks.  Of a stream the
 * bytes behind the last LF are carried over to the next chunk.
 */
#include <string.h>

#include "base/mem.h"
#include "graph/feed_inside.h"
#include "io/stream.h"

#define BEHIND 512u		/* bytes read behind a chunk: most lines end in them */
#define LINE_ROOM (TEXT_LINE_MAX + 1u)	/* so much of a line shows that it is too long */
#define WAIT_NS 250000000u

int feed_take_begin(struct feed_source *s, const struct feed_options *o)
{
	*s = (struct feed_source){ .o = o, .chunk = o->chunk ? o->chunk : FEED_CHUNK,
				   .head = o->head };
	s->plain = in_is_plain(o->in);
	pthread_mutex_init(&s->mutex, NULL);
	return 0;
}

void feed_take_end(struct feed_source *s)
{
	mem_free(s->o->mem, s->carry);
	pthread_mutex_destroy(&s->mutex);
}

static int reserve(struct feed_source *s, uint8_t **buf, size_t *cap, size_t need)
{
	uint8_t *more;

	if (need <= *cap)
		return 0;
	more = mem_resize(s->o->mem, *buf, need);
	if (!more)
		return ERR_MEMORY;
	*buf = more;
	*cap = need;
	return 0;
}

static int failed(struct feed_chunk *c, int code)
{
	c->failed = code;
	err_take(&c->note, code);
	return 1;
}

uint64_t feed_take_bytes(const struct feed_source *s)
{
	uint64_t size = in_size(s->o->in);

	if (!s->plain)
		return in_total(s->o->in);
	return s->off < size ? s->off : size;
}

/* --- a plain file --- */

/* More bytes behind the LEN in the buffer, up to WANT; what lies at its begin is OFF. */
static int read_to(struct feed_source *s, struct feed_chunk *c, uint64_t off, size_t *len,
		   size_t want)
{
	ssize_t n;

	if (reserve(s, &c->buf, &c->cap, want) < 0)
		return ERR_MEMORY;
	n = in_read_at(s->o->in, c->buf + *len, want - *len, off + *len);
	if (n < 0)
		return (int)n;
	*len += (size_t)n;
	return 0;
}

/* The lines that begin in BUF[from, upto), whose end is where one ends. */
static int end_lines(struct feed_source *s, struct feed_chunk *c, uint64_t off, size_t from,
		     size_t upto, size_t len)
{
	const uint8_t *last, *lf = NULL;
	size_t line, want = upto + BEHIND;
	int r;

	last = memrchr(c->buf + from, '\n', (len < upto ? len : upto - 1) - from);
	line = last ? (size_t)(last - c->buf) + 1 : from;
	if (len >= upto)
		lf = memchr(c->buf + upto - 1, '\n', len - (upto - 1));
	if (!lf && len == want) {	/* its end has not come into sight */
		want = line + LINE_ROOM > want ? line + LINE_ROOM : want;
		r = read_to(s, c, off, &len, want);
		if (r < 0)
			return r;
		lf = memchr(c->buf + upto - 1, '\n', len - (upto - 1));
	}
	if (lf)
		len = (size_t)(lf - c->buf) + 1;
	c->text = bytes_of(c->buf + from, len - from);
	return 1;
}

/* A line begins where the byte before it is an LF, and at the begin of the file. */
static int read_plain(struct feed_source *s, struct feed_chunk *c)
{
	size_t before = c->off > 0, upto = before + s->chunk, from = 0, len = 0;
	uint64_t off = c->off - before;
	const uint8_t *lf;
	int r = read_to(s, c, off, &len, upto + BEHIND);

	if (r < 0)
		return r;
	if (len <= before)
		return 0;
	if (before) {
		lf = memchr(c->buf, '\n', len < s->chunk ? len : s->chunk);
		if (!lf)
			return 1;	/* all of it belongs to a line before */
		from = (size_t)(lf - c->buf) + 1;
	}
	return from < len ? end_lines(s, c, off, from, upto, len) : 1;
}

static int take_plain(struct feed_source *s, struct feed_chunk *c)
{
	int r = s->o->stop(s->o->ctx, feed_take_bytes(s), s->edge_n);

	if (r < 0 || s->ended)
		return r;
	c->seq = s->seq++;
	c->off = s->off;
	s->off += s->chunk;
	pthread_mutex_unlock(&s->mutex);
	r = read_plain(s, c);
	if (r < 0)
		r = failed(c, r);
	pthread_mutex_lock(&s->mutex);
	s->ended |= r == 0 || c->failed;
	return 1;		/* also an empty one: its turn must come */
}

/* --- a stream --- */

/* Up to CAP bytes; waits, but not deaf to stop (*STOPPED then). */
static ssize_t read_some(struct feed_source *s, uint8_t *buf, size_t cap, bool *stopped)
{
	int r;

	if (s->head.len) {
		cap = cap < s->head.len ? cap : s->head.len;
		memcpy(buf, s->head.ptr, cap);
		s->head = bytes_of(s->head.ptr + cap, s->head.len - cap);
		return (ssize_t)cap;
	}
	do {
		r = s->o->stop(s->o->ctx, feed_take_bytes(s), s->edge_n);
		*stopped = r < 0;
	} while (r == 0 && !in_wait(s->o->in, WAIT_NS));
	return r < 0 ? r : in_read(s->o->in, buf, cap);
}

/* Drops what belongs to a line that was cut; bytes left. */
static size_t drop(struct feed_source *s, uint8_t *at, size_t len)
{
	uint8_t *lf;

	if (!s->skipping)
		return len;
	lf = memchr(at, '\n', len);
	if (!lf)
		return 0;
	s->skipping = false;
	len -= (size_t)(lf + 1 - at);
	memmove(at, lf + 1, len);
	return len;
}

static int carry_over(struct feed_source *s, struct feed_chunk *c, size_t from, size_t len)
{
	s->carry_len = 0;
	if (len == from)
		return 0;
	if (reserve(s, &s->carry, &s->carry_cap, len - from) < 0)
		return ERR_MEMORY;
	memcpy(s->carry, c->buf + from, len - from);
	s->carry_len = len - from;
	return 0;
}

/* The text of the LEN bytes: up to END, where the last whole line of them ends. */
static int cut_text(struct feed_source *s, struct feed_chunk *c, size_t end, size_t len)
{
	int r = 0;

	if (c->failed) {
		;			/* what follows END is no line */
	} else if (s->ended) {
		end = len;
	} else if (end == 0) {		/* one line, too long */
		end = LINE_ROOM;
		s->skipping = true;
		s->carry_len = 0;
	} else {
		r = carry_over(s, c, end, len);
	}
	c->text = bytes_of(c->buf, end);
	c->off = s->off;
	s->off += end;
	c->seq = s->seq++;
	return r < 0 ? r : 1;
}

/* Bytes until a line ends in them and there are enough, or it is too long, or there
 * are no more.  Less than 0 only when it was stopped, or for want of memory. */
static int read_stream(struct feed_source *s, struct feed_chunk *c, size_t *end, size_t *len)
{
	size_t want = s->carry_len + s->chunk;
	bool stopped = false;
	uint8_t *lf;
	ssize_t n;

	while (*len < want || (*end == 0 && *len < LINE_ROOM)) {
		want = *len < want ? want : LINE_ROOM;
		if (reserve(s, &c->buf, &c->cap, want) < 0)
			return ERR_MEMORY;
		n = read_some(s, c->buf + *len, want - *len, &stopped);
		if (stopped)
			return (int)n;
		if (n < 0)
			failed(c, (int)n);
		s->ended = n <= 0;
		if (s->ended)
			return 0;
		n = (ssize_t)drop(s, c->buf + *len, (size_t)n);
		lf = memrchr(c->buf + *len, '\n', (size_t)n);
		*end = lf ? (size_t)(lf - c->buf) + 1 : *end;
		*len += (size_t)n;
	}
	return 0;
}

static int take_stream(struct feed_source *s, struct feed_chunk *c)
{
	size_t len = s->carry_len, end = 0;
	int r;

	if (s->ended)
		return 0;
	if (reserve(s, &c->buf, &c->cap, s->chunk + len) < 0)
		return ERR_MEMORY;
	if (len)
		memcpy(c->buf, s->carry, len);
	r = read_stream(s, c, &end, &len);
	return r < 0 ? r : cut_text(s, c, end, len);
}

int feed_take(struct feed_source *s, struct feed_chunk *c)
{
	int r;

	c->text = (struct bytes){0};
	c->failed = 0;
	pthread_mutex_lock(&s->mutex);
	r = s->plain ? take_plain(s, c) : take_stream(s, c);
	pthread_mutex_unlock(&s->mutex);
	return r;
}
