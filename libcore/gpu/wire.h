/* gpu/wire.h - the messages between the cache service and who asks it
 *
 * One packet of a SOCK_SEQPACKET socket is one message: a head of 48 bytes and a body.
 * Who connects asks, and is answered before he asks again; while an answer takes its
 * time, packets that say WIRE_WORKING come, so that silence means that the service
 * is stopped, with a struct wire_working or nothing.  An answer of more than a packet holds lies in a sealed memfd that comes
 * along as SCM_RIGHTS.  Integers are little-endian.
 *
 *	ask      head, body: by type, below
 *	answer   head, body: status 0: by type; else the words of the error
 *
 *	type        the body asked               the body answered
 *	STAT        -                            struct wire_stat, three texts
 *	STOP        -                            -, and then the end of the connection
 *	PIN EVICT   struct wire_which, keys      struct wire_done
 *	WARM        struct wire_which, keys      struct wire_done
 *	FIND        keys                         struct wire_place for each, in order
 *	READ        struct wire_which, keys      struct wire_value and bytes for each, in
 *	                                         any order
 *	PIN_GRAPH RUN WALK                       their own: opaque here
 *
 * Keys are one after another, each its length as le16 and its bytes.
 *
 * Nothing that is decoded is trusted: each length is checked before it is used, and
 * what is wrong is ERR_BAD_RECORD.  Decoding allocates nothing.
 */
#ifndef GPU_WIRE_H
#define GPU_WIRE_H

#include "base/bytes.h"
#include "base/disk.h"
#include "base/err.h"
#include "gpu/gpu_index.h"

#define WIRE_SOCKET "gpucache.sock"
#define WIRE_LOCK "gpucache.lock"
#define WIRE_FORMAT 1u
#define WIRE_BODY_MAX 66000u		/* 64 KiB and a little: a key of any length fits */
#define WIRE_WORKING 0xffffu		/* as status: the answer takes its time */

enum wire_type {
	WIRE_STAT = 1, WIRE_STOP, WIRE_PIN, WIRE_EVICT, WIRE_WARM, WIRE_FIND, WIRE_READ,
	WIRE_PIN_GRAPH, WIRE_RUN, WIRE_WALK,
	WIRE_TYPES
};

struct wire_head {
/*00*/	char magic[4];		/* "sGc?" asks, "sGc!" answers */
/*04*/	le16 format;
/*06*/	le16 type;		/* enum wire_type; of an answer what was asked */
/*08*/	le32 len;		/* of the body, which is the rest of the packet */
/*0c*/	le32 status;		/* of an answer: 0, -(enum err), WIRE_WORKING */
/*10*/	uint8_t store[16];	/* the store's uuid */
/*20*/	le64 big_len;		/* of an answer: bytes in the memfd that came along, or 0 */
/*28*/	le64 zero;
};
DISK_SIZE(struct wire_head, 48);

struct wire_working {		/* how far it is */
/*00*/	le64 done, all;		/* all 0: who knows */
};
DISK_SIZE(struct wire_working, 16);
DISK_AT(struct wire_head, store, 0x10);
DISK_AT(struct wire_head, big_len, 0x20);

#define WIRE_MESSAGE_MAX (sizeof(struct wire_head) + WIRE_BODY_MAX)

struct wire_message {
	unsigned type;
	uint32_t status;
	const uint8_t *store;	/* 16 bytes, in the message */
	uint64_t big_len;
	struct bytes body;
};

void wire_ask_head(struct wire_head *h, unsigned type, const uint8_t store[16],
		   size_t body_len);
void wire_answer_head(struct wire_head *h, unsigned type, const uint8_t store[16],
		      uint32_t status, size_t body_len, uint64_t big_len);

/* ERR_BAD_RECORD; ERR_NEWER when it is of another format. */
int wire_ask_get(struct bytes in, struct wire_message *out);
int wire_answer_get(struct bytes in, struct wire_message *out);

/* --- errors: le16 length and bytes of the message, the same of the hint --- */

/* The thread's message, at most WIRE_ERROR_MAX bytes. */
#define WIRE_ERROR_MAX 2048u
size_t wire_error_put(uint8_t out[WIRE_ERROR_MAX]);
/* Sets the thread's message and returns the code that STATUS says, always below 0. */
int wire_error_get(uint32_t status, struct bytes body);

