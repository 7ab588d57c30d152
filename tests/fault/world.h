/* tests/fault/world.h - histories on a disk that forgets, held against a model
 *
 * A world is one disk, one or two processes on it, and the list of all commits
 * they tried.  What a store shows is always some of these commits applied in the
 * order of their versions; which of them must be there, may be, or must not be is
 * all that the model knows:
 *
 *	ACKED     the commit returned 0: there for ever, at its version
 *	DOUBT     the process died or failed in it: whole, or absent
 *	GONE      refused, or found absent once recovery was over: never there
 *
 * A commit that a reader saw is ACKED from then on: readers see only what is
 * durable.  Each commit writes a key of its own, "m/ID", so that its presence and
 * its version can be read; commits of removals alone and those of graphs do
 * without, and are found by what they did.
 *
 * Graphs are made, added to, changed, renamed and dropped as the commands do it
 * (net.c); what they must be is a table of nodes and edges, filled in the order of
 * the commits' versions.  Snapshots are kept under names, images are taken and put
 * back (keep.c), and what the check of a store says must be what the model says.
 *
 * Everything is drawn from the seed, clocks and random numbers of the store too
 * (world_clock.c), so one number replays a history to the byte.
 */
#ifndef TESTS_FAULT_WORLD_H
#define TESTS_FAULT_WORLD_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/fault.h"
#include "store/store.h"

#define WORLD_KEYS 20
#define WORLD_COMMITS 192
#define WORLD_OPS 64
#define WORLD_VALUE_MAX 300000
#define WORLD_PROCS 2
#define WORLD_NETS 3		/* graphs, by name */
#define WORLD_NODES 8
#define WORLD_TYPES 2
#define WORLD_NET_OPS 24
#define WORLD_KEEPS 3		/* snapshots under a name */

struct op {
	bool remove;
	bool expired;		/* ... by a value that is expired as it comes */
	bool lives;		/* for half an hour: only a power cut takes so long */
	uint8_t key;
	uint32_t len;
};

enum net_what { NET_NODE, NET_EDGE, NET_DEL_NODE, NET_DEL_EDGE };

struct net_op {
	uint8_t what, from, type, to;
	uint8_t said;		/* what is said of it: 1 and more */
};

struct net {			/* a graph; 0: no such node or edge */
	bool there, undirected;
	uint8_t node[WORLD_NODES], labels[WORLD_NODES];
	uint8_t edge[WORLD_TYPES][WORLD_NODES][WORLD_NODES];
	/* the model's: the version of the change that says what it is; 0: none does */
	uint64_t node_at[WORLD_NODES], gone_at[WORLD_NODES];
	uint64_t edge_at[WORLD_TYPES][WORLD_NODES][WORLD_NODES];
};

/* GRAPH: a segment in the manifest's row of a graph, no more.  Those after it are of
 * graphs proper. */
enum commit_kind {
	COMMIT_TXN, COMMIT_RENAME, COMMIT_GRAPH,
	COMMIT_UPDATE, COMMIT_IMPORT, COMMIT_APPEND, COMMIT_DROP, COMMIT_MOVE,
};
enum commit_fate { DOUBT, ACKED, GONE };

struct commit {
	unsigned id;
	enum commit_kind kind;
	enum commit_fate fate;
	bool marked;		/* writes m/ID */
	bool bulk;		/* comes with a manifest, which is seen a little early */
	bool durable;		/* survived a power cut already */
	bool conditional;	/* op[0].key was to be at cond_version */
	uint64_t cond_version;
	uint64_t version;	/* 0: not known */
	uint8_t from, to;	/* RENAME of keys, MOVE of graphs; the graph is FROM */
	unsigned op_n;
	struct op op[WORLD_OPS];
	uint64_t wall_ms;	/* when it was tried */
	unsigned until;		/* commits tried before it was over; 0: it is not */
	bool undirected;	/* IMPORT */
	uint64_t rests_on;	/* APPEND: what it was built of */
	unsigned net_op_n;
	struct net_op net_op[WORLD_NET_OPS];
};

struct seen {			/* one key, as a store showed it */
	uint64_t version, size, expires_ms;
	uint32_t crc;
	bool there;
};

struct sight {			/* a store at one moment */
	struct seen key[WORLD_KEYS], mark[WORLD_COMMITS], graph[WORLD_COMMITS];
	struct net net[WORLD_NETS];
	uint64_t version;
};

enum keep_fate { KEEP_NONE, KEEP_TAKING, KEEP_THERE, KEEP_GOING };

struct keep {			/* a snapshot under a name */
	enum keep_fate fate;
	char name[16];
	struct sight sight;
};

struct process {
	struct backend *fault;	/* its handle on the disk */
	struct backend *b;	/* a weave around it */
	struct store *s;
	struct snapshot *held;
	struct sight kept;	/* what HELD showed first */
	bool troubled;		/* a call of it fails */
	bool gone;		/* in the middle of a call */
	bool armed;		/* when it is killed (1) or gives up (2), go to DIED */
	jmp_buf died;
};

