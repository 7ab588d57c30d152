/* bench/peer - other stores behind the same pipe, and the data for all of them
 *
 *	peer engines			those that were there when this was built
 *	peer load ENGINE DIR		records in cdb framing from stdin, durable at the end
 *	peer get ENGINE DIR		keys from stdin, one a line; cdb records to stdout
 *	peer make records N LEN SEED	N records: 16-byte keys in random order, values of
 *					LEN bytes, half of which packs; SEED changes values
 *	peer make keys N COUNT		COUNT keys of those N, drawn at random
 *	peer drop PATH			flushes the files below PATH and drops their pages
 *
 * The thinnest command over each library, so that every store sees the same
 * streams and the same life of a process.  A load commits, durably, each 100 000
 * records or 64 MiB.  What is not there when strato is configured is left out, and
 * nothing of this is ever installed.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef HAVE_LMDB
#include <lmdb.h>
#endif
#ifdef HAVE_ROCKSDB
#include <rocksdb/c.h>
#endif
#ifdef HAVE_SQLITE
#include <sqlite3.h>
#endif

#define BATCH_N 100000u
#define BATCH_BYTES (64u << 20)
#define KEY_LEN 16u
#define LARGE_VALUE 1024u		/* from here on an engine may keep values apart */

static void die(const char *what, const char *why)
{
	fprintf(stderr, "peer: %s: %s\n", what, why);
	exit(1);
}

struct slice {
	const char *ptr;
	size_t len;
};

/* Each function dies of its failure. */
struct engine {
	const char *name;
	void (*open)(const char *dir, bool write);
	void (*put)(struct slice key, struct slice value);
	void (*commit)(void);
	bool (*get)(struct slice key, struct slice *value);	/* good until the next */
	void (*close)(void);
};

/* --- LMDB: one transaction a batch, its own fsync --- */

#ifdef HAVE_LMDB
static MDB_env *lmdb_env;
static MDB_txn *lmdb_txn;
static MDB_dbi lmdb_dbi;
static bool lmdb_writes;

static void lmdb_must(int r)
{
	if (r)
		die("lmdb", mdb_strerror(r));
}

static void lmdb_begin(void)
{
	lmdb_must(mdb_txn_begin(lmdb_env, NULL, lmdb_writes ? 0 : MDB_RDONLY, &lmdb_txn));
	lmdb_must(mdb_dbi_open(lmdb_txn, NULL, 0, &lmdb_dbi));
}

static void lmdb_open(const char *dir, bool write)
{
	lmdb_writes = write;
	lmdb_must(mdb_env_create(&lmdb_env));
	lmdb_must(mdb_env_set_mapsize(lmdb_env, (size_t)1 << 38));
	lmdb_must(mdb_env_open(lmdb_env, dir, write ? 0 : MDB_RDONLY, 0600));
	lmdb_begin();
}

static void lmdb_put(struct slice key, struct slice value)
{
	MDB_val k = { key.len, (void *)key.ptr }, v = { value.len, (void *)value.ptr };

	lmdb_must(mdb_put(lmdb_txn, lmdb_dbi, &k, &v, 0));
}

static void lmdb_commit(void)
{
	lmdb_must(mdb_txn_commit(lmdb_txn));
	lmdb_begin();
}

static bool lmdb_get(struct slice key, struct slice *value)
{
	MDB_val k = { key.len, (void *)key.ptr }, v;
	int r = mdb_get(lmdb_txn, lmdb_dbi, &k, &v);

	if (r == MDB_NOTFOUND)
		return false;
	lmdb_must(r);
	*value = (struct slice){ v.mv_data, v.mv_size };
	return true;
}

static void lmdb_close(void)
{
	mdb_txn_abort(lmdb_txn);
	mdb_env_close(lmdb_env);
}
#endif

/* --- SQLite: WAL, synchronous FULL --- */

#ifdef HAVE_SQLITE
static sqlite3 *sqlite_db;
static sqlite3_stmt *sqlite_put_stmt, *sqlite_get_stmt;

