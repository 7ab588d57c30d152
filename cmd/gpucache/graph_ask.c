/* cmd/gpucache/graph_ask.c - one request about one graph */
#include "cmd/gpucache/graph_ask.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"

bool graph_ask_wanted(struct cli *c)
{
	if (!cli_given(c, CLI_VAL_GRAPH)) {
		if (cli_given(c, GRAPH_ASK_TYPE))
			cli_usage(c, "--type goes with --graph");
		return false;
	}
	if (cli_given(c, CLI_VAL_BATCH) || cli_given(c, CLI_VAL_PREFIX) ||
	    cli_operand_peek(c))
		cli_usage(c, "--graph goes without keys");
	if (!cli_text(c, CLI_VAL_GRAPH)[0])
		cli_usage(c, "--graph: a name is missing");
	return true;
}

static int types_put(struct cli *c, struct buf *out, uint32_t *n)
{
	const char *name;
	size_t at = 0;
	int r = 0;

	for (*n = 0; r == 0 && (name = cli_each(c, GRAPH_ASK_TYPE, &at)); ++*n)
		r = wire_key_put(out, bytes_str(name));
	if (r == 0 && *n > WIRE_GRAPH_TYPES)
		r = err_set(ERR_TOO_BIG, "more than %u types", WIRE_GRAPH_TYPES);
	return r;
}

static void say(struct asker *a, enum wire_graph_verb verb, const struct wire_pinned *w)
{
	const char *name = cli_text(a->cli, CLI_VAL_GRAPH);

	if (verb == WIRE_GRAPH_EVICT) {
		cli_note(a->cli, "graph %s: %s let go", name, output_size(le64_get(w->bytes)));
		return;
	}
	cli_note(a->cli, "graph %s: %" PRIu64 " nodes, %" PRIu64 " edges, %s; %s more while it "
		 "is asked", name, le64_get(w->node_n), le64_get(w->edge_n),
		 output_size(le64_get(w->bytes)), output_size(le64_get(w->work)));
	if (le32_get(w->flags) & WIRE_NO_KERNELS)
		cli_say(a->cli, "the service is on host memory, which runs no kernels: "
			"questions about graph %s go to the CPU", name);
}

static int ask(struct asker *a, enum wire_graph_verb verb, struct bytes body)
{
	struct gpu_answer answer = { 0 };
	struct wire_pinned w;
	struct bytes in;
	int r = gpu_client_ask(a->client, WIRE_PIN_GRAPH, body, &answer);

	if (r == ERR_ABSENT)
		cli_say(a->cli, "%s", err_message());
	if (r < 0)
		return r;
	in = bytes_of(answer.ptr, (size_t)answer.len);
	r = wire_take(&in, &w, sizeof w);
	if (r == 0)
		say(a, verb, &w);
	gpu_answer_free(&answer);
	return r;
}

int graph_ask(struct asker *a, enum wire_graph_verb verb)
{
	struct pin_graph p = { .verb = verb, .name = bytes_str(cli_graph(a->cli)) };
	struct buf body = { 0 }, types = { 0 };
	int r = verb == WIRE_GRAPH_PIN ? types_put(a->cli, &types, &p.type_n) : 0;

	p.types = buf_bytes(&types);
	if (r == 0 && p.name.len > WIRE_GRAPH_NAME_MAX)
		r = err_set(ERR_NO_GRAPH, "no graph \"%s\"", bytes_show(p.name));
	if (r == 0)
		r = wire_pin_graph_put(&body, &p);
	if (r == 0 && body.len > WIRE_BODY_MAX)
		r = err_set(ERR_TOO_BIG, "the names of the types are too long for a request");
	if (r == 0)
		r = ask(a, verb, buf_bytes(&body));
	buf_release(&body);
	buf_release(&types);
	return r;
}
