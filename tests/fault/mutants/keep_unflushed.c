/* tests/fault/mutants/keep_unflushed.c - a snapshot has its name before its bytes are durable */
#include "base/err.h"
#include "io/backend.h"
#include "io/file.h"

static int put_lazily(struct backend *b, const char *name, const void *ptr, size_t len)
{
	struct file *f;
	int r = backend_open(b, name, FILE_WRITE | FILE_CREATE, &f);

	if (r < 0)
		return r;
	r = file_write(f, ptr, len, 0);
	file_close(f);
	return r < 0 ? r : backend_sync_dir(b, "snap");
}

#define file_replace put_lazily
#include "store/kept.c"
#undef file_replace

#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "a snapshot has its name before its bytes are durable";
const unsigned mutant_modes = 0;
