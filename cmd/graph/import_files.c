/* cmd/graph/import_files.c - which inputs, of which formats
 *
 * An operand is a file in the format of -f, or in that which its first bytes show.
 * A graph of LDBC Graphalytics is several files: its properties file names them,
 * a folder is searched for one; .v and .e may be named themselves.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/import.h"
#include "graph/build.h"
#include "graph/text/csv.h"
#include "graph/text/csv_graph.h"
#include "graph/text/declared.h"
#include "graph/text/guess.h"
#include "graph/text/ldbc.h"

/* --- one file --- */

static int read_head(struct import_input *i)
{
	i->head = mem_alloc(store_mem(i->im->store), GUESS_LOOK);
	if (!i->head)
		return ERR_MEMORY;
	while (i->head_len < GUESS_LOOK) {
		ssize_t n;
		int r = 0;

		while (in_would_block(i->in) && r == 0) {	/* so that a signal is seen */
			r = import_stop(i->im, in_total(i->in));
			in_wait(i->in, 250000000u);
		}
		n = r < 0 ? r : in_read(i->in, i->head + i->head_len,
					GUESS_LOOK - i->head_len);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return 1;
		i->head_len += (size_t)n;
	}
	return 0;
}

static int guess(struct import_input *i)
{
	struct guess g = { .name = in_name(i->in) };
	uint8_t *room;
	int r = i->head ? i->whole : read_head(i);

	if (r < 0)
		return r;
	room = mem_alloc(store_mem(i->im->store), GUESS_LOOK);
	if (!room)
		return ERR_MEMORY;
	g.head = bytes_of(i->head, i->head_len);
	g.all = r > 0;
	r = guess_dialect(&g, room);
	mem_free(store_mem(i->im->store), room);
	i->dialect = g.dialect;
	if (r == 0)
		cli_say(i->im->cli, "%s: no edge to tell the format by", g.name);
	else if (r > 0)
		cli_say(i->im->cli, "%s: taken as %s: %s", g.name, g.dialect->name,
			g.dialect->shape);
	return r < 0 ? r : 0;
}

/* Rows have the header that came before, unless they bring one. */
static bool is_header(struct import_input *i, int *r)
{
	struct bytes head;
	const uint8_t *lf;

	*r = read_head(i);
	head = bytes_of(i->head, i->head_len);
	lf = head.len ? memchr(head.ptr, '\n', head.len) : NULL;
	i->whole = *r > 0;
	*r = *r < 0 ? *r : 0;
	return lf && csv_is_header(bytes_of(head.ptr, (size_t)(lf - head.ptr)));
}

static int add_file(struct import *im, struct import_input *i, const char *name)
{
	int r = in_open(&i->in, name, true, store_mem(im->store));

	if (r < 0)
		return r;
	i->im = im;
	if (!strcmp(name, "-"))
		cli_reading_stdin(im->cli);
	im->progress.total = in_size(i->in) ? im->bytes + in_size(i->in) : 0;
	if (!i->dialect && im->header && !is_header(i, &r))
		i->dialect = &csv_dialect;
	if (r == 0 && !i->dialect)
		r = guess(i);
	if (r == 0)
		r = import_feed(i);
	im->bytes += i->bytes;
	mem_free(store_mem(im->store), i->head);
	in_close(i->in);
	return r;
}

static int stop(void *ctx)
{
	struct import *im = ctx;

	return import_stop(im, 0);
}

static int build_for(struct import *im, bool undirected)
{
	struct build_options o = {
		.backend = store_backend(im->store), .store_id = store_id(im->store),
		.mem = store_mem(im->store), .ids = (enum build_ids)im->ids,
		.undirected = undirected, .threads = im->threads,
		.equal = (enum build_equal)im->dedup,
		.drop_loops = im->loops, .layout = (enum csr_layout)im->layout,
		.stop = stop, .stop_ctx = im,
	};

	int r;

	import_append_options(im, &o);
	im->no_direction = undirected;
	r = build_open(&im->build, &o);
	return r < 0 ? r : import_append_feed(im);
}

int import_begin(struct import_input *i, enum text_direction d)
{
	struct import *im = i->im;
	bool chosen = im->directed || im->undirected;
	bool undirected = chosen ? im->undirected : d == TEXT_UNDIRECTED;

	/* equal edges of it are two by their ids */
	if (i->dialect == &kgtk_dialect && !im->dedup_given)
		im->dedup = BUILD_KEEP;
	if (!im->build) {
		if (!chosen && undirected)
			cli_say(im->cli, "%s: edges have no direction", in_name(i->in));
		return build_for(im, undirected);
	}
	if (undirected == im->no_direction)
		return 0;
	err_set(ERR_USAGE, "%s: edges have %s direction, those of the files before it have"
		" %s", in_name(i->in), undirected ? "no" : "a", undirected ? "one" : "none");
	err_hint("say --directed or --undirected");
	return ERR_USAGE;
}

/* --- LDBC Graphalytics --- */

static bool ends(const char *name, const char *with)
{
	size_t len = strlen(name), n = strlen(with);

	return len > n && !strcmp(name + len - n, with);
}

static bool is_folder(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 && S_ISDIR(st.st_mode);
}

