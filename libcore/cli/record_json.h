/* cli/record_json.h - one line of jsonl; inside of cli/record only */
#ifndef CLI_RECORD_JSON_H
#define CLI_RECORD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct record_json {
	struct bytes key, value;	/* inside the line, decoded in place */
	bool absent;
	const char *why;		/* after a refusal: what is wrong */
	struct bytes near;		/* and where: a name or the rest of the line */
};

/* {"key" or "key64": string, and "value" or "value64": string, or "absent":true}
 * in any order, each at most once, no other names.  True, or false with why and
 * near; the line is changed only when it is true. */
bool record_json_read(struct record_json *out, uint8_t *line, size_t len);

#endif
