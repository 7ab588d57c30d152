/* graph/text/text.h - edges out of text, one dialect or another
 *
 * One reader cuts a stream into lines, or what a dialect has instead; a dialect
 * turns a line into edges.
 *
 *   el       SRC DST [WEIGHT], blanks, commas or bars between; # and % comments
 *   tsv      SRC TAB DST [TAB TYPE [TAB NAME=VALUE]...], escapes \t \n \r \0 \\ \xHH
 *   csv      RFC 4180; a header row may name source, target, type and weight, or be
 *            that of a graph database: nodes and edges with properties
 *   mtx      Matrix Market, coordinate: pattern, integer, real; general, symmetric,
 *            skew-symmetric
 *   metis    a line of neighbours a node; edge weights; node weights are left out
 *   dimacs   p sp and a, p edge and e lines
 *   adj      AdjacencyGraph, WeightedAdjacencyGraph: offsets, targets, weights
 *   adjlist  NODE [NEIGHBOUR...]
 *   pairs32, pairs64   little-endian integers
 *   jsonl    a node or an edge a line, as JSON; the memory files of MCP servers
 *   nt, nq   N-Triples and N-Quads: edges, properties, labels
 *   ttl, trig   the same out of Turtle and TriG, which graph/rdf/turtle has made lines
 *   kgtk     TSV with a header of node1, label, node2 and other columns
 *   graphml  GraphML, where the build has libexpat; every error of it ends the reading
 *   ldbc-v   a node a line: the vertex files of LDBC Graphalytics (edges are el)
 *
 * A malformed line stops the reader unless it is tolerated (bad_most); the line
 * as it came is then handed to `reject`.  When the first 1000 lines that are
 * meant to be edges are all malformed, no tolerance helps: the format is wrong.
 * No tolerance helps either when a header is wrong or does not match, or when the
 * input ends before what its header promises.
 *
 * A last line without LF is a line.  A line over TEXT_LINE_MAX bytes is malformed,
 * unless it is a comment or the dialect reads lines in pieces; memory stays the
 * same.  Of jsonl and RDF lines have up to line_most bytes, and two buffers of that length
 * are drawn when the first such line comes.  CR before LF is no byte of the line in tsv, which writes one as \r, and a
 * blank elsewhere.
 */
#ifndef GRAPH_TEXT_TEXT_H
#define GRAPH_TEXT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "graph/literal.h"

struct csv_header;
struct declared;
struct mem;
struct text;

#define TEXT_LINE_MAX (1u << 20)
#define TEXT_ROOM (TEXT_LINE_MAX + (64u << 10))
#define TEXT_KEY_MAX 65535u		/* bytes of a node's key or a type; keys have 1 */

struct text_key {
	struct bytes bytes;
	uint64_t number;	/* when the bytes are a canonical decimal below 2^64 */
	bool is_number;		/* "0", "17"; not "007", "+5", "-1" */
};

struct text_value {		/* a weight */
	enum { TEXT_NO_VALUE, TEXT_INTEGER, TEXT_REAL } kind;
	int64_t i;		/* INTEGER */
	double r;		/* REAL: finite */
};

struct text_edge {		/* points into the reader: good until its next call */
	struct text_key src, dst;
	struct bytes type;	/* len 0: none */
	struct text_value value;
	/* Of the edge, or of the node `src`.  A name's values are together, in order. */
	const struct property *prop;
	const struct bytes *label;
	uint32_t prop_n, label_n;
	bool joins;		/* values join those there are, as statements of RDF; else a
				 * name's values take the place of those it had */
	struct buf *prop_room;	/* given to `line`, empty: where PROP may lie; NULL: nobody
				 * wants to know */
};

/* Before a dialect is asked: it sets what it has. */
static inline void text_edge_clear(struct text_edge *e, struct buf *prop_room)
{
	e->prop_n = e->label_n = 0;
	e->joins = false;
	e->prop_room = prop_room;
	if (prop_room)
		buf_clear(prop_room);
}

enum text_what {		/* what text_next gives; 0 at the end */
	TEXT_EDGE = 1,
	TEXT_NODE,		/* src: a node, perhaps without edges */
	TEXT_NODES,		/* the numbers from src to dst, both included, are nodes */
};

enum text_frame {
	TEXT_LINES,
	TEXT_QUOTED,		/* lines, but an LF between double quotes ends none */
	TEXT_PIECES,		/* lines of any length, given in pieces cut at blanks */
	TEXT_FIXED,		/* records of record_len bytes */
};

enum text_direction { TEXT_UNSAID, TEXT_DIRECTED, TEXT_UNDIRECTED };

struct text_rdf {		/* how statements are taken */
	bool keep_blanks;	/* blank nodes keep their labels */
	bool type_edges;	/* rdf:type is an edge like any other */
	unsigned input;		/* its number: labels of another's blank nodes are others */
	uint64_t version;	/* of the graph that it is added to, which has such labels; or 0 */
};

/* What a dialect and its reader tell each other; a dialect's own state begins
 * with one. */
struct text_state {
	struct mem *mem;	/* given */
	bool arcs;		/* given: undirected edges are wanted as two arcs */
	struct text_rdf rdf;	/* given */
	struct csv_header **header;	/* given, or NULL: of a file of its own, for csv */
	bool unique;		/* a node may be given once only */
	enum text_direction direction;	/* what the header says */
	size_t longest;		/* given: bytes of a line, or of what is one */
	uint64_t line;		/* of the input, if the reader does not count them; 0: it does */
	bool strict;		/* this error, and those to come, are not to be tolerated */
	char note[200];		/* for people: how the input is taken; "" for nothing */
};

