/* tests/unit/gpu_fuzz.c - the real service, whatever it is told: it lives, it answers
 * others, and the store is the same bytes
 *
 * Bodies of every type as they should be, cut, lengthened, with bits that are not, and
 * random ones; hundreds of connections at once that ask and leave.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/hash.h"
#include "gpu/gpu_client.h"
#include "tests/lib/service_kit.h"

static char dir[4096];

#define WAIT_NS UINT64_C(60000000000)
enum { KEYS = 50, CROWD = 300 };

static uint64_t draw(uint64_t *s)
{
	*s += 0x9e3779b97f4a7c15u;
	return hash_u64(*s);
}

static struct bytes key_of(unsigned key, char text[32])
{
	return bytes_of(text, (size_t)snprintf(text, 32, "key/%u", key));
}

static struct store *filled(void)
{
	struct store_options o = { .write = true, .settings = settings, .who = "test" };
	static uint8_t value[5000];
	struct store *s;
	struct txn *t;
	char text[32];

	must(store_create(dir, bytes_of("", 0)));
	must(store_open(&s, dir, &o));
	must(txn_begin(&t, s));
	for (unsigned k = 0; k < KEYS; k++) {
		memset(value, (int)('a' + k % 26), sizeof value);
		must(txn_put(t, 0, key_of(k, text), bytes_of(value, k * 100), 0));
	}
	must(txn_commit(t, NULL));
	txn_abort(t);
	return s;
}

/* A body as it should be: flags where there are any, and some keys. */
static void body_of(unsigned type, uint64_t *s, struct buf *out)
{
	const struct wire_which w = { .flags = le32_of((uint32_t)(draw(s) % 8)) };
	char text[32];

	buf_clear(out);
	if (type != WIRE_FIND && type != WIRE_STAT)
		must(buf_add(out, &w, sizeof w));
	for (uint64_t n = draw(s) % 20; n && type != WIRE_STAT; n--)
		must(wire_key_put(out, key_of((unsigned)(draw(s) % (2 * KEYS)), text)));
}

static void harm(struct buf *b, uint64_t *s)
{
	uint8_t byte;

	switch (draw(s) % 5) {
	case 0:
		b->len = b->len ? draw(s) % b->len : 0;
		break;
	case 1:
		for (uint64_t n = draw(s) % 40; n; n--) {
			byte = (uint8_t)(draw(s) >> 9);
			must(buf_add(b, &byte, 1));
		}
		break;
	case 2:
		for (uint64_t n = 1 + draw(s) % 3; n && b->len; n--)
			b->ptr[draw(s) % b->len] ^= (uint8_t)(1u << draw(s) % 8);
		break;
	case 3:
		for (size_t i = 0; i < b->len; i++)
			b->ptr[i] = (uint8_t)(draw(s) >> 9);
	}
}

static void ask_raw(uint64_t *s, struct buf *body, uint8_t *m)
{
	static const unsigned types[] = { WIRE_STAT, WIRE_PIN, WIRE_EVICT, WIRE_WARM, WIRE_FIND,
					  WIRE_READ, WIRE_PIN_GRAPH, WIRE_RUN, WIRE_WALK };
	unsigned type = types[draw(s) % (sizeof types / sizeof types[0])];
	struct pollfd p = { .fd = service_raw(dir), .events = POLLIN };

	for (uint64_t n = 1 + draw(s) % 5; n; n--) {
		body_of(type, s, body);
		harm(body, s);
		memcpy(m + sizeof(struct wire_head), body->ptr ? body->ptr : m, body->len);
		wire_ask_head((void *)m, type, (const uint8_t *)m + WIRE_MESSAGE_MAX, body->len);
		if (send(p.fd, m, sizeof(struct wire_head) + body->len, MSG_NOSIGNAL) < 0)
			break;
		if (draw(s) % 8 && poll(&p, 1, 10000) > 0)
			recv(p.fd, m, sizeof(struct wire_head), MSG_DONTWAIT);
	}
	close(p.fd);
}

/* All values are what they were, by the service. */
static void answers(struct gpu_client *c, struct buf *body)
{
	const struct wire_which w = { .flags = le32_of(0) };
	struct gpu_answer a;
	struct wire_value v;
	struct bytes in;
	unsigned n = 0;
	char text[32];

	buf_clear(body);
	must(buf_add(body, &w, sizeof w));
	for (unsigned k = 0; k < KEYS; k++)
		must(wire_key_put(body, key_of(k, text)));
	must(gpu_client_ask(c, WIRE_READ, buf_bytes(body), &a));
	for (in = bytes_of(a.ptr, a.len); in.len; n++) {
		must(wire_take(&in, &v, sizeof v));
		if (le32_get(v.state) != WIRE_VALUE)
			continue;
		assert_int_equal(le64_get(v.len), le32_get(v.nth) * 100);
		for (uint64_t i = 0; i < le64_get(v.len); i++)
			assert_int_equal(in.ptr[i], 'a' + le32_get(v.nth) % 26);
		in.ptr += le64_get(v.len);
		in.len -= le64_get(v.len);
	}
	assert_int_equal(n, KEYS);
	gpu_answer_free(&a);
}

static pid_t service;
static struct store *store;

static void nonsense_in_any_request_harms_nobody(void **state)
{
	static uint8_t m[WIRE_MESSAGE_MAX + 16];
	const char *given = getenv("SEED");
	uint64_t s = given ? strtoull(given, NULL, 0) : clock_random();
	struct buf body = { 0 };
	struct gpu_client *c;
	struct store_stat before, after;
	int status;

	(void)state;
	if (service < 0)
		skip();
	print_message("# SEED=%llu\n", (unsigned long long)s);
	memcpy(m + WIRE_MESSAGE_MAX, store_id(store), 16);
	must(store_stat(store, &before));
	must(gpu_client_open(&c, store_backend(store), store_id(store), WAIT_NS));
	for (uint64_t i = 0; i < scaled(1000); i++) {
		ask_raw(&s, &body, m);
		if (i % 50 == 0)
			answers(c, &body);
	}
	answers(c, &body);
	assert_int_equal(waitpid(service, &status, WNOHANG), 0);
	must(store_stat(store, &after));
	assert_true(before.version == after.version && before.bytes == after.bytes &&
		    before.generation == after.generation);
	gpu_client_close(c);
	buf_release(&body);
}

static void hundreds_come_ask_and_leave(void **state)
{
	struct gpu_client *c[CROWD];
	struct buf body = { 0 };
	unsigned n = 0;

	(void)state;
	if (service < 0)
		skip();
	for (; n < CROWD; n++)
		if (gpu_client_open(&c[n], store_backend(store), store_id(store), WAIT_NS) < 0)
			break;
	assert_true(n == CROWD);
	for (unsigned i = 0; i < n; i++)
		answers(c[i], &body);
	for (unsigned i = 0; i < n; i++)
		gpu_client_close(c[i]);
	buf_release(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonsense_in_any_request_harms_nobody),
		cmocka_unit_test(hundreds_come_ask_and_leave),
	};
	const char *tmp = getenv("TMPDIR");
	char command[sizeof dir + 16];
	int failed, status;

	snprintf(dir, sizeof dir, "%s/strato-gpu-fuzz-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return 1;
	store = filled();
	service = service_begin(dir, "host", "--size=4M");
	failed = cmocka_run_group_tests_name("gpu_fuzz", tests, NULL, NULL);
	if (service > 0) {
		kill(service, SIGTERM);
		waitpid(service, &status, 0);
		failed |= !WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM;
	}
	store_close(store);
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command) || failed;
}
