/* cli/progress.c - the line that people watch
 *
 * Drawn with a carriage return and blanks only: no escape sequences, so a dumb
 * terminal shows it too.
 */
#include "cli/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/message.h"

#define MS 1000000ull
#define FIRST_NS (1000 * MS)
#define LIVE_NS (250 * MS)
#define PLAIN_NS (10000 * MS)
/* Looks at the clock come about this far apart. */
#define LOOK_NS (10 * MS)
#define SKIP_MAX (1u << 16)

static void wipe(void *ctx)
{
	struct progress *p = ctx;
	char line[260];
	unsigned width;

	if (!p->shown)
		return;
	width = output_width(STDERR_FILENO);
	if (width > 256)
		width = 256;
	snprintf(line, sizeof line, "\r%*s\r", (int)width - 1, "");
	message_write(line, strlen(line));
	p->shown = false;
}

void progress_begin(struct progress *p, struct cli *cli, const char *what,
		    uint64_t total_bytes)
{
	memset(p, 0, sizeof *p);
	p->cli = cli;
	p->what = what;
	p->total = total_bytes;
	p->start_ns = p->looked_ns = clock_ns();
	p->drawn_ns = p->start_ns;
	if (cli->quiet || cli->progress == OUTPUT_NEVER)
		return;
	if (output_is_terminal(STDERR_FILENO) && !cli->json)
		p->live = true;
	else
		p->plain = cli->progress == OUTPUT_ALWAYS;
	cli->clear = wipe;
	cli->clear_ctx = p;
}

uint64_t progress_elapsed_ns(const struct progress *p)
{
	return clock_ns() - p->start_ns;
}

static size_t line_of(const struct progress *p, char *out, size_t cap)
{
	uint64_t ns = progress_elapsed_ns(p);
	size_t n = (size_t)snprintf(out, cap, "%s %s, %s, %s/s, %s",
				    output_count(p->items), p->what,
				    output_size(p->bytes), output_rate(p->items, ns),
				    output_time(ns));
	double done;

	if (p->total && p->bytes && n < cap) {
		done = (double)p->bytes / (double)p->total;
		if (done > 1)
			done = 1;
		n += (size_t)snprintf(out + n, cap - n, ", %d%%, %s left",
				      (int)(done * 100),
				      output_time((uint64_t)((double)ns * (1 - done) / done)));
	}
	return n < cap ? n : cap - 1;
}

static void draw(struct progress *p)
{
	char text[256], line[300];
	unsigned width = output_width(STDERR_FILENO);
	size_t len = line_of(p, text, sizeof text);

	if (width > 256)
		width = 256;
	if (len >= width)
		text[width - 1] = '\0';
	snprintf(line, sizeof line, "\r%-*s", (int)width - 1, text);
	message_write(line, strlen(line));
	p->shown = true;
}

static void print(struct progress *p)
{
	char text[256];

	line_of(p, text, sizeof text);
	message_plain(p->cli, "progress", text);
}

static void pace(struct progress *p, uint64_t now)
{
	uint64_t apart = now - p->looked_ns;

	if (apart < LOOK_NS / 2)
		p->skip = p->skip < SKIP_MAX ? 2 * p->skip + 1 : SKIP_MAX;
	else if (apart > 2 * LOOK_NS)
		p->skip /= 2;
	p->left = p->skip;
	p->looked_ns = now;
}

void progress_look(struct progress *p)
{
	uint64_t now = clock_ns();

	pace(p, now);
	if (cli_asked_progress()) {
		print(p);
		return;
	}
	if (p->live && now - p->start_ns >= FIRST_NS &&
	    now - p->drawn_ns >= LIVE_NS) {
		p->drawn_ns = now;
		draw(p);
	} else if (p->plain && now - p->drawn_ns >= PLAIN_NS) {
		p->drawn_ns = now;
		print(p);
	}
}

void progress_end(struct progress *p, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	wipe(p);
	if (p->cli->clear_ctx == p) {
		p->cli->clear = NULL;
		p->cli->clear_ctx = NULL;
	}
	if (!fmt || !(p->live || p->plain))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	message_plain(p->cli, "summary", text);
}