static void sqlite_must(int r)
{
	if (r != SQLITE_OK && r != SQLITE_DONE && r != SQLITE_ROW)
		die("sqlite", sqlite_db ? sqlite3_errmsg(sqlite_db) : sqlite3_errstr(r));
}

static void sqlite_do(const char *sql)
{
	sqlite_must(sqlite3_exec(sqlite_db, sql, NULL, NULL, NULL));
}

static void sqlite_open(const char *dir, bool write)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/db", dir);
	sqlite_must(sqlite3_open_v2(path, &sqlite_db, write ?
				    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE :
				    SQLITE_OPEN_READONLY, NULL));
	sqlite_do("pragma cache_size = -32768");
	if (write) {
		sqlite_do("pragma journal_mode = wal");
		sqlite_do("pragma synchronous = full");
	}
}

/* Rows of small values lie in the key's own tree. */
static void sqlite_prepare(struct slice value)
{
	sqlite_do(value.len < LARGE_VALUE ?
		  "create table if not exists kv (k blob primary key, v blob) without rowid" :
		  "create table if not exists kv (k blob primary key, v blob)");
	sqlite_must(sqlite3_prepare_v2(sqlite_db, "insert or replace into kv values (?, ?)",
				       -1, &sqlite_put_stmt, NULL));
	sqlite_do("begin");
}

static void sqlite_put(struct slice key, struct slice value)
{
	if (!sqlite_put_stmt)
		sqlite_prepare(value);
	sqlite3_bind_blob(sqlite_put_stmt, 1, key.ptr, (int)key.len, SQLITE_STATIC);
	sqlite3_bind_blob(sqlite_put_stmt, 2, value.ptr, (int)value.len, SQLITE_STATIC);
	sqlite_must(sqlite3_step(sqlite_put_stmt));
	sqlite_must(sqlite3_reset(sqlite_put_stmt));
}

static void sqlite_commit(void)
{
	if (!sqlite_put_stmt)
		return;
	sqlite_do("commit");
	sqlite_do("begin");
}

static bool sqlite_get(struct slice key, struct slice *value)
{
	int r;

	if (!sqlite_get_stmt) {
		sqlite_do("begin");
		sqlite_must(sqlite3_prepare_v2(sqlite_db, "select v from kv where k = ?", -1,
					       &sqlite_get_stmt, NULL));
	}
	sqlite3_reset(sqlite_get_stmt);
	sqlite3_bind_blob(sqlite_get_stmt, 1, key.ptr, (int)key.len, SQLITE_STATIC);
	r = sqlite3_step(sqlite_get_stmt);
	sqlite_must(r);
	if (r != SQLITE_ROW)
		return false;
	value->ptr = sqlite3_column_blob(sqlite_get_stmt, 0);
	value->len = (size_t)sqlite3_column_bytes(sqlite_get_stmt, 0);
	return true;
}

static void sqlite_close(void)
{
	sqlite3_finalize(sqlite_put_stmt);
	sqlite3_finalize(sqlite_get_stmt);
	if (!sqlite3_get_autocommit(sqlite_db))
		sqlite_do("commit");
	sqlite_must(sqlite3_close(sqlite_db));
}
#endif

/* --- RocksDB: LZ4, a filter, large values in blob files, the log synced a batch --- */

#ifdef HAVE_ROCKSDB
static rocksdb_t *rocks_db;
static rocksdb_options_t *rocks_options;
static rocksdb_writeoptions_t *rocks_write;
static rocksdb_readoptions_t *rocks_read;
static rocksdb_writebatch_t *rocks_batch;
static rocksdb_pinnableslice_t *rocks_value;

static void rocks_must(char *e)
{
	if (e)
		die("rocksdb", e);
}

static void rocks_set(void)
{
	rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();

	rocks_options = rocksdb_options_create();
	rocksdb_block_based_options_set_filter_policy(table,
		rocksdb_filterpolicy_create_bloom_full(10));
	rocksdb_block_based_options_set_block_cache(table, rocksdb_cache_create_lru(32 << 20));
	rocksdb_options_set_block_based_table_factory(rocks_options, table);
	rocksdb_options_set_create_if_missing(rocks_options, 1);
	rocksdb_options_set_compression(rocks_options, rocksdb_lz4_compression);
	rocksdb_options_increase_parallelism(rocks_options, (int)sysconf(_SC_NPROCESSORS_ONLN));
	rocksdb_options_set_enable_blob_files(rocks_options, 1);
	rocksdb_options_set_min_blob_size(rocks_options, LARGE_VALUE);
	rocksdb_options_set_blob_compression_type(rocks_options, rocksdb_lz4_compression);
}

