/* tests/unit/gpu_fuzz.c - the real service, whatever it is told: it lives, it answers
 * others, and the store is the same bytes
 *
 * Bodies of every type as they should be, cut, lengthened, with bits that are not, and
 * random ones; a thousand connections at once, some of which do not listen.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/hash.h"
#include "gpu/gpu_client.h"
#include "tests/lib/service_kit.h"

static char dir[4096];

#define WAIT_NS UINT64_C(60000000000)
enum { KEYS = 50, CROWD = 1000 };

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

/* The socket of one that asks for the value of KEY and does not wait for it. */
static int asking(unsigned key, uint8_t *m, struct buf *body)
{
	const struct wire_which w = { .flags = le32_of(0) };
	int fd = service_raw(dir);
	char text[32];

	buf_clear(body);
	must(buf_add(body, &w, sizeof w));
	must(wire_key_put(body, key_of(key, text)));
	wire_ask_head((void *)m, WIRE_READ, store_id(store), body->len);
	memcpy(m + sizeof(struct wire_head), body->ptr, body->len);
	assert_true(send(fd, m, sizeof(struct wire_head) + body->len, MSG_NOSIGNAL) > 0);
	return fd;
}

/* True: its value; false: that it is elsewhere, for there is no room. */
static bool told(int fd, unsigned key, uint8_t *m)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct wire_message answer;
	struct wire_value v;
	ssize_t n;

	do {		/* or that it takes its time */
		assert_int_equal(poll(&p, 1, 60000), 1);
		n = recv(fd, m, WIRE_MESSAGE_MAX, 0);
		assert_true(n > 0);
		must(wire_answer_get(bytes_of(m, (size_t)n), &answer));
	} while (answer.status == WIRE_WORKING);
	assert_int_equal(answer.status, 0);
	must(wire_take(&answer.body, &v, sizeof v));
	if (le32_get(v.state) == WIRE_VALUE_ELSEWHERE)
		return false;
	assert_int_equal(le32_get(v.state), WIRE_VALUE);
	assert_true(le64_get(v.len) == key * 100 && answer.body.len == key * 100);
	for (size_t i = 0; i < answer.body.len; i++)
		assert_int_equal(answer.body.ptr[i], 'a' + key % 26);
	return true;
}

/* As many descriptors as it takes, if they may be had. */
static bool descriptors(unsigned n)
{
	struct rlimit l;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &l), 0);
	l.rlim_cur = l.rlim_max < 2 * n ? l.rlim_max : 2 * n;
	return setrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur > n + n / 10;
}

/* Each tenth never listens; it keeps nobody waiting. */
static void a_thousand_ask_at_once_and_each_is_told_his_own(void **state)
{
	static uint8_t m[WIRE_MESSAGE_MAX];
	static int fd[CROWD];
	struct buf body = { 0 };
	struct gpu_client *c;
	unsigned values = 0;

	(void)state;
	if (service < 0)
		skip();
	if (!descriptors(CROWD)) {
		print_message("# a process has too few descriptors here\n");
		skip();
	}
	must(gpu_client_open(&c, store_backend(store), store_id(store), WAIT_NS));
	for (unsigned i = 0; i < CROWD; i++)
		fd[i] = asking(i % KEYS, m, &body);
	answers(c, &body);
	for (unsigned i = 0; i < CROWD; i++)
		values += i % 10 && told(fd[i], i % KEYS, m);
	answers(c, &body);
	for (unsigned i = 0; i < CROWD; i++)
		close(fd[i]);
	answers(c, &body);
	gpu_client_close(c);
	buf_release(&body);
	assert_true(values > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonsense_in_any_request_harms_nobody),
		cmocka_unit_test(a_thousand_ask_at_once_and_each_is_told_his_own),
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
