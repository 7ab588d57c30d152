/* store/lookup_value.c - the large values of a window's answers
 *
 * All that will be asked for is known before the first is given out, so that what
 * pays can be brought in as a whole; then values are wanted ahead of the answers, as
 * many as there is room for.
 */
#include "base/err.h"
#include "base/mem.h"
#include "store/lookup_inside.h"

/* The entry of the K-th, if its value is fetched. */
static bool is_large(const struct lookup *l, const struct lookup_values *v, size_t k,
		     struct entry *e)
{
	const struct lookup_item *i = &l->item[v->refs ? v->refs[k].item : k];

	if (i->state != LOOKUP_FOUND || i->answer->kind != ENTRY_BLOB)
		return false;
	lookup_unstage(i->answer, l->o.space, bytes_of(NULL, 0), e);
	return true;
}

/* Windows are smaller from here on: cache_size bounds these values too. */
static int need_fetch(struct lookup *l)
{
	int r;

	if (l->fetch)
		return 0;
	r = fetch_open(&l->fetch, l->store, l->room / 4, lookup_direct(l));
	if (r == 0)
		l->most -= l->room / 4;
	return r;
}

int lookup_values_begin(struct lookup *l, struct lookup_values *v)
{
	struct entry e;

	for (size_t k = 0; !l->o.no_values && k < v->n; k++) {
		int r;

		if (!is_large(l, v, k, &e))
			continue;
		r = need_fetch(l);
		if (r == ERR_MEMORY) {
			err_clear();	/* then they are read one by one */
			return 0;
		}
		if (r < 0)
			return r;
		v->any = true;
		fetch_expect(l->fetch, &e);
	}
	if (v->any)
		fetch_plan(l->fetch, l->full);
	return 0;
}

void lookup_values_ahead(struct lookup *l, struct lookup_values *v)
{
	struct entry e;

	for (; v->any && v->at < v->n; v->at++)
		if (is_large(l, v, v->at, &e) && !fetch_want(l->fetch, &e))
			break;
	if (v->told < v->at)
		v->told = v->at;
	for (; v->any && v->told < v->n; v->told++)
		if (is_large(l, v, v->told, &e) && !fetch_tell(l->fetch, &e))
			return;
}
