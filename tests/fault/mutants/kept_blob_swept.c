/* tests/fault/mutants/kept_blob_swept.c - sweeping forgets that snapshots have values */
#include <string.h>

#include "store/manifest.h"

static bool names_but_blobs(const struct manifest *m, const char *path)
{
	return !strstr(path, "blob-") && manifest_names(m, path);
}

#define manifest_names names_but_blobs
#include "store/kept.c"
#undef manifest_names

#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "a blob is removed that a kept snapshot needs";
const unsigned mutant_modes = 0;
