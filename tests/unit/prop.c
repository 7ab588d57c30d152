/* tests/unit/prop.c - graph/prop against a plain model
 *
 * The model is rows in memory.  What is written comes back by row, by name and by
 * label, through every shape of group; bytes that lie are never believed.
 */
#include "tests/unit/random_literal.h"

#include <unistd.h>

#include "graph/prop.h"
#include "graph/prop_disk.h"
#include "io/file.h"

static const uint8_t our_store[16] = "prop";

/* --- a model --- */

struct mrow {
	uint64_t row;
	struct prop_state s;
};

struct model {
	uint64_t row_n;
	size_t n;
	struct mrow *row;
	struct bytes *name, *label;
	unsigned name_n, label_n;
};

struct shape {			/* of a model */
	uint64_t rows;
	unsigned every;		/* a row has something with a chance of one in so many */
	unsigned names, labels;
	unsigned names_row;	/* at most so many a row */
	unsigned several;	/* one value in so many has another; 0: none */
	unsigned kinds;		/* 0: any; 1: a name is of one kind */
	bool dense;		/* the first names are of nearly every row */
};

static int by_bytes(const void *a, const void *b)
{
	return bytes_cmp(*(const struct bytes *)a, *(const struct bytes *)b);
}

static struct bytes *some_words(unsigned n, const char *what)
{
	struct bytes *out = malloc((n + 1) * sizeof *out);

	assert_non_null(out);
	for (unsigned i = 0; i < n; i++) {
		char text[200];
		int len = snprintf(text, sizeof text, "%s%" PRIx64 "%s", i % 7 ? "" : "http://x/",
				   hash_u64(seed + i) % 0xffffff, what);

		if (i % 50 == 3)
			len = snprintf(text, sizeof text, "%0150u%s", i, what);
		out[i] = bytes_of(keep((size_t)len), (size_t)len);
		memcpy((void *)(uintptr_t)out[i].ptr, text, (size_t)len);
	}
	qsort(out, n, sizeof *out, by_bytes);
	return out;
}

static struct literal model_literal(const struct shape *s, unsigned name)
{
	if (s->kinds == 1)
		return random_of(1 + name % LITERAL_TYPED);
	return random_literal();
}

static unsigned row_props(const struct shape *s, struct bytes *name, struct property *out)
{
	unsigned n = 0, most = s->names_row ? (unsigned)rnd(s->names_row + 1) : 0;
	unsigned step = most ? s->names / most + 1 : 1;

	for (unsigned i = 0; i < s->names; i++) {
		bool takes = s->dense && i < 5 ? rnd(20) != 0 : rnd(step) == 0;

		if (!takes || n >= s->names_row)
			continue;
		do {
			out[n].name = name[i];
			out[n++].value = model_literal(s, i);
		} while (s->several && n < s->names_row && rnd(s->several) == 0);
	}
	return n;
}

static void make_model(struct model *m, const struct shape *s)
{
	struct property *prop = malloc((s->names_row + 1) * sizeof *prop);
	size_t cap = 0;

	*m = (struct model){ .row_n = s->rows, .name_n = s->names, .label_n = s->labels };
	m->name = some_words(s->names, "n");
	m->label = some_words(s->labels, "l");
	assert_non_null(prop);
	for (uint64_t row = 0; row < s->rows; row++) {
		struct mrow r = { .row = row };
		struct bytes label[16];

		if (s->every && rnd(s->every))
			continue;
		for (unsigned i = 0; i < s->labels && r.s.label_n < 16; i++)
			if (rnd(s->labels) < 2)
				label[r.s.label_n++] = m->label[i];
		r.s.prop_n = row_props(s, m->name, prop);
		r.s.prop = memcpy(keep(r.s.prop_n * sizeof *prop + 16), prop,
				  r.s.prop_n * sizeof *prop);
		r.s.label = memcpy(keep(r.s.label_n * sizeof *label + 16), label,
				   r.s.label_n * sizeof *label);
		if (m->n == cap) {
			cap = cap ? 2 * cap : 64;
			m->row = realloc(m->row, cap * sizeof *m->row);
			assert_non_null(m->row);
		}
		if (r.s.prop_n || r.s.label_n)
			m->row[m->n++] = r;
	}
	free(prop);
}

static void drop_model(struct model *m)
{
	free(m->row);
	free(m->name);
	free(m->label);
	forget();
}

