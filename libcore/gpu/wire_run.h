/* gpu/wire_run.h - a stranger's kernel and what it is given: the bodies of RUN
 *
 *	asked      struct wire_run, the kernel's name and the compiler's options as keys
 *	           are, the text, the arguments: struct wire_run_arg and its bytes, each
 *	answered   struct wire_ran, then the compiler's words, or the bytes of the output
 *
 * What is decoded is not trusted: what is wrong is ERR_BAD_RECORD.
 */
#ifndef GPU_WIRE_RUN_H
#define GPU_WIRE_RUN_H

#include "base/bytes.h"
#include "base/disk.h"
#include "gpu/gpu_index.h"

#define WIRE_RUN_TEXT_MAX 49152u	/* of a kernel's text */
#define WIRE_RUN_ARGS 64u
#define WIRE_RUN_LOG_MAX 16384u

struct wire_run {
/*00*/	le64 global, local;	/* work-items; in groups of, or 0 */
/*10*/	le32 text_len, arg_n;
};
DISK_SIZE(struct wire_run, 24);

enum wire_run_kind {
	WIRE_RUN_TOKEN = 1,	/* struct wire_place */
	WIRE_RUN_KEY,		/* a key: its value */
	WIRE_RUN_NUMBER,	/* 1 to 8 bytes, as the kernel takes them */
	WIRE_RUN_OUT		/* le64 bytes, zeroed; one at most */
};

struct wire_run_arg {
/*00*/	le32 kind, len;
};
DISK_SIZE(struct wire_run_arg, 8);

struct wire_ran {
/*00*/	le64 out_len;		/* of what follows, if it was compiled */
/*08*/	le64 took_ns;
/*10*/	le32 refused;		/* 1: it was not compiled, and LOG_LEN bytes follow */
/*14*/	le32 log_len;
};
DISK_SIZE(struct wire_ran, 24);

struct run_ask {
	uint64_t global, local;
	uint32_t arg_n;
	struct bytes kernel, text;
	struct bytes args;		/* for wire_run_next */
};
struct run_arg {
	uint32_t kind;
	struct bytes bytes;
	struct gpu_token token;		/* TOKEN */
	uint64_t out_len;		/* OUT */
};

int wire_run_put(struct buf *out, const struct run_ask *r);
int wire_run_arg_put(struct buf *out, uint32_t kind, struct bytes bytes);
int wire_run_get(struct bytes in, struct run_ask *out);
/* 1 and the next, IN behind it; 0 at the end. */
int wire_run_next(struct bytes *in, struct run_arg *out);

#endif
