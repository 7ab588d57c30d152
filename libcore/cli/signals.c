/* cli/signals.c - signals set flags; everything else happens outside of them */
#include <signal.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/signals.h"

static volatile sig_atomic_t stopped;
static volatile sig_atomic_t asked;

static void on_stop(int sig)
{
	stopped = sig;
}

static void on_ask(int sig)
{
	(void)sig;
	asked = 1;
}

static void catch(int sig, void (*handler)(int), int flags)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = handler;
	sa.sa_flags = flags;
	sigaction(sig, &sa, NULL);
}

/* SIGPIPE may come ignored from a parent; "| head" must stay silent.  A file size
 * limit is an error with a message, not a death. */
void signals_begin(void)
{
	catch(SIGPIPE, SIG_DFL, 0);
	catch(SIGXFSZ, SIG_IGN, 0);
	catch(SIGUSR1, on_ask, SA_RESTART);
}

void cli_catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction old;

	for (size_t i = 0; i < 3; i++) {
		/* nohup and "&" of a script ignore some: that stays so */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		/* no SA_RESTART: a blocking read comes back.  Once: the second
		 * signal is the default one, for a tool that does not listen */
		catch(signals[i], on_stop, (int)SA_RESETHAND);
	}
}

int cli_stopped(void)
{
	return stopped;
}

bool cli_asked_progress(void)
{
	bool was = asked;

	if (was)
		asked = 0;
	return was;
}

int signals_raise_again(void)
{
	if (!stopped)
		return 0;
	catch(stopped, SIG_DFL, 0);
	raise(stopped);
	return 128 + stopped;
}