static void write_model(const struct model *m, struct backend *b, struct segment_ref *ref,
			struct mem *from)
{
	struct prop_plan plan = { PROP_NODES, m->row_n };
	struct prop_writer *w;

	must(prop_create(&w, &plan, b, our_store, from));
	for (size_t i = 0; i < m->n; i++)
		must(prop_add(w, m->row[i].row, &m->row[i].s));
	must(prop_finish(w, ref));
}

static void same_props(const struct prop_state *want, const struct prop_state *got)
{
	assert_int_equal(got->prop_n, want->prop_n);
	for (uint32_t i = 0; i < want->prop_n; i++) {
		assert_true(bytes_equal(got->prop[i].name, want->prop[i].name));
		assert_true(literal_equal(&got->prop[i].value, &want->prop[i].value));
	}
}

static void same_labels(const struct prop_state *want, const struct prop_state *got)
{
	assert_int_equal(got->label_n, want->label_n);
	for (uint32_t i = 0; i < want->label_n; i++)
		assert_true(bytes_equal(got->label[i], want->label[i]));
}

/* The model's row ROW, or an empty one. */
static struct prop_state state_of(const struct model *m, uint64_t row)
{
	size_t lo = 0, hi = m->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (m->row[mid].row < row)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < m->n && m->row[lo].row == row ? m->row[lo].s : (struct prop_state){0};
}

static void rows_agree(const struct model *m, struct prop *p)
{
	struct prop_state want, got;
	struct prop_room room;

	prop_room_init(&room, &mem);
	for (uint64_t row = 0; row < m->row_n; row++) {
		want = state_of(m, row);
		must(prop_row(p, row, &room, &got));
		same_labels(&want, &got);
		same_props(&want, &got);
	}
	for (unsigned i = 0; i < 300 && m->row_n; i++) {	/* in any order */
		uint64_t row = rnd(m->row_n);

		want = state_of(m, row);
		must(prop_row(p, row, &room, &got));
		same_props(&want, &got);
		must(prop_labels(p, row, &room, &got));
		same_labels(&want, &got);
		assert_int_equal(got.prop_n, 0);
	}
	must(prop_row(p, m->row_n, &room, &got));
	assert_int_equal(got.prop_n + got.label_n, 0);
	prop_room_release(&room);
}

