/* cmd/bench/figures.c */
#include "cmd/bench/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

bool figures_wanted(const struct figures *f, const char *name)
{
	return !f->only || strncmp(name, f->only, strlen(f->only)) == 0;
}

int figures_add(struct figures *f, const char *name, const char *unit)
{
	struct figure *x = f->figure;

	if (f->n == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 16;
		x = realloc(f->figure, f->cap * sizeof *x);
		if (!x)
			return err_set(ERR_MEMORY, "out of memory");
		f->figure = x;
	}
	x += f->n;
	snprintf(x->name, sizeof x->name, "%s", name);
	x->unit = unit;
	x->run = calloc(f->run_n, sizeof *x->run);
	if (!x->run)
		return err_set(ERR_MEMORY, "out of memory");
	return (int)f->n++;
}

void figures_put(struct figures *f, int which, uint64_t run, double value)
{
	f->figure[which].run[run] = value;
}

int figures_nothing(const struct figures *f, const char *such)
{
	err_set(ERR_USAGE, "--only: nothing measured begins with \"%s\"",
		bytes_show(bytes_str(f->only ? f->only : "")));
	err_hint("such as %s", such);
	return ERR_USAGE;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct figures *f, const struct figure *x)
{
	return x->run[(f->run_n - 1) / 2];
}

/* The largest median of that unit: the length of a whole bar. */
static double most_of(const struct figures *f, const char *unit)
{
	double most = 0;

	for (unsigned i = 0; i < f->n; i++)
		if (!strcmp(f->figure[i].unit, unit))
			most = fmax(most, median(f, &f->figure[i]));
	return most;
}

static double tenth(double v)
{
	return round(v * 10) / 10;
}

static int print_one(const struct figures *f, const struct figure *x, struct output *o)
{
	double middle = median(f, x);

	output_text(o, "metric", x->name);
	output_text(o, "unit", x->unit);
	output_real(o, "median", tenth(middle));
	output_real(o, "min", tenth(x->run[0]));
	output_real(o, "max", tenth(x->run[f->run_n - 1]));
	output_u64(o, "runs", f->run_n);
	if (output_style(o) == OUTPUT_TABLE)	/* in tenths: some are small */
		output_text(o, "", output_bar((uint64_t)(10 * middle),
					      (uint64_t)(10 * most_of(f, x->unit)), 24));
	return output_row(o);
}

int figures_print(struct figures *f, struct cli *c)
{
	struct output *o;
	int r = output_open(&o, cli_style(c, true), output_stdout(), NULL);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < f->n; i++)
		qsort(f->figure[i].run, f->run_n, sizeof(double), by_value);
	for (unsigned i = 0; r == 0 && i < f->n; i++)
		r = print_one(f, &f->figure[i], o);
	if (r == 0)
		r = output_end(o);
	output_close(o);
	return r;
}

void figures_release(struct figures *f)
{
	for (unsigned i = 0; i < f->n; i++)
		free(f->figure[i].run);
	free(f->figure);
	*f = (struct figures){ 0 };
}
