/* cmd/gpucache/serve_device.c - which device the service takes
 *
 * Drivers are asked in a child first, and only then opened here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/size.h"
#include "cmd/gpucache/serve.h"
#include "gpu/opencl.h"

#define MODEST (UINT64_C(1) << 30)	/* host memory is not ours alone */

static uint64_t size_for(const struct serve *s, uint64_t memory)
{
	uint64_t most = memory / 5 * 4;

	if (s->size)
		return s->size;
	if (s->chosen.type == DEVICE_HOST || s->chosen.type == DEVICE_CPU)
		return most < MODEST ? most : MODEST;
	return most;
}

/* More than there is is refused before any of it is taken.  Begun anew, the device may
 * be a smaller one than what was asked for was meant for. */
static int fits(struct serve *s, uint64_t memory)
{
	if (s->size <= memory)
		return 0;
	if (s->restart_n) {
		s->size = 0;
		s->size = size_for(s, memory);
		return 0;
	}
	err_set(ERR_MEMORY, "--size=%" PRIu64 ": %s has %" PRIu64 " bytes", s->size,
		s->chosen.name, memory);
	err_hint("without --size as much is taken as is usual there");
	return ERR_MEMORY;
}

static int open_host(struct serve *s)
{
	struct mem *mem = store_mem(s->store);
	uint64_t left = mem_left(mem), most = mem_default_limit();
	int r;

	left = left < most ? left : most;	/* a store has no limit unless one was set */
	s->chosen.type = DEVICE_HOST;
	snprintf(s->chosen.name, sizeof s->chosen.name, "host memory");
	r = fits(s, left);
	if (r == 0)
		r = host_open(&s->device, s->size ? s->size : left, mem);
	if (r == 0)
		s->size = size_for(s, left);
	return r;
}

/* What one may ask for; a device of type CPU takes what everybody here lives on. */
static uint64_t memory_of(const struct serve *s)
{
	uint64_t memory = s->device->ops->memory(s->device), most = mem_default_limit();

	return s->chosen.type == DEVICE_CPU && memory > most ? most : memory;
}

static int open_nth(struct serve *s, const struct device_list *l, unsigned nth)
{
	int r;

	s->chosen = l->device[nth];
	r = opencl_open(&s->device, nth);
	if (r == 0)
		r = fits(s, memory_of(s));
	if (r == 0)
		s->size = size_for(s, memory_of(s));
	return r;
}

static int no_gpu(const struct device *d)
{
	err_set(ERR_UNAVAILABLE, "no GPU: %s", d->why);
	err_hint("'strato-gpucache devices' lists what there is");
	return ERR_UNAVAILABLE;
}

/* The best there is; host memory when it does not start. */
static int open_auto(struct serve *s, const struct device_list *l, bool want_gpu)
{
	const struct device *d = device_used(l);
	unsigned nth = (unsigned)(d - l->device);
	int r;

	if (want_gpu && d->type != DEVICE_GPU)
		return no_gpu(d);
	if (d->type == DEVICE_HOST) {
		cli_say(s->cli, "host memory is used: %s", d->why);
		snprintf(s->chosen.why, sizeof s->chosen.why, "%s", d->why);
		return open_host(s);
	}
	r = open_nth(s, l, nth);
	if (r == 0 || want_gpu || s->device)	/* it is there, and smaller */
		return r;
	snprintf(s->chosen.why, sizeof s->chosen.why, "%.180s", err_message());
	cli_say(s->cli, "host memory is used: %s", s->chosen.why);
	return open_host(s);
}

static int none_such(const char *which)
{
	err_set(ERR_UNAVAILABLE, "--device=%s: there is no such device", which);
	err_hint("'strato-gpucache devices' lists what there is");
	return ERR_UNAVAILABLE;
}

static int open_cpu(struct serve *s, const struct device_list *l)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->device[i].type == DEVICE_CPU && l->device[i].usable)
			return open_nth(s, l, i);
	return none_such("cpu");
}

static int open_numbered(struct serve *s, const struct device_list *l, const char *which)
{
	uint64_t n;

	if (size_number("--device", bytes_str(which), 0, DEVICE_MAX, &n) < 0) {
		err_set(ERR_USAGE, "--device=%s: a number, auto, cpu or host", which);
		return ERR_USAGE;
	}
	if (n >= l->n || l->device[n].type == DEVICE_HOST)
		return none_such(which);
	if (!l->device[n].usable)
		return err_set(ERR_UNAVAILABLE, "--device=%s: %s", which, l->device[n].why);
	return open_nth(s, l, (unsigned)n);
}

int serve_device_open(struct serve *s, const char *which, bool want_gpu)
{
	struct device_list l;
	int r;

	if (which && !strcmp(which, "host")) {
		snprintf(s->chosen.why, sizeof s->chosen.why, "it was asked for");
		return want_gpu ? no_gpu(&s->chosen) : open_host(s);
	}
	r = device_list(&l);
	if (r < 0)
		return r;
	if (!which || !strcmp(which, "auto"))
		return open_auto(s, &l, want_gpu);
	r = !strcmp(which, "cpu") ? open_cpu(s, &l) : open_numbered(s, &l, which);
	if (r == 0)
		snprintf(s->chosen.why, sizeof s->chosen.why, "it was asked for");
	if (r == 0 && want_gpu && s->chosen.type != DEVICE_GPU)
		r = no_gpu(&s->chosen);
	return r;
}
