/* graph/rdf/iri.c - an IRI in its five parts, and put together again */
#include "graph/rdf/iri.h"

#include <stdbool.h>
#include <string.h>

#include "graph/rdf/ntriples_inside.h"

/* Each with its mark: scheme:, //authority, path, ?query, #fragment; len 0: none. */
struct parts {
	struct bytes scheme, authority, path, query, fragment;
};

/* The bytes of REST before the first that is one of MARKS; REST goes on there. */
static struct bytes until(struct bytes *rest, const char *marks)
{
	size_t n = 0;
	struct bytes part;

	while (n < rest->len && (!rest->ptr[n] || !strchr(marks, rest->ptr[n])))
		n++;
	part = bytes_of(rest->ptr, n);
	*rest = bytes_of(rest->ptr + n, rest->len - n);
	return part;
}

static struct parts parts_of(struct bytes iri)
{
	struct parts p = {0};

	if (ntriples_has_scheme(iri.ptr, iri.ptr + iri.len)) {
		p.scheme = until(&iri, ":");
		p.scheme.len++;
		iri = bytes_of(iri.ptr + 1, iri.len - 1);
	}
	if (bytes_starts(iri, bytes_str("//"))) {
		iri = bytes_of(iri.ptr + 2, iri.len - 2);
		p.authority = until(&iri, "/?#");
		p.authority = bytes_of(p.authority.ptr - 2, p.authority.len + 2);
	}
	p.path = until(&iri, "?#");
	p.query = until(&iri, "#");
	p.fragment = iri;
	return p;
}

static int add(struct buf *out, struct bytes b)
{
	return b.len ? buf_add(out, b.ptr, b.len) : 0;
}

static void drop(struct bytes *b, size_t n)
{
	*b = bytes_of(b->ptr + n, b->len - n);
}

/* Takes the last segment of OUT behind START off, with the slash before it. */
static void drop_last(struct buf *out, size_t start)
{
	while (out->len > start && out->ptr[--out->len] != '/')
		;
}

static bool is(struct bytes b, const char *text)
{
	return bytes_equal(b, bytes_str(text));
}

static bool starts(struct bytes b, const char *text)
{
	return bytes_starts(b, bytes_str(text));
}

/* 5.2.4, a step: true when it was one of the dots. */
static bool take_dots(struct bytes *path, struct buf *out, size_t start)
{
	if (starts(*path, "../") || starts(*path, "./")) {
		drop(path, path->ptr[1] == '.' ? 3 : 2);
	} else if (starts(*path, "/./")) {
		drop(path, 2);
	} else if (starts(*path, "/../")) {
		drop(path, 3);
		drop_last(out, start);
	} else if (is(*path, "/.") || is(*path, "/..")) {
		if (path->len == 3)
			drop_last(out, start);
		*path = bytes_str("/");
	} else if (is(*path, ".") || is(*path, "..")) {
		path->len = 0;
	} else {
		return false;
	}
	return true;
}

static int add_path(struct buf *out, struct bytes path)
{
	size_t start = out->len;

	while (path.len) {
		struct bytes segment = bytes_of(path.ptr, 1);
		int r;

		if (take_dots(&path, out, start))
			continue;
		drop(&path, 1);
		segment.len += until(&path, "/").len;
		r = add(out, segment);
		if (r < 0)
			return r;
	}
	return 0;
}

/* 5.2.3: a path beside the base's last segment. */
static int add_merged(struct buf *out, const struct parts *base, struct bytes path)
{
	struct buf whole = { .mem = out->mem };
	struct bytes before = base->path;
	int r;

	while (before.len && before.ptr[before.len - 1] != '/')
		before.len--;
	if (base->authority.len && !base->path.len)
		before = bytes_str("/");
	r = add(&whole, before);
	if (r == 0)
		r = add(&whole, path);
	if (r == 0)
		r = add_path(out, buf_bytes(&whole));
	buf_release(&whole);
	return r;
}

/* 5.2.2, for what has no scheme. */
static int add_relative(struct buf *out, const struct parts *base, const struct parts *ref)
{
	int r = add(out, base->scheme);

	if (r == 0)
		r = add(out, ref->authority.len ? ref->authority : base->authority);
	if (r < 0)
		return r;
	if (ref->authority.len || starts(ref->path, "/"))
		r = add_path(out, ref->path);
	else if (ref->path.len)
		r = add_merged(out, base, ref->path);
	else
		r = add(out, base->path);
	if (r < 0)
		return r;
	r = add(out, ref->query.len || ref->path.len || ref->authority.len ? ref->query :
		base->query);
	return r < 0 ? r : add(out, ref->fragment);
}

int iri_resolve(struct bytes base, struct bytes ref, struct buf *out)
{
	struct parts from = parts_of(base), to = parts_of(ref);

	buf_clear(out);
	if (to.scheme.len || !from.scheme.len)
		return add(out, ref);
	return add_relative(out, &from, &to);
}
