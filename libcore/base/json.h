/* base/json.h - JSON (RFC 8259), read where it lies
 *
 * A cursor over bytes gives one value after the other; what is inside an array or an
 * object is looked at by a cursor of its own.  json_next has checked a value to its end,
 * all nested ones too, before it gives it: afterwards nothing can fail but what the
 * reader asks of it.  Nothing is copied and nothing is drawn; a string is decoded on
 * request.  Strings are not checked to be UTF-8: that is the reader's.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>

#include "base/bytes.h"

#define JSON_DEPTH 512u			/* arrays and objects within each other */

enum json_kind {
	JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT,
};

struct json_at {
	const uint8_t *at, *end;
	const char *why;		/* after a refusal: what is wrong */
	const uint8_t *near;		/* and where */
};

struct json_value {
	enum json_kind kind;
	bool escaped;			/* a string with backslashes */
	struct bytes text;		/* as it is there; of a string without its quotes */
};

struct json_at json_of(struct bytes text);

/* The next value: false, with why and near, when there is none. */
bool json_next(struct json_at *j, struct json_value *out);
/* Only blanks are left (else it is a refusal). */
bool json_end(struct json_at *j);

/* Inside an array or an object that json_next gave: 1 and the next element, or the next
 * member's name (a string) and value; 0 at the end.  Cannot fail. */
struct json_at json_inside(const struct json_value *v);
int json_element(struct json_at *j, struct json_value *out);
int json_member(struct json_at *j, struct json_value *name, struct json_value *out);

/* A string without its escapes: where it lies, or, if it has any, in ROOM, which needs
 * no more bytes than the text. */
struct bytes json_string(const struct json_value *v, uint8_t *room);
/* Is it a string of these very bytes, written without escapes? */
bool json_is(const struct json_value *v, const char *word);

/* For who finds strings by itself: the bytes of the escape at P (a backslash), before
 * END; 0 when it is none (a high surrogate counts only with its low one). */
size_t json_escape_len(const uint8_t *p, const uint8_t *end);
/* Checked text between quotes without its escapes, into TO, which may be where it is:
 * the bytes written. */
size_t json_unescape(uint8_t *to, struct bytes from);

#endif
