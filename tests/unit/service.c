/* tests/unit/service.c - one service a store, whatever clients do to it */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "gpu/gpu_client.h"
#include "gpu/service.h"
#include "tests/lib/service_kit.h"

static char dir[4096];
static const uint8_t uuid[16] = "one of all store";
static const uint8_t others[16] = "another store's!";

#define WAIT_NS UINT64_C(60000000000)	/* longer than any test: a noisy machine is slow */

static uint64_t draw(uint64_t *s)
{
	*s += 0x9e3779b97f4a7c15u;
	return hash_u64(*s);
}

static struct backend *folder(void)
{
	struct backend *b;

	must(backend_local(&b, dir, true));
	return b;
}

/* --- a service --- */

static _Atomic unsigned gone_n, busy;

/* The body comes back. */
static int echo(void *ctx, const struct service_ask *q, struct service_reply *a)
{
	(void)ctx;
	assert_int_equal(atomic_fetch_add(&busy, 1), 0);	/* one at a time */
	atomic_fetch_sub(&busy, 1);
	return buf_add(&a->body, q->body.ptr, q->body.len);
}

/* As many bytes as the number in the body says: through a body or a memfd. */
static int much(void *ctx, const struct service_ask *q, struct service_reply *a)
{
	struct bytes in = q->body;
	uint8_t *ptr;
	le64 n;
	int r = wire_take(&in, &n, sizeof n);

	(void)ctx;
	if (r == 0 && le64_get(n) > 16u << 20)
		r = err_set(ERR_TOO_BIG, "a test has little memory");
	if (r < 0)
		return r;
	if (in.len) {
		r = service_reply_big(a, le64_get(n), &ptr);
		if (r == 0)
			memset(ptr, 'm', le64_get(n));
		return r;
	}
	r = buf_reserve(&a->body, le64_get(n));
	if (r == 0)
		memset(a->body.ptr, 'm', le64_get(n));
	a->body.len = le64_get(n);
	return r;
}

/* Milliseconds. */
static int slow(void *ctx, const struct service_ask *q, struct service_reply *a)
{
	struct bytes in = q->body;
	le64 n;
	int r = wire_take(&in, &n, sizeof n);

	(void)ctx;
	(void)a;
	if (r == 0)
		usleep((useconds_t)(1000 * le64_get(n)));
	return r;
}

struct running {
	struct backend *b;
	struct service *s;
	pthread_t thread;
	int end;
};

#define STALL_NS UINT64_C(500000000)

/* Three times as long as a callback may be silent, but it is not: 1 to 10 of 10. */
static int signs(void *ctx, const struct service_ask *q, struct service_reply *a)
{
	uint64_t end = clock_ns() + 3 * STALL_NS, step = 0, now;
	struct running *r = ctx;

	(void)q;
	(void)a;
	while ((now = clock_ns()) < end) {
		step = 10 - (end - now) * 9 / (3 * STALL_NS);
		service_alive(r->s, step, 10);
		usleep(1000);
	}
	return 0;
}

static int refuse(void *ctx, const struct service_ask *q, struct service_reply *a)
{
	(void)ctx;
	(void)q;
	must(buf_add(&a->body, "half an answer", 14));
	err_set(ERR_TOO_BIG, "too large by far");
	err_hint("cut it");
	return ERR_TOO_BIG;
}

static int lose(void *ctx, const struct service_ask *q, struct service_reply *a)
{
	(void)ctx;
	(void)q;
	(void)a;
	return err_set(ERR_DEVICE, "it fell off the bus");
}

static void gone(void *ctx, uint64_t client)
{
	(void)ctx;
	assert_true(client != 0);
	atomic_fetch_add(&gone_n, 1);
}

static const struct service_calls calls = {
	.call = { [WIRE_STAT] = echo, [WIRE_READ] = much, [WIRE_WARM] = slow,
		  [WIRE_PIN] = refuse, [WIRE_RUN] = lose, [WIRE_EVICT] = signs },
	.gone = gone,
};

static struct service_setup setup(void)
{
	struct service_setup s = { .who = "test", .owner = geteuid(), .lock_fd = -1,
				   .socket_fd = -1 };

	memcpy(s.store, uuid, sizeof s.store);
	return s;
}