/* --- bodies --- */

int wire_key_put(struct buf *out, struct bytes key);
/* 1 and the next key, IN behind it; 0 at the end; ERR_BAD_RECORD. */
int wire_key_get(struct bytes *in, struct bytes *key);

int wire_text_put(struct buf *out, const char *text);		/* like a key */
/* Into OUT as text: bytes that are no plain ASCII become '?', what is over CAP is cut. */
int wire_text_get(struct bytes *in, char *out, size_t cap);

#define WIRE_PREFIX 1u		/* the keys are prefixes: all that begin so */
#define WIRE_UNPIN 2u		/* EVICT: only the pin goes, what is there may stay */
#define WIRE_NO_LOAD 4u		/* READ: what is resident only */

struct wire_which {
/*00*/	le32 flags;
/*04*/	le32 zero;
};
DISK_SIZE(struct wire_which, 8);

struct wire_done {
/*00*/	le64 n;			/* keys it was done for */
/*08*/	le64 bytes;		/* of their values */
/*10*/	le64 absent_n;		/* not in the store, or of EVICT not resident */
/*18*/	le64 refused_n;		/* no room, or they expire: they are not resident */
/*20*/	le32 why;		/* -(enum err) of the first refused, whose words follow as
				 * those of an error; 0: none */
/*24*/	le32 zero;
};
DISK_SIZE(struct wire_done, 40);

struct wire_place {		/* a token; stamp 0: not resident */
/*00*/	le64 generation, stamp, off, len, version;
/*28*/	le32 arena, slot;
};
DISK_SIZE(struct wire_place, 48);

enum wire_value_state {
	WIRE_VALUE = 0,		/* LEN bytes follow */
	WIRE_VALUE_ABSENT = 1,	/* the store has no such key */
	WIRE_VALUE_ELSEWHERE = 2	/* ask the store: not resident, or too much at once */
};

struct wire_value {
/*00*/	le32 state;
/*04*/	le32 nth;		/* of the keys asked, from 0 */
/*08*/	le64 version;
/*10*/	le64 len;
};
DISK_SIZE(struct wire_value, 24);

struct wire_stat {
/*00*/	le64 generation, pid, started_ns;	/* wall clock */
/*18*/	le64 size, bytes, pinned_bytes;		/* of the arenas; of what is resident */
/*30*/	le64 n, pinned_n;			/* things */
/*40*/	le64 hit_n, miss_n, load_n, evict_n, refuse_n, drop_n;
/*70*/	le64 applied;				/* the store's version it answers for */
/*78*/	le64 client_n, ask_n, denied_n, bad_n, restart_n;
/*a0*/	le64 upload_bytes, read_bytes;		/* to the device, and back */
/*b0*/	le64 unpack_n;				/* adjacency that the device unpacked */
};
DISK_SIZE(struct wire_stat, 184);

/* The texts that follow it, each by wire_text_get: type of the device, its name, why. */

int wire_which_get(struct bytes *in, uint32_t *flags);
void wire_place_put(struct wire_place *out, const struct gpu_token *t);
void wire_place_get(const struct wire_place *in, struct gpu_token *t);
/* LEN bytes from IN into OUT, IN behind them; or ERR_BAD_RECORD. */
int wire_take(struct bytes *in, void *out, size_t len);

/* --- the socket --- */

/* Its address in the store's directory DIR, whose path may be longer than an address:
 * good while *DIR_FD, the directory, is open.  ERR_UNAVAILABLE. */
struct sockaddr_un;
int wire_address(const char *dir, int *dir_fd, struct sockaddr_un *at);

/* --- what does not fit: a memfd --- */

/* No answer is longer: an eighth of the memory there is.  A memfd has no other limit
 * but that of the machine. */
uint64_t wire_big_max(void);
/* LEN bytes, mapped at *ptr; the descriptor.  ERR_MEMORY, ERR_RESOURCE. */
int wire_big_new(uint64_t len, uint8_t **ptr);
/* Unmaps it; from then on nobody changes its bytes or its size.  LEN: as made. */
int wire_big_seal(int fd, uint8_t *ptr, uint64_t len);
/* Somebody's, of at least LEN bytes, that nobody can change any more: mapped.  Else
 * ERR_BAD_RECORD. */
int wire_big_map(int fd, uint64_t len, const uint8_t **ptr);

#endif
