/* tests/fuzz/files.c - files of a store and backups, their checksums made right
 *
 * A checksum would refuse all that a fuzzer tries, so what it covers is tried under a
 * sound one: whoever writes the file of a store can do that, too.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "graph/csr.h"
#include "graph/dict.h"
#include "graph/index.h"
#include "graph/literal_code.h"
#include "graph/prop.h"
#include "io/file.h"
#include "io/stream.h"
#include "store/backup.h"
#include "store/image_disk.h"
#include "store/manifest.h"
#include "store/manifest_disk.h"
#include "store/recover.h"
#include "store/run.h"
#include "store/wal_disk.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t fuzz_id[16] = "fuzz-fuzz-fuzz";

static struct file *new_file(struct backend *b, const char *name)
{
	struct file *f;

	FUZZ_MUST(backend_open(b, name, FILE_WRITE | FILE_CREATE, &f) == 0);
	return f;
}

static struct backend *new_store(void)
{
	struct backend *b;

	FUZZ_MUST(backend_mem(&b) == 0);
	FUZZ_MUST(backend_mkdir(b, "seg") == 0 && backend_mkdir(b, "tmp") == 0);
	FUZZ_MUST(backend_mkdir(b, "wal") == 0);
	return b;
}

/* --- the log --- */

static int entries_of(struct bytes in, uint64_t version, uint64_t most)
{
	struct entry e;

	for (uint64_t i = 0; i < most && in.len; i++) {
		long n = entry_get_logged(in, version, &e);

		if (n < 0)
			return (int)n;
		FUZZ_MUST((size_t)n <= in.len && e.key.len >= 1 && e.key.len <= KEY_MAX);
		in.ptr += n;
		in.len -= (size_t)n;
	}
	return in.len ? ERR_DAMAGED : 0;
}

/* All that recovery does with such a file, but for writing. */
static int read_log(struct file *f, struct mem *mem)
{
	struct buf records = { .mem = mem };
	struct recover_commit c;
	struct recover_rest rest;
	struct recover r;
	int e = recover_init(&r, f, NULL, mem);

	while (e >= 0 && (e = recover_next(&r, &c)) == 1) {
		e = recover_records(&r, &c, &records);
		if (e == 0)
			e = entries_of(buf_bytes(&records), c.first.version, c.first.entry_n);
	}
	if (e == 0)
		e = recover_rest(&r, &rest);
	if (e == 0)
		e = recover_verdict(&r, &rest);
	buf_release(&records);
	recover_release(&r);
	return e;
}

static int whole_log(struct file *f)
{
	int e = read_log(f, fuzz_mem());

	fuzz_mem_done();
	return e;
}

/* A file as it is: head, marks, blocks. */
int fuzz_log(struct bytes in)
{
	struct backend *b = new_store();
	struct file *f = new_file(b, "wal/0000000001.wal");
	int e;

	FUZZ_MUST(file_write(f, in.ptr, in.len, 0) == 0);
	e = whole_log(f);
	file_close(f);
	backend_close(b);
	return e >= 0;
}

/* The records of one commit, sealed: entries as recovery takes them apart. */
int fuzz_commit(struct bytes in)
{
	static uint8_t block[WAL_BLOCK], marks[2 * WAL_BLOCK];
	struct wal_head head = { .key = { .log_id = 1 }, .file_id = 7 };
	struct wal_mark mark = { .sequence = 2, .durable_blk = WAL_FIRST_BLK };
	struct backend *b = new_store();
	struct file *f = new_file(b, "wal/0000000001.wal");
	struct wal_commit c = { .blk = WAL_FIRST_BLK, .version = 1, .nonce = 9, .prev_nonce = 7,
		.durable_blk = WAL_FIRST_BLK, .wall_ns = 1 };
	int e;

	if (in.len) {
		c.entry_n = in.ptr[0];
		c.records = bytes_of(in.ptr + 1, in.len - 1);
	}
	memcpy(head.key.store_id, fuzz_id, sizeof fuzz_id);
	c.key = head.key;
	wal_head_build(block, &head);
	FUZZ_MUST(file_write(f, block, sizeof block, 0) == 0);
	memset(marks, 0, sizeof marks);
	wal_mark_build(marks, &mark, &head.key);
	mark.sequence = 1;
	wal_mark_build(marks + WAL_BLOCK, &mark, &head.key);
	FUZZ_MUST(file_write(f, marks, sizeof marks, WAL_BLOCK) == 0);
	for (uint32_t i = 0; i < wal_blk_n(c.records.len); i++) {
		wal_build(block, &c, i, 0);
		FUZZ_MUST(file_write(f, block, sizeof block, (c.blk + i) * WAL_BLOCK) == 0);
	}
	e = whole_log(f);
	file_close(f);
	backend_close(b);
	return e >= 0;
}

