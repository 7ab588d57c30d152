/* cmd/common/info.c */
#include "cmd/common/info.h"

#include <stdio.h>
#include <time.h>

void info_time(char out[INFO_TIME_MAX], uint64_t ms)
{
	time_t s = (time_t)(ms / 1000);
	char fraction[8] = "";
	struct tm tm;

	if (ms % 1000)
		snprintf(fraction, sizeof fraction, ".%03u", (unsigned)(ms % 1000));
	gmtime_r(&s, &tm);	/* 64 bits of milliseconds fit its years */
	snprintf(out, INFO_TIME_MAX, "%04d-%02d-%02dT%02d:%02d:%02d%sZ",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		 tm.tm_hour, tm.tm_min, tm.tm_sec, fraction);
}

static uint64_t stored_size(const struct entry *e)
{
	return e->kind == ENTRY_BLOB ? e->blob.stored : e->size;
}

static void expires(struct output *o, uint64_t ms)
{
	char text[INFO_TIME_MAX] = "-";

	if (ms)
		info_time(text, ms);
	if (ms || output_style(o) != OUTPUT_JSON)
		output_text(o, "expires", text);
	else
		output_absent(o, "expires");
}

int info_row(struct output *o, const struct entry *e, struct bytes key)
{
	char crc[16];

	snprintf(crc, sizeof crc, "%08x", e->crc);
	output_bytes(o, "key", key);
	output_u64(o, "size_bytes", e->size);
	output_version(o, "version", e->version);
	output_u64(o, "stored_bytes", stored_size(e));
	output_text(o, "checksum", crc);
	expires(o, e->expires_ms);
	return output_row(o);
}

int info_absent(struct output *o, struct bytes key)
{
	output_bytes(o, "key", key);
	if (output_style(o) == OUTPUT_JSON) {
		output_bool(o, "absent", true);
		output_version(o, "version", 0);
		return output_row(o);
	}
	output_absent(o, "size_bytes");
	output_version(o, "version", 0);
	output_absent(o, "stored_bytes");
	output_absent(o, "checksum");
	output_absent(o, "expires");
	return output_row(o);
}
