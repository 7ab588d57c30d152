/* graph/rdf/turtle.c - libserd on a thread of its own
 *
 *	READ -> guard -> libserd -> a statement -> making -> ready -> given
 *
 * Three buffers change places: one is being filled, one waits, one is the caller's.
 */
#include "graph/rdf/turtle.h"

#include "base/err.h"

#ifdef HAVE_SERD

#include <pthread.h>
#include <serd/serd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lazylib.h"
#include "base/mem.h"
#include "graph/rdf/iri.h"
#include "graph/rdf/ntriples.h"
#include "graph/rdf/rdf_write.h"
#include "graph/rdf/turtle_guard.h"

#define STACK (4u << 20)
#define PAGE 4096u			/* what libserd asks for at a time */

struct turtle {
	struct turtle_options options;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t turn;		/* one of the flags changed */
	struct buf ready, given;
	bool full, done, stop;		/* READY has lines; nothing follows; nobody wants any */
	struct err_note note;		/* when done */

	/* the thread's own */
	struct buf making;
	SerdEnv *env;			/* prefixes */
	struct buf base;
	struct buf iri[5];		/* of the four terms and a datatype */
	struct turtle_guard guard;
	struct ntriples_scan check;
	struct err_note broke;		/* why there is no more input, but for its end */
	int error;			/* less than 0: it ended so */
};

enum { ENV_NEW, ENV_FREE, ENV_PREFIX, ENV_EXPAND, READER_NEW, READER_STRICT,
       READER_ERRORS, READER_READ, READER_FREE, SYMBOLS };
static const char *const names[] = {
	"serd_env_new", "serd_env_free", "serd_env_set_prefix", "serd_env_expand",
	"serd_reader_new", "serd_reader_set_strict", "serd_reader_set_error_sink", "serd_reader_read_source",
	"serd_reader_free", NULL
};
static void *symbols[SYMBOLS];
static struct lazylib serd_lib = {
	.soname = "libserd-0.so.0", .debian = "libserd-0-0", .names = names,
	.symbols = symbols, .lock = PTHREAD_MUTEX_INITIALIZER,
};

/* A symbol with the type its header gives it. */
#define SERD(at, name) ((__typeof__(&name))symbols[at])

/* --- pieces --- */

static void swap(struct buf *a, struct buf *b)
{
	struct buf was = *a;

	*a = *b;
	*b = was;
}

/* What was made is ready; waits until there is room.  Less than 0 when nobody wants it. */
static int hand_over(struct turtle *t)
{
	int r = 0;

	pthread_mutex_lock(&t->lock);
	while (t->full && !t->stop)
		pthread_cond_wait(&t->turn, &t->lock);
	if (t->stop) {
		r = -1;
	} else {
		swap(&t->ready, &t->making);
		t->full = true;
		pthread_cond_signal(&t->turn);
	}
	pthread_mutex_unlock(&t->lock);
	buf_clear(&t->making);
	return r;
}

/* --- what libserd calls --- */

/* As much as fits: libserd takes less for the end. */
static size_t fill(struct turtle *t, uint8_t *buf, size_t len)
{
	size_t n = 0;
	ssize_t got;

	do {
		got = t->options.read(t->options.ctx, buf + n, len - n);
		n += got > 0 ? (size_t)got : 0;
	} while (got > 0 && n < len);
	if (got < 0)
		err_take(&t->broke, (int)got);
	return n;
}

static size_t source(void *buf, size_t size, size_t n, void *stream)
{
	struct turtle *t = stream;
	const char *why = NULL;

	if (t->error < 0 || t->broke.code < 0)
		return 0;
	n = fill(t, buf, size * n);
	n = turtle_guard(&t->guard, buf, n, &why);
	if (why)
		err_take(&t->broke, err_set(ERR_BAD_RECORD, "line %llu: %s",
					    (unsigned long long)t->guard.line + 1, why));
	return n / size;
}

static int failed(void *stream)
{
	struct turtle *t = stream;

	return t->error < 0 || t->broke.code < 0;
}

static SerdStatus on_error(void *handle, const SerdError *e)
{
	struct turtle *t = handle;
	char words[512];
	size_t n;

	if (failed(t))			/* the first one counts */
		return SERD_SUCCESS;
	vsnprintf(words, sizeof words, e->fmt, *e->args);
	n = strcspn(words, "\n");
	t->error = err_set(ERR_BAD_RECORD, "line %u: %s", e->line,
			   bytes_show(bytes_of(words, n)));
	return SERD_SUCCESS;
}

static struct bytes bytes_of_node(const SerdNode *n)
{
	return bytes_of(n->buf, n->n_bytes);
}

static SerdNode iri_node(const struct buf *b)
{
	return (SerdNode){ b->ptr, b->len, b->len, 0, SERD_URI };
}

