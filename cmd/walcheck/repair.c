/* cmd/walcheck/repair.c - a new store beside the damaged one
 *
 * Built as DIR.partial and renamed when it is whole and was checked, so that
 * nobody takes an unfinished one for the repaired store.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/walcheck/walcheck.h"
#include "store/salvage.h"

struct repair {
	struct walcheck *w;
	struct output *out;
	char *dir, *partial, *parent;
};

static int tell(void *ctx, const struct salvage_lost *l)
{
	static const char *const names[] = {
		[SALVAGE_LOST] = "lost", [SALVAGE_DOUBTFUL] = "doubtful",
		[SALVAGE_RANGE] = "lost-range", [SALVAGE_COMMIT] = "lost-commit",
		[SALVAGE_GRAPH] = "lost-graph", [SALVAGE_FILE] = "lost-part",
	};
	struct output *o = ((struct repair *)ctx)->out;
	bool has_key = l->key.len && l->what != SALVAGE_GRAPH;

	output_text(o, "what", names[l->what]);
	if (has_key)
		output_bytes(o, "key", l->key);
	else
		output_absent(o, "key");
	if (l->what == SALVAGE_RANGE && l->high.ptr)
		output_bytes(o, "before", l->high);
	else
		output_absent(o, "before");
	if (l->version)
		output_version(o, "version", l->version);
	else
		output_absent(o, "version");
	if (l->graph)
		output_text(o, "graph", l->graph);
	else
		output_absent(o, "graph");
	output_text(o, "why", l->words);
	return output_row(o);
}

static int paths(struct repair *p, const char *dir)
{
	size_t len = strlen(dir);
	char *slash;

	while (len > 1 && dir[len - 1] == '/')
		len--;
	p->dir = mem_zalloc(NULL, len + 1);
	p->partial = mem_zalloc(NULL, len + sizeof ".partial");
	p->parent = mem_zalloc(NULL, len + 2);
	if (!p->dir || !p->partial || !p->parent)
		return ERR_MEMORY;
	memcpy(p->dir, dir, len);
	memcpy(p->partial, dir, len);
	strcat(p->partial, ".partial");
	memcpy(p->parent, dir, len);
	slash = strrchr(p->parent, '/');
	if (!slash)
		strcpy(p->parent, ".");
	else
		slash[slash == p->parent] = '\0';
	return 0;
}

/* Nothing is there, or an empty folder, which the new store takes the place of. */
static int is_free(const struct repair *p)
{
	if (rmdir(p->dir) == 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
		return err_set(ERR_EXISTS, "%s: exists; a repair makes a new store", p->dir);
	return err_sys(ERR_CREATE, "%s", p->dir);
}

static int put_in_place(const struct repair *p)
{
	int fd, r = 0;

	if (rename(p->partial, p->dir) < 0)
		return err_sys(ERR_CREATE, "%s", p->dir);
	fd = open(p->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		r = err_sys(ERR_IO, "%s: sync", p->parent);
	if (fd >= 0)
		close(fd);
	return r;
}

static int any_finding(void *ctx, const struct check_finding *f)
{
	(void)ctx;
	if (f->weight == CHECK_NOTE)
		return 0;
	return err_set(ERR_BUG, "%s: the new store is not sound: %s", f->file, f->what);
}

/* What was written is read back before anyone is told that it is there. */
static int check_again(struct walcheck *w, struct backend *b)
{
	const struct check c = {
		.backend = b, .mem = &w->mem, .full = true, .found = any_finding,
	};

	return check_store(&c);
}

static int say_result(struct walcheck *w, const struct salvage *s, int r, const char *dir)
{
	if (r == 0) {
		cli_note(w->cli, "%s: %s entries and %s graphs, all there were, as of version %"
			 PRIu64, dir, output_count(s->entry_n), output_count(s->graph_n),
			 s->version);
		return 0;
	}
	err_set(ERR_DAMAGED, "%s: %s entries and %s graphs are copied; listed: "
		"losses %s, doubtful keys %s", dir, output_count(s->entry_n),
		output_count(s->graph_n), output_count(s->lost_n),
		output_count(s->doubtful_n));
	return ERR_DAMAGED;
}

static int build(struct repair *p, struct backend *from)
{
	struct walcheck *w = p->w;
	struct salvage s = {
		.from = from, .mem = &w->mem, .lost = tell, .ctx = p,
		.who = w->cli->tool->name,
	};
	int r = backend_local_create(&s.to, p->partial), e;

	if (r < 0)
		return r;
	r = salvage_store(&s);
	if (r == 0 || r == ERR_DAMAGED) {
		e = check_again(w, s.to);
		if (e == 0)
			e = put_in_place(p);
		r = e < 0 ? e : say_result(w, &s, r, p->dir);
	}
	if (r < 0 && r != ERR_DAMAGED)
		err_hint("what was begun lies in '%s': remove it", p->partial);
	backend_close(s.to);
	return r;
}

int repair_store(struct walcheck *w, struct backend *from)
{
	struct repair p = { .w = w };
	enum output_style style = w->cli->json ? OUTPUT_JSON : OUTPUT_TSV;
	int r = paths(&p, w->repair), e;

	if (r == 0)
		r = is_free(&p);
	if (r == 0)
		r = output_open(&p.out, style, output_stdout(), &w->mem);
	if (r == 0) {
		r = build(&p, from);
		e = output_end(p.out);
		if (e < 0 && (r == 0 || r == ERR_DAMAGED))
			r = e;
	}
	output_close(p.out);
	mem_free(NULL, p.dir);
	mem_free(NULL, p.partial);
	mem_free(NULL, p.parent);
	return r;
}
