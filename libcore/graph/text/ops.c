/* graph/text/ops.c - lines to operations */
#include "graph/text/ops.h"

#include "base/err.h"
#include "graph/literal_code.h"
#include "graph/text/jsonl.h"
#include "graph/text/tsv.h"

void ops_room_release(struct ops_room *r)
{
	buf_release(&r->bytes);
	buf_release(&r->props);
	buf_release(&r->labels);
	buf_release(&r->unset);
	buf_release(&r->unlabels);
}

static bool is_edge(const struct update_op *op)
{
	return op->kind == UPDATE_EDGE || op->kind == UPDATE_DEL_EDGE;
}

int ops_unknown(struct bytes word)
{
	if (bytes_equal(word, bytes_str("import")))
		return err_set(ERR_BAD_RECORD, "an import: the log does not have what it added,"
			       " 'strato-graph diff' has");
	return err_set(ERR_BAD_RECORD, "an unknown operation, \"%s\"", bytes_show(word));
}

static int kind_of(struct bytes word, enum update_kind *out)
{
	static const struct {
		const char *word;
		enum update_kind kind;
	} all[] = {
		{ "edge", UPDATE_EDGE }, { "node", UPDATE_NODE }, { "commit", UPDATE_COMMIT },
		{ "del-edge", UPDATE_DEL_EDGE }, { "del-node", UPDATE_DEL_NODE },
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (bytes_equal(word, bytes_str(all[i].word))) {
			*out = all[i].kind;
			return 0;
		}
	return ops_unknown(word);
}

/* A field that has to be there. */
static int key(struct bytes *rest, uint8_t **room, const char *what, struct bytes *out)
{
	if (!rest->ptr)
		return err_set(ERR_BAD_RECORD, "no %s", what);
	*out = tsv_cut(rest);
	return tsv_unescape(out, room);
}

static int add_text(struct buf *to, struct bytes text, uint8_t **room)
{
	int r = tsv_unescape(&text, room);

	return r < 0 ? r : buf_add(to, &text, sizeof text);
}

/* :LABEL, !:LABEL, !NAME, NAME=VALUE. */
static int field(struct bytes f, const struct update_op *op, uint8_t **at, struct ops_room *room)
{
	const struct bytes inner = bytes_of(f.ptr + 1, f.len ? f.len - 1 : 0);
	struct property p;
	struct bytes value;
	int r;

	if (f.len > 1 && f.ptr[0] == '!' && f.ptr[1] == ':' && op->kind == UPDATE_NODE)
		return add_text(&room->unlabels, bytes_of(f.ptr + 2, f.len - 2), at);
	if (f.len && f.ptr[0] == '!')
		return add_text(&room->unset, inner, at);
	if (f.len && f.ptr[0] == ':' && op->kind == UPDATE_NODE)
		return add_text(&room->labels, inner, at);
	r = tsv_pair(f, at, &p.name, &value);
	if (r < 0)
		return r;
	literal_parse(&p.value, value);
	return buf_add(&room->props, &p, sizeof p);
}

static int last_of(struct update_op *op, struct bytes *rest, uint8_t **at,
		   struct ops_room *room)
{
	int r = 0;

	if (op->kind == UPDATE_DEL_NODE && rest->ptr) {
		if (!bytes_equal(tsv_cut(rest), bytes_str("cascade")))
			return err_set(ERR_BAD_RECORD, "behind the key only \"cascade\" may stand");
		op->cascade = true;
	}
	while (r == 0 && rest->ptr && (op->kind == UPDATE_NODE || op->kind == UPDATE_EDGE))
		r = field(tsv_cut(rest), op, at, room);
	if (r == 0 && rest->ptr)
		r = err_set(ERR_BAD_RECORD, "too many fields");
	return r;
}

static bool is_number(const struct literal *l)
{
	return l->kind == LITERAL_INTEGER || l->kind == LITERAL_DECIMAL ||
		l->kind == LITERAL_DOUBLE;
}

static void ops_take(struct update_op *op, const struct ops_room *room)
{
	op->prop = (const struct property *)room->props.ptr;
	op->prop_n = (uint32_t)(room->props.len / sizeof *op->prop);
	op->label = (const struct bytes *)room->labels.ptr;
	op->label_n = (uint32_t)(room->labels.len / sizeof *op->label);
	op->unset = (const struct bytes *)room->unset.ptr;
	op->unset_n = (uint32_t)(room->unset.len / sizeof *op->unset);
	op->unlabel = (const struct bytes *)room->unlabels.ptr;
	op->unlabel_n = (uint32_t)(room->unlabels.len / sizeof *op->unlabel);
}

int ops_check_weight(const struct update_op *op)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < op->prop_n; i++) {
		if (!bytes_equal(op->prop[i].name, bytes_str("weight")))
			continue;
		if (!is_number(&op->prop[i].value))
			return err_set(ERR_BAD_RECORD, "a weight that is no number");
		if (n++)
			return err_set(ERR_BAD_RECORD, "two weights");
	}
	return 0;
}

static int tsv_op(struct bytes line, struct ops_room *room, struct update_op *op)
{
	uint8_t *at = room->bytes.ptr;
	int r = kind_of(tsv_cut(&line), &op->kind);

	if (r == 0 && op->kind != UPDATE_COMMIT)
		r = key(&line, &at, is_edge(op) ? "source" : "key", &op->node);
	if (r == 0 && is_edge(op))
		r = key(&line, &at, "target", &op->to);
	op->any_type = op->kind == UPDATE_DEL_EDGE && !line.ptr;
	if (r == 0 && is_edge(op) && line.ptr)
		r = key(&line, &at, "type", &op->type);
	if (r == 0)
		r = last_of(op, &line, &at, room);
	ops_take(op, room);
	return r < 0 || op->kind != UPDATE_EDGE ? r : ops_check_weight(op);
}

int ops_read(struct bytes line, struct ops_room *room, struct update_op *out)
{
	int r = buf_reserve(&room->bytes, line.len + 1);

	*out = (struct update_op){0};
	buf_clear(&room->props);
	buf_clear(&room->labels);
	buf_clear(&room->unset);
	buf_clear(&room->unlabels);
	if (r < 0)
		return r;
	line.len -= line.len && line.ptr[line.len - 1] == '\r';
	if (text_is_blank(line))
		return 0;
	r = line.ptr[0] == '{' ? jsonl_op(line, room, out) : tsv_op(line, room, out);
	ops_take(out, room);
	return r < 0 ? r : 1;
}