struct text_piece {
	struct bytes bytes;	/* without the LF */
	bool first, last;	/* of its line; both but in TEXT_PIECES */
};

struct text_dialect {
	const char *name;
	const char *shape;	/* what an edge looks like, for messages */

	/* A line by itself: an enum text_what, 0 a comment or a blank line, or an
	 * error whose message says what is wrong without the place: ERR_BAD_RECORD
	 * malformed, ERR_UNSUPPORTED a column that cannot be stored yet.  ROOM is for
	 * what has to be unescaped: TEXT_ROOM bytes, or as long as the line. */
	int (*line)(struct bytes line, uint8_t *room, struct text_edge *out);

	/* Or, when a line means what those before it say: the same with a state of
	 * STATE_LEN bytes, zeroed.  After TAKE or MORE gave something, MORE is asked
	 * for the rest of the line until it says 0.  FINISH at the end of the input,
	 * until it says 0.  MORE, FINISH and RELEASE may be NULL. */
	enum text_frame frame;
	bool long_lines;	/* of TEXT_LINES: up to line_most */
	size_t record_len;	/* TEXT_FIXED; the last may be shorter */
	size_t state_len;
	int (*begin)(void *state);	/* before anything is read; may be NULL */
	int (*take)(void *state, const struct text_piece *p, uint8_t *room,
		    struct text_edge *out);
	int (*more)(void *state, uint8_t *room, struct text_edge *out);
	int (*finish)(void *state, uint8_t *room, struct text_edge *out);
	void (*release)(void *state);
};

extern const struct text_dialect edgelist_dialect, tsv_dialect, csv_dialect, mtx_dialect,
	metis_dialect, dimacs_dialect, adj_dialect, adjlist_dialect, pairs32_dialect, pairs64_dialect,
	vertices_dialect, jsonl_dialect, nt_dialect, nq_dialect, ttl_dialect, trig_dialect,
	kgtk_dialect, graphml_dialect;
extern const struct text_dialect *const text_dialects[];	/* ended by NULL */

/* By name; NULL for none. */
const struct text_dialect *text_find(struct bytes name);

struct text_source {
	/* Up to CAP bytes: at least 1, 0 at the end, or an ERR_ code. */
	ssize_t (*fill)(void *ctx, void *buf, size_t cap);
	void *ctx;
	const char *name;		/* for messages */
};

struct text_options {
	const struct text_dialect *dialect;
	bool numbers;			/* keys that are not numbers are malformed */
	bool arcs;			/* undirected edges of a header come as two arcs */
	size_t line_most;		/* bytes; less than TEXT_LINE_MAX: that */
	struct text_rdf rdf;
	struct csv_header **header;	/* from one input to the next; NULL: none is kept */
	struct declared *declared;	/* the nodes given so far; NULL: not asked */
	bool strict_nodes;		/* an edge's ends must be among them */
	uint64_t bad_most;		/* malformed lines tolerated, per reader */
	int (*reject)(void *ctx, struct bytes line);	/* LF included if it had one */
	void *reject_ctx;
};

int text_open(struct text **out, const struct text_source *from,
	      const struct text_options *o, struct mem *mem);
void text_close(struct text *t);		/* NULL is fine */

/* Reads up to the first edge or node, which the next text_next gives, so that the
 * header is known: 0 or an error. */
int text_head(struct text *t);
enum text_direction text_direction(const struct text *t);	/* after text_head */
const char *text_note(const struct text *t);	/* for people; "" when there is none */

/* An enum text_what; 0 at the end; ERR_BAD_RECORD, ERR_CUT_OFF, ERR_UNSUPPORTED with
 * the name, the line and an excerpt; what the source or `reject` say. */
int text_next(struct text *t, struct text_edge *out);

/* A line of a dialect that has no state, found to be no edge by who reads lines himself
 * (graph/feed): judged as if this reader had come to it.  0: it is tolerated, and
 * was rejected; else as text_next. */
struct text_refused {
	uint64_t number, good;		/* 1, 2, 3, ...; edges before it */
	struct bytes line;		/* without its LF, which lies behind it if it ENDED */
	bool ended, cut;		/* CUT: there was more of it */
};
int text_judge(struct text *t, const struct text_refused *l);

uint64_t text_line(const struct text *t);	/* lines read so far */
uint64_t text_bad(const struct text *t);	/* of them malformed and tolerated */

/* The key of a number; its digits, TEXT_DIGITS at most, go to *ROOM, which moves
 * behind them. */
#define TEXT_DIGITS 20u
void text_key_number(struct text_key *out, uint64_t number, uint8_t **room);

/* Of a line that was cut: is there nothing in it yet, so that no comment either? */
static inline bool text_is_blank(struct bytes line)
{
	for (size_t i = 0; i < line.len; i++)
		if (!memchr(" \t\v\f\r,|", line.ptr[i], 7))
			return false;
	return true;
}

/* Does TEXT spell an integer the one canonical way?  For keys and look-ups. */
static inline bool text_number(struct bytes text, uint64_t *out)
{
	uint64_t v = 0;

	if (text.len == 0 || text.len > 20 || (text.ptr[0] == '0' && text.len > 1))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint64_t digit = text.ptr[i] - (uint64_t)'0';

		if (digit > 9 || (text.len == 20 && i == 19 &&
				  (v > UINT64_MAX / 10 || v * 10 > UINT64_MAX - digit)))
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

#endif