static void *run(void *arg)
{
	struct running *r = arg;
	struct service_calls mine = calls;
	int sig = 0;

	mine.ctx = r;
	r->end = service_run(r->s, &mine, &sig);
	return NULL;
}

static void begin(struct running *r, const struct service_setup *set)
{
	r->b = folder();
	must(service_open(&r->s, r->b, set));
	assert_int_equal(pthread_create(&r->thread, NULL, run, r), 0);
}

static void end(struct running *r, int why)
{
	if (why == SERVICE_STOP)
		service_stop(r->s);
	pthread_join(r->thread, NULL);
	assert_int_equal(r->end, why);
	service_close(r->s);
	assert_int_equal(backend_remove(r->b, WIRE_SOCKET), ERR_ABSENT);
	assert_int_equal(backend_remove(r->b, WIRE_LOCK), ERR_ABSENT);
	backend_close(r->b);
}

/* --- clients --- */

static struct gpu_client *client(void)
{
	struct backend *b = folder();
	struct gpu_client *c;

	must(gpu_client_open(&c, b, uuid, WAIT_NS));
	backend_close(b);
	return c;
}

static void echoed(struct gpu_client *c, struct bytes body)
{
	struct gpu_answer a;

	must(gpu_client_ask(c, WIRE_STAT, body, &a));
	assert_true(bytes_equal(bytes_of(a.ptr, a.len), body));
	gpu_answer_free(&a);
}

/* --- the tests --- */

static void requests_of_every_length_are_answered(void **state)
{
	static uint8_t body[WIRE_BODY_MAX + 1];
	const struct service_setup set = setup();
	struct gpu_answer a;
	struct gpu_client *c;
	struct running r;

	(void)state;
	begin(&r, &set);
	c = client();
	memset(body, 'b', sizeof body);
	for (size_t n = 0; n <= WIRE_BODY_MAX; n = n ? 4 * n : 1)
		echoed(c, bytes_of(body, n));
	echoed(c, bytes_of(body, WIRE_BODY_MAX));
	assert_int_equal(gpu_client_ask(c, WIRE_STAT, bytes_of(body, sizeof body), &a),
			 ERR_TOO_BIG);
	assert_int_equal(gpu_client_ask(c, WIRE_PIN, bytes_of("", 0), &a), ERR_TOO_BIG);
	assert_string_equal(err_message(), "too large by far");
	assert_string_equal(err_hint_text(), "cut it");
	assert_int_equal(gpu_client_ask(c, WIRE_WALK, bytes_of("", 0), &a), ERR_UNSUPPORTED);
	echoed(c, bytes_str("and it goes on"));
	gpu_client_close(c);
	end(&r, SERVICE_STOP);
}

static void long_answers_come_in_sealed_memory(void **state)
{
	static const uint64_t len[] = { 1, WIRE_BODY_MAX, WIRE_BODY_MAX + 1, 1 << 20, 9999999 };
	const struct service_setup set = setup();
	uint8_t body[9] = { 0 };
	struct gpu_answer a;
	struct gpu_client *c;
	struct running r;
	le64 n;

	(void)state;
	begin(&r, &set);
	c = client();
	for (size_t i = 0; i < 10; i++) {
		n = le64_of(len[i / 2]);
		memcpy(body, &n, sizeof n);
		must(gpu_client_ask(c, WIRE_READ, bytes_of(body, 8 + i % 2), &a));
		assert_true(a.len == len[i / 2] && a.ptr[0] == 'm' && a.ptr[a.len - 1] == 'm');
		gpu_answer_free(&a);
		gpu_answer_free(&a);
	}
	gpu_client_close(c);
	end(&r, SERVICE_STOP);
}

static void a_second_service_is_refused_and_names_the_first(void **state)
{
	const struct service_setup set = setup();
	struct service *second;
	struct backend *b = folder();
	struct running r;

	(void)state;
	begin(&r, &set);
	assert_int_equal(service_open(&second, b, &set), ERR_LOCKED);
	assert_non_null(strstr(err_message(), "(test)"));
	assert_non_null(strstr(err_hint_text(), "stop"));
	end(&r, SERVICE_STOP);
	must(service_open(&second, b, &set));
	service_close(second);
	backend_close(b);
}