static void rocks_open(const char *dir, bool write)
{
	char *e = NULL;

	rocks_set();
	rocks_write = rocksdb_writeoptions_create();
	rocksdb_writeoptions_set_sync(rocks_write, 1);
	rocks_read = rocksdb_readoptions_create();
	rocks_batch = rocksdb_writebatch_create();
	rocks_db = write ? rocksdb_open(rocks_options, dir, &e) :
		rocksdb_open_for_read_only(rocks_options, dir, 0, &e);
	rocks_must(e);
}

static void rocks_put(struct slice key, struct slice value)
{
	rocksdb_writebatch_put(rocks_batch, key.ptr, key.len, value.ptr, value.len);
}

static void rocks_commit(void)
{
	char *e = NULL;

	rocksdb_write(rocks_db, rocks_write, rocks_batch, &e);
	rocks_must(e);
	rocksdb_writebatch_clear(rocks_batch);
}

static bool rocks_get(struct slice key, struct slice *value)
{
	char *e = NULL;

	if (rocks_value)
		rocksdb_pinnableslice_destroy(rocks_value);
	rocks_value = rocksdb_get_pinned(rocks_db, rocks_read, key.ptr, key.len, &e);
	rocks_must(e);
	if (!rocks_value)
		return false;
	value->ptr = rocksdb_pinnableslice_value(rocks_value, &value->len);
	return value->ptr != NULL;
}

static void rocks_close(void)
{
	if (rocks_value)
		rocksdb_pinnableslice_destroy(rocks_value);
	rocksdb_writebatch_destroy(rocks_batch);
	rocksdb_close(rocks_db);
}
#endif

static const struct engine engines[] = {
#ifdef HAVE_LMDB
	{ "lmdb", lmdb_open, lmdb_put, lmdb_commit, lmdb_get, lmdb_close },
#endif
#ifdef HAVE_ROCKSDB
	{ "rocksdb", rocks_open, rocks_put, rocks_commit, rocks_get, rocks_close },
#endif
#ifdef HAVE_SQLITE
	{ "sqlite", sqlite_open, sqlite_put, sqlite_commit, sqlite_get, sqlite_close },
#endif
	{ NULL, NULL, NULL, NULL, NULL, NULL }
};

static const struct engine *engine_of(const char *name)
{
	for (const struct engine *e = engines; e->name; e++)
		if (!strcmp(e->name, name))
			return e;
	die(name, "was not there when this was built");
	return NULL;
}

/* --- streams --- */

/* The number before END, from stdin. */
static size_t read_number(int end)
{
	size_t n = 0;
	int c;

	while ((c = getc_unlocked(stdin)) >= '0' && c <= '9')
		n = n * 10 + (size_t)(c - '0');
	if (c != end)
		die("input", "is not in cdb framing");
	return n;
}

/* +KLEN,VLEN:KEY->VALUE LF; false at the empty line. */
static bool read_record(char **buf, size_t *cap, struct slice *key, struct slice *value)
{
	int c = getc_unlocked(stdin);
	size_t need;

	if (c == '\n')
		return false;
	if (c != '+')
		die("input", "is not in cdb framing");
	key->len = read_number(',');
	value->len = read_number(':');
	need = key->len + 2 + value->len + 1;
	if (need > *cap) {
		*buf = realloc(*buf, *cap = need * 2);
		if (!*buf)
			die("input", "out of memory");
	}
	if (fread_unlocked(*buf, 1, need, stdin) != need)
		die("input", "ends too early");
	key->ptr = *buf;
	value->ptr = *buf + key->len + 2;
	return true;
}

