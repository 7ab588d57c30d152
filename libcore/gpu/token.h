/* gpu/token.h - where something lies on the device, as text
 *
 *	strato-gpu:STORE-UUID:GENERATION:ARENA:OFFSET:LENGTH:VERSION:STAMP
 *
 * The uuid as 32 hex digits, the others as decimal numbers without leading zeros.  A
 * token is a name, never an address: who has it asks the service, which says no as soon
 * as it is of what was evicted, replaced, or of another generation or store.
 */
#ifndef GPU_TOKEN_H
#define GPU_TOKEN_H

#include <stdbool.h>

#include "base/bytes.h"
#include "gpu/gpu_index.h"

#define TOKEN_PREFIX "strato-gpu:"
#define TOKEN_TEXT_MAX 192

void token_print(char out[TOKEN_TEXT_MAX], const uint8_t store[16],
		 const struct gpu_token *t);

static inline bool token_is(struct bytes text)
{
	return bytes_starts(text, bytes_str(TOKEN_PREFIX));
}

/* Its store into STORE.  ERR_BAD_RECORD unless it is exactly what token_print prints
 * (the slot is 0: no text has it). */
int token_parse(struct bytes text, uint8_t store[16], struct gpu_token *out);

#endif
