/* cli/message.c - one message on stderr */
#include "cli/message.h"

#include <errno.h>
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

/* TEXT with control bytes as \xHH, and every byte above ASCII too when it is not
 * UTF-8.  Names were quoted where they were known; what is left are paths that the
 * system's words were built around. */
static int add_safe(struct buf *out, const char *text)
{
	struct bytes b = bytes_str(text);
	bool utf8 = output_is_utf8(b);
	int r = 0;

	for (size_t i = 0; r == 0 && i < b.len; i++) {
		uint8_t c = b.ptr[i];
		bool c1 = utf8 && c == 0xc2 && b.ptr[i + 1] < 0xa0;

		if (c1)
			r = buf_printf(out, "\\x%02X", c);
		if (r == 0 && c1)
			c = b.ptr[++i];
		if (r == 0 && (c < 0x20 || c == 0x7f || c1 || (c >= 0x80 && !utf8)))
			r = buf_printf(out, "\\x%02X", c);
		else if (r == 0)
			r = buf_add_byte(out, c);
	}
	return r;
}

static void begin(struct cli *c)
{
	if (c->clear)
		c->clear(c->clear_ctx);
}

static void error_text(struct cli *c, int code, const char *text, const char *hint)
{
	struct buf line = {0};
	const char *tool = c->tool->name;
	int r = buf_printf(&line, "%s: ", tool);

	if (r == 0)
		r = add_safe(&line, text);
	if (r == 0)
		r = buf_printf(&line, " [%s]\n", err_word(code));
	if (r == 0 && hint[0]) {
		r = buf_printf(&line, "%s: hint: ", tool);
		if (r == 0)
			r = add_safe(&line, hint);
		if (r == 0)
			buf_add_byte(&line, '\n');
	}
	message_write(line.ptr, line.len);
	buf_release(&line);
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
	json_line(&j, (struct sink){ to_stderr, NULL });
	json_release(&j);
}

void message_plain(struct cli *c, const char *kind, const char *text)
{
	struct buf line = {0};
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
	if (buf_printf(&line, "%s: ", c->tool->name) == 0 &&
	    add_safe(&line, text) == 0 && buf_add_byte(&line, '\n') == 0)
		message_write(line.ptr, line.len);
	buf_release(&line);
}