static void load(const struct engine *e, const char *dir)
{
	struct slice key, value;
	size_t cap = 0, bytes = 0, n = 0;
	char *buf = NULL;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		die(dir, strerror(errno));
	e->open(dir, true);
	while (read_record(&buf, &cap, &key, &value)) {
		e->put(key, value);
		bytes += key.len + value.len;
		if (++n < BATCH_N && bytes < BATCH_BYTES)
			continue;
		e->commit();
		n = bytes = 0;
	}
	if (n)
		e->commit();
	e->close();
	free(buf);
}

static void get(const struct engine *e, const char *dir)
{
	struct slice value;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	e->open(dir, false);
	while ((n = getline(&line, &cap, stdin)) > 0) {
		struct slice key = { line, (size_t)n - 1 };

		if (!e->get(key, &value))
			die(line, "is not there");
		printf("+%zu,%zu:", key.len, value.len);
		fwrite_unlocked(key.ptr, 1, key.len, stdout);
		fwrite_unlocked("->", 1, 2, stdout);
		fwrite_unlocked(value.ptr, 1, value.len, stdout);
		putc_unlocked('\n', stdout);
	}
	putc_unlocked('\n', stdout);
	e->close();
	free(line);
}

/* --- data --- */

/* A permutation of 64 bits, so that keys do not repeat. */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static void key_of(uint64_t i, char out[KEY_LEN])
{
	uint64_t x = mix(i);

	for (unsigned k = 0; k < KEY_LEN; k++, x >>= 4)
		out[k] = "0123456789abcdef"[x & 15];
}

/* Sixteen bytes of noise, sixteen dots, and so on. */
static void value_of(uint64_t i, uint64_t seed, char *out, size_t len)
{
	uint64_t x = mix(i ^ seed << 40);

	for (size_t at = 0; at < len; at += 32) {
		size_t n = len - at < 16 ? len - at : 16;

		x = mix(x);
		memcpy(out + at, &x, n < 8 ? n : 8);
		x = mix(x);
		if (n > 8)
			memcpy(out + at + 8, &x, n - 8);
		n = len - at > 16 ? len - at - 16 : 0;
		memset(out + at + 16, '.', n < 16 ? n : 16);
	}
}

static void make_records(uint64_t n, size_t len, uint64_t seed)
{
	char *value = malloc(len ? len : 1), key[KEY_LEN];

	if (!value)
		die("records", "out of memory");
	for (uint64_t i = 0; i < n; i++) {
		key_of(i, key);
		value_of(i, seed, value, len);
		printf("+%u,%zu:%.*s->", KEY_LEN, len, (int)KEY_LEN, key);
		fwrite_unlocked(value, 1, len, stdout);
		putc_unlocked('\n', stdout);
	}
	putc_unlocked('\n', stdout);
	free(value);
}

static void make_keys(uint64_t n, uint64_t count)
{
	char key[KEY_LEN];

	for (uint64_t i = 0; i < count; i++) {
		key_of(mix(i ^ 0x5eed) % n, key);
		printf("%.*s\n", (int)KEY_LEN, key);
	}
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *where)
{
	int fd = type == FTW_F ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	(void)st;
	(void)where;
	if (fd < 0)
		return 0;
	fdatasync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	setvbuf(stdin, NULL, _IOFBF, 1 << 20);
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	if (!strcmp(what, "engines"))
		for (const struct engine *e = engines; e->name; e++)
			puts(e->name);
	else if (!strcmp(what, "load") && argc == 4)
		load(engine_of(argv[2]), argv[3]);
	else if (!strcmp(what, "get") && argc == 4)
		get(engine_of(argv[2]), argv[3]);
	else if (!strcmp(what, "make") && argc == 6 && !strcmp(argv[2], "records"))
		make_records(strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10),
			     strtoull(argv[5], NULL, 10));
	else if (!strcmp(what, "make") && argc == 5 && !strcmp(argv[2], "keys"))
		make_keys(strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
	else if (!strcmp(what, "drop") && argc == 3)
		nftw(argv[2], drop, 16, FTW_PHYS);
	else
		return 64;
	if (fflush(stdout) || ferror(stdout))
		die("output", strerror(errno));
	return 0;
}
