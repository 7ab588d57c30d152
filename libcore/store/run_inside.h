/* store/run_inside.h - what run.c, run_iter.c and run_verify.c share */
#ifndef STORE_RUN_INSIDE_H
#define STORE_RUN_INSIDE_H

#include "store/rows.h"
#include "store/run.h"
#include "store/run_disk.h"

/* Where a block or a node lies, checked against its section. */
struct run_child {
	uint64_t off;
	uint32_t stored_len, raw_len;
	enum block_codec codec;
};

struct run_node {
	const uint8_t *ptr;
	uint32_t len;
	uint32_t child_n;
};

struct run {
	struct segment *segment;
	struct mem *mem;
	struct run_info info;		/* the manifest's; the counts are the file's own */
	struct bytes data, index, filter;
	struct run_child root;		/* stored_len 0: no rows */
	uint32_t level_n;
	uint64_t block_n, node_n;
};

/* The node at C, its pages verified, used where it lies. */
int run_node(struct run *r, const struct run_child *c, struct run_node *out);

/* Child I of a node and its separator; IN is the section the child lies in. */
int run_child(struct run *r, const struct run_node *n, uint32_t i, struct bytes in,
	      struct run_child *out, struct bytes *separator);

/* The child that holds KEY if any does. */
int run_find_child(struct run *r, const struct run_node *n, struct bytes key, uint32_t *i);

/* The data block at C: where it lies, or unpacked to BUF after its BUF->len bytes. */
int run_block(struct run *r, const struct run_child *c, struct buf *buf,
	      struct rows *out);

/* The same from its stored bytes, which were checked. */
int run_unpack(struct run *r, const struct run_child *c, const uint8_t *stored,
	       struct buf *buf, struct rows *out);
/* Where KEY (a row's) would be: the data block.  The run has rows. */
int run_find_block(struct run *r, struct bytes key, struct run_child *out);
/* KEY's row in the block at C: 1, 0; the entry's value points into the block. */
int run_find_row(struct run *r, const struct run_child *c, const struct rows *rows,
		 struct bytes key, struct entry *out);
/* 0: certainly not here. */
int run_may_have(struct run *r, uint64_t hash);

/* The section the children of a node of LEVEL (0: the root's) lie in. */
static inline struct bytes run_below(const struct run *r, uint32_t level)
{
	return level + 1 < r->level_n ? r->index : r->data;
}

/* Words the thread's message anew, with the file and C's offset in section IN. */
int run_damaged(const struct run *r, struct bytes in, uint64_t off);

#endif