static void walk_agrees(const struct model *m, struct prop *p)
{
	struct prop_state got;
	struct prop_walk *w;
	uint64_t row;

	must(prop_walk_open(&w, p));
	for (size_t i = 0; i < m->n; i++) {
		int r = prop_walk_next(w, &row, &got);

		must(r);
		assert_int_equal(r, 1);
		assert_int_equal(row, m->row[i].row);
		same_labels(&m->row[i].s, &got);
		same_props(&m->row[i].s, &got);
	}
	assert_int_equal(prop_walk_next(w, &row, &got), 0);
	prop_walk_close(w);
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* One name: its counts, its scan with and without seeks, its values of single rows. */
static void name_agrees(const struct model *m, struct prop *p, struct bytes name, bool leap)
{
	uint64_t row_n = 0, value_n = 0, row, sought = 0;
	struct prop_scan *scan = NULL;
	struct prop_state got;
	struct prop_room room;
	struct literal value;
	struct prop_name at;
	uint32_t kinds = 0, found = 0;
	int is = prop_find_name(p, name, &found);

	must(is);
	prop_room_init(&room, &mem);
	if (is)
		must(prop_scan_open(&scan, p, found));
	for (size_t i = 0; i < m->n; i++) {
		const struct prop_state *s = &m->row[i].s;
		uint32_t first = 0, n = 0;

		for (uint32_t k = 0; k < s->prop_n; k++)
			if (bytes_equal(s->prop[k].name, name)) {
				first = n++ ? first : k;
				kinds |= 1u << literal_meant(&s->prop[k].value);
			}
		row_n += n > 0;
		value_n += n;
		if (leap && is && rnd(300) == 0) {
			sought = later(sought, m->row[i].row + rnd(3000));
			must(prop_scan_seek(scan, sought));
		}
		for (uint32_t k = first; k < first + n && m->row[i].row >= sought; k++) {
			assert_int_equal(prop_scan_next(scan, &row, &value), 1);
			assert_int_equal(row, m->row[i].row);
			assert_true(literal_equal(&value, &s->prop[k].value));
		}
		if (is && rnd(20) == 0) {
			struct prop_state want = { .prop = s->prop + first, .prop_n = n };

			must(prop_values(p, m->row[i].row, found, &room, &got));
			same_props(&want, &got);
		}
	}
	assert_int_equal(is, value_n > 0);
	if (is) {
		assert_int_equal(prop_scan_next(scan, &row, &value), 0);
		must(prop_name_at(p, found, &at));
		assert_true(bytes_equal(at.text, name));
		assert_int_equal(at.row_n, row_n);
		assert_int_equal(at.value_n, value_n);
		assert_int_equal(at.kinds, kinds);
	}
	prop_scan_close(scan);
	prop_room_release(&room);
}

static bool model_has(const struct mrow *r, struct bytes label)
{
	for (uint32_t k = 0; k < r->s.label_n; k++)
		if (bytes_equal(r->s.label[k], label))
			return true;
	return false;
}

static void label_agrees(const struct model *m, struct prop *p, struct bytes label, bool leap)
{
	struct prop_label_rows rows;
	uint64_t n = 0, row, sought = 0;
	struct prop_label at;
	uint32_t found;
	int is = prop_find_label(p, label, &found);

	must(is);
	if (is)
		must(prop_label_rows_begin(&rows, p, found));
	for (size_t i = 0; i < m->n; i++) {
		bool has = model_has(&m->row[i], label);

		n += has;
		if (is && rnd(10) == 0)
			assert_int_equal(prop_has_label(p, m->row[i].row, found), has);
		if (leap && is && rnd(50) == 0) {
			sought = later(sought, m->row[i].row + rnd(rnd(10) ? 100 : 20000));
			must(prop_label_rows_seek(&rows, sought));
		}
		if (has && m->row[i].row >= sought) {
			assert_int_equal(prop_label_rows_next(&rows, &row), 1);
			assert_int_equal(row, m->row[i].row);
		}
	}
	assert_int_equal(is, n > 0);
	if (!is)
		return;
	assert_int_equal(prop_label_rows_next(&rows, &row), 0);
	assert_int_equal(rows.n, n);
	must(prop_label_at(p, found, &at));
	assert_true(bytes_equal(at.text, label));
	assert_int_equal(at.row_n, n);
}

static void words_agree(const struct model *m, struct prop *p)
{
	struct bytes before = {0};
	struct prop_name name;
	uint32_t found;

	for (uint32_t i = 0; i < prop_name_n(p); i++) {
		must(prop_name_at(p, i, &name));
		assert_true(i == 0 || bytes_cmp(before, name.text) < 0);
		before = name.text;
	}
	for (unsigned i = 0; i < 40 && m->name_n; i++)
		name_agrees(m, p, m->name[i < 5 ? i % m->name_n : rnd(m->name_n)], rnd(2));
	for (unsigned i = 0; i < 20 && m->label_n; i++)
		label_agrees(m, p, m->label[rnd(m->label_n)], rnd(2));
	assert_int_equal(prop_find_name(p, bytes_str("~ no such name"), &found), 0);
	assert_int_equal(prop_find_label(p, bytes_str("~ no such label"), &found), 0);
}

static void rows_come_back_by_row_by_name_and_by_label(void **state)
{
	static const struct shape shapes[] = {
		{ 0, 0, 3, 3, 3, 0, 0, false },
		{ 1, 0, 1, 1, 1, 0, 0, false },
		{ 3000, 0, 0, 4, 0, 0, 0, false },
		{ 3000, 0, 8, 0, 8, 0, 1, true },
		{ 5000, 0, 12, 3, 20, 4, 1, true },
		{ 5000, 3, 12, 40, 20, 9, 0, true },
		{ 200000, 1500, 20, 5, 9, 3, 0, false },
		{ 4000, 2, 800, 300, 12, 5, 0, false },
		{ 1500, 0, 20, 900, 20, 2, 1, false },
		{ 100, 0, 2000, 5, 900, 10, 0, true },
		{ 60000, 0, 2, 2, 2, 0, 1, true },
	};

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		struct shape s = shapes[i];
		struct segment_ref ref;
		struct model m;
		struct prop *p;

		s.rows = s.rows > 2000 ? 2000 + scaled(s.rows - 2000) : s.rows;
		make_model(&m, &s);
		write_model(&m, *state, &ref, &mem);
		must(prop_open(&p, *state, &ref, our_store, &mem));
		assert_int_equal(prop_row_n(p), m.row_n);
		assert_int_equal(prop_added(p), m.n);
		rows_agree(&m, p);
		walk_agrees(&m, p);
		words_agree(&m, p);
		must(prop_check(p));
		prop_close(p);
		drop_model(&m);
	}
}

