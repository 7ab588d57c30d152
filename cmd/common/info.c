/* cmd/common/info.c */
#include "cmd/common/info.h"

#include <stdio.h>
#include <time.h>

static void put_expires(struct output *o, uint64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	char text[32];
	struct tm tm;

	if (!ms || !gmtime_r(&t, &tm) ||
	    !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
		output_text(o, "expires", "-");
	else
		output_text(o, "expires", text);
}

int info_row(struct output *o, const struct entry *e, struct bytes key)
{
	char checksum[16];

	snprintf(checksum, sizeof checksum, "%08x", e->crc);
	output_bytes(o, "key", key);
	output_u64(o, "size_bytes", e->size);
	output_version(o, "version", e->version);
	output_u64(o, "stored_bytes", e->kind == ENTRY_BLOB ? e->blob.stored : e->size);
	output_text(o, "checksum", checksum);
	put_expires(o, e->expires_ms);
	return output_row(o);
}

int info_absent(struct output *o, struct bytes key)
{
	output_bytes(o, "key", key);
	output_absent(o, "size_bytes");
	output_version(o, "version", 0);
	output_absent(o, "stored_bytes");
	output_absent(o, "checksum");
	output_absent(o, "expires");
	return output_row(o);
}
