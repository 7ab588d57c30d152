/* base/lazylib.c */
#include "base/lazylib.h"

#include <dlfcn.h>
#include <stddef.h>

#include "base/err.h"

static int load(struct lazylib *lib)
{
	void *h = dlopen(lib->soname, RTLD_NOW | RTLD_LOCAL);

	if (!h)
		return ERR_UNAVAILABLE;
	for (size_t i = 0; lib->names[i]; i++) {
		lib->symbols[i] = dlsym(h, lib->names[i]);
		if (!lib->symbols[i])
			return ERR_UNAVAILABLE;
	}
	return 1;
}

int lazylib_load(struct lazylib *lib)
{
	int state;

	pthread_mutex_lock(&lib->lock);
	if (lib->state == 0)
		lib->state = load(lib);
	state = lib->state;
	pthread_mutex_unlock(&lib->lock);
	if (state > 0)
		return 0;
	err_set(ERR_UNAVAILABLE, "%s: cannot be loaded", lib->soname);
	err_hint("on Debian: apt-get install %s", lib->debian);
	return ERR_UNAVAILABLE;
}
