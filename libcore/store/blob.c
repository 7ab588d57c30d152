/* store/blob.c - the file of a blob: made, opened, its checksums' seeds */
#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"
#include "store/blob_inside.h"
#include "store/segment.h"

/* What a chunk's checksum is bound to. */
uint32_t blob_seed(const uint8_t store_id[16], uint64_t blob, uint64_t off,
			  uint64_t index, uint64_t raw_len, enum block_codec codec)
{
	le64 v[5] = { le64_of(blob), le64_of(off), le64_of(index), le64_of(raw_len),
		      le64_of(codec) };

	return crc32c(crc32c(0, store_id, 16), v, sizeof v);
}

static void fill_head(struct blob_head_disk *h, const uint8_t store_id[16], uint64_t id)
{
	memset(h, 0, sizeof *h);
	h->format = le32_of(BLOB_FORMAT);
	memcpy(h->magic, BLOB_MAGIC, 8);
	memcpy(h->store_id, store_id, 16);
	h->id = le64_of(id);
	h->crc = le32_of(crc32c(0, (uint8_t *)h + 4, sizeof *h - 4));
}

int blob_create(struct backend *b, const uint8_t store_id[16], uint64_t id)
{
	char name[SEGMENT_NAME_MAX];
	uint8_t *page = mem_pages(NULL, DISK_PAGE);
	struct file *f = NULL;
	int r;

	if (!page)
		return ERR_MEMORY;
	memset(page, 0, DISK_PAGE);
	fill_head((struct blob_head_disk *)page, store_id, id);
	segment_name(name, SEGMENT_BLOB, id);
	r = backend_open(b, name, FILE_WRITE | FILE_CREATE, &f);
	if (r == 0)
		r = file_write(f, page, DISK_PAGE, 0);
	if (r == 0)
		r = file_flush(f);
	file_close(f);
	if (r == 0)
		r = backend_sync_dir(b, "seg");
	mem_free_pages(NULL, page, DISK_PAGE);
	return r;
}

static int check_head(struct file *f, const uint8_t store_id[16], uint64_t id)
{
	uint8_t *page = mem_pages(NULL, DISK_PAGE);
	struct blob_head_disk want, got;
	int r;

	if (!page)
		return ERR_MEMORY;
	r = file_read(f, page, DISK_PAGE, 0);
	memcpy(&got, page, sizeof got);
	mem_free_pages(NULL, page, DISK_PAGE);
	if (r < 0)
		return r;
	fill_head(&want, store_id, id);
	if (memcmp(&got, &want, sizeof want) == 0)
		return 0;
	if (memcmp(got.magic, BLOB_MAGIC, 8) == 0 && le32_get(got.format) > BLOB_FORMAT &&
	    crc32c(0, (uint8_t *)&got + 4, sizeof got - 4) == le32_get(got.crc))
		return err_set(ERR_NEWER, "%s: format %u is newer than this program's %u",
			       file_path(f), le32_get(got.format), BLOB_FORMAT);
	return err_set(ERR_DAMAGED, "%s: offset 0: not this store's blob", file_path(f));
}

int blob_open(struct file **out, struct backend *b, const uint8_t store_id[16],
		     uint64_t id, unsigned flags)
{
	char name[SEGMENT_NAME_MAX];
	int r;

	segment_name(name, SEGMENT_BLOB, id);
	r = backend_open(b, name, flags | FILE_LINKED, out);
	if (r < 0)
		return r;
	r = check_head(*out, store_id, id);
	if (r < 0) {
		file_close(*out);
		*out = NULL;
	}
	return r;
}
