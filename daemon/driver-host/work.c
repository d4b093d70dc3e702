/* SPDX-License-Identifier: GPL-2.0-only */
/* See work.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "class-host.h"
#include "dde_host.h"
#include "mailbox.h"
#include "ddekitd.h"
#include "work.h"

/* A request in flight; freed when its reply is sent. */
struct work {
	struct call call;
	struct ddekit_pci *pci;
	uint32_t seq;
	uint64_t class_stats[PROTO_CLASS_STATS];
	_Alignas(8) uint8_t data[PROTO_CLASS_BYTES];
	struct dde_counters counters;
	struct dde_param param;
	struct dde_devpage page;
	char name[PROTO_ARGS];
	struct proto_text text;
	uint64_t beats;
};

static void fill_kernel_stats(const struct dde_counters *c, struct proto_stats *s)
{
#define X(name) s->name = c->name;
	PROTO_KERNEL_STATS(X)
#undef X
}

static void fill_stats(const struct work *w, struct proto_stats *s)
{
	struct ddekit_pci_stats pci;
	struct dde_host_stats host;
	struct timespec cpu;

	memset(s, 0, sizeof(*s));
	memcpy(s->class_stats, w->class_stats, sizeof(s->class_stats));
	fill_kernel_stats(&w->counters, s);
	ddekit_pci_stats(w->pci, &pci);
	dde_host_stats(&host);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	s->mmio_reads = pci.mmio_reads + pci.io_reads;
	s->mmio_writes = pci.mmio_writes + pci.io_writes;
	s->config_accesses = pci.config_reads + pci.config_writes;
	s->irqs = host.irqs;
	s->ticks = host.ticks;
	s->idle_waits = host.idle_waits;
	s->syscalls = host.syscalls + pci.syscalls;
	s->cpu_ns = (uint64_t)cpu.tv_sec * 1000000000u + (uint64_t)cpu.tv_nsec;
	s->rss_kb = wire_rss_kb();
}

static void on_stats(struct call *call)
{
	struct work *w = call->arg;
	struct proto_stats s;

	fill_stats(w, &s);
	wire_send_reply(w->seq, (int)call->req.result, &s);
	free(w);
}

static void on_work(struct call *call)
{
	struct work *w = call->arg;

	wire_send_reply(w->seq, (int)call->req.result, NULL);
	free(w);
}

static void on_text(struct call *call)
{
	struct work *w = call->arg;

	w->text.mode = w->param.mode;
	wire_send_text(w->seq, (int)call->req.result, &w->text);
	free(w);
}

static void on_page(struct call *call)
{
	struct work *w = call->arg;
	char *to = w->text.text;
	uint32_t i;

	_Static_assert(2 * sizeof(w->page.data) < sizeof(w->text.text), "a page fits as text");
	if (call->req.result >= 0)
		for (i = 0; i < w->page.bytes; i++)
			to += sprintf(to, "%02x", w->page.data[i]);
	wire_send_text(w->seq, (int)call->req.result, &w->text);
	free(w);
}

/* "NAME NUMBER" in w->name. Return: 0, -EINVAL. */
static int start_page(struct work *w)
{
	char *number = strchr(w->name, ' ');

	if (!number || number - w->name >= (ptrdiff_t)sizeof(w->page.name))
		return -EINVAL;
	memcpy(w->page.name, w->name, (size_t)(number - w->name));
	w->page.number = (uint32_t)strtoul(number, NULL, 10);
	call_submit(&w->call, dde_host_up()->plugin->page, &w->page, on_page);
	return 0;
}

/* "MODULE.PARAMETER[=VALUE]" in w->name */
static void start_text(struct work *w, uint32_t op)
{
	char *value = strchr(w->name, '=');

	if (value)
		*value++ = 0;
	w->param = (struct dde_param){
		.name = w->name,
		.value = value,
		.text = w->text.text,
		.size = sizeof(w->text.text),
	};
	call_submit(&w->call,
		    op == OP_PARAM ? dde_host_up()->plugin->param : dde_host_up()->plugin->modules,
		    &w->param, on_text);
}

/* Return: 0; -EOPNOTSUPP: the work is still the caller's. */
static int start_request(struct work *w, struct bridge *bridge)
{
	void *arg = NULL;
	bridge_fn fn = bridge ? bridge->class->request(bridge, w->data, &arg) : NULL;

	if (!fn)
		return -EOPNOTSUPP;
	call_submit(&w->call, fn, arg, on_work);
	return 0;
}

/* A class without statistics of its own: once through the runtime all the same. */
static void start_stats(struct work *w, struct bridge *bridge)
{
	bridge_fn fn = bridge ? bridge->class->stats(bridge) : NULL;

	if (fn)
		call_submit(&w->call, fn, w->class_stats, on_stats);
	else
		call_submit(&w->call, dde_host_up()->sys->heartbeat, &w->beats, on_stats);
}

/* Return: 0; -EOPNOTSUPP, -EINVAL: the work is still the caller's. */
static int start_work(struct work *w, uint32_t op, struct bridge *bridge)
{
	switch (op) {
	case OP_PAGE:
		return start_page(w);
	case OP_PARAM:
	case OP_MODULES:
		start_text(w, op);
		return 0;
	case OP_COUNTERS:
		call_submit(&w->call, dde_host_up()->sys->counters, &w->counters, on_stats);
		return 0;
	case OP_STATS:
		start_stats(w, bridge);
		return 0;
	case OP_CLASS:
		return start_request(w, bridge);
	default:
		return -EOPNOTSUPP;
	}
}

int work_begin(const struct proto_request *req, struct bridge *bridge, struct ddekit_pci *pci)
{
	struct work *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->pci = pci;
	w->seq = req->h.seq;
	memcpy(w->data, req->data, sizeof(w->data));
	memcpy(w->name, req->text, sizeof(w->name));
	w->call.arg = w;
	err = start_work(w, req->op, bridge);
	if (err)
		free(w);
	return err;
}

/* Text is answered by text. */
void work_reply(const struct proto_request *req, int error)
{
	static struct proto_text text;

	if (proto_wants_text(req->op))
		wire_send_text(req->h.seq, error, &text);
	else
		wire_send_reply(req->h.seq, error, NULL);
}