static int read_small(struct buf *text, const char *name)
{
	struct in *in = NULL;
	ssize_t n = 1;
	int r = in_open(&in, name, false, NULL);

	while (r == 0 && n > 0 && text->len < LDBC_PROPERTIES_MAX) {
		r = buf_reserve(text, LDBC_PROPERTIES_MAX);
		if (r == 0)
			n = in_read(in, text->ptr + text->len,
				    LDBC_PROPERTIES_MAX - text->len);
		text->len += r == 0 && n > 0 ? (size_t)n : 0;
	}
	in_close(in);
	if (r < 0 || n < 0)
		return r < 0 ? r : (int)n;
	return n == 0 ? 0 : err_set(ERR_BAD_RECORD, "%s: over %u bytes: no properties file",
				    name, LDBC_PROPERTIES_MAX);
}

/* FILE, which is beside BESIDE unless its path is absolute. */
static int path_of(struct buf *path, const char *beside, struct bytes file)
{
	const char *slash = strrchr(beside, '/');

	buf_clear(path);
	if (slash && file.ptr[0] != '/' &&
	    buf_add(path, beside, (size_t)(slash - beside) + 1) < 0)
		return ERR_MEMORY;
	if (memchr(file.ptr, '\0', file.len))
		return err_set(ERR_BAD_RECORD, "%s: a NUL byte in a file's name", beside);
	return buf_add(path, file.ptr, file.len) < 0 ? ERR_MEMORY : buf_add_byte(path, 0);
}

static int check_count(const char *what, bool said, uint64_t want, uint64_t got,
		       const char *name)
{
	if (!said || want == got)
		return 0;
	return err_set(ERR_BAD_RECORD, "%s: says %" PRIu64 " %s, the file holds %" PRIu64,
		       name, want, what, got);
}

static int add_graph(struct import *im, const struct ldbc *g, const char *name)
{
	struct import_input v = { .dialect = &vertices_dialect, .direction = g->direction };
	struct import_input e = { .dialect = &edgelist_dialect, .direction = g->direction };
	struct buf path = {0};
	int r = path_of(&path, name, g->vertex_file);

	if (r == 0)
		r = add_file(im, &v, (const char *)path.ptr);
	if (r == 0)
		r = check_count("vertices", g->has_vertex_n, g->vertex_n, v.node_n, name);
	if (r == 0)
		r = path_of(&path, name, g->edge_file);
	if (r == 0)
		r = add_file(im, &e, (const char *)path.ptr);
	if (r == 0)
		r = check_count("edges", g->has_edge_n, g->edge_n, e.edge_n, name);
	buf_release(&path);
	return r;
}

static int add_properties(struct import *im, const char *name)
{
	struct buf text = {0};
	struct ldbc g;
	int r = read_small(&text, name);

	if (r == 0)
		r = ldbc_read(&g, buf_bytes(&text), name);
	if (r == 0)
		r = add_graph(im, &g, name);
	buf_release(&text);
	return r;
}

/* The one properties file in it. */
static int find_properties(struct buf *path, const char *folder)
{
	const struct dirent *e;
	DIR *d = opendir(folder);
	unsigned n = 0;
	int r = 0;

	if (!d)
		return err_sys(ERR_IO, "%s: open", folder);
	while (r == 0 && (errno = 0, e = readdir(d)))
		if (ends(e->d_name, ".properties")) {
			n++;
			buf_clear(path);
			r = buf_printf(path, "%s/%s", folder, e->d_name);
		}
	if (r == 0 && errno)		/* a list that breaks off is not its end */
		r = err_sys(ERR_IO, "%s: read", folder);
	closedir(d);
	if (r == 0)
		r = buf_add_byte(path, 0);
	if (r < 0 || n == 1)
		return r;
	err_set(ERR_USAGE, "%s: %s properties file in it", folder, n ? "more than one" : "no");
	err_hint("name it, or the .v and .e files");
	return ERR_USAGE;
}

static int add_folder(struct import *im, const char *name)
{
	struct buf path = {0};
	int r = find_properties(&path, name);

	if (r == 0)
		r = add_properties(im, (const char *)path.ptr);
	buf_release(&path);
	return r;
}

static int add_ldbc(struct import *im, const char *name)
{
	struct import_input i = {0};

	if (is_folder(name))
		return add_folder(im, name);
	if (ends(name, ".properties"))
		return add_properties(im, name);
	if (!ends(name, ".v") && !ends(name, ".e")) {
		err_set(ERR_USAGE, "%s: neither a folder nor .properties, .v or .e", name);
		err_hint("-f ldbc goes by the names of its files");
		return ERR_USAGE;
	}
	i.dialect = ends(name, ".v") ? &vertices_dialect : &edgelist_dialect;
	return add_file(im, &i, name);
}

/* --- all of them --- */

static int add_operand(struct import *im, const char *name)
{
	struct import_input i = { .dialect = im->dialect };
	bool ldbc = !im->dialect && !im->ldbc && strcmp(name, "-") &&
		(is_folder(name) || ends(name, ".properties"));

	if (ldbc)
		cli_say(im->cli, "%s: taken as ldbc: a graph of LDBC Graphalytics", name);
	return im->ldbc || ldbc ? add_ldbc(im, name) : add_file(im, &i, name);
}

int import_files(struct import *im)
{
	const char *name = cli_operand_if_any(im->cli);
	int r = declared_open(&im->declared, store_mem(im->store));

	if (r == 0)
		r = import_append_declare(im);
	if (r == 0 && !name)
		r = add_operand(im, "-");
	for (; r == 0 && name; name = cli_operand_if_any(im->cli))
		r = add_operand(im, name);
	csv_graph_close(im->header);
	declared_close(im->declared);
	return r;
}
