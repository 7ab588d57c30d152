/* tests/lib/kit.h - what the unit tests of the store share */
#ifndef TESTS_LIB_KIT_H
#define TESTS_LIB_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/err.h"
#include "io/backend.h"
#include "store/store.h"

#define KIT_UNUSED __attribute__((unused)) static

/* R was not to fail. */
KIT_UNUSED void must(int r)
{
	if (r < 0)
		fail_msg("%d: %s", r, err_message());
}

/* STRATO_TEST_SCALE, in percent. */
KIT_UNUSED unsigned scale(void)
{
	const char *s = getenv("STRATO_TEST_SCALE");

	return s && atoi(s) > 0 ? (unsigned)atoi(s) : 100;
}

/* N of that scale, at least one. */
KIT_UNUSED uint64_t scaled(uint64_t n)
{
	n = n * scale() / 100;
	return n ? n : 1;
}

/* What is built in and what the store's config says. */
KIT_UNUSED int settings(void *ctx, struct settings *out, struct bytes config,
			const char *where)
{
	(void)ctx;
	setting_init(out);
	must(setting_read(out, SETTING_STORE, where, config));
	return 0;
}

KIT_UNUSED struct store *open_on(struct backend *b)
{
	struct store_options o = { .write = true, .settings = settings, .who = "test" };
	struct store *s;

	must(store_open_on(&s, b, &o));
	return s;
}

#endif
