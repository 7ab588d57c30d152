/* gpu/wire.c - heads and bodies; every length is looked at before it is used */
#include "gpu/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

static const char ask_magic[4] = { 's', 'G', 'c', '?' };
static const char answer_magic[4] = { 's', 'G', 'c', '!' };

static int bad(const char *what)
{
	err_set(ERR_BAD_RECORD, "a message of the cache service: %s", what);
	return ERR_BAD_RECORD;
}

/* --- heads --- */

static void head(struct wire_head *h, const char magic[4], unsigned type,
		 const uint8_t store[16], size_t body_len)
{
	memset(h, 0, sizeof *h);
	memcpy(h->magic, magic, sizeof h->magic);
	h->format = le16_of(WIRE_FORMAT);
	h->type = le16_of((uint16_t)type);
	h->len = le32_of((uint32_t)body_len);
	memcpy(h->store, store, sizeof h->store);
}

void wire_ask_head(struct wire_head *h, unsigned type, const uint8_t store[16],
		   size_t body_len)
{
	head(h, ask_magic, type, store, body_len);
}

void wire_answer_head(struct wire_head *h, unsigned type, const uint8_t store[16],
		      uint32_t status, size_t body_len, uint64_t big_len)
{
	head(h, answer_magic, type, store, body_len);
	h->status = le32_of(status);
	h->big_len = le64_of(big_len);
}

static int head_get(struct bytes in, const char magic[4], struct wire_message *out)
{
	const struct wire_head *h = (const void *)in.ptr;

	if (in.len < sizeof *h || memcmp(h->magic, magic, sizeof h->magic))
		return bad("it is none");
	if (le16_get(h->format) != WIRE_FORMAT)
		return err_set(ERR_NEWER, "a message of the cache service: format %u, not %u",
			       (unsigned)le16_get(h->format), WIRE_FORMAT);
	if (le32_get(h->len) != in.len - sizeof *h || in.len > WIRE_MESSAGE_MAX)
		return bad("its length is another");
	if (le64_get(h->zero))
		return bad("what must be zero is not");
	out->type = le16_get(h->type);
	if (out->type == 0 || out->type >= WIRE_TYPES)
		return bad("of no known type");
	out->status = le32_get(h->status);
	out->store = h->store;
	out->big_len = le64_get(h->big_len);
	out->body = bytes_of(in.ptr + sizeof *h, in.len - sizeof *h);
	return 0;
}

int wire_ask_get(struct bytes in, struct wire_message *out)
{
	int r = head_get(in, ask_magic, out);

	if (r == 0 && (out->status || out->big_len))
		return bad("what must be zero is not");
	return r;
}

int wire_answer_get(struct bytes in, struct wire_message *out)
{
	int r = head_get(in, answer_magic, out);

	if (r == 0 && out->status >= (uint32_t)-ERR_LIMIT && out->status != WIRE_WORKING)
		return bad("of no known status");
	if (r == 0 && out->big_len && (out->status || out->body.len))
		return bad("two bodies");
	return r;
}

/* --- errors --- */

static size_t text_at(uint8_t *out, size_t at, const char *text, size_t most)
{
	size_t n = strlen(text);
	le16 len;

	if (n > most)
		n = most;
	len = le16_of((uint16_t)n);
	memcpy(out + at, &len, sizeof len);
	memcpy(out + at + sizeof len, text, n);
	return at + sizeof len + n;
}

size_t wire_error_put(uint8_t out[WIRE_ERROR_MAX])
{
	size_t at = text_at(out, 0, err_message(), 1023);

	return text_at(out, at, err_hint_text(), 511);
}

int wire_error_get(uint32_t status, struct bytes body)
{
	char message[1024], hint[512];
	int code;

	if (status == 0 || status >= (uint32_t)-ERR_LIMIT)
		return bad("of no known status");
	if (wire_text_get(&body, message, sizeof message) < 0 ||
	    wire_text_get(&body, hint, sizeof hint) < 0 || body.len)
		return bad("an error without its words");
	code = -(int)status;
	err_set(code, "%s", message);
	if (hint[0])
		err_hint("%s", hint);
	return code;
}

/* --- bodies --- */

int wire_take(struct bytes *in, void *out, size_t len)
{
	if (in->len < len)
		return bad("it ends too soon");
	memcpy(out, in->ptr, len);
	in->ptr += len;
	in->len -= len;
	return 0;
}

int wire_key_put(struct buf *out, struct bytes key)
{
	le16 len = le16_of((uint16_t)key.len);
	int r;

	if (key.len == 0 || key.len > GPU_INDEX_KEY_MAX)
		return err_set(ERR_TOO_BIG, "a key of %zu bytes", key.len);
	r = buf_reserve(out, sizeof len + key.len);
	if (r < 0)
		return r;
	buf_add(out, &len, sizeof len);
	return buf_add(out, key.ptr, key.len);
}

