/* tests/fault/mutants/manifest_unflushed.c - a manifest is named before its bytes are durable */
#include "base/bytes.h"
#include "io/file.h"

static int replace(struct backend *b, const char *name, const void *ptr, size_t len)
{
	struct file *f;
	int r = backend_open(b, "tmp/mutant", FILE_WRITE | FILE_CREATE, &f);

	if (r < 0)
		return r;
	r = file_write(f, ptr, len, 0);
	file_close(f);
	if (r == 0)
		r = backend_rename(b, "tmp/mutant", name);
	return r < 0 ? r : backend_sync_dir(b, "");
}

#define file_replace replace
#include "store/manifest.c"
#undef file_replace

#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "a manifest gets its name before its bytes are durable";
const unsigned mutant_modes = 0;
