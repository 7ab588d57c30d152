/* cli/message.h - one message on stderr, as text or as a JSON line
 *
 * A message is written in one call, so that lines of several processes do not
 * mix.  Control bytes are shown escaped: nothing printed here moves a cursor.
 */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

struct cli;

/* "TOOL: TEXT [word]" and "TOOL: hint: HINT"; in JSON
 * {"error":"word","status":N,"subject":..,"message":..,"hint":..}. */
void message_error(struct cli *c, int code, const char *text, const char *hint);

/* "TOOL: TEXT"; in JSON {"KIND":"TEXT"}. */
void message_plain(struct cli *c, const char *kind, const char *text);

/* Bytes to stderr as they are; a stderr that fails is nobody's to tell. */
void message_write(const void *ptr, unsigned long len);

#endif