static int span_get(struct bytes *in, struct bytes *out)
{
	le16 len;
	int r = wire_take(in, &len, sizeof len);

	if (r < 0)
		return r;
	if (le16_get(len) > in->len)
		return bad("it ends inside of a text");
	*out = bytes_of(in->ptr, le16_get(len));
	in->ptr += out->len;
	in->len -= out->len;
	return 0;
}

int wire_key_get(struct bytes *in, struct bytes *key)
{
	int r;

	if (!in->len)
		return 0;
	r = span_get(in, key);
	if (r == 0 && !key->len)
		return bad("a key without bytes");
	return r < 0 ? r : 1;
}

int wire_text_put(struct buf *out, const char *text)
{
	size_t n = strlen(text);
	le16 len = le16_of((uint16_t)(n < 1024 ? n : 1024));
	int r = buf_add(out, &len, sizeof len);

	return r < 0 ? r : buf_add(out, text, le16_get(len));
}

int wire_text_get(struct bytes *in, char *out, size_t cap)
{
	struct bytes b;
	int r = span_get(in, &b);
	size_t n;

	if (r < 0)
		return r;
	n = b.len < cap - 1 ? b.len : cap - 1;
	for (size_t i = 0; i < n; i++)
		out[i] = b.ptr[i] >= ' ' && b.ptr[i] <= '~' ? (char)b.ptr[i] : '?';
	out[n] = '\0';
	return 0;
}

int wire_which_get(struct bytes *in, uint32_t *flags)
{
	struct wire_which w;
	int r = wire_take(in, &w, sizeof w);

	if (r < 0)
		return r;
	*flags = le32_get(w.flags);
	if (*flags & ~(WIRE_PREFIX | WIRE_UNPIN | WIRE_NO_LOAD) || le32_get(w.zero))
		return bad("an unknown flag");
	return 0;
}

void wire_place_put(struct wire_place *out, const struct gpu_token *t)
{
	out->generation = le64_of(t->generation);
	out->stamp = le64_of(t->stamp);
	out->off = le64_of(t->off);
	out->len = le64_of(t->len);
	out->version = le64_of(t->version);
	out->arena = le32_of(t->arena);
	out->slot = le32_of(t->slot);
}

void wire_place_get(const struct wire_place *in, struct gpu_token *t)
{
	t->generation = le64_get(in->generation);
	t->stamp = le64_get(in->stamp);
	t->off = le64_get(in->off);
	t->len = le64_get(in->len);
	t->version = le64_get(in->version);
	t->arena = le32_get(in->arena);
	t->slot = le32_get(in->slot);
}

/* --- the socket --- */

int wire_address(const char *dir, int *dir_fd, struct sockaddr_un *at)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(ERR_UNAVAILABLE, "%s", dir);
	memset(at, 0, sizeof *at);
	at->sun_family = AF_UNIX;
	snprintf(at->sun_path, sizeof at->sun_path, "/proc/self/fd/%d/" WIRE_SOCKET, fd);
	if (access("/proc/self/fd", X_OK) < 0 &&	/* then only a short one will do */
	    strlen(dir) + sizeof "/" WIRE_SOCKET <= sizeof at->sun_path)
		snprintf(at->sun_path, sizeof at->sun_path, "%.93s/" WIRE_SOCKET, dir);
	*dir_fd = fd;
	return 0;
}

/* --- memfd --- */

/* Asked once: it takes several files to say it. */
uint64_t wire_big_max(void)
{
	static _Atomic uint64_t known;
	uint64_t most = known;

	if (!most)
		known = most = mem_default_limit() / 4;
	return most;
}

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

static int too_much(uint64_t len)
{
	return err_set(ERR_MEMORY, "there is no memory for an answer of %llu bytes",
		       (unsigned long long)len);
}

int wire_big_new(uint64_t len, uint8_t **ptr)
{
	void *map;
	int fd, r;

	if (len > wire_big_max())
		return too_much(len);
	fd = memfd_create("strato-gpucache", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_sys(ERR_RESOURCE, "an answer of %llu bytes",
			       (unsigned long long)len);
	/* Its pages are had now: later their lack would be a signal. */
	if (fallocate(fd, 0, 0, (off_t)len) < 0) {
		close(fd);
		return too_much(len);
	}
	map = mmap(NULL, (size_t)len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		r = err_sys(ERR_MEMORY, "an answer of %llu bytes", (unsigned long long)len);
		close(fd);
		return r;
	}
	*ptr = map;
	return fd;
}

int wire_big_seal(int fd, uint8_t *ptr, uint64_t len)
{
	munmap(ptr, (size_t)len);
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return err_sys(ERR_RESOURCE, "sealing an answer");
	return 0;
}

int wire_big_map(int fd, uint64_t len, const uint8_t **ptr)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *map;

	if (seals < 0 || (seals & SEALS) != SEALS)
		return bad("its bytes could change");
	if (fstat(fd, &st) < 0 || len == 0 || st.st_size < 0 || (uint64_t)st.st_size < len)
		return bad("it ends too soon");
	map = mmap(NULL, (size_t)len, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return err_sys(ERR_MEMORY, "an answer of %llu bytes",
			       (unsigned long long)len);
	*ptr = map;
	return 0;
}