static void whoever_is_not_there_is_known_at_once(void **state)
{
	const struct service_setup set = setup();
	struct backend *b = folder();
	struct gpu_client *c;
	struct service *s;
	pid_t pid;
	int status;

	(void)state;
	assert_int_equal(gpu_client_open(&c, b, uuid, WAIT_NS), ERR_ABSENT);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		must(service_open(&s, b, &set));
		_exit(7);
	}
	assert_true(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
	assert_int_equal(gpu_client_open(&c, b, uuid, WAIT_NS), ERR_UNAVAILABLE);
	must(service_open(&s, b, &set));	/* what it left is taken over */
	service_close(s);
	assert_int_equal(gpu_client_open(&c, b, uuid, WAIT_NS), ERR_ABSENT);
	backend_close(b);
}

/* What a process of the user UID is told; NOT_HERE when there is no such user to be, or
 * he may not look into this folder. */
#define NOT_HERE (-77)

static int told_to(uid_t uid)
{
	struct gpu_answer a;
	struct gpu_client *c;
	struct backend *b;
	int status, r;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if ((uid != geteuid() && setresuid(uid, uid, uid) < 0) ||
		    access(dir, X_OK) < 0 || backend_local(&b, dir, false) < 0)
			_exit(-NOT_HERE);
		r = gpu_client_open(&c, b, uuid, WAIT_NS);
		if (r == 0)
			r = gpu_client_ask(c, WIRE_STAT, bytes_of("", 0), &a);
		_exit(-r);
	}
	assert_true(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return -WEXITSTATUS(status);
}

/* With a socket that everybody may connect to, so that only the service can say no. */
static void another_user_is_refused(void **state)
{
	struct service_setup set = setup();
	struct service_stat st;
	struct running r;
	char path[4200];
	int told;

	(void)state;
	snprintf(path, sizeof path, "%s/" WIRE_SOCKET, dir);
	if (geteuid() != 0)
		set.owner = geteuid() + 1;	/* we are the other one */
	begin(&r, &set);
	assert_true(chmod(dir, 0711 | 0044) == 0 && chmod(path, 0666) == 0);
	told = told_to(geteuid() ? geteuid() : 65534);
	if (geteuid() == 0)
		assert_int_equal(told_to(0), 0);
	service_stat(r.s, &st);
	end(&r, SERVICE_STOP);
	assert_int_equal(chmod(dir, 0700), 0);
	if (told == NOT_HERE) {
		print_message("# there is no other user here\n");
		skip();
	}
	assert_int_equal(told, ERR_DENIED);
	assert_int_equal(st.denied_n, 1);
}

/* Not only by whoever asks, who looks at the answer's store. */
static void refused_by_the_service_itself(void)
{
	uint8_t in[sizeof(struct wire_head) + WIRE_ERROR_MAX];
	struct wire_message m;
	struct wire_head h;
	int fd = service_raw(dir);
	ssize_t n;

	wire_ask_head(&h, WIRE_STAT, others, 0);
	assert_int_equal(send(fd, &h, sizeof h, MSG_NOSIGNAL), sizeof h);
	n = recv(fd, in, sizeof in, 0);
	assert_true(n > 0);
	must(wire_answer_get(bytes_of(in, (size_t)n), &m));
	assert_int_equal(m.status, -ERR_UNTRUSTED);
	assert_int_equal(recv(fd, in, sizeof in, 0), 0);	/* and that was it */
	close(fd);
}

static void another_store_is_refused(void **state)
{
	const struct service_setup set = setup();
	struct backend *b = folder();
	struct gpu_answer a;
	struct gpu_client *c;
	struct running r;

	(void)state;
	begin(&r, &set);
	must(gpu_client_open(&c, b, others, WAIT_NS));
	assert_int_equal(gpu_client_ask(c, WIRE_STAT, bytes_of("", 0), &a), ERR_UNAVAILABLE);
	gpu_client_close(c);
	refused_by_the_service_itself();
	end(&r, SERVICE_STOP);
	backend_close(b);
}

