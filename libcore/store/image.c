/* store/image.c - frames of a backup */
#include "store/image.h"

#include <inttypes.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"

/* --- writing --- */

int image_write_head(struct image_writer *w, const struct image_head *h)
{
	struct image_head_disk d;

	memset(&d, 0, sizeof d);
	d.format = le32_of(IMAGE_FORMAT);
	memcpy(d.magic, IMAGE_MAGIC, 8);
	memcpy(d.store_id, h->store_id, sizeof d.store_id);
	d.image_id = le64_of(h->image_id);
	d.since = le64_of(h->since);
	d.version = le64_of(h->version);
	d.created_ns = le64_of(h->created_ns);
	d.taken_ns = le64_of(h->taken_ns);
	d.entry_n_most = le64_of(h->entry_n_most);
	d.next_space = le32_of(h->next_space);
	d.commit_ns = le64_of(h->commit_ns);
	d.flags = le32_of(h->flags);
	d.crc = le32_of(crc32c(0, (const uint8_t *)&d + 4, sizeof d - 4));
	w->image_id = h->image_id;
	w->seq = 0;
	return out_write(w->out, &d, sizeof d);
}

int image_write(struct image_writer *w, enum image_kind kind, const void *ptr, size_t len)
{
	struct image_frame_disk d;
	uint32_t seed = crc32c_seed(w->image_id, ++w->seq);
	int r;

	memset(&d, 0, sizeof d);
	d.seq = le64_of(w->seq);
	d.len = le32_of((uint32_t)len);
	d.kind = le32_of(kind);
	d.body_crc = le32_of(crc32c(seed, ptr, len));
	d.head_crc = le32_of(crc32c(seed, (const uint8_t *)&d + 4, sizeof d - 4));
	r = out_write(w->out, &d, sizeof d);
	return r < 0 || !len ? r : out_write(w->out, ptr, len);
}

int image_write_end(struct image_writer *w, const struct image_counts *c)
{
	struct image_end_disk d;

	memset(&d, 0, sizeof d);
	d.entry_n = le64_of(c->entry_n);
	d.remove_n = le64_of(c->remove_n);
	d.value_bytes = le64_of(c->value_bytes);
	d.segment_n = le64_of(c->segment_n);
	d.graph_n = le64_of(c->graph_n);
	return image_write(w, IMAGE_END, &d, sizeof d);
}

/* --- reading --- */

int image_bad(const struct image_reader *r, const char *words)
{
	return err_set(ERR_BAD_RECORD, "%s: offset %" PRIu64 ": %s", in_name(r->in),
		       r->frame_off, words);
}

/* LEN bytes: 1; none at all, at the end: 0. */
static int fill(struct image_reader *r, void *buf, size_t len)
{
	uint8_t *p = buf;
	size_t got = 0;

	while (got < len) {
		ssize_t n = in_read(r->in, p + got, len - got);

		if (n < 0)
			return (int)n;
		if (n == 0 && got == 0)
			return 0;
		if (n == 0)
			return err_set(ERR_CUT_OFF, "%s: ends at byte %" PRIu64
				       ", within a backup", in_name(r->in), r->off);
		got += (size_t)n;
		r->off += (size_t)n;
	}
	return 1;
}

int image_read_head(struct image_reader *r, struct image_head *out)
{
	struct image_head_disk d;
	int n;

	r->frame_off = r->off;
	n = fill(r, &d, sizeof d);
	if (n <= 0)
		return n;
	if (memcmp(d.magic, IMAGE_MAGIC, 8) != 0)
		return image_bad(r, "not a backup of a store");
	if (crc32c(0, (const uint8_t *)&d + 4, sizeof d - 4) != le32_get(d.crc))
		return image_bad(r, "checksum of the head differs");
	if (le32_get(d.format) > IMAGE_FORMAT || (le32_get(d.flags) & ~(uint32_t)IMAGE_EXACT))
		return err_set(ERR_NEWER, "%s: is of a newer format than this program's",
			       in_name(r->in));
	memcpy(out->store_id, d.store_id, sizeof d.store_id);
	out->image_id = r->image_id = le64_get(d.image_id);
	out->since = le64_get(d.since);
	out->version = le64_get(d.version);
	out->created_ns = le64_get(d.created_ns);
	out->taken_ns = le64_get(d.taken_ns);
	out->entry_n_most = le64_get(d.entry_n_most);
	out->next_space = le32_get(d.next_space);
	out->commit_ns = le64_get(d.commit_ns);
	out->flags = le32_get(d.flags);
	r->seq = 0;
	return 1;
}

static int cut_off(const struct image_reader *r)
{
	return err_set(ERR_CUT_OFF, "%s: ends at byte %" PRIu64 ", before the backup does",
		       in_name(r->in), r->off);
}

int image_read(struct image_reader *r, struct image_frame *out)
{
	struct image_frame_disk d;
	uint32_t seed = crc32c_seed(r->image_id, ++r->seq);
	size_t len;
	int n;

	r->frame_off = r->off;
	n = fill(r, &d, sizeof d);
	if (n <= 0)
		return n < 0 ? n : cut_off(r);
	if (crc32c(seed, (const uint8_t *)&d + 4, sizeof d - 4) != le32_get(d.head_crc) ||
	    le64_get(d.seq) != r->seq)
		return image_bad(r, "checksum of a frame's head differs");
	len = le32_get(d.len);
	if (len > IMAGE_FRAME_MOST)
		return image_bad(r, "a frame is too long");
	n = len ? fill(r, r->body, len) : 1;
	if (n <= 0)
		return n < 0 ? n : cut_off(r);
	if (crc32c(seed, r->body, len) != le32_get(d.body_crc))
		return image_bad(r, "checksum of a frame differs");
	out->kind = (enum image_kind)le32_get(d.kind);
	out->body = bytes_of(r->body, len);
	return 0;
}

int image_get_end(struct image_reader *r, const struct image_frame *f,
		  struct image_counts *out)
{
	const struct image_end_disk *d = (const void *)f->body.ptr;

	if (f->body.len != sizeof *d)
		return image_bad(r, "an end frame of another length");
	out->entry_n = le64_get(d->entry_n);
	out->remove_n = le64_get(d->remove_n);
	out->value_bytes = le64_get(d->value_bytes);
	out->segment_n = le64_get(d->segment_n);
	out->graph_n = le64_get(d->graph_n);
	return 0;
}
