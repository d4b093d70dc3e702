/* SPDX-License-Identifier: GPL-2.0-only */
/* See work.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "dde_host.h"
#include "mailbox.h"
#include "net/host-tap.h"
#include "ddekitd.h"
#include "work.h"

/* A request in flight; freed when its reply is sent. */
struct work {
	struct call call;
	struct ddekit_pci *pci;
	uint32_t seq;
	uint32_t value;
	uint8_t mac[6];
	struct dde_net_stats net;
	struct dde_counters counters;
	struct dde_param param;
	struct dde_devpage page;
	char name[PROTO_ARGS];
	struct proto_text text;
	uint64_t beats;
};

static void fill_stats(const struct work *w, struct proto_stats *s)
{
	struct ddekit_pci_stats pci;
	struct dde_host_stats host;
	struct timespec cpu;

	_Static_assert(sizeof(w->net) == 15 * sizeof(uint64_t), "same members as proto_stats");
	_Static_assert(sizeof(w->counters) == 8 * sizeof(uint64_t), "likewise");
	memset(s, 0, sizeof(*s));
	memcpy(s, &w->net, sizeof(w->net));
	memcpy(&s->pages_total, &w->counters, sizeof(w->counters));
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
	call_submit(&w->call, dde_host_up()->page, &w->page, on_page);
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
	call_submit(&w->call, op == OP_PARAM ? dde_host_up()->param : dde_host_up()->modules,
		    &w->param, on_text);
}

/* Return: 0; -EOPNOTSUPP, -EINVAL: the work is still the caller's. */
static int start_work(struct work *w, uint32_t op)
{
	const struct dde_net_up *net = net_bridge_up();
	const struct dde_up *up = dde_host_up();

	if (op == OP_PAGE)
		return start_page(w);
	if (proto_wants_text(op))
		start_text(w, op);
	else if (op == OP_COUNTERS)
		call_submit(&w->call, up->counters, &w->counters, on_stats);
	else if (op == OP_STATS && !net)
		call_submit(&w->call, up->heartbeat, &w->beats, on_stats);
	else if (op == OP_STATS)
		call_submit(&w->call, net->get_stats, &w->net, on_stats);
	else if (op == OP_SET_MTU && net)
		call_submit(&w->call, net->set_mtu, &w->value, on_work);
	else if (op == OP_SET_PROMISC && net)
		call_submit(&w->call, net->set_promisc, &w->value, on_work);
	else if (op == OP_SET_MAC && net)
		call_submit(&w->call, net->set_mac, w->mac, on_work);
	else
		return -EOPNOTSUPP;
	return 0;
}

int work_begin(const struct proto_request *req, struct ddekit_pci *pci)
{
	struct work *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->pci = pci;
	w->seq = req->h.seq;
	w->value = req->value;
	memcpy(w->mac, req->mac, sizeof(w->mac));
	memcpy(w->name, req->text, sizeof(w->name));
	w->call.arg = w;
	err = start_work(w, req->op);
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