/* Messages as they should be, with bits that are not, of lengths that are not. */
static void nonsense(int fd, uint64_t *s, uint8_t *m)
{
	size_t n = draw(s) % 4 ? draw(s) % 300 : draw(s) % (WIRE_MESSAGE_MAX + 1000);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (size_t i = 0; i < n; i++)
		m[i] = (uint8_t)(draw(s) >> 9);
	if (n >= sizeof(struct wire_head) && draw(s) % 8)
		wire_ask_head((void *)m, draw(s) % 2 ? WIRE_STAT : (unsigned)draw(s) % 12, uuid,
			      n - sizeof(struct wire_head));
	if (n && draw(s) % 2)
		m[draw(s) % n] ^= (uint8_t)(1u << draw(s) % 8);
	switch (((struct wire_head *)m)->type.b[0]) {
	case WIRE_STOP:
	case WIRE_RUN:			/* these end it, as they should */
	case WIRE_WARM:			/* takes as long as it is told */
		m[0] = 'x';
	}
	send(fd, m, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (draw(s) % 2 && poll(&p, 1, 20) > 0)
		recv(fd, m, WIRE_MESSAGE_MAX, MSG_DONTWAIT);
}

static void nonsense_harms_nobody_else(void **state)
{
	static uint8_t m[WIRE_MESSAGE_MAX + 1024];
	const struct service_setup set = setup();
	const char *given = getenv("SEED");
	uint64_t s = given ? strtoull(given, NULL, 0) : clock_random();
	struct gpu_client *c;
	struct running r;
	int fd;

	(void)state;
	print_message("# SEED=%llu\n", (unsigned long long)s);
	begin(&r, &set);
	c = client();
	for (uint64_t i = 0; i < scaled(300); i++) {
		fd = service_raw(dir);
		for (unsigned j = 0; j <= draw(&s) % 4; j++)
			nonsense(fd, &s, m);
		close(fd);
		echoed(c, bytes_of(&i, sizeof i));
	}
	gpu_client_close(c);
	end(&r, SERVICE_STOP);
}

static void who_does_not_read_is_dropped_and_the_others_are_not(void **state)
{
	struct service_setup set = setup();
	struct wire_head *h;
	static uint8_t m[WIRE_MESSAGE_MAX];
	struct service_stat st;
	struct gpu_client *c;
	struct running r;
	int fd, n = 0;

	(void)state;
	set.slow_ns = 100000000;
	begin(&r, &set);
	c = client();
	fd = service_raw(dir);
	h = (void *)m;
	wire_ask_head(h, WIRE_STAT, uuid, WIRE_BODY_MAX);
	while (n < 1000 && send(fd, m, sizeof m, MSG_NOSIGNAL) > 0)	/* until it is gone */
		n++;
	assert_true(n < 1000);
	echoed(c, bytes_str("still here"));
	service_stat(r.s, &st);
	assert_int_equal(st.client_n, 1);
	close(fd);
	gpu_client_close(c);
	end(&r, SERVICE_STOP);
}

static void who_waits_for_long_is_told_so(void **state)
{
	const struct service_setup set = setup();
	le64 ms = le64_of(1500);
	struct backend *b = folder();
	bool told = false;
	struct gpu_answer a;
	struct gpu_client *c;
	struct running r;

	(void)state;
	begin(&r, &set);
	/* Less than it takes.  A machine that pauses for so long is given other tries. */
	for (int i = 0; i < 20 && !told; i++) {
		must(gpu_client_open(&c, b, uuid, 1000000000));
		told = gpu_client_ask(c, WIRE_WARM, bytes_of(&ms, sizeof ms), &a) == 0;
		gpu_client_close(c);
	}
	assert_true(told);
	end(&r, SERVICE_STOP);
	backend_close(b);
}

struct seen {
	uint64_t n, last, all;
};

static void see(void *ctx, uint64_t done, uint64_t all)
{
	struct seen *s = ctx;

	assert_true(done >= s->last && done <= 10);
	s->n++;
	s->last = done;
	s->all = all;
}

/* A machine that pauses for so long is given other tries; without signs none succeeds. */
static void what_gives_signs_of_life_does_not_stall(void **state)
{
	static struct running tries[5];		/* what is stuck is there to the end */
	struct service_setup set = setup();
	struct seen seen = { 0 };
	struct gpu_client *c;
	struct gpu_answer a;
	bool done = false;

	(void)state;
	set.stall_ns = STALL_NS;
	for (int i = 0; i < 5 && !done; i++) {
		struct running *r = &tries[i];
		int lock_fd, socket_fd;

		seen = (struct seen){ 0 };
		begin(r, &set);
		c = client();
		gpu_client_watch(c, see, &seen);
		done = gpu_client_ask(c, WIRE_EVICT, bytes_of("", 0), &a) == 0;
		gpu_client_close(c);
		if (done) {
			end(r, SERVICE_STOP);
			break;
		}
		pthread_join(r->thread, NULL);
		assert_int_equal(r->end, SERVICE_STUCK);
		service_keep(r->s, &lock_fd, &socket_fd);
		close(lock_fd);
		close(socket_fd);
	}
	assert_true(done);
	assert_true(seen.n > 0 && seen.all == 10);
}

/* --- many at once --- */

enum { CROWD = 300 };

static void *one_of_many(void *arg)
{
	uint64_t id = (uint64_t)(uintptr_t)arg;
	struct gpu_client *c = client();

	for (uint64_t i = 0; i < 20; i++) {
		uint64_t body[2] = { id, i };

		echoed(c, bytes_of(body, sizeof body));
	}
	gpu_client_close(c);
	return NULL;
}

static void hundreds_at_once_are_answered_each_his_own(void **state)
{
	struct service_setup set = setup();
	pthread_t thread[CROWD];
	pthread_attr_t attr;
	struct service_stat st;
	struct running r;
	unsigned n = 0;

	(void)state;
	set.client_most = 100;		/* two thirds wait at the door */
	atomic_store(&gone_n, 0);
	begin(&r, &set);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256u << 10);
	for (; n < CROWD; n++)
		if (pthread_create(&thread[n], &attr, one_of_many, (void *)(uintptr_t)n))
			break;
	assert_true(n > 100);
	for (unsigned i = 0; i < n; i++) {
		service_stat(r.s, &st);
		assert_true(st.client_n <= set.client_most);
		pthread_join(thread[i], NULL);
	}
	for (int i = 0; i < 10000 && atomic_load(&gone_n) < n; i++)
		usleep(1000);
	assert_int_equal(atomic_load(&gone_n), n);
	end(&r, SERVICE_STOP);
	pthread_attr_destroy(&attr);
}

