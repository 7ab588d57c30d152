/* gpu/hot.c - the file of bits: a page that says of what, then words */
#include "gpu/hot.h"

#include <string.h>

#include "base/disk.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"

#define NEW_NAME "gpucache.hot.new"
#define MAGIC "stratoGH"

/* In this machine's byte order, as all of the file: it ends with the boot. */
struct hot_head {
	char magic[8];
	uint64_t generation, slot_n;
};

static size_t len_of(uint64_t slot_n)
{
	return DISK_PAGE + (size_t)((slot_n + 63) / 64 * 8);
}

void hot_close(struct hot *h)
{
	if (!h)
		return;
	if (h->map)
		file_unmap(h->file, h->map, h->len);
	file_close(h->file);
	mem_free(NULL, h);
}

static int map(struct hot *h, size_t len)
{
	int r = file_map(h->file, len, true, &h->map);

	if (r == 0) {
		h->len = len;
		h->word = (_Atomic uint64_t *)(void *)((uint8_t *)h->map + DISK_PAGE);
	}
	return r;
}

static int create(struct hot *h, struct backend *b, uint64_t generation, uint32_t slot_n)
{
	struct hot_head *head;
	struct err_note note;
	int r;

	err_take(&note, 0);
	backend_remove(b, NEW_NAME);		/* most often there is none */
	err_give(&note);
	r = backend_open(b, NEW_NAME, FILE_WRITE | FILE_CREATE, &h->file);
	if (r == 0)
		r = file_reserve(h->file, 0, len_of(slot_n));
	if (r == 0)
		r = map(h, len_of(slot_n));
	if (r < 0)
		return r;
	head = h->map;
	memcpy(head->magic, MAGIC, sizeof head->magic);
	head->generation = generation;
	head->slot_n = h->slot_n = slot_n;
	return backend_rename(b, NEW_NAME, HOT_NAME);
}

static int attach(struct hot *h, struct backend *b, uint64_t generation)
{
	struct hot_head head;
	uint64_t size = 0;
	int r = backend_open(b, HOT_NAME, FILE_WRITE, &h->file);

	if (r == 0)
		r = file_size(h->file, &size);
	if (r == 0)
		r = file_read(h->file, &head, sizeof head, 0);
	if (r < 0)
		return r;
	if (memcmp(head.magic, MAGIC, sizeof head.magic) || head.slot_n > UINT32_MAX ||
	    size != len_of(head.slot_n))
		return err_set(ERR_DAMAGED, "%s: is no file of a cache", file_path(h->file));
	if (head.generation != generation)
		return err_set(ERR_UNAVAILABLE, "%s: is of another cache service",
			       file_path(h->file));
	h->slot_n = head.slot_n;
	return map(h, (size_t)size);
}

int hot_create(struct hot **out, struct backend *b, uint64_t generation, uint32_t slot_n)
{
	struct hot *h = mem_zalloc(NULL, sizeof *h);
	int r = h ? create(h, b, generation, slot_n) : ERR_MEMORY;

	if (r < 0)
		hot_close(h);
	else
		*out = h;
	return r;
}

int hot_attach(struct hot **out, struct backend *b, uint64_t generation)
{
	struct hot *h = mem_zalloc(NULL, sizeof *h);
	int r = h ? attach(h, b, generation) : ERR_MEMORY;

	if (r < 0)
		hot_close(h);
	else
		*out = h;
	return r;
}
