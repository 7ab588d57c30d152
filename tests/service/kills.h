/* tests/service/kills.h - a store, its cache service, and who asks it while it is killed
 *
 * The values of the store are known: those of `fixed/N` never change, those of
 * `moving/N` say a count that only goes up, and what is committed is said here after it
 * is.  So whoever is told something knows whether it is right.
 */
#ifndef TESTS_SERVICE_KILLS_H
#define TESTS_SERVICE_KILLS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/hash.h"
#include "tests/lib/service_kit.h"

/* What the clients keep the service at when it is killed. */
enum phase { STARTING, PINNING, EVICTING, CATCHING_UP, MAPPING, WALKING, AGAIN, PHASES };

enum { FIXED = 60, MOVING = 16, CLIENTS = 4 };

struct world {
	_Atomic int phase, stop, failed;
	_Atomic uint64_t in_flight;			/* requests */
	_Atomic uint64_t right_n, error_n, longest_ns;
	_Atomic uint64_t count[MOVING], version[MOVING];	/* committed */
	_Atomic uint64_t newest;
	char words[400];				/* of the first that failed */
	char walk[64 << 10];				/* the CPU's answer */
	char dir[4096];
	uint64_t late_ns;				/* no answer takes so long */
	bool kernels;					/* there is a device that runs them */
};
extern struct world *world;

static inline uint64_t draw(uint64_t *s)
{
	*s += 0x9e3779b97f4a7c15u;
	return hash_u64(*s);
}

/* Says it once, and everybody ends. */
void kills_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct bytes kills_fixed_key(unsigned k, char text[32]);
struct bytes kills_moving_key(unsigned k, char text[32]);
uint64_t kills_fixed_len(unsigned k);
uint8_t kills_fixed_byte(unsigned k, uint64_t at);

/* What COMMAND prints, at most CAP - 1 bytes; its exit status. */
int kills_command(const char *command, char *out, size_t cap);

/* The process of client ME, until world->stop. */
void kills_client(unsigned me) __attribute__((noreturn));

#endif