/* --- the manifest: what is read, written and read again is the same --- */

int fuzz_manifest(struct bytes in)
{
	struct manifest_head_disk *h;
	struct buf out = { .mem = NULL }, sealed = { .mem = NULL };
	struct manifest m;
	int r;

	buf_add(&sealed, in.ptr, in.len);
	if (in.len >= sizeof *h) {
		h = (void *)sealed.ptr;
		h->len = le32_of((uint32_t)in.len);
		h->crc = le32_of(crc32c(0, sealed.ptr + sizeof h->crc,
					in.len - sizeof h->crc));
	}
	r = manifest_parse(&m, buf_bytes(&sealed), "manifest", fuzz_mem());
	if (r == 0) {
		FUZZ_MUST(manifest_encode(&m, &out) == 0);
		manifest_release(&m);
		fuzz_mem_done();
		FUZZ_MUST(manifest_parse(&m, buf_bytes(&out), "again", fuzz_mem()) == 0);
		manifest_release(&m);
	}
	fuzz_mem_done();
	buf_release(&out);
	buf_release(&sealed);
	return r == 0;
}

/* --- segments --- */

#define ROWS 300u

static int read_csr(struct backend *b, const struct segment_ref *ref, struct mem *mem)
{
	static struct csr_list l;
	struct csr *c;
	int r = csr_open(&c, b, ref, fuzz_id, mem);
	uint64_t to;

	if (r < 0)
		return r;
	for (uint32_t t = 0; t < csr_type_n(c) && t < 8; t++)
		for (uint64_t n = 0; r >= 0 && n < csr_node_n(c) && n < ROWS; n++) {
			r = csr_row(c, t, n, &l);
			for (uint64_t i = 0; r >= 0 && i < 10 * ROWS; i++) {
				r = csr_next(&l, &to);
				if (r <= 0)
					break;
				FUZZ_MUST(to < csr_node_n(c));
			}
		}
	if (r >= 0)
		r = csr_check(c);
	csr_close(c);
	return r;
}

static int read_dict(struct backend *b, const struct segment_ref *ref, struct mem *mem)
{
	struct buf key = { .mem = NULL };
	uint64_t id, place;
	struct dict *d;
	int r = dict_open(&d, b, ref, fuzz_id, mem);

	if (r < 0)
		return r;
	for (uint64_t n = 0; r >= 0 && n < dict_key_n(d) && n < ROWS; n++) {
		r = dict_key(d, n, &key);
		if (r >= 0)
			r = dict_find(d, buf_bytes(&key), &id);
		if (r >= 0)
			r = dict_at(d, n, &id);
		if (r >= 0)
			r = dict_place_of(d, n, &place);
	}
	if (r >= 0)
		r = dict_check(d);
	buf_release(&key);
	dict_close(d);
	return r;
}

static int read_names(struct prop *p)
{
	struct prop_name name;
	struct prop_label label;
	struct prop_scan *scan;
	struct literal value;
	uint64_t row;
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < prop_name_n(p) && i < 20; i++) {
		r = prop_name_at(p, i, &name);
		if (r >= 0)
			r = prop_scan_open(&scan, p, i);
		if (r < 0)
			break;
		for (unsigned n = 0; n < ROWS && (r = prop_scan_next(scan, &row, &value)) == 1; n++)
			;
		prop_scan_close(scan);
	}
	for (uint32_t i = 0; r >= 0 && i < prop_label_n(p) && i < 20; i++) {
		struct prop_label_rows rows;

		r = prop_label_at(p, i, &label);
		if (r >= 0)
			r = prop_label_rows_begin(&rows, p, i);
		for (unsigned n = 0; r >= 0 && n < ROWS; n++)
			if ((r = prop_label_rows_next(&rows, &row)) <= 0)
				break;
	}
	return r;
}

