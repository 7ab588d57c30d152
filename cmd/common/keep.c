/* cmd/common/keep.c */
#include "cmd/common/keep.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/size.h"
#include "store/kept.h"

#define KEPT_BY_US "compact-"	/* then the version */
#define KEEP_MAX (100ull * 366 * 24 * 3600 * 1000000000u)

static bool is_ours(struct bytes name)
{
	return bytes_starts(name, bytes_str(KEPT_BY_US)) &&
		name.len - strlen(KEPT_BY_US) ==
		strspn((const char *)name.ptr + strlen(KEPT_BY_US), "0123456789");
}

static bool is_past(const struct keep *keep, const struct kept *k, uint64_t now_ns,
		    uint64_t version)
{
	if (k->m.version >= version)
		return false;
	if (keep->ns)
		return k->taken_ns < now_ns && now_ns - k->taken_ns > keep->ns;
	return version - k->m.version > keep->versions;
}

static int drop_past(struct cli *c, struct store *s, const struct keep *keep, uint64_t version)
{
	uint64_t now_ns = clock_wall_ns();
	struct kept_set set;
	int r = kept_load(&set, store_backend(s), store_id(s), store_mem(s), NULL, NULL);

	if (r < 0)
		return r;
	for (uint32_t i = 0; r == 0 && i < set.n; i++) {
		const struct kept *k = &set.kept[i];
		char name[KEPT_NAME_MAX + 1] = "";

		memcpy(name, k->name, k->name_len);
		if (!is_ours(bytes_str(name)) || !is_past(keep, k, now_ns, version))
			continue;
		r = kept_remove(s, kept_name(k));
		cli_note(c, "version %llu is kept no longer", (unsigned long long)k->m.version);
	}
	kept_release(&set);
	return r;
}

/* The store as it is now, unless this version is kept already. */
static int keep_this(struct cli *c, struct store *s, uint64_t version)
{
	char name[40];
	int r;

	snprintf(name, sizeof name, KEPT_BY_US "%" PRIu64, version);
	r = kept_take(s, bytes_str(name), &version);
	if (r == ERR_EXISTS) {
		err_clear();
		return 0;
	}
	if (r == 0)
		cli_note(c, "version %llu is kept: --as-of=%llu", (unsigned long long)version,
			 (unsigned long long)version);
	return r;
}

void keep_read(struct cli *c, int val, struct keep *keep)
{
	const char *text = cli_text(c, val);

	if (!text)
		return;
	keep->any = true;
	if (text[0] && text[strspn(text, "0123456789")] == '\0') {
		if (size_number("--keep", bytes_str(text), 1, UINT64_MAX, &keep->versions) < 0)
			cli_exit(c, ERR_USAGE);
	} else if (size_duration("--keep", bytes_str(text), 1000000, KEEP_MAX, &keep->ns) < 0) {
		cli_exit(c, ERR_USAGE);
	}
}

int keep_version(struct cli *c, struct store *s, const struct keep *keep, uint64_t version)
{
	int r = 0;

	if (keep->any)
		r = keep_this(c, s, version);
	if (r == 0 && keep->any)
		r = drop_past(c, s, keep, version);
	return r;
}
