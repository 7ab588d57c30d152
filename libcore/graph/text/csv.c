/* graph/text/csv.c - csv: comma-separated, quoted as in RFC 4180
 *
 * The first row is a header when it names a source and a target column, or when
 * its keys are no numbers and those of the second row are; the first row waits
 * for the second to tell.  Without names the columns are SRC, DST, WEIGHT.  Other columns
 * of a header are properties, their values typed as those of tsv; an empty field is none.
 */
#include "graph/text/csv.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/literal_code.h"
#include "graph/text/csv_graph.h"
#include "graph/text/weight.h"

#define COLUMNS CSV_COLUMNS
#define HELD_MAX (TEXT_ROOM - TEXT_LINE_MAX)

struct csv {
	struct text_state text;
	bool begun, headed;
	unsigned column_n;		/* headed: of each row */
	unsigned at[CSV_KINDS];		/* which column is it; COLUMNS: none */
	uint8_t *text_of_names;		/* of the columns that are none of them, ... */
	struct bytes *name;		/* ... each by its column; of the others len 0 */
	struct buf props;
	struct csv_header *graph;	/* a graph database's header, if that is what it is */
	uint64_t row_n;			/* read by it */
	/* the first row, until the second came */
	bool waits;
	uint8_t *held;
	size_t held_len;
	struct text_edge second;
	bool has_second;
};

/* --- a row --- */

/* Is the quote at FROM, which ends no field, written as \"? */
static bool escaped(const uint8_t *from, const uint8_t *start, const uint8_t *end)
{
	return from > start && from[-1] == '\\' && from + 1 < end && from[1] != ',' &&
		from[1] != '"';
}

/* The quoted field at *AT, its quotes taken off; doubled ones need room. */
static int quoted(const uint8_t **at, const uint8_t *end, uint8_t **room, struct bytes *out)
{
	const uint8_t *from = *at + 1;
	uint8_t *to = *room, *start = to;

	for (;; from++) {
		if (from == end)
			return err_set(ERR_BAD_RECORD, "a quote that is not closed");
		if (*from == '"' && escaped(from, *at + 1, end)) {
			to[-1] = '"';
			continue;
		}
		if (*from == '"' && (from + 1 == end || from[1] != '"'))
			break;
		from += *from == '"';
		*to++ = *from;
	}
	*at = from + 1;
	*room = to;
	*out = bytes_of(start, (size_t)(to - start));
	if (*at < end && **at != ',')
		return err_set(ERR_BAD_RECORD, "bytes after a closing quote");
	return 0;
}

static int plain(const uint8_t **at, const uint8_t *end, struct bytes *out)
{
	const uint8_t *comma = memchr(*at, ',', (size_t)(end - *at));

	comma = comma ? comma : end;
	*out = bytes_of(*at, (size_t)(comma - *at));
	*at = comma;
	if (out->len && memchr(out->ptr, '"', out->len))
		return err_set(ERR_BAD_RECORD, "a quote inside a field that is not quoted");
	return 0;
}

static int split(struct bytes line, uint8_t *room, struct csv_row *row)
{
	const uint8_t *at = line.ptr, *end = at + line.len;
	int r;

	row->n = 0;
	end -= line.len && end[-1] == '\r';
	for (;;) {
		if (row->n == COLUMNS)
			return err_set(ERR_BAD_RECORD, "more than %u columns", COLUMNS);
		row->quoted[row->n] = at < end && *at == '"';
		r = row->quoted[row->n] ? quoted(&at, end, &room, &row->field[row->n]) :
			plain(&at, end, &row->field[row->n]);
		row->n++;
		if (r < 0 || at == end)
			return r;
		at++;
	}
}

/* --- the header --- */

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

enum csv_column csv_column(struct bytes field)
{
	static const char *const names[CSV_KINDS][16] = {
		[CSV_SOURCE] = { "source", "src", "from", "start", "subject", "node1", "tail",
			     "sourceid", "fromid", "fromnode", "fromnodeid", "startnode",
			     "startid", "sourcenode", NULL },
		[CSV_TARGET] = { "target", "dst", "dest", "destination", "to", "end", "object",
			     "node2", "head", "targetid", "toid", "tonode", "tonodeid",
			     "endid", "targetnode", NULL },
		[CSV_WEIGHT] = { "weight", "w", "cost", "length", "distance", "value", NULL },
		[CSV_TYPE] = { "type", "label", "relation", "relationship", "predicate", "rel",
			   NULL },
	};
	char name[24];
	size_t n = 0;

