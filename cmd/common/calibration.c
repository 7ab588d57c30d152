/* cmd/common/calibration.c - a few lines of text, in and out */
#include "cmd/common/calibration.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/size.h"
#include "io/file.h"

#define HEAD "strato-gpucache-calibration 1"
#define LEN_MOST 4096u

const char *calibration_word(uint32_t kind)
{
	static const char *const words[] = { "", "bfs", "path", "pagerank" };

	return kind <= WIRE_WALK_PAGERANK ? words[kind] : "";
}

void calibration_init(struct calibration *c)
{
	memset(c, 0, sizeof *c);
	for (unsigned i = 0; i <= WIRE_WALK_PAGERANK; i++)
		c->least[i] = CALIBRATION_NEVER;
}

static int bad(struct calibration *c, unsigned line)
{
	calibration_init(c);
	return err_set(ERR_BAD_RECORD, "%s: line %u is not one of such a file",
		       CALIBRATION_NAME, line);
}

static bool take_line(struct bytes *in, struct bytes *line)
{
	const uint8_t *end = in->len ? memchr(in->ptr, '\n', in->len) : NULL;

	if (!end)
		return false;
	*line = bytes_of(in->ptr, (size_t)(end - in->ptr));
	in->len -= line->len + 1;
	in->ptr = end + 1;
	return true;
}

/* "WORD VALUE": the value. */
static bool value_of(struct bytes line, const char *word, struct bytes *value)
{
	size_t n = strlen(word);

	if (line.len <= n || memcmp(line.ptr, word, n) || line.ptr[n] != ' ')
		return false;
	*value = bytes_of(line.ptr + n + 1, line.len - n - 1);
	return true;
}

/* As gpu/wire's texts are: what the service says of its device is compared with it. */
static void take_device(struct calibration *c, struct bytes v)
{
	size_t n = v.len < sizeof c->device - 1 ? v.len : sizeof c->device - 1;

	for (size_t i = 0; i < n; i++)
		c->device[i] = v.ptr[i] >= ' ' && v.ptr[i] <= '~' ? (char)v.ptr[i] : '?';
	c->device[n] = '\0';
}

static bool take_least(struct calibration *c, struct bytes line)
{
	struct bytes v;

	for (uint32_t kind = WIRE_WALK_BFS; kind <= WIRE_WALK_PAGERANK; kind++)
		if (value_of(line, calibration_word(kind), &v))
			return bytes_equal(v, bytes_str("-")) ||
				size_number(CALIBRATION_NAME, v, 0, UINT64_MAX - 1,
					    &c->least[kind]) == 0;
	return false;
}

int calibration_parse(struct calibration *c, struct bytes text)
{
	struct bytes line, v;
	unsigned n = 1;

	calibration_init(c);
	if (!take_line(&text, &line) || !bytes_equal(line, bytes_str(HEAD)))
		return bad(c, n);
	while (text.len) {
		n++;
		if (!take_line(&text, &line))
			return bad(c, n);
		if (value_of(line, "device", &v))
			take_device(c, v);
		else if (!take_least(c, line))
			return bad(c, n);
	}
	return 1;
}

int calibration_read(struct calibration *c, struct store *s)
{
	struct buf text = { 0 };
	int r = file_slurp(store_backend(s), CALIBRATION_NAME, LEN_MOST, &text);

	calibration_init(c);
	if (r == 0)
		r = calibration_parse(c, buf_bytes(&text));
	buf_release(&text);
	return r == ERR_ABSENT || r == ERR_NO_FILE ? 0 : r;
}

int calibration_write(const struct calibration *c, struct backend *b)
{
	struct buf text = { 0 };
	int r = buf_printf(&text, HEAD "\ndevice %s\n", c->device);

	for (uint32_t kind = WIRE_WALK_BFS; r == 0 && kind <= WIRE_WALK_PAGERANK; kind++)
		r = c->least[kind] == CALIBRATION_NEVER ?
			buf_printf(&text, "%s -\n", calibration_word(kind)) :
			buf_printf(&text, "%s %" PRIu64 "\n", calibration_word(kind),
				   c->least[kind]);
	if (r == 0)
		r = file_replace(b, CALIBRATION_NAME, text.ptr, text.len);
	buf_release(&text);
	return r;
}
