/* store/fetch_inside.h - what fetch.c and fetch_file.c share */
#ifndef STORE_FETCH_INSIDE_H
#define STORE_FETCH_INSIDE_H

#include "io/view.h"
#include "store/fetch.h"
#include "store/store_priv.h"

#define FETCH_FILES 192u	/* blobs open at once, each with two descriptors at most */
#define FETCH_BUCKETS 256u

/* A blob: what is wanted of it, and, once it was, its file. */
struct fetch_file {
	struct fetch_file *next;	/* of its bucket */
	uint64_t id;
	struct file *file, *direct;	/* NULL: not opened */
	struct view view;		/* never touched: asked what the page cache holds */
	bool warm;			/* taken to be in the page cache, or on its way */
	unsigned used;			/* values on their way from here */
	uint64_t turn;			/* when it was last wanted */
	uint64_t begin, end;		/* of what is expected */
	uint64_t expected_n;
};

struct fetch_files {
	struct store *store;
	bool direct;			/* cold values are read past the page cache */
	struct fetch_file *bucket[FETCH_BUCKETS];
	unsigned open_n, most;
	uint64_t turn;
	uint64_t brought_bytes;
};

void fetch_files_init(struct fetch_files *fs, struct store *s, bool direct);
/* The blob of this id, known from here on; NULL: no memory, without a message. */
struct fetch_file *fetch_file(struct fetch_files *fs, uint64_t id);
/* Its file, opened, and others closed for it; ERR_RESOURCE when all are in use. */
int fetch_file_open(struct fetch_files *fs, struct fetch_file *ff);
/* Is [OFF, OFF + LEN) in the page cache, as far as we know? */
bool fetch_file_cached(const struct fetch_file *ff, uint64_t off, size_t len);
/* [OFF, OFF + LEN) of it will be wanted soon. */
void fetch_file_expect(struct fetch_file *ff, uint64_t off, size_t len);
/* What is expected of each, looked at: what pays is brought in. */
void fetch_files_plan(struct fetch_files *fs, bool more);
void fetch_files_close(struct fetch_files *fs);

#endif
