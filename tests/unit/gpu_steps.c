/* tests/unit/gpu_steps.c - the index is right between any two instructions of a change
 *
 * Who writes it is a process of its own that goes on by one instruction at a time; after
 * each somebody asks.  What he is told is what was there before the change or what is
 * there after it, whole; what the change does not concern is told as ever, or missed
 * while lines move.  A service that stops anywhere, for ever, is the same as that.
 *
 * This is the order in which the instructions are, which is what x86 does; machines that
 * store in another order are asked by gpu_index.c.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "gpu/gpu_index.h"
#include "tests/lib/kit.h"

static char dir[4096];
static const uint8_t uuid[16] = "one of all store";

enum { KEYS = 34, CHANGES = 24 };

/* What the writer says of what he does. */
struct says {
	_Atomic unsigned key;			/* being changed; KEYS: none */
	_Atomic uint64_t before, after;		/* stamps, 0: absent */
	_Atomic bool removes;
	_Atomic bool steps;			/* from here on each is looked at */
};
static struct says *says;

static struct gpu_token token(uint64_t stamp)
{
	uint64_t x = hash_u64(stamp);

	return (struct gpu_token){
		.stamp = stamp, .version = hash_u64(x + 2), .slot = (uint32_t)(x >> 7),
		.arena = (uint32_t)(x % GPU_INDEX_ARENA_MAX),
		.off = hash_u64(x) % (GPU_INDEX_OFF_MAX / 512 + 1) * 512,
		.len = hash_u64(x + 1) % (GPU_INDEX_LEN_MAX + 1),
	};
}

static bool whole(const struct gpu_token *t)
{
	struct gpu_token right = token(t->stamp);

	return t->version == right.version && t->slot == right.slot &&
	       t->arena == right.arena && t->off == right.off && t->len == right.len;
}

/* Some as long as a line holds, some longer.  Written once: printing takes many steps. */
static char text[KEYS][64];

static struct bytes key_of(unsigned key)
{
	return bytes_of(text[key], strlen(text[key]));
}

static void name_keys(void)
{
	for (unsigned k = 0; k < KEYS; k++)
		snprintf(text[k], sizeof text[k], k % 3 ? "key %u" :
			 "a key that is longer than any line: %u", k);
}

/* --- the writer --- */

static void change(struct gpu_index *x, unsigned key, uint64_t before, uint64_t after)
{
	struct gpu_token t = token(after);

	atomic_store(&says->before, before);
	atomic_store(&says->after, after);
	atomic_store(&says->removes, after == 0);
	atomic_store(&says->key, key);
	if (after)
		gpu_index_put(x, GPU_VALUE, key_of(key), &t);
	else
		gpu_index_remove(x, GPU_VALUE, key_of(key));
	atomic_store(&says->key, KEYS);
}

static void writer(struct gpu_index *x, uint64_t *stamp)
{
	uint64_t s = 7, next = KEYS;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(77);
	raise(SIGSTOP);
	atomic_store(&says->steps, true);
	for (unsigned i = 0; i < CHANGES; i++) {
		unsigned key = (unsigned)(hash_u64(++s) % KEYS);
		uint64_t to = stamp[key] && i % 2 ? 0 : ++next;

		change(x, key, stamp[key], to);
		stamp[key] = to;
	}
	_exit(0);
}

/* --- who asks --- */

struct seen {
	uint64_t steps, old, new, missed;
};

static int find(struct gpu_index *r, unsigned key, struct gpu_token *t)
{
	return gpu_index_find(r, GPU_VALUE, key_of(key), 0, t);
}

/* The one that is being changed. */
static void look_at_it(struct gpu_index *r, unsigned key, struct seen *n)
{
	uint64_t before = atomic_load(&says->before), after = atomic_load(&says->after);
	struct gpu_token t;

	if (find(r, key, &t) != 1) {
		n->missed++;
		return;
	}
	if (!whole(&t) || !t.stamp || (t.stamp != before && t.stamp != after))
		fail_msg("step %llu: key %u is told to have stamp %llu, which is neither %llu nor "
			 "%llu, or torn", (unsigned long long)n->steps, key,
			 (unsigned long long)t.stamp, (unsigned long long)before,
			 (unsigned long long)after);
	n->old += t.stamp == before;
	n->new += t.stamp == after;
}