static SerdStatus on_base(void *handle, const SerdNode *uri)
{
	struct turtle *t = handle;

	t->error = iri_resolve(buf_bytes(&t->base), bytes_of_node(uri), &t->iri[0]);
	if (t->error < 0)
		return SERD_ERR_INTERNAL;
	swap(&t->base, &t->iri[0]);
	return SERD_SUCCESS;
}

/* libserd would resolve it too, but leaves dots in it. */
static SerdStatus on_prefix(void *handle, const SerdNode *name, const SerdNode *uri)
{
	struct turtle *t = handle;
	SerdNode whole;

	t->error = iri_resolve(buf_bytes(&t->base), bytes_of_node(uri), &t->iri[0]);
	if (t->error == 0)
		t->error = buf_add_byte(&t->iri[0], '\0');
	if (t->error < 0)
		return SERD_ERR_INTERNAL;
	t->iri[0].len--;
	whole = iri_node(&t->iri[0]);
	return SERD(ENV_PREFIX, serd_env_set_prefix)(t->env, name, &whole);
}

/* The IRI of NODE, whole, in OUT. */
static int whole_iri(struct turtle *t, const SerdNode *node, struct buf *out)
{
	SerdChunk prefix, rest;
	int r;

	if (node->type == SERD_URI)
		return iri_resolve(buf_bytes(&t->base), bytes_of_node(node), out);
	if (SERD(ENV_EXPAND, serd_env_expand)(t->env, node, &prefix, &rest) != SERD_SUCCESS)
		return err_set(ERR_BAD_RECORD, "before line %llu: a prefix that was not"
			       " declared: %s", (unsigned long long)t->guard.line + 2,
			       bytes_show(bytes_of_node(node)));
	buf_clear(out);
	r = buf_add(out, prefix.buf, prefix.len);
	return r < 0 ? r : buf_add(out, rest.buf, rest.len);
}

static int term(struct turtle *t, const SerdNode *node, struct buf *room,
		struct rdf_term *out)
{
	int r = 0;

	*out = (struct rdf_term){ .kind = RDF_IRI, .text = bytes_of_node(node) };
	if (node->type == SERD_BLANK) {
		out->kind = RDF_BLANK;
	} else if (node->type == SERD_LITERAL) {
		out->kind = RDF_LITERAL;
	} else {
		r = whole_iri(t, node, room);
		out->text = buf_bytes(room);
	}
	return r;
}

/* The statement's line, and whether it can be read again. */
static int add_line(struct turtle *t, const struct rdf_statement *s)
{
	size_t len = t->making.len;
	struct rdf_statement again;
	char why[256];
	int r;

	r = rdf_write(&t->making, s, RDF_FORM_12);
	if (r < 0)
		return r;
	r = ntriples_line(bytes_of(t->making.ptr + len, t->making.len - len), &t->check,
			  &again);
	if (r == 1)
		return 0;
	t->making.len = len;
	if (r != ERR_BAD_RECORD)
		return r < 0 ? r : err_set(ERR_BUG, "a statement became a line without one");
	snprintf(why, sizeof why, "%s", err_message());
	return err_set(ERR_BAD_RECORD, "before line %llu: as N-Triples, %s",
		       (unsigned long long)t->guard.line + 2, why);
}

static int statement(struct turtle *t, const SerdNode *const node[4], const SerdNode *type,
		     const SerdNode *language)
{
	struct rdf_statement s = { .n = node[RDF_GRAPH] && node[RDF_GRAPH]->buf ? 4 : 3 };
	struct rdf_term *object = &s.term[RDF_OBJECT];
	int r = 0;

	for (unsigned i = 0; i < s.n && r == 0; i++)
		r = term(t, node[i], &t->iri[i], &s.term[i]);
	if (r == 0 && type && type->buf) {
		r = whole_iri(t, type, &t->iri[4]);
		object->datatype = buf_bytes(&t->iri[4]);
	}
	if (language && language->buf)
		object->language = bytes_of_node(language);
	if (bytes_equal(object->datatype, bytes_str(RDF_XSD "string")))
		object->datatype = (struct bytes){0};
	return r < 0 ? r : add_line(t, &s);
}

static SerdStatus on_statement(void *handle, SerdStatementFlags flags, const SerdNode *graph,
			       const SerdNode *subject, const SerdNode *predicate,
			       const SerdNode *object, const SerdNode *type,
			       const SerdNode *language)
{
	const SerdNode *const node[4] = { subject, predicate, object, graph };
	struct turtle *t = handle;

	(void)flags;
	if (t->error < 0)
		return SERD_ERR_INTERNAL;
	t->error = statement(t, node, type, language);
	if (t->error == 0 && t->making.len >= TURTLE_PIECE)
		t->error = hand_over(t);
	return t->error < 0 ? SERD_ERR_INTERNAL : SERD_SUCCESS;
}

