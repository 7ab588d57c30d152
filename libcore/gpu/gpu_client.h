/* gpu/gpu_client.h - asking the cache service of a store
 *
 * One request, one answer; any number of times over one connection.  Whoever asks
 * must be able to do without: the service may be absent, dead, stopped or of another
 * mind, and then this says so in less than a millisecond, or, when it is there but
 * silent, within WAIT_NS.  A service that works on something long says so meanwhile,
 * and is waited for as long as it does.
 *
 * Nothing the service says is trusted to be well-formed: nonsense is ERR_UNAVAILABLE.
 * A struct gpu_client belongs to one thread.
 */
#ifndef GPU_GPU_CLIENT_H
#define GPU_GPU_CLIENT_H

#include <stdint.h>

#include "base/bytes.h"
#include "gpu/wire.h"
#include "io/backend.h"

struct gpu_client;

#define GPU_CLIENT_WAIT_NS UINT64_C(2000000000)	/* what commands give it */

/* B is the backend of the store's directory, STORE its uuid.  ERR_ABSENT: no service
 * was ever here, or it ended as it should; ERR_UNAVAILABLE: it is dead or takes nobody;
 * ERR_UNTRUSTED: somebody else listens there.  An ERR_DENIED service says no at the
 * first request. */
int gpu_client_open(struct gpu_client **out, struct backend *b, const uint8_t store[16],
		    uint64_t wait_ns);
void gpu_client_close(struct gpu_client *c);	/* NULL is fine */

struct gpu_answer {
	const uint8_t *ptr;
	uint64_t len;
	void *map;		/* what gpu_answer_free unmaps; NULL: the client's buffer,
				 * good until its next request */
	uint64_t map_len;
};

/* TYPE is an enum wire_type, BODY at most WIRE_BODY_MAX bytes.  0 and the answer; or
 * the service's own error with its words; or ERR_UNAVAILABLE when it died, was silent
 * for WAIT_NS or spoke nonsense: nothing else can be asked of this connection then,
 * and every further request says the same. */
int gpu_client_ask(struct gpu_client *c, unsigned type, struct bytes body,
		   struct gpu_answer *out);
void gpu_answer_free(struct gpu_answer *a);	/* again is fine */

/* From now on SEEN is called whenever the service says how far it is with what it was
 * asked: DONE of ALL, 0: who knows.  NULL: not any more. */
void gpu_client_watch(struct gpu_client *c, void (*seen)(void *ctx, uint64_t done, uint64_t all),
		      void *ctx);

/* After WIRE_STOP: until the service has let go of all it held, WAIT_NS at most. */
int gpu_client_wait_end(struct gpu_client *c, uint64_t wait_ns);

/* Has it broken off, so that another connection would have to be opened? */
bool gpu_client_is_dead(const struct gpu_client *c);

#endif
