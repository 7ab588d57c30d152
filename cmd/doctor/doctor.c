/* strato-doctor - what this machine can do, and what slows a store down
 *
 * One line a check, each by itself: what cannot be looked at is said in its line,
 * and the next check is made.  It writes to nothing; the one file it makes has no
 * name.  The status is 1 if anything is a failure.
 */
#include "cmd/doctor/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/common/open.h"
#include "io/stream.h"
#include "io/view.h"

static const struct cli_tool tool = {
	.name = "strato-doctor",
	.does = "what this machine can do, and what slows a store down",
	.usage = "[OPTION]... [-s DIR]",
	.examples = "strato-doctor -s /data/kv\n"
		    "strato-doctor -J | jq -r 'select(.status != \"ok\") | .do'",
};

static const char *verdict_name(enum verdict v)
{
	static const char *const names[] = { "ok", "slow", "fail" };

	return names[v];
}

void doctor_say(struct doctor *d, enum verdict v, const char *check, const char *advice,
		const char *fmt, ...)
{
	char found[1024];
	va_list ap;
	int r;

	va_start(ap, fmt);
	vsnprintf(found, sizeof found, fmt, ap);
	va_end(ap);
	if (v > d->worst)
		d->worst = v;
	output_text(d->out, "status", verdict_name(v));
	output_text(d->out, "check", check);
	output_text(d->out, "found", found);
	if (advice)
		output_text(d->out, "do", advice);
	else if (output_style(d->out) == OUTPUT_JSON)
		output_absent(d->out, "do");
	else
		output_text(d->out, "do", "-");
	r = output_row(d->out);
	if (d->error == 0)
		d->error = r;
}

/* The store opened if it can be; what stops it is the check's answer. */
static void open_it(struct doctor *d)
{
	int r;

	if (!d->in_store)
		return;
	r = open_store(d->cli, &d->store, OPEN_READ);
	if (r == 0) {
		d->settings = *store_settings(d->store);
		doctor_say(d, DOCTOR_OK, "store", NULL, "opens");
		return;
	}
	doctor_say(d, DOCTOR_FAIL, "store",
		   *err_hint_text() ? err_hint_text() :
		   r == ERR_DAMAGED ? "strato-walcheck --full says what is hit" :
		   r == ERR_LOCKED ? "wait for the writer, or end it" : NULL,
		   "%s [%s]", err_message(), err_word(r));
	d->store = NULL;
}

static int examine(struct doctor *d)
{
	int r = machine_place(&d->place, d->dir);

	if (r == ERR_NO_FILE && d->in_store) {
		r = err_set(ERR_NO_STORE, "%s: no store here", d->dir);
		err_hint("create one with 'strato-init %s'", d->dir);
	}
	if (r == 0)
		r = cli_settings(d->cli, &d->settings, bytes_of("", 0), "config");
	if (r == 0)
		r = output_open(&d->out, cli_style(d->cli, true), output_stdout(), NULL);
	if (r < 0)
		return r;
	if (backend_local(&d->backend, d->dir, false) < 0)
		d->backend = NULL;
	open_it(d);
	machine_checks(d);
	devices_check(d);
	kept_checks(d);
	r = d->error ? d->error : output_end(d->out);
	if (r == 0 && d->worst == DOCTOR_FAIL)
		r = err_set(ERR_ABSENT, "%s: something fails", d->dir);
	return r;
}

int main(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct doctor d = { 0 };
	struct cli cli;
	const char *env;
	int r;

	stream_guard_std();
	view_guard();
	d.cli = &cli;
	cli_begin(&cli, &tool, argc, argv, table);
	cli_no_more(&cli);
	env = getenv("STRATO_STORE");
	d.in_store = cli_given(&cli, CLI_VAL_STORE) || (env && *env);
	d.dir = d.in_store ? cli_store(&cli) : ".";
	r = examine(&d);
	output_close(d.out);
	store_close(d.store);
	backend_close(d.backend);
	return cli_end(&cli, r);
}