/* --- the thread --- */

static void parse(struct turtle *t)
{
	SerdReader *reader;
	SerdStatus status;

	reader = SERD(READER_NEW, serd_reader_new)(t->options.graphs ? SERD_TRIG : SERD_TURTLE,
						   t, NULL, on_base, on_prefix,
						   on_statement, NULL);
	if (!reader) {
		t->error = err_set(ERR_MEMORY, "out of memory for Turtle");
		return;
	}
	SERD(READER_STRICT, serd_reader_set_strict)(reader, true);
	SERD(READER_ERRORS, serd_reader_set_error_sink)(reader, on_error, t);
	status = SERD(READER_READ, serd_reader_read_source)(reader, source, failed, t,
							    (const uint8_t *)"input", PAGE);
	if (t->broke.code < 0 && t->error == 0)
		t->error = err_give(&t->broke);
	if (status > SERD_FAILURE && t->error == 0)
		t->error = err_set(ERR_BAD_RECORD, "before line %llu: this is no Turtle",
				   (unsigned long long)t->guard.line + 2);
	SERD(READER_FREE, serd_reader_free)(reader);
}

static void *run(void *arg)
{
	struct turtle *t = arg;
	struct err_note note = {0};

	parse(t);
	if (t->error < 0)
		err_take(&note, t->error);	/* before anything else has a word */
	if (t->making.len)
		hand_over(t);
	pthread_mutex_lock(&t->lock);
	t->note = note;
	t->done = true;
	pthread_cond_signal(&t->turn);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static int start(struct turtle *t)
{
	pthread_attr_t attr;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	r = pthread_create(&t->thread, &attr, run, t);
	pthread_attr_destroy(&attr);
	return r ? err_set(ERR_RESOURCE, "no thread for Turtle: %s", strerror(r)) : 0;
}

/* --- the caller's side --- */

static void release(struct turtle *t)
{
	SERD(ENV_FREE, serd_env_free)(t->env);
	ntriples_scan_end(&t->check);
	buf_release(&t->making);
	buf_release(&t->ready);
	buf_release(&t->given);
	buf_release(&t->base);
	for (unsigned i = 0; i < 5; i++)
		buf_release(&t->iri[i]);
	pthread_cond_destroy(&t->turn);
	pthread_mutex_destroy(&t->lock);
	mem_free(t->options.mem, t);
}

int turtle_open(struct turtle **out, const struct turtle_options *o)
{
	struct turtle *t;
	int r = lazylib_load(&serd_lib);

	if (r < 0)
		return r;
	t = mem_zalloc(o->mem, sizeof *t);
	if (!t)
		return ERR_MEMORY;
	t->options = *o;
	t->making.mem = t->ready.mem = t->given.mem = o->mem;
	ntriples_scan_begin(&t->check, o->graphs, o->mem);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->turn, NULL);
	t->base.mem = o->mem;
	for (unsigned i = 0; i < 5; i++)
		t->iri[i].mem = o->mem;
	if (o->base)
		r = buf_add(&t->base, o->base, strlen(o->base));
	t->env = SERD(ENV_NEW, serd_env_new)(NULL);
	if (!t->env && r == 0)
		r = err_set(ERR_MEMORY, "out of memory for Turtle");
	if (r == 0)
		r = start(t);
	if (r < 0) {
		release(t);
		return r;
	}
	*out = t;
	return 0;
}

int turtle_next(struct turtle *t, struct bytes *lines)
{
	int r = 1;

	pthread_mutex_lock(&t->lock);
	while (!t->full && !t->done)
		pthread_cond_wait(&t->turn, &t->lock);
	if (t->full) {
		swap(&t->ready, &t->given);
		t->full = false;
		pthread_cond_signal(&t->turn);
		*lines = buf_bytes(&t->given);
	} else {
		r = t->note.code < 0 ? err_give(&t->note) : 0;
	}
	pthread_mutex_unlock(&t->lock);
	return r;
}

void turtle_close(struct turtle *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_signal(&t->turn);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	release(t);
}

#else

int turtle_open(struct turtle **out, const struct turtle_options *o)
{
	(void)out;
	(void)o;
	err_set(ERR_UNAVAILABLE, "Turtle: this build has no libserd");
	err_hint("serdi -o ntriples makes N-Triples of it");
	return ERR_UNAVAILABLE;
}

int turtle_next(struct turtle *t, struct bytes *lines)
{
	(void)t;
	(void)lines;
	return ERR_UNAVAILABLE;
}

void turtle_close(struct turtle *t)
{
	(void)t;
}

#endif