struct world {
	uint64_t seed, rng;
	unsigned boot;		/* of the machine: another after each power cut */
	bool no_sync, direct, lz4, weave, no_maps, nets;
	bool created;		/* store_create returned 0 */
	bool unsure;		/* the model is not certain of what a condition meets */
	bool no_kills;		/* for those who look for leaks */
	bool running;		/* a step is under way, and may be interrupted */
	struct backend *disk;	/* a handle that nobody kills */
	unsigned modes;
	struct process proc[WORLD_PROCS];
	struct process *acting;	/* whose step it is */
	unsigned nested, troubles;
	struct commit commit[WORLD_COMMITS];
	unsigned commit_n;
	struct keep keep[WORLD_KEEPS];
	unsigned name_n;	/* names of snapshots given so far */
	uint64_t states;	/* crash states checked so far */
	uint64_t seconds;	/* of them, those of a power cut after another */
	jmp_buf out;
	char why[1024];
};

/* --- world.c: the history --- */

struct world *world_new(uint64_t seed);
void world_free(struct world *w);
uint64_t world_rnd(struct world *w, uint64_t n);
/* Ends the history: the words are in w->why. */
_Noreturn void world_fail(struct world *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void world_must(struct world *w, int r, const char *what);
/* Is R what was given to the acting process, or follows from it? */
bool world_excused(const struct world *w, int r);
void world_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));	/* if STRATO_VERBOSE */

int world_handle(struct world *w, struct backend **out);	/* another on its disk */
void world_unmap(const struct world *w, struct backend *b);
int world_create(struct world *w, struct backend *b);
int world_open(struct world *w, struct backend *b, bool write, struct store **out);
/* One commit of random content: < 0 when it failed (its process died, or may). */
int world_commit(struct world *w, struct store *s);
int world_commit_plain(struct world *w, struct store *s);
int world_commit_spilled(struct world *w, struct store *s);
int world_commit_graph(struct world *w, struct store *s);

struct bytes world_key(unsigned i, char buf[64]);
struct bytes world_mark(unsigned id, char buf[64]);
const uint8_t *world_value(unsigned id, unsigned op, size_t len);
struct commit *world_add_commit(struct world *w, enum commit_kind kind);	/* NULL: no more */
unsigned world_doubts(const struct world *w);	/* commits without a mark, in doubt */
void world_new_boot(struct world *w);

#define WORLD_LIFE_MS 1800000u
uint64_t world_expiry(const struct commit *c, unsigned op);	/* 0: never */

/* --- world_clock.c --- */

void world_set_clock(uint64_t seed);
uint64_t world_clock_ms(void);
void world_clock_skip(uint64_t ms);	/* so much later than since the seed was set */

/* --- net.c: graphs --- */

/* One change of a graph, or upkeep that changes nothing: < 0 when it failed. */
int world_commit_net(struct world *w, struct store *s);
/* What C does to the graphs, at VERSION. */
void net_apply(struct net net[WORLD_NETS], const struct commit *c, uint64_t version);
/* A graph as the store shows it. */
void net_look(struct world *w, struct store *s, struct snapshot *v,
	      const struct manifest_graph *g, struct sight *out);
/* In what two differ, in words; NULL: in nothing. */
const char *net_differs(const struct net *a, const struct net *b);
bool net_is_name(const char *name);

/* --- keep.c: snapshots under a name, images, the check --- */

int world_keep(struct world *w, struct store *s);	/* takes one or removes one */
void world_check_kept(struct world *w, struct store *s);
/* A backup, restored on another disk, which may lose its power: all of it, or none. */
void world_image(struct world *w, struct store *s);
/* All of strato-walcheck --full and strato-graph check.  TORN: a log may end in a
 * commit that was cut off. */
void world_verify(struct world *w, struct backend *b, bool torn);

/* --- check.c: what a store shows against the model --- */

void world_look(struct world *w, struct store *s, struct snapshot *v, struct sight *out);
void world_same(struct world *w, const struct sight *a, const struct sight *b, const char *what);
/* Looks, compares with the model, and notes what was seen as ACKED.  FINAL: what
 * is not seen is GONE (recovery is over, or a later commit was acknowledged). */
void world_check(struct world *w, struct store *s, bool final);

/* --- explore.c: histories, power cuts, recoveries --- */

/* Histories of one kind only, for those who look for something: with the modes. */
enum explore_kind {
	EXPLORE_NETS = 1 << 16, EXPLORE_WOVEN = 1 << 17, EXPLORE_NO_SYNC = 1 << 18,
};

struct explore {
	unsigned states;	/* of each history */
	unsigned modes;		/* enum fault_mode of its disk, besides the random ones */
};
/* One history and its crash states.  NULL, or the words of what went wrong (good
 * until the next call).  *STATES is added to. */
const char *explore(uint64_t seed, const struct explore *e, uint64_t *states);
uint64_t explore_seconds(void);	/* of all explorations: second power cuts */

/* The power fails now: one state of what may be left is drawn, gone through and
 * forgotten again; W is as it was. */
void world_power_cut(struct world *w, uint64_t seed);
/* Compacts S, and fails when anything is left that nobody names. */
void world_tidy(struct world *w, struct backend *b, struct store *s);

/* --- weave.c: the calls of a process --- */

int weave_open(struct backend **out, struct backend *inner, struct world *w,
	       struct process *p);
void world_meanwhile(struct world *w);	/* explore.c */

#endif