static int read_prop(struct backend *b, const struct segment_ref *ref, struct mem *mem)
{
	struct prop_room room;
	struct prop_state state;
	struct prop *p;
	int r = prop_open(&p, b, ref, fuzz_id, mem);

	if (r < 0)
		return r;
	prop_room_init(&room, mem);
	for (uint64_t n = 0; r >= 0 && n < prop_row_n(p) && n < ROWS; n++)
		r = prop_row(p, n, &room, &state);
	prop_room_release(&room);
	if (r >= 0)
		r = read_names(p);
	if (r >= 0)
		r = prop_check(p);
	prop_close(p);
	return r;
}

static int read_index(struct backend *b, const struct segment_ref *ref, struct mem *mem)
{
	const struct literal_rank least = { { 0, 0 } }, most = { { UINT64_MAX, UINT64_MAX } };
	uint64_t first, end, node;
	struct index *x;
	int r = index_open(&x, b, ref, fuzz_id, mem);

	if (r < 0)
		return r;
	for (uint32_t i = 0; r >= 0 && i < index_name_n(x) && i < 20; i++) {
		FUZZ_MUST(index_name_at(x, i).len > 0);
		r = index_range(x, i, &least, &most, &first, &end);
		for (unsigned n = 0; r >= 0 && n < ROWS && first + n < end; n++)
			r = index_node(x, i, first + n, &node);
	}
	index_close(x);
	return r;
}

static void fault_found(void *ctx, const struct run_fault *f)
{
	FUZZ_MUST(*f->words);
	++*(unsigned *)ctx;
}

static int read_run(struct backend *b, const struct segment_ref *ref, struct mem *mem)
{
	const struct run_info info = { .ref = *ref };
	const struct iter_from from = { .space = 0 };
	unsigned faults = 0, n = 0;
	struct iter *it;
	struct entry e;
	struct run *run;
	int r = run_open(&run, b, &info, fuzz_id, mem);

	if (r < 0)
		return r;
	r = run_iter(&it, run, &from, mem);
	if (r == 0) {
		while (n++ < 10 * ROWS && (r = iter_next(it, &e)) == 1)
			FUZZ_MUST(e.key.len >= 1);
		iter_close(it);
	}
	if (r >= 0)
		r = run_verify(run, fault_found, &faults, NULL);
	run_close(run);
	return r < 0 ? r : faults ? ERR_DAMAGED : 0;
}

static int read_segment(struct backend *b, const struct segment_ref *ref, struct mem *mem)
{
	switch (ref->kind) {
	case SEGMENT_RUN: return read_run(b, ref, mem);
	case SEGMENT_CSR: return read_csr(b, ref, mem);
	case SEGMENT_DICT: return read_dict(b, ref, mem);
	case SEGMENT_PROP: return read_prop(b, ref, mem);
	case SEGMENT_INDEX: return read_index(b, ref, mem);
	default: return ERR_NEWER;
	}
}