/* Every share of the rows, from one to all, so that each way of saying which is met. */
static void a_name_of_any_share_of_a_group_comes_back(void **state)
{
	struct prop_plan plan = { PROP_EDGES, 1024 * 64 };
	struct property prop = { .name = bytes_str("p"), .value = { .kind = LITERAL_INTEGER } };
	struct property other = { .name = bytes_str("o"), .value = { .kind = LITERAL_BOOL } };
	struct segment_ref ref;
	struct prop_writer *w;
	struct prop_room room;
	struct prop_state got;
	struct prop *p;

	must(prop_create(&w, &plan, *state, our_store, &mem));
	for (uint64_t row = 0; row < plan.row_n; row++) {
		uint64_t share = row / 1024 * 16 + 1;
		struct property both[2] = { other, prop };
		struct prop_state s = { .prop = both, .prop_n = row % 1024 < share ? 2 : 1 };

		both[1].value.i = (int64_t)((row % 1024) << row / 1024 % 60);
		must(prop_add(w, row, &s));
	}
	must(prop_finish(w, &ref));
	must(prop_open(&p, *state, &ref, our_store, &mem));
	assert_int_equal(prop_role(p), PROP_EDGES);
	prop_room_init(&room, &mem);
	for (uint64_t row = 0; row < plan.row_n; row++) {
		uint64_t share = row / 1024 * 16 + 1;

		must(prop_row(p, row, &room, &got));
		assert_int_equal(got.prop_n, row % 1024 < share ? 2 : 1);
		if (got.prop_n == 2)
			assert_int_equal(got.prop[1].value.i,
					 (int64_t)((row % 1024) << row / 1024 % 60));
	}
	must(prop_check(p));
	prop_room_release(&room);
	prop_close(p);
}

static void a_hundred_thousand_names_and_a_row_of_ten_thousand(void **state)
{
	unsigned name_n = (unsigned)scaled(100000), wide = (unsigned)scaled(10000);
	struct prop_plan plan = { PROP_NODES, name_n };
	struct property *prop = malloc(wide * sizeof *prop);
	char (*text)[16] = malloc(name_n * sizeof *text);
	struct segment_ref ref;
	struct prop_writer *w;
	struct prop_state s, got;
	struct prop_room room;
	struct prop *p;
	uint32_t found;

	assert_true(prop && text);
	must(prop_create(&w, &plan, *state, our_store, &mem));
	for (unsigned row = 0; row < name_n; row++) {
		unsigned n = row == 5 ? wide : 1;

		snprintf(text[row], sizeof text[row], "n%08u", row);
		for (unsigned i = 0; row == 5 && i < wide; i++)
			snprintf(text[i], sizeof text[i], "n%08u", i);
		for (unsigned i = 0; i < n; i++)
			prop[i] = (struct property){ bytes_str(text[row == 5 ? i : row]),
				{ .kind = LITERAL_INTEGER, .i = row + i } };
		s = (struct prop_state){ .prop = prop, .prop_n = n };
		must(prop_add(w, row, &s));
	}
	must(prop_finish(w, &ref));
	must(prop_open(&p, *state, &ref, our_store, &mem));
	assert_int_equal(prop_name_n(p), name_n);
	prop_room_init(&room, &mem);
	for (unsigned row = 0; row < name_n; row += row < 10 ? 1 : 997) {
		must(prop_row(p, row, &room, &got));
		assert_int_equal(got.prop_n, row == 5 ? wide : 1);
		for (unsigned i = 0; i < got.prop_n; i++) {
			assert_int_equal(got.prop[i].value.i, row + i);
			assert_true(bytes_equal(got.prop[i].name,
						bytes_str(text[row == 5 ? i : row])));
		}
		assert_int_equal(prop_find_name(p, bytes_str(text[row]), &found), 1);
		assert_int_equal(found, row);
	}
	must(prop_check(p));
	prop_room_release(&room);
	prop_close(p);
	free(prop);
	free(text);
}