/* --- ends --- */

static void stop_answers_and_then_lets_go(void **state)
{
	const struct service_setup set = setup();
	struct gpu_client *c, *other;
	struct gpu_answer a;
	struct running r;

	(void)state;
	begin(&r, &set);
	c = client();
	other = client();
	must(gpu_client_ask(c, WIRE_STOP, bytes_of("", 0), &a));
	pthread_join(r.thread, NULL);
	assert_int_equal(r.end, SERVICE_STOP);
	service_close(r.s);
	must(gpu_client_wait_end(c, WAIT_NS));
	assert_int_equal(gpu_client_ask(other, WIRE_STAT, bytes_of("", 0), &a),
			 ERR_UNAVAILABLE);
	assert_true(gpu_client_is_dead(other));
	gpu_client_close(c);
	gpu_client_close(other);
	backend_close(r.b);
}

static void a_lost_device_ends_it_after_the_answer(void **state)
{
	const struct service_setup set = setup();
	struct gpu_answer a;
	struct gpu_client *c;
	struct running r;

	(void)state;
	begin(&r, &set);
	c = client();
	assert_int_equal(gpu_client_ask(c, WIRE_RUN, bytes_of("", 0), &a), ERR_DEVICE);
	assert_string_equal(err_message(), "it fell off the bus");
	gpu_client_close(c);
	end(&r, SERVICE_LOST);
}

static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

/* In a process of its own: what a signal does to it, and what a stop of all its
 * threads does to who asks.  Signals that the tests were started to ignore (nohup) it
 * does not. */
static pid_t forked(int *ready, uint64_t end_ns)
{
	struct service_setup set = setup();
	int fd[2], sig = 0, r;
	struct backend *b;
	struct service *s;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (size_t i = 0; i < 3; i++)
			signal(signals[i], SIG_DFL);
		b = folder();
		set.end_ns = end_ns;
		r = service_open(&s, b, &set);
		if (r < 0 || write(fd[1], "r", 1) != 1)
			_exit(99);
		r = service_run(s, &calls, &sig);
		if (r == SERVICE_ABANDONED) {
			service_leave(s);
			_exit(100 + sig);
		}
		service_close(s);
		_exit(r == SERVICE_SIGNAL ? sig : 98);
	}
	close(fd[1]);
	*ready = fd[0];
	return pid;
}

