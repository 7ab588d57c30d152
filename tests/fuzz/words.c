/* tests/fuzz/words.c - statements, patterns, operations, literals, settings */
#include <string.h>

#include "base/err.h"
#include "base/setting.h"
#include "graph/literal.h"
#include "graph/literal_code.h"
#include "graph/match/pattern.h"
#include "graph/rdf/ntriples.h"
#include "graph/rdf/turtle.h"
#include "graph/text/ops.h"
#include "graph/update.h"
#include "tests/fuzz/fuzz.h"

/* The next line of LEFT, without its LF. */
static bool line_of(struct bytes *left, struct bytes *line)
{
	const uint8_t *lf;

	if (!left->len)
		return false;
	lf = memchr(left->ptr, '\n', left->len);
	line->ptr = left->ptr;
	line->len = lf ? (size_t)(lf - left->ptr) : left->len;
	left->len -= line->len + (lf != NULL);
	left->ptr += line->len + (lf != NULL);
	return true;
}

/* --- N-Triples: both ways of finding terms say the same --- */

static int statements(struct bytes in, ntriples_fn *way, struct buf *say)
{
	struct ntriples_scan s;
	struct rdf_statement st;
	int r, worst = 1;

	ntriples_scan_begin(&s, true, fuzz_mem());
	if (way)
		s.next = way;
	ntriples_scan_text(&s, in);
	while ((r = ntriples_scan_next(&s, &st)) != 0) {
		buf_printf(say, "%d %llu %zu;", r, (unsigned long long)s.line,
			   r < 0 ? s.column : (size_t)0);
		if (r < 0)
			worst = 0;
		if (r == ERR_MEMORY)
			break;
	}
	ntriples_scan_end(&s);
	fuzz_mem_done();
	return worst;
}

int fuzz_statements(struct bytes in)
{
	ntriples_fn *fast = ntriples_way(NTRIPLES_AVX2);
	struct buf a = { .mem = NULL }, b = { .mem = NULL };
	int r = statements(in, ntriples_way(NTRIPLES_PLAIN), &a);

	if (fast) {
		FUZZ_MUST(statements(in, fast, &b) == r);
		FUZZ_MUST(bytes_equal(buf_bytes(&a), buf_bytes(&b)));
	}
	buf_release(&a);
	buf_release(&b);
	return r;
}

/* What Turtle becomes is N-Triples. */
int fuzz_turtle(struct bytes in)
{
	struct fuzz_stream s = { in, 0 };
	const struct turtle_options o = { .read = fuzz_fill, .ctx = &s, .base = "http://e/",
		.mem = fuzz_mem() };
	struct ntriples_scan scan;
	struct rdf_statement st;
	struct turtle *t = NULL;
	struct bytes lines;
	int r = turtle_open(&t, &o);

	ntriples_scan_begin(&scan, false, o.mem);
	while (r >= 0 && (r = turtle_next(t, &lines)) == 1) {
		int e;

		ntriples_scan_text(&scan, lines);
		while ((e = ntriples_scan_next(&scan, &st)) == 1)
			;
		FUZZ_MUST(e == 0);
	}
	ntriples_scan_end(&scan);
	turtle_close(t);
	fuzz_mem_done();
	return r >= 0 || r == ERR_UNAVAILABLE;
}

/* --- the words of match: a line is a pattern --- */

int fuzz_pattern(struct bytes in)
{
	static struct pattern p;
	struct bytes line;
	int r = 0, n = 0;

	memset(&p, 0, sizeof p);
	while (r >= 0 && line_of(&in, &line)) {
		r = pattern_add(&p, line);
		n += r >= 0;
	}
	if (r >= 0 && n)
		r = pattern_check(&p);
	for (uint32_t i = 0; i < p.edge_n; i++) {
		FUZZ_MUST(!p.edge[i].src.var || p.edge[i].src.at < p.var_n);
		FUZZ_MUST(!p.edge[i].dst.var || p.edge[i].dst.at < p.var_n);
	}
	for (uint32_t i = 0; i < p.filter_n; i++) {
		FUZZ_MUST(p.filter[i].var < p.var_n && p.filter[i].name.len > 0);
		pattern_meets(&p.filter[i], &p.filter[i].value);
	}
	pattern_release(&p);
	return r >= 0;
}

/* --- operations of apply --- */

int fuzz_ops(struct bytes in)
{
	struct ops_room room = { .bytes = { .mem = NULL } };
	struct update_op op;
	struct bytes line;
	int r = 0;

	while (r >= 0 && line_of(&in, &line)) {
		r = ops_read(line, &room, &op);
		if (r == 1)
			ops_check_weight(&op);
	}
	ops_room_release(&room);
	return r >= 0;
}

/* --- literals: NAME=VALUE, through their code and back --- */

int fuzz_literal(struct bytes in)
{
	struct bytes line;
	int taken = 0;
	size_t n;

	while (line_of(&in, &line)) {
		struct buf code = { .mem = NULL }, said = { .mem = NULL };
		struct literal l, back;

		literal_parse(&l, line);
		FUZZ_MUST(literal_print(&said, &l) == 0);
		FUZZ_MUST(bytes_equal(buf_bytes(&said), line) || l.kind == LITERAL_DOUBLE);
		FUZZ_MUST(literal_encode(&code, &l) == 0);
		FUZZ_MUST(literal_decode(&back, code.ptr, code.len) == code.len);
		FUZZ_MUST(literal_len(code.ptr, code.len) == code.len);
		FUZZ_MUST(literal_equal(&l, &back));
		n = literal_decode(&back, line.ptr, line.len);	/* code that nobody wrote */
		FUZZ_MUST(n <= line.len && n == literal_len(line.ptr, line.len));
		taken = 1;
		buf_release(&code);
		buf_release(&said);
	}
	return taken;
}

int fuzz_setting(struct bytes in)
{
	struct settings s;

	setting_init(&s);
	return setting_read(&s, SETTING_STORE, "config", in) >= 0;
}
