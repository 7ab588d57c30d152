/* tests/unit/log_kit.h - what the tests of the log share
 *
 * A log in a memory store, small commits of known entries, and the file's own
 * bytes under the fingers (the mem backend's mapping is the file).
 */
#ifndef TESTS_LOG_KIT_H
#define TESTS_LOG_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "io/backend.h"
#include "io/file.h"
#include "store/log.h"
#include "store/tail.h"
#include "store/wal.h"

#define KIT __attribute__((unused)) static

KIT uint64_t kit_seed;

KIT uint64_t kit_draw(uint64_t n)
{
	kit_seed = kit_seed * 6364136223846793005u + 1442695040888963407u;
	return n ? hash_u64(kit_seed) % n : 0;
}

KIT unsigned kit_scaled(unsigned n)
{
	const char *s = getenv("STRATO_TEST_SCALE");
	unsigned long percent = s ? strtoul(s, NULL, 10) : 100;

	n = (unsigned)(n * percent / 100);
	return n ? n : 1;
}

KIT void kit_must(int r)
{
	if (r < 0)
		fail_msg("%d: %s", r, err_message());
}

KIT struct log_options kit_options(struct backend *b, bool write)
{
	struct log_options o = {
		.backend = b, .log_id = 7, .base_version = 100, .generation = 3,
		.write = write, .wait_ns = 10000000000u,
	};

	memcpy(o.store_id, "a store of tests", 16);
	return o;
}

KIT struct wal_key kit_key(uint64_t log_id)
{
	struct wal_key k = { .log_id = log_id };

	memcpy(k.store_id, "a store of tests", 16);
	return k;
}

KIT void kit_folders(struct backend *b)
{
	kit_must(backend_mkdir(b, "wal"));
	kit_must(backend_mkdir(b, "tmp"));
	kit_must(backend_sync_dir(b, ""));
}

KIT struct backend *kit_store(uint64_t bytes)
{
	struct log_options o;
	struct backend *b;

	kit_must(backend_mem(&b));
	kit_folders(b);
	o = kit_options(b, true);
	kit_must(log_create(&o, bytes, 0));
	return b;
}

KIT struct log *kit_open(struct backend *b, bool write)
{
	struct log_options o = kit_options(b, write);
	struct log *l;

	kit_must(log_open(&l, &o));
	return l;
}

/* Bytes that a key and a version make: any mix-up shows. */
KIT struct bytes kit_value(uint64_t key, uint64_t version, size_t len, uint8_t *out)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(hash_u64(key ^ version << 20 ^ i / 8 << 44) >> i % 8 * 8);
	return bytes_of(out, len);
}

KIT struct bytes kit_name(uint64_t key, char out[32])
{
	return bytes_of(out, (size_t)snprintf(out, 32, "key-%llu", (unsigned long long)key));
}

KIT void kit_record(struct buf *to, uint64_t key, uint64_t version, size_t len)
{
	char name[32];
	uint8_t value[ENTRY_INLINE_MAX];
	struct entry e = { .kind = ENTRY_PUT, .key = kit_name(key, name), .size = len };

	e.value = kit_value(key, version, len, value);
	e.crc = crc32c(0, e.value.ptr, len);
	kit_must(entry_put_record(to, &e));
}

/* Under log_begin: one commit of N keys from FIRST on, values of LEN bytes. */
KIT int kit_append(struct log *l, uint64_t first, uint64_t n, size_t len, uint64_t *version)
{
	struct buf records = { 0 };
	int r;

	for (uint64_t i = 0; i < n; i++)
		kit_record(&records, first + i, log_next_version(l), len);
	r = log_append(l, buf_bytes(&records), n, version);
	buf_release(&records);
	return r;
}

KIT int kit_try(struct log *l, uint64_t first, uint64_t n, size_t len, bool sync,
		uint64_t *version)
{
	int r = log_begin(l);

	if (r < 0)
		return r;
	r = kit_append(l, first, n, len, version);
	log_end(l);
	return r == 0 && sync ? log_sync(l, *version) : r;
}

KIT uint64_t kit_commit(struct log *l, uint64_t first, uint64_t n, size_t len, bool sync)
{
	uint64_t version;

	kit_must(kit_try(l, first, n, len, sync, &version));
	return version;
}

/* 1 when the log has KEY with the value of VERSION (LEN bytes), 0 when it has no
 * such key; anything else ends the test. */
KIT int kit_has(struct log *l, uint64_t key, uint64_t as_of, uint64_t version, size_t len)
{
	uint8_t value[ENTRY_INLINE_MAX];
	struct buf buf = { 0 };
	struct entry e;
	char name[32];
	int r = log_get(l, 0, kit_name(key, name), as_of, &buf, &e);

	kit_must(r);
	if (r == 1) {
		assert_int_equal(e.version, version);
		assert_int_equal(e.value.len, len);
		assert_memory_equal(e.value.ptr, kit_value(key, version, len, value).ptr, len);
	}
	buf_release(&buf);
	return r;
}

/* The file itself; stays put while B lives. */
KIT uint8_t *kit_bytes(struct backend *b, const char *name, uint64_t *size)
{
	struct file *f;
	uint64_t n;
	void *p;

	kit_must(backend_open(b, name, FILE_WRITE, &f));
	kit_must(file_size(f, &n));
	kit_must(file_map(f, (size_t)n, true, &p));
	file_close(f);
	if (size)
		*size = n;
	return p;
}

#define KIT_LOG "wal/0000000007.wal"

/* What a walk saw. */
struct kit_seen {
	uint64_t commit_n, entry_n, fault_n, last_version;
	struct log_fault fault;		/* the first */
	uint64_t fault_off[8];
};

KIT int kit_on_commit(void *ctx, const struct log_commit *c)
{
	struct kit_seen *s = ctx;

	s->commit_n++;
	s->last_version = c->version;
	return 0;
}

KIT int kit_on_entry(void *ctx, const struct log_commit *c, const struct entry *e,
		     uint64_t off)
{
	(void)off;
	assert_int_equal(e->version, c->version);
	((struct kit_seen *)ctx)->entry_n++;
	return 0;
}

KIT int kit_on_fault(void *ctx, const struct log_fault *f)
{
	struct kit_seen *s = ctx;

	if (s->fault_n == 0)
		s->fault = *f;
	if (s->fault_n < 8)
		s->fault_off[s->fault_n] = f->off;
	s->fault_n++;
	return 0;
}

KIT int kit_walk(struct backend *b, struct kit_seen *seen)
{
	const struct log_walk w = { kit_on_commit, kit_on_entry, kit_on_fault, seen };
	struct file *f;
	int r;

	memset(seen, 0, sizeof *seen);
	kit_must(backend_open(b, KIT_LOG, 0, &f));
	r = log_walk(f, NULL, &w, NULL);
	file_close(f);
	return r;
}

#endif