/* KIND, length of META (le16), META, then sections: TAG, length (le32), bytes. */
int fuzz_segment(struct bytes in)
{
	struct mem *mem = fuzz_mem();
	struct segment_writer *w;
	struct segment_ref ref;
	struct backend *b;
	uint64_t tags = 0;
	size_t n;
	int r;

	if (in.len < 3 || in.ptr[0] < SEGMENT_RUN || in.ptr[0] > SEGMENT_INDEX)
		return 0;
	n = in.ptr[1] | (size_t)in.ptr[2] << 8;
	if (n > 2048 || in.len - 3 < n)
		return 0;
	b = new_store();
	FUZZ_MUST(segment_create(&w, b, in.ptr[0], fuzz_id, mem) == 0);
	FUZZ_MUST(segment_meta(w, in.ptr + 3, n) == 0);
	in = bytes_of(in.ptr + 3 + n, in.len - 3 - n);
	while (in.len > 5) {
		uint32_t len = in.ptr[1] | (uint32_t)in.ptr[2] << 8 | (uint32_t)in.ptr[3] << 16 |
			(uint32_t)in.ptr[4] << 24;
		uint8_t tag = in.ptr[0] & 31;

		in = bytes_of(in.ptr + 5, in.len - 5);
		len = len < in.len ? len : (uint32_t)in.len;
		if (tag && !(tags >> tag & 1)) {
			FUZZ_MUST(segment_begin(w, tag) == 0);
			FUZZ_MUST(segment_write(w, in.ptr, len) == 0);
			tags |= 1u << tag;
		}
		in = bytes_of(in.ptr + len, in.len - len);
	}
	FUZZ_MUST(segment_finish(w, &ref) == 0);
	r = read_segment(b, &ref, mem);
	FUZZ_MUST(r != ERR_BUG);
	fuzz_mem_done();
	backend_close(b);
	return r >= 0;
}

/* --- a backup: frames, each sealed --- */

static int verify_image(const char *name, struct mem *mem)
{
	const struct restore_options o = { .mem = mem };
	struct restore *r = NULL;
	struct in *in = NULL;
	int e = in_open(&in, name, false, mem);

	if (e == 0)
		e = restore_begin(&r, &o);
	if (e == 0)
		e = restore_read(r, in);
	if (e == 0)
		e = restore_end(r);
	restore_close(r);
	in_close(in);
	return e;
}

static void add_frame(struct buf *out, uint64_t image_id, uint64_t seq, unsigned kind,
		      struct bytes body)
{
	uint32_t seed = crc32c_seed(image_id, seq);
	struct image_frame_disk d = {
		.body_crc = le32_of(crc32c(seed, body.ptr, body.len)), .seq = le64_of(seq),
		.len = le32_of((uint32_t)body.len), .kind = le32_of(kind),
	};

	d.head_crc = le32_of(crc32c(seed, (const uint8_t *)&d + 4, sizeof d - 4));
	buf_add(out, &d, sizeof d);
	buf_add(out, body.ptr, body.len);
}

/* Bytes as they are, or, after "frames", KIND, length (le16) and body of each. */
static void make_image(struct bytes in, struct buf *out)
{
	struct image_head_disk h = {
		.format = le32_of(IMAGE_FORMAT), .image_id = le64_of(5), .version = le64_of(99),
		.entry_n_most = le64_of(99), .next_space = le32_of(3),
	};

	if (in.len < 6 || memcmp(in.ptr, "frames", 6)) {
		buf_add(out, in.ptr, in.len);
		return;
	}
	memcpy(h.magic, IMAGE_MAGIC, sizeof h.magic);
	memcpy(h.store_id, fuzz_id, sizeof fuzz_id);
	h.crc = le32_of(crc32c(0, (const uint8_t *)&h + 4, sizeof h - 4));
	buf_add(out, &h, sizeof h);
	in = bytes_of(in.ptr + 6, in.len - 6);
	for (uint64_t seq = 1; in.len >= 3; seq++) {
		size_t len = in.ptr[1] | (size_t)in.ptr[2] << 8;

		len = len < in.len - 3 ? len : in.len - 3;
		add_frame(out, 5, seq, in.ptr[0], bytes_of(in.ptr + 3, len));
		in = bytes_of(in.ptr + 3 + len, in.len - 3 - len);
	}
}

int fuzz_image(struct bytes in)
{
	int fd = memfd_create("image", MFD_CLOEXEC), e;
	struct buf image = { .mem = NULL };
	char name[32];

	FUZZ_MUST(fd >= 0);
	make_image(in, &image);
	FUZZ_MUST(pwrite(fd, image.ptr, image.len, 0) == (ssize_t)image.len);
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	e = verify_image(name, fuzz_mem());
	fuzz_mem_done();
	close(fd);
	buf_release(&image);
	return e >= 0;
}