/* REMOVES: lines may move, and a key that does may be missed meanwhile. */
static void look_at_another(struct gpu_index *r, unsigned key, uint64_t stamp, bool removes)
{
	struct gpu_token t;

	if (find(r, key, &t) != 1)
		assert_true(!stamp || removes);
	else
		assert_true(stamp && t.stamp == stamp && whole(&t));
}

static void look_at_others(struct gpu_index *r, unsigned changed, const uint64_t *stamp,
			   uint64_t step)
{
	bool removes = changed < KEYS && atomic_load(&says->removes);

	for (unsigned k = 0; k < KEYS; k++)
		if (k != changed && (removes || k == step % KEYS))
			look_at_another(r, k, stamp[k], removes);
}

/* Follows what the writer says: who is changed at the moment, and what is so now. */
static void look(struct gpu_index *r, uint64_t *stamp, unsigned *was, struct seen *n)
{
	unsigned key = atomic_load(&says->key);

	if (*was < KEYS && key == KEYS) {
		struct gpu_token t;

		stamp[*was] = atomic_load(&says->after);
		assert_int_equal(find(r, *was, &t), stamp[*was] != 0);
	}
	*was = key;
	n->steps++;
	if (key < KEYS)
		look_at_it(r, key, n);
	look_at_others(r, key, stamp, n->steps);
}

/* False: it is not allowed here, or this machine cannot. */
static bool step(pid_t pid, int *status)
{
	if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) < 0)
		return false;
	assert_int_equal(waitpid(pid, status, 0), pid);
	return true;
}

static void nothing_but_old_or_new_is_seen_between_two_instructions(void **state)
{
	struct gpu_index_setup set = { .entries = KEYS + 8 };
	uint64_t stamp[KEYS] = { 0 };
	unsigned was = KEYS;
	struct seen n = { 0 };
	struct gpu_index *x, *r;
	struct gpu_token t;
	struct backend *b;
	int status;
	pid_t pid;

	(void)state;
	name_keys();
	must(backend_local(&b, dir, true));
	memcpy(set.store, uuid, sizeof uuid);
	must(gpu_index_create(&x, b, &set));
	must(gpu_index_attach(&r, b, uuid));
	for (unsigned k = 0; k < KEYS; k += 1 + k % 2) {
		t = token(stamp[k] = k + 1);
		must(gpu_index_put(x, GPU_VALUE, key_of(k), &t));
	}
	atomic_store(&says->key, KEYS);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		writer(x, stamp);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	while (WIFSTOPPED(status) && step(pid, &status))
		if (WIFSTOPPED(status) && atomic_load(&says->steps))
			look(r, stamp, &was, &n);
	gpu_index_close(r);
	gpu_index_close(x);
	backend_remove(b, GPU_INDEX_NAME);
	backend_close(b);
	if (WIFSTOPPED(status)) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	if (n.steps == 0) {
		print_message("# no process goes by single steps here\n");
		skip();
	}
	print_message("# %llu steps: of what changed %llu times the old, %llu the new, %llu "
		      "nothing\n", (unsigned long long)n.steps, (unsigned long long)n.old,
		      (unsigned long long)n.new, (unsigned long long)n.missed);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(n.old > 0 && n.new > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_but_old_or_new_is_seen_between_two_instructions),
	};
	const char *tmp = getenv("TMPDIR");
	int failed;

	says = mmap(NULL, sizeof *says, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		    0);
	snprintf(dir, sizeof dir, "%s/strato-gpu-steps-XXXXXX", tmp ? tmp : "/tmp");
	if (says == MAP_FAILED || !mkdtemp(dir))
		return 1;
	failed = cmocka_run_group_tests_name("gpu_steps", tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