	for (size_t i = 0; i < field.len; i++) {
		uint8_t c = field.ptr[i];

		c = (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
		if (c == ' ' || c == '_' || c == '-')
			continue;
		if (n == sizeof name - 1)
			return CSV_OTHER;
		name[n++] = (char)c;
	}
	name[n] = '\0';
	for (unsigned k = 0; k < CSV_KINDS; k++)
		if (is_one_of(name, names[k]))
			return (enum csv_column)k;
	return CSV_OTHER;
}

static void strip_mark(struct bytes *line)	/* the byte order mark of UTF-8 */
{
	if (line->len >= 3 && !memcmp(line->ptr, "\xef\xbb\xbf", 3))
		*line = bytes_of(line->ptr + 3, line->len - 3);
}

/* Does this column say its kind in the very word?  Then it is no matter where it stands,
 * but the first of several is it. */
static bool is_named(struct bytes field, enum csv_column k)
{
	return (k == CSV_WEIGHT && bytes_equal(field, bytes_str("weight"))) ||
		(k == CSV_TYPE && bytes_equal(field, bytes_str("type")));
}

/* 1 when ROW names its columns, 0 when not; they are noted. */
static int read_header(struct csv *s, const struct csv_row *row)
{
	for (unsigned k = 0; k < CSV_KINDS; k++)
		s->at[k] = COLUMNS;
	for (unsigned i = 0; i < row->n; i++) {
		enum csv_column k = csv_column(row->field[i]);

		if (k != CSV_OTHER && (s->at[k] == COLUMNS ||
				       (is_named(row->field[i], k) &&
					!is_named(row->field[s->at[k]], k))))
			s->at[k] = i;
	}
	return s->at[CSV_SOURCE] != COLUMNS && s->at[CSV_TARGET] != COLUMNS;
}

bool csv_is_header(struct bytes line)
{
	struct csv s;
	struct csv_row row;
	uint8_t room[1024];

	strip_mark(&line);
	if (line.len > sizeof room || split(line, room, &row) < 0)
		return false;
	return csv_graph_is(&row) || (row.n > 1 && read_header(&s, &row));
}

static bool is_property(const struct csv *s, unsigned column)
{
	for (unsigned k = 0; k < CSV_KINDS; k++)
		if (s->at[k] == column)
			return false;
	return true;
}

/* The row lasts no longer than its line. */
static int keep_names(struct csv *s, const struct csv_row *row)
{
	size_t len = 0;
	uint8_t *to;

	for (unsigned i = 0; i < row->n; i++)
		len += row->field[i].len;
	s->text_of_names = to = mem_alloc(s->text.mem, len + 1);
	s->name = mem_zalloc(s->text.mem, row->n * sizeof *s->name);
	if (!s->text_of_names || !s->name)
		return ERR_MEMORY;
	for (unsigned i = 0; i < row->n; i++) {
		struct bytes name = row->field[i];

		if (!is_property(s, i))
			continue;
		if (!name.len || name.len > TEXT_KEY_MAX || memchr(name.ptr, '\0', name.len))
			return err_set(ERR_BAD_RECORD, "column %u: a name of 1 to %u bytes, and"
				       " no NUL, is missing", i + 1, TEXT_KEY_MAX);
		memcpy(to, name.ptr, name.len);
		s->name[i] = bytes_of(to, name.len);
		to += name.len;
	}
	return 0;
}

static int take_header(struct csv *s, const struct csv_row *row)
{
	int n = keep_names(s, row);

	s->headed = true;
	s->column_n = row->n;
	s->props.mem = s->text.mem;
	s->text.strict = n < 0;
	if (n < 0)
		return n;
	n = snprintf(s->text.note, sizeof s->text.note, "a header row: source \"%s\","
		     " target \"%s\"", bytes_show(row->field[s->at[CSV_SOURCE]]),
		     bytes_show(row->field[s->at[CSV_TARGET]]));
	if (s->at[CSV_WEIGHT] != COLUMNS && n > 0 && (size_t)n < sizeof s->text.note)
		snprintf(s->text.note + n, sizeof s->text.note - (size_t)n,
			 ", weight \"%s\"", bytes_show(row->field[s->at[CSV_WEIGHT]]));
	return 0;
}

/* --- rows as edges --- */

static struct bytes field_of(const struct csv *s, const struct csv_row *row, enum csv_column k)
{
	return s->at[k] < row->n ? row->field[s->at[k]] : (struct bytes){0};
}

static int key_of(struct bytes field, struct text_key *out)
{
	if (!field.len)
		return err_set(ERR_BAD_RECORD, "an empty key");
	if (field.len > TEXT_KEY_MAX)
		return err_set(ERR_BAD_RECORD, "a key over %u bytes", TEXT_KEY_MAX);
	if (memchr(field.ptr, '\0', field.len))
		return err_set(ERR_BAD_RECORD, "a NUL byte: this is no text");
	out->bytes = field;
	out->is_number = text_number(field, &out->number);
	return 0;
}

static int check_columns(const struct csv *s, const struct csv_row *row)
{
	if (s->headed && row->n != s->column_n)
		return err_set(ERR_BAD_RECORD, "%u columns, the header has %u", row->n,
			       s->column_n);
	if (row->n < 2)
		return err_set(ERR_BAD_RECORD, "expected SRC,DST, found one column");
	if (!s->headed && row->n > 3)
		return err_set(ERR_UNSUPPORTED, "a fourth column without a header row:"
			       " a property has to have a name");
	return 0;
}

/* Columns of one name are several values of it. */
static int properties(struct csv *s, const struct csv_row *row, struct text_edge *out)
{
	int r = 0;

	buf_clear(&s->props);
	for (unsigned i = 0; i < s->column_n && r == 0; i++) {
		struct property p = { .name = s->name[i] };

		if (!p.name.len || (!row->field[i].len && !row->quoted[i]))
			continue;
		literal_parse(&p.value, row->field[i]);
		r = buf_add(&s->props, &p, sizeof p);
	}
	out->prop = (const struct property *)s->props.ptr;
	out->prop_n = (uint32_t)(s->props.len / sizeof *out->prop);
	return r;
}

static int edge_of(struct csv *s, const struct csv_row *row, struct text_edge *out)
{
	struct bytes weight = field_of(s, row, CSV_WEIGHT);
	int r = check_columns(s, row);

	*out = (struct text_edge){0};
	if (r < 0 || (r = key_of(field_of(s, row, CSV_SOURCE), &out->src)) < 0 ||
	    (r = key_of(field_of(s, row, CSV_TARGET), &out->dst)) < 0)
		return r;
	out->type = field_of(s, row, CSV_TYPE);
	if (out->type.len > TEXT_KEY_MAX)
		return err_set(ERR_BAD_RECORD, "a type over %u bytes", TEXT_KEY_MAX);
	if (weight.ptr && (weight.len || !s->headed) &&
	    (r = weight_parse(weight, &out->value)) < 0)
		return r;
	r = s->name ? properties(s, row, out) : 0;
	return r < 0 ? r : TEXT_EDGE;
}

int csv_row(struct bytes line, uint8_t *room, struct text_edge *out)
{
	struct csv plain_csv = { .at = { 0, 1, 2, COLUMNS } };
	struct csv_row row;
	int r = split(line, room, &row);

	return r < 0 ? r : edge_of(&plain_csv, &row, out);
}

static int hold(struct csv *s, struct bytes line)
{
	s->held = mem_alloc(s->text.mem, line.len);
	if (!s->held)
		return ERR_MEMORY;
	memcpy(s->held, line.ptr, line.len);
	s->held_len = line.len;
	s->waits = true;
	return 0;
}

static int graph_row(struct csv *s, const struct csv_row *row, struct text_edge *out)
{
	s->row_n++;
	return csv_graph_row(s->graph, row, out);
}

/* A header of its own, or one that came before all of this. */
static int graph_header(struct csv *s, const struct csv_row *row, struct text_edge *out)
{
	int r = 0;

	if (!csv_graph_is(row)) {
		s->graph = *s->text.header;
		s->text.unique = csv_graph_has_nodes(s->graph);
		return graph_row(s, row, out);
	}
	r = csv_graph_open(&s->graph, row, s->text.mem);
	s->text.strict = r < 0;
	if (r < 0)
		return r;
	s->text.unique = csv_graph_has_nodes(s->graph);
	snprintf(s->text.note, sizeof s->text.note, "rows are %s",
		 s->text.unique ? "nodes" : "edges");
	return 0;
}

static int first_row(struct csv *s, struct bytes line, const struct csv_row *row,
		     struct text_edge *out)
{
	uint64_t v;
	int r;