static void rows_out_of_order_are_our_bug(void **state)
{
	struct property twisted[2] = { { .name = bytes_str("b"), .value.kind = LITERAL_INTEGER },
				       { .name = bytes_str("a"), .value.kind = LITERAL_INTEGER } };
	struct bytes labels[2] = { bytes_str("b"), bytes_str("b") };
	struct prop_state s = { .prop = twisted, .prop_n = 1 };
	struct prop_plan plan = { PROP_NODES, 10 };
	struct prop_writer *w;

	must(prop_create(&w, &plan, *state, our_store, &mem));
	must(prop_add(w, 5, &s));
	assert_int_equal(prop_add(w, 5, &s), ERR_BUG);
	assert_int_equal(prop_add(w, 4, &s), ERR_BUG);
	assert_int_equal(prop_add(w, 10, &s), ERR_BUG);
	s.prop_n = 2;
	assert_int_equal(prop_add(w, 6, &s), ERR_BUG);
	s = (struct prop_state){ .label = labels, .label_n = 2 };
	assert_int_equal(prop_add(w, 7, &s), ERR_BUG);
	prop_abort(w);
}

static void writing_stays_within_its_memory(void **state)
{
	struct shape s = { scaled(60000), 0, 30, 8, 12, 6, 0, true };
	struct segment_ref ref;
	struct mem little;
	struct model m;
	struct prop *p;

	make_model(&m, &s);
	mem_init(&little, 24u << 20);
	write_model(&m, *state, &ref, &little);
	assert_int_equal(little.used, 0);
	assert_true(little.peak <= 24u << 20);
	must(prop_open(&p, *state, &ref, our_store, &mem));
	must(prop_check(p));
	prop_close(p);
	drop_model(&m);
}

/* Of one name, by the model. */
static void name_is(const struct prop_state *all, struct bytes name, const struct prop_state *got)
{
	struct prop_state want = {0};

	for (uint32_t k = 0; k < all->prop_n; k++)
		if (bytes_equal(all->prop[k].name, name)) {
			want.prop = want.prop_n ? want.prop : &all->prop[k];
			want.prop_n++;
		}
	same_props(&want, got);
}

