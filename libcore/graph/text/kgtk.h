/* graph/text/kgtk.h - literals of KGTK, and is a line its header? */
#ifndef GRAPH_TEXT_KGTK_H
#define GRAPH_TEXT_KGTK_H

#include "graph/text/text.h"

bool kgtk_is_header(struct bytes line);

/* "text", 'text'@en, ^2026-11-22, a number: true and the literal, if it is written the
 * one way that kgtk_write writes it.  ROOM as long as the field. */
bool kgtk_literal(struct literal *out, struct bytes field, uint8_t *room);
/* Appends; 1, or 0 when there is no such literal in KGTK: its text is written. */
int kgtk_write(struct buf *out, const struct literal *l);

#endif