	s->begun = true;
	if (csv_graph_is(row) || (s->text.header && *s->text.header))
		return graph_header(s, row, out);
	r = read_header(s, row);
	if (r != 0)
		return r < 0 ? r : take_header(s, row);
	s->at[CSV_SOURCE] = 0;
	s->at[CSV_TARGET] = 1;
	s->at[CSV_WEIGHT] = 2;
	s->at[CSV_TYPE] = COLUMNS;
	if (row->n < 2 || text_number(row->field[0], &v) ||
	    text_number(row->field[1], &v) || line.len > HELD_MAX)
		return edge_of(s, row, out);
	return hold(s, line);
}

/* The row held, as an edge after all. */
static int take_held(struct csv *s, uint8_t *room, struct text_edge *out)
{
	struct csv_row row;
	int r = split(bytes_of(s->held, s->held_len), room, &row);

	s->waits = false;
	return r < 0 ? r : edge_of(s, &row, out);
}

static int second_row(struct csv *s, uint8_t *room, struct text_edge *out)
{
	int r;

	if (s->second.src.is_number && s->second.dst.is_number) {
		s->waits = false;
		snprintf(s->text.note, sizeof s->text.note, "a header row: \"%s\"",
			 bytes_show(bytes_of(s->held, s->held_len)));
		*out = s->second;
		return TEXT_EDGE;
	}
	r = take_held(s, room, out);
	s->has_second = r > 0;
	return r;
}

static int csv_take(void *state, const struct text_piece *p, uint8_t *room,
		    struct text_edge *out)
{
	struct csv *s = state;
	struct bytes line = p->bytes;
	struct csv_row row;
	int r;

