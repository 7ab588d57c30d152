/* graph/text/pairs.c - pairs32, pairs64: source and target, little-endian */
#include "base/endian.h"
#include "base/err.h"
#include "graph/text/text.h"

static int cut_off(struct bytes record)
{
	return err_set(ERR_CUT_OFF, "the input ends in the middle of a pair, after %zu"
		       " of its bytes", record.len);
}

static int pairs32_line(struct bytes record, uint8_t *room, struct text_edge *out)
{
	if (record.len < 8)
		return cut_off(record);
	*out = (struct text_edge){0};
	text_key_number(&out->src, le32_get(*(const le32 *)record.ptr), &room);
	text_key_number(&out->dst, le32_get(*(const le32 *)(record.ptr + 4)), &room);
	return TEXT_EDGE;
}

static int pairs64_line(struct bytes record, uint8_t *room, struct text_edge *out)
{
	if (record.len < 16)
		return cut_off(record);
	*out = (struct text_edge){0};
	text_key_number(&out->src, le64_get(*(const le64 *)record.ptr), &room);
	text_key_number(&out->dst, le64_get(*(const le64 *)(record.ptr + 8)), &room);
	return TEXT_EDGE;
}

const struct text_dialect pairs32_dialect = {
	.name = "pairs32", .shape = "two integers of 4 bytes", .line = pairs32_line,
	.frame = TEXT_FIXED, .record_len = 8,
};

const struct text_dialect pairs64_dialect = {
	.name = "pairs64", .shape = "two integers of 8 bytes", .line = pairs64_line,
	.frame = TEXT_FIXED, .record_len = 16,
};