/* Two segments alike but for what they say, so that one lies where the other lay. */
static void a_room_forgets_a_segment_that_was_closed(void **state)
{
	struct prop_plan plan = { PROP_NODES, 500 };
	struct property prop = { .name = bytes_str("p"), .value = { .kind = LITERAL_STRING } };
	struct prop_state s = { .prop = &prop, .prop_n = 1 }, got;
	char text[64], dir[] = "/tmp/strato-prop-XXXXXX";
	struct segment_ref ref[2];
	struct prop_writer *w;
	struct prop_room room;
	struct backend *b;
	struct prop *p;

	(void)state;			/* files that are mapped where there is room */
	assert_non_null(mkdtemp(dir));
	must(backend_local(&b, dir, true));
	must(backend_mkdir(b, "tmp"));
	must(backend_mkdir(b, "seg"));
	for (unsigned i = 0; i < 2; i++) {
		must(prop_create(&w, &plan, b, our_store, &mem));
		for (unsigned row = 0; row < 500; row++) {
			snprintf(text, sizeof text, "always the same and then %u %03u", i, row);
			prop.value.text = bytes_str(text);
			must(prop_add(w, row, &s));
		}
		must(prop_finish(w, &ref[i]));
	}
	prop_room_init(&room, &mem);
	for (unsigned i = 0; i < 40; i++) {
		must(prop_open(&p, b, &ref[i % 2], our_store, &mem));
		must(prop_row(p, i, &room, &got));
		snprintf(text, sizeof text, "always the same and then %u %03u", i % 2, i);
		assert_true(bytes_equal(got.prop[0].value.text, bytes_str(text)));
		prop_close(p);
	}
	prop_room_release(&room);
	for (unsigned i = 0; i < 2; i++) {
		segment_name(text, ref[i].kind, ref[i].id);
		must(backend_remove(b, text));
	}
	backend_close(b);
	snprintf(text, sizeof text, "%s/tmp", dir);
	assert_int_equal(rmdir(text), 0);
	snprintf(text, sizeof text, "%s/seg", dir);
	assert_int_equal(rmdir(text), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* A room remembers what it was used for: never of another segment. */
static void one_room_serves_several_segments(void **state)
{
	struct shape s = { 3000, 2, 14, 4, 12, 5, 0, true };
	struct prop *p[2] = { NULL, NULL };
	struct prop_state got, want;
	struct segment_ref ref[2];
	struct prop_room room;
	struct model m[2];
	uint64_t row = 0;

	for (unsigned i = 0; i < 2; i++) {
		make_model(&m[i], &s);
		write_model(&m[i], *state, &ref[i], &mem);
	}
	prop_room_init(&room, &mem);
	for (unsigned i = 0; i < scaled(20000); i++) {
		unsigned w = (unsigned)rnd(30) == 0 ? (unsigned)rnd(2) : (unsigned)(i / 500 % 2);

		if (rnd(400) == 0 && p[w]) {
			prop_close(p[w]);
			p[w] = NULL;
		}
		if (!p[w])
			must(prop_open(&p[w], *state, &ref[w], our_store, &mem));
		row = rnd(50) == 0 ? rnd(3000) : (row + 3000 + rnd(6) - 2) % 3000;
		want = state_of(&m[w], row);
		if (rnd(4)) {
			must(prop_row(p[w], row, &room, &got));
			same_labels(&want, &got);
			same_props(&want, &got);
		} else {
			uint32_t name = (uint32_t)rnd(prop_name_n(p[w]));
			struct prop_name n;

			must(prop_name_at(p[w], name, &n));
			must(prop_values(p[w], row, name, &room, &got));
			name_is(&want, n.text, &got);
		}
	}
	prop_room_release(&room);
	for (unsigned i = 0; i < 2; i++)
		prop_close(p[i]);
	free(m[1].row);
	free(m[1].name);
	free(m[1].label);
	drop_model(&m[0]);
}

static void rows_may_lie_far_apart(void **state)
{
	struct prop_plan plan = { PROP_NODES, 1ull << 44 };
	struct property prop = { .name = bytes_str("p"), .value = { .kind = LITERAL_INTEGER } };
	struct bytes label = bytes_str("l");
	struct prop_state s = { .prop = &prop, .prop_n = 1, .label = &label, .label_n = 1 }, got;
	uint64_t rows[500], n = 0, row;
	struct prop_label_rows labelled;
	struct segment_ref ref;
	struct prop_scan *scan;
	struct prop_writer *w;
	struct prop_room room;
	struct literal value;
	struct prop *p;

	for (row = rnd(1ull << 30); row < plan.row_n && n < 500; n++) {
		rows[n] = row;
		row += 1 + rnd(1ull << rnd(40));
	}
	must(prop_create(&w, &plan, *state, our_store, &mem));
	for (uint64_t i = 0; i < n; i++) {
		prop.value.i = (int64_t)rows[i];
		must(prop_add(w, rows[i], &s));
	}
	must(prop_finish(w, &ref));
	must(prop_open(&p, *state, &ref, our_store, &mem));
	must(prop_check(p));
	prop_room_init(&room, &mem);
	must(prop_scan_open(&scan, p, 0));
	must(prop_label_rows_begin(&labelled, p, 0));
	for (uint64_t i = 0; i < n; i++) {
		must(prop_row(p, rows[i], &room, &got));
		assert_int_equal(got.prop_n, 1);
		assert_int_equal(got.prop[0].value.i, rows[i]);
		must(prop_row(p, rows[i] + 1, &room, &got));
		assert_int_equal(got.prop_n, i + 1 < n && rows[i + 1] == rows[i] + 1);
		assert_int_equal(prop_scan_next(scan, &row, &value), 1);
		assert_int_equal(row, rows[i]);
		assert_int_equal(prop_label_rows_next(&labelled, &row), 1);
		assert_int_equal(row, rows[i]);
	}
	prop_scan_close(scan);
	prop_room_release(&room);
	prop_close(p);
}

static int no_file(void *ctx, const char *name)
{
	(void)ctx;
	fail_msg("%s is left", name);
	return 0;
}

/* The N-th allocation fails, for every N until all is written and read. */
static void memory_may_run_out_anywhere_and_nothing_is_left(void **state)
{
	struct shape s = { 300, 2, 12, 5, 9, 3, 0, true };
	struct prop_plan plan = { PROP_NODES, 300 };
	struct segment_ref ref;
	struct prop_writer *w;
	struct mem little;
	struct model m;
	uint64_t at = 1;
	int r;

	make_model(&m, &s);
	for (r = ERR_MEMORY; r < 0; at++) {
		mem_init(&little, 0);
		little.fail_at = at;
		r = prop_create(&w, &plan, *state, our_store, &little);
		for (size_t i = 0; r == 0 && i < m.n; i++)
			if ((r = prop_add(w, m.row[i].row, &m.row[i].s)) < 0)
				prop_abort(w);
		if (r == 0)
			r = prop_finish(w, &ref);
		assert_true(r == 0 || r == ERR_MEMORY);
		assert_int_equal(little.used, 0);
		if (r < 0)
			must(backend_list(*state, "seg", no_file, NULL));
	}
	assert_true(at > 20);
	for (r = ERR_MEMORY, at = 1; r < 0; at++) {
		struct prop_state got;
		struct prop_walk *walk = NULL;
		struct prop_room room;
		struct prop *p = NULL;
		uint64_t row;

		mem_init(&little, 0);
		little.fail_at = at;
		prop_room_init(&room, &little);
		r = prop_open(&p, *state, &ref, our_store, &little);
		for (size_t i = 0; r == 0 && i < m.n; i++)
			r = prop_row(p, m.row[i].row, &room, &got);
		if (r == 0)
			r = prop_walk_open(&walk, p);
		while (r >= 0 && walk && (r = prop_walk_next(walk, &row, &got)) > 0)
			;
		if (r == 0)
			r = prop_check(p);
		assert_true(r == 0 || r == ERR_MEMORY);
		prop_walk_close(walk);
		prop_room_release(&room);
		prop_close(p);
		assert_int_equal(little.used, 0);
	}
	drop_model(&m);
}

/* --- bytes that lie --- */

static void flip(struct backend *b, const struct segment_ref *ref, uint64_t off, uint8_t with)
{
	char name[SEGMENT_NAME_MAX];
	struct file *f;
	uint8_t byte;

	segment_name(name, ref->kind, ref->id);
	must(backend_open(b, name, FILE_WRITE, &f));
	must(file_read(f, &byte, 1, off));
	byte ^= with;
	must(file_write(f, &byte, 1, off));
	file_close(f);
}

/* Everything that can be asked: what does not fail is as the model says. */
static int ask_all(const struct model *m, struct backend *b, const struct segment_ref *ref)
{
	struct prop_state want, got;
	struct prop_room room;
	struct prop *p;
	int r = prop_open(&p, b, ref, our_store, &mem), worst = r;

	if (r < 0)
		return r;
	prop_room_init(&room, &mem);
	for (uint64_t row = 0; row < m->row_n; row++) {
		r = prop_row(p, row, &room, &got);
		worst = r < worst ? r : worst;
		if (r < 0)
			continue;
		want = state_of(m, row);
		same_labels(&want, &got);
		same_props(&want, &got);
	}
	prop_room_release(&room);
	prop_close(p);
	return worst;
}

static void a_flipped_byte_is_damage_and_never_a_wrong_value(void **state)
{
	struct shape s = { 300, 0, 30, 6, 12, 6, 0, true };
	struct segment_ref ref;
	struct model m;
	struct prop *p;
	uint64_t bad = 0;

	make_model(&m, &s);
	write_model(&m, *state, &ref, &mem);
	for (unsigned i = 0; i < scaled(150); i++) {
		uint64_t off = rnd(ref.bytes);
		uint8_t with = (uint8_t)(1u << rnd(8));
		int r;

		flip(*state, &ref, off, with);
		r = ask_all(&m, *state, &ref);
		assert_true(r == 0 || r == ERR_DAMAGED);
		bad += r == ERR_DAMAGED;
		r = prop_open(&p, *state, &ref, our_store, &mem);
		if (r == 0) {
			r = prop_check(p);
			prop_close(p);
		}
		assert_true(r == 0 || r == ERR_DAMAGED);
		flip(*state, &ref, off, with);
	}
	assert_true(bad > 0);
	drop_model(&m);
}

static struct bytes section_of(struct segment *seg, uint32_t tag, struct buf *changed,
			       uint32_t wounded, unsigned wounds)
{
	struct bytes from = segment_section(seg, tag);

	must(segment_check(seg, from.ptr, from.len));
	buf_clear(changed);
	must(buf_add(changed, from.ptr, from.len));
	for (unsigned i = 0; tag == wounded && from.len && i < wounds; i++)
		changed->ptr[rnd(from.len)] = (uint8_t)(rnd(3) ? rnd(256) : rnd(2) * 255);
	if (tag == wounded && rnd(4) == 0 && from.len)
		changed->len = rnd(from.len);
	return buf_bytes(changed);
}

/* The same segment, one section of it other than it was, and checksums that agree. */
static void forge(struct backend *b, const struct segment_ref *from, struct segment_ref *to)
{
	uint32_t wounded = 1 + (uint32_t)rnd(PROP_LISTS);
	unsigned wounds = 1 + (unsigned)rnd(4);
	struct buf changed = { .mem = &mem };
	struct segment_writer *w;
	struct segment *seg;
	struct bytes meta;

	must(segment_open(&seg, b, from, our_store, &mem));
	must(segment_create(&w, b, SEGMENT_PROP, our_store, &mem));
	for (uint32_t tag = 1; tag <= PROP_LISTS; tag++) {
		struct bytes s = section_of(seg, tag, &changed, wounded, wounds);

		must(segment_begin(w, tag));
		must(segment_write(w, s.ptr, s.len));
	}
	meta = segment_get_meta(seg);
	must(segment_meta(w, meta.ptr, meta.len));
	must(segment_finish(w, to));
	segment_close(seg);
	buf_release(&changed);
}

static void read_whatever(struct prop *p, uint64_t row_n)
{
	struct prop_label_rows rows;
	struct prop_scan *scan;
	struct prop_walk *walk;
	struct prop_state got;
	struct prop_room room;
	struct literal value;
	uint64_t row;

	must(prop_walk_open(&walk, p));
	while (prop_walk_next(walk, &row, &got) > 0)
		assert_true(row < row_n);
	prop_walk_close(walk);
	prop_room_init(&room, &mem);
	for (unsigned i = 0; i < 60; i++)
		if (prop_row(p, rnd(row_n), &room, &got) == 0)
			for (uint32_t k = 0; k < got.prop_n; k++)
				hash64(0, got.prop[k].value.text.ptr, got.prop[k].value.text.len);
	for (uint32_t i = 0; i < prop_name_n(p) && i < 10; i++) {
		if (prop_scan_open(&scan, p, i) < 0)
			continue;
		for (unsigned k = 0; k < 3000 && prop_scan_next(scan, &row, &value) > 0; k++) {
			assert_true(row < row_n);
			if (rnd(100) == 0 && prop_scan_seek(scan, row + rnd(2000)) < 0)
				break;
		}
		prop_scan_close(scan);
		prop_values(p, rnd(row_n), i, &room, &got);
	}
	for (uint32_t i = 0; i < prop_label_n(p) && i < 10; i++) {
		prop_has_label(p, rnd(row_n), i);
		if (prop_label_rows_begin(&rows, p, i) < 0)
			continue;
		for (unsigned k = 0; k < 3000 && prop_label_rows_next(&rows, &row) > 0; k++)
			assert_true(row < row_n);
	}
	prop_room_release(&room);
}

static void a_segment_that_lies_harms_nobody(void **state)
{
	struct shape s = { 3000, 0, 30, 6, 12, 6, 0, true };
	struct segment_ref ref, forged;
	unsigned caught = 0, times = (unsigned)scaled(250);
	char name[SEGMENT_NAME_MAX];
	struct model m;

	make_model(&m, &s);
	write_model(&m, *state, &ref, &mem);
	for (unsigned i = 0; i < times; i++) {
		struct prop *p;
		int r;

		forge(*state, &ref, &forged);
		r = prop_open(&p, *state, &forged, our_store, &mem);
		if (r == 0) {
			read_whatever(p, m.row_n);
			r = prop_check(p);
			prop_close(p);
		}
		assert_true(r == 0 || r == ERR_DAMAGED || r == ERR_NEWER);
		caught += r < 0;
		segment_name(name, forged.kind, forged.id);
		must(backend_remove(*state, name));
	}
	assert_true(caught > times / 4);
	drop_model(&m);
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_come_back_by_row_by_name_and_by_label, setup, teardown),
		cmocka_unit_test_setup_teardown(a_name_of_any_share_of_a_group_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(a_hundred_thousand_names_and_a_row_of_ten_thousand, setup, teardown),
		cmocka_unit_test_setup_teardown(rows_out_of_order_are_our_bug, setup, teardown),
		cmocka_unit_test_setup_teardown(writing_stays_within_its_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(a_room_forgets_a_segment_that_was_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(one_room_serves_several_segments, setup, teardown),
		cmocka_unit_test_setup_teardown(rows_may_lie_far_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_may_run_out_anywhere_and_nothing_is_left, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flipped_byte_is_damage_and_never_a_wrong_value, setup, teardown),
		cmocka_unit_test_setup_teardown(a_segment_that_lies_harms_nobody, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
