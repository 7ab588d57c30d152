/* cli/message.c - one message on stderr */
#include "cli/message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

void message_write(const void *ptr, unsigned long len)
{
	ssize_t n;

	do
		n = write(STDERR_FILENO, ptr, len);
	while (n < 0 && errno == EINTR);
}

static int to_stderr(void *ctx, const void *ptr, size_t len)
{
	(void)ctx;
	message_write(ptr, len);
	return 0;
}

/* A message is put together here: one must be possible when memory has run out.  Four
 * bytes for one of err's longest message and hint, and names. */
struct line {
	size_t len;
	char text[4 * (sizeof(struct err_note)) + 512];
};

static void add(struct line *l, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct line *l, const char *fmt, ...)
{
	size_t room = sizeof l->text - l->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->len, room, fmt, ap);
	va_end(ap);
	l->len += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

/* TEXT with control bytes as \xHH, and every byte above ASCII too when it is not
 * UTF-8.  Names were quoted where they were known; what is left are paths that the
 * system's words were built around. */
static void add_safe(struct line *l, const char *text)
{
	struct bytes b = bytes_str(text);
	bool utf8 = output_is_utf8(b);

	for (size_t i = 0; i < b.len; i++) {
		uint8_t c = b.ptr[i];
		bool c1 = utf8 && c == 0xc2 && b.ptr[i + 1] < 0xa0;

		if (c1) {
			add(l, "\\x%02X", c);
			c = b.ptr[++i];
		}
		if (c < 0x20 || c == 0x7f || c1 || (c >= 0x80 && !utf8))
			add(l, "\\x%02X", c);
		else
			add(l, "%c", c);
	}
}

static void begin(struct cli *c)
{
	if (c->clear)
		c->clear(c->clear_ctx);
}

static void error_text(struct cli *c, int code, const char *text, const char *hint)
{
	const char *tool = c->tool->name;
	struct line line = { .len = 0 };

	add(&line, "%s: ", tool);
	add_safe(&line, text);
	add(&line, " [%s]\n", err_word(code));
	if (hint[0]) {
		add(&line, "%s: hint: ", tool);
		add_safe(&line, hint);
		add(&line, "\n");
	}
	message_write(line.text, line.len);
}

/* What stands before the first ": " - not for what has no subject. */
static const char *subject_of(int code, const char *text, char *out, size_t cap)
{
	const char *end = strstr(text, ": ");

	if (!end || code == ERR_MEMORY || (size_t)(end - text) >= cap)
		return "";
	memcpy(out, text, (size_t)(end - text));
	out[end - text] = '\0';
	return out;
}

/* Without a text, for which there was no memory. */
static void json_short(int code)
{
	struct line line = { .len = 0 };

	add(&line, "{\"error\":\"%s\",\"status\":%d,\"subject\":\"\",\"message\":\"out of "
	    "memory\",\"hint\":\"\"}\n", err_word(code), err_status(code));
	message_write(line.text, line.len);
}

void message_error(struct cli *c, int code, const char *text, const char *hint)
{
	char subject[512];
	struct json j;

	begin(c);
	if (!c->json) {
		error_text(c, code, text, hint);
		return;
	}
	json_init(&j, NULL);
	json_object(&j, NULL);
	json_text(&j, "error", err_word(code));
	json_i64(&j, "status", err_status(code));
	json_text(&j, "subject", subject_of(code, text, subject, sizeof subject));
	json_text(&j, "message", text);
	json_text(&j, "hint", hint);
	json_object_end(&j);
	if (json_line(&j, (struct sink){ to_stderr, NULL }) < 0)
		json_short(code);
	json_release(&j);
}

void message_plain(struct cli *c, const char *kind, const char *text)
{
	struct line line = { .len = 0 };
	struct json j;

	begin(c);
	if (c->json) {
		json_init(&j, NULL);
		json_object(&j, NULL);
		json_text(&j, kind, text);
		json_object_end(&j);
		json_line(&j, (struct sink){ to_stderr, NULL });
		json_release(&j);
		return;
	}
	add(&line, "%s: ", c->tool->name);
	add_safe(&line, text);
	add(&line, "\n");
	message_write(line.text, line.len);
}