	if (!s->begun)
		strip_mark(&line);
	if (!line.len || (line.len == 1 && line.ptr[0] == '\r'))
		return 0;
	r = split(line, room, &row);
	if (r < 0)
		return r;
	if (!s->begun)
		return first_row(s, line, &row, out);
	if (s->graph)
		return graph_row(s, &row, out);
	if (!s->waits)
		return edge_of(s, &row, out);
	r = edge_of(s, &row, &s->second);
	return r < 0 ? r : second_row(s, room + line.len, out);
}

static int csv_more(void *state, uint8_t *room, struct text_edge *out)
{
	struct csv *s = state;

	(void)room;
	if (!s->has_second)
		return 0;
	s->has_second = false;
	*out = s->second;
	return TEXT_EDGE;
}

static int csv_finish(void *state, uint8_t *room, struct text_edge *out)
{
	struct csv *s = state;

	if (s->graph && s->row_n == 0 && s->text.header && s->graph != *s->text.header) {
		csv_graph_close(*s->text.header);	/* the files after it have it */
		*s->text.header = s->graph;
		s->graph = NULL;
	}
	return s->waits ? take_held(s, room, out) : 0;
}

static void csv_release(void *state)
{
	struct csv *s = state;

	if (!s->text.header || s->graph != *s->text.header)
		csv_graph_close(s->graph);
	mem_free(s->text.mem, s->held);
	mem_free(s->text.mem, s->text_of_names);
	mem_free(s->text.mem, s->name);
	buf_release(&s->props);
}

const struct text_dialect csv_dialect = {
	.name = "csv", .shape = "SRC,DST[,WEIGHT]", .frame = TEXT_QUOTED,
	.state_len = sizeof(struct csv), .take = csv_take, .more = csv_more,
	.finish = csv_finish, .release = csv_release,
};
