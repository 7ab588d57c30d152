/* gpu/service_reply.c - an answer while it is made: a body, or memory to go along */
#include <string.h>
#include <unistd.h>

#include "gpu/service_inside.h"

void service_reply_init(struct service_reply *a)
{
	memset(a, 0, sizeof *a);
	a->fd = -1;
}

int service_reply_big(struct service_reply *a, uint64_t len, uint8_t **ptr)
{
	int fd = wire_big_new(len, &a->ptr);

	if (fd < 0)
		return fd;
	a->fd = fd;
	a->len = len;
	*ptr = a->ptr;
	return 0;
}

static int reply_seal(struct service_reply *a)
{
	uint8_t *ptr = a->ptr;

	a->ptr = NULL;
	return wire_big_seal(a->fd, ptr, a->len);
}

void service_reply_release(struct service_reply *a)
{
	if (a->ptr)
		reply_seal(a);
	if (a->fd >= 0)
		close(a->fd);
	buf_release(&a->body);
	service_reply_init(a);
}

int service_reply_finish(struct service_reply *a)
{
	uint8_t *to;
	int r = 0;

	if (a->fd < 0 && a->body.len > WIRE_BODY_MAX) {
		r = service_reply_big(a, a->body.len, &to);
		if (r == 0)
			memcpy(to, a->body.ptr, a->body.len);
	}
	if (r == 0 && a->fd >= 0) {
		r = reply_seal(a);
		buf_release(&a->body);
	}
	return r;
}
