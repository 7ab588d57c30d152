/* bench/rdfscan - statements made, read and written, nothing else
 *
 *	rdfscan make COUNT		N-Triples to stdout: things with a class, a label in
 *					some language, links, numbers and dates; now and then
 *					an escape, text over 127, a blank node
 *	rdfscan scan [plain] FILE	reads them and counts; plain: a byte at a time
 *	rdfscan write FILE		reads them and writes them canonically to stdout
 *
 * The file is read a piece at a time, as an import does.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "graph/rdf/ntriples.h"
#include "graph/rdf/rdf_write.h"

#define PIECE (256u << 10)
#define NS "http://kg.example/"

static void die(const char *what)
{
	fprintf(stderr, "rdfscan: %s\n", what);
	exit(1);
}

/* --- make --- */

static uint64_t turn;

static uint64_t rnd(uint64_t below)
{
	return hash_u64(++turn) % below;
}

static void word(void)
{
	static const char *const parts[] = { "ta", "ren", "mi", "os", "qua", "vor", "del",
					     "lin", "ber", "kat", "sel", "gen" };
	static const char *const odd[] = { "\xc3\xa9", "\xc5\x82", "\xe6\x97\xa5", "\\\"",
					   "\\t", "\\u00e9", "\xf0\x9f\x8c\x8d" };

	for (uint64_t n = 2 + rnd(3); n; n--)
		fputs(rnd(120) ? parts[rnd(12)] : odd[rnd(7)], stdout);
}

static void words(uint64_t n)
{
	while (n--) {
		word();
		if (n)
			putchar(' ');
	}
}

static void object(uint64_t things)
{
	static const char *const tags[] = { "en", "de", "fr", "pt-BR", "ja" };

	switch (rnd(8)) {
	case 0:
		putchar('"');
		words(2 + rnd(12));
		printf("\"@%s", tags[rnd(5)]);
		break;
	case 1:
		printf("\"%" PRIu64 "\"^^<" RDF_XSD "integer>", rnd(10000));
		break;
	case 2:
		printf("\"%" PRIu64 ".%02" PRIu64 "\"^^<" RDF_XSD "decimal>", rnd(10000), rnd(100));
		break;
	case 3:
		printf("\"%" PRIu64 "-%02" PRIu64 "-%02" PRIu64 "\"^^<" RDF_XSD "date>",
		       1800 + rnd(220), 1 + rnd(12), 1 + rnd(28));
		break;
	default:
		printf("<" NS "resource/Q%" PRIu64 ">", rnd(things));
	}
}

static int make(uint64_t count)
{
	uint64_t things = count / 8 + 1;

	for (uint64_t i = 0; i < count; i++) {
		uint64_t thing = i / 8;

		if (thing % 50)
			printf("<" NS "resource/Q%" PRIu64 "> ", thing);
		else
			printf("_:b%" PRIu64 " ", thing);
		if (i % 8 == 0) {
			printf("<" RDF_NS "type> <" NS "class/C%" PRIu64 "> .\n", rnd(20));
			continue;
		}
		printf("<" NS "property/p%" PRIu64 "> ", rnd(60));
		object(things);
		puts(" .");
	}
	return fflush(stdout) == EOF;
}

/* --- scan, write --- */

static uint64_t take_piece(struct ntriples_scan *s, struct bytes piece, struct buf *out)
{
	struct rdf_statement st;
	uint64_t n = 0;
	int r;

	ntriples_scan_text(s, piece);
	for (; (r = ntriples_scan_next(s, &st)) > 0; n++)
		if (out && rdf_write(out, &st, RDF_FORM_12) < 0)
			die(err_message());
	if (r < 0)
		die(err_message());
	if (out && write(STDOUT_FILENO, out->ptr, out->len) != (ssize_t)out->len)
		die(strerror(errno));
	if (out)
		buf_clear(out);
	return n;
}

static int scan(const char *path, ntriples_fn *way, struct buf *out)
{
	static uint8_t room[2 * PIECE];
	struct ntriples_scan s;
	uint64_t n = 0;
	size_t len = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		die(strerror(errno));
	ntriples_scan_begin(&s, false, NULL);
	s.next = way ? way : s.next;
	while ((got = read(fd, room + len, PIECE)) > 0) {
		const uint8_t *lf = memrchr(room, '\n', len + (size_t)got);
		size_t whole = lf ? (size_t)(lf + 1 - room) : 0;

		len += (size_t)got;
		n += take_piece(&s, bytes_of(room, whole), out);
		len -= whole;
		if (len > PIECE)
			die("a line is too long");
		memmove(room, room + whole, len);
	}
	if (got < 0)
		die(strerror(errno));
	n += take_piece(&s, bytes_of(room, len), out);
	ntriples_scan_end(&s);
	close(fd);
	fprintf(out ? stderr : stdout, "%" PRIu64 "\n", n);
	return 0;
}

int main(int argc, char **argv)
{
	struct buf out = {0};

	if (argc == 3 && !strcmp(argv[1], "make"))
		return make(strtoull(argv[2], NULL, 10));
	if (argc == 3 && !strcmp(argv[1], "scan"))
		return scan(argv[2], NULL, NULL);
	if (argc == 4 && !strcmp(argv[1], "scan") && !strcmp(argv[2], "plain"))
		return scan(argv[3], ntriples_way(NTRIPLES_PLAIN), NULL);
	if (argc == 3 && !strcmp(argv[1], "write"))
		return scan(argv[2], NULL, &out);
	die("rdfscan make COUNT | scan [plain] FILE | write FILE");
}