static void a_signal_ends_it_cleanly(void **state)
{
	struct backend *b = folder();
	int ready, status;
	char word;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		pid = forked(&ready, 0);
		assert_int_equal(read(ready, &word, 1), 1);
		kill(pid, signals[i]);
		assert_true(waitpid(pid, &status, 0) == pid);
		assert_int_equal(WEXITSTATUS(status), signals[i]);
		assert_int_equal(backend_remove(b, WIRE_SOCKET), ERR_ABSENT);
		assert_int_equal(backend_remove(b, WIRE_LOCK), ERR_ABSENT);
		close(ready);
	}
	backend_close(b);
}

static void a_signal_does_not_wait_for_long_work(void **state)
{
	uint8_t m[sizeof(struct wire_head) + sizeof(le64)];
	le64 ms = le64_of(100000);
	struct backend *b = folder();
	int ready, status, fd;
	struct pollfd p;
	char word;
	pid_t pid = forked(&ready, 20000000);

	(void)state;
	assert_int_equal(read(ready, &word, 1), 1);
	fd = service_raw(dir);
	wire_ask_head((void *)m, WIRE_WARM, uuid, sizeof ms);
	memcpy(m + sizeof(struct wire_head), &ms, sizeof ms);
	assert_int_equal(send(fd, m, sizeof m, MSG_NOSIGNAL), sizeof m);
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 60000), 1);	/* it is at work, and says so */
	kill(pid, SIGTERM);
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_int_equal(WEXITSTATUS(status), 100 + SIGTERM);
	assert_int_equal(backend_remove(b, WIRE_SOCKET), ERR_ABSENT);
	assert_int_equal(backend_remove(b, WIRE_LOCK), ERR_ABSENT);
	close(fd);
	close(ready);
	backend_close(b);
}

static void a_service_that_is_stopped_is_given_up(void **state)
{
	struct backend *b = folder();
	struct gpu_answer a;
	struct gpu_client *c;
	int ready, status;
	char word;
	pid_t pid = forked(&ready, 0);

	(void)state;
	assert_int_equal(read(ready, &word, 1), 1);
	kill(pid, SIGSTOP);
	must(gpu_client_open(&c, b, uuid, 50000000));
	assert_int_equal(gpu_client_ask(c, WIRE_STAT, bytes_of("", 0), &a), ERR_UNAVAILABLE);
	assert_int_equal(gpu_client_ask(c, WIRE_STAT, bytes_of("", 0), &a), ERR_UNAVAILABLE);
	gpu_client_close(c);
	kill(pid, SIGCONT);
	must(gpu_client_open(&c, b, uuid, WAIT_NS));
	echoed(c, bytes_str("back"));
	gpu_client_close(c);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	must(backend_remove(b, WIRE_SOCKET));
	must(backend_remove(b, WIRE_LOCK));
	close(ready);
	backend_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_of_every_length_are_answered),
		cmocka_unit_test(long_answers_come_in_sealed_memory),
		cmocka_unit_test(a_second_service_is_refused_and_names_the_first),
		cmocka_unit_test(whoever_is_not_there_is_known_at_once),
		cmocka_unit_test(another_user_is_refused),
		cmocka_unit_test(another_store_is_refused),
		cmocka_unit_test(nonsense_harms_nobody_else),
		cmocka_unit_test(who_does_not_read_is_dropped_and_the_others_are_not),
		cmocka_unit_test(who_waits_for_long_is_told_so),
		cmocka_unit_test(what_gives_signs_of_life_does_not_stall),
		cmocka_unit_test(hundreds_at_once_are_answered_each_his_own),
		cmocka_unit_test(stop_answers_and_then_lets_go),
		cmocka_unit_test(a_lost_device_ends_it_after_the_answer),
		cmocka_unit_test(a_signal_ends_it_cleanly),
		cmocka_unit_test(a_signal_does_not_wait_for_long_work),
		cmocka_unit_test(a_service_that_is_stopped_is_given_up),
	};
	const char *tmp = getenv("TMPDIR");
	int failed;

	snprintf(dir, sizeof dir, "%s/strato-service-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return 1;
	failed = cmocka_run_group_tests_name("service", tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
