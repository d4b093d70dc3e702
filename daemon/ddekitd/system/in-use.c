/* SPDX-License-Identifier: GPL-2.0-only */
/* Who uses a device of a kernel driver; see in-use.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "in-use.h"
#include "lib/folder.h"
#include "pci-sysfs.h"
#include "rtnetlink.h"

const struct inuse_roots inuse_system = { .sys = PCISYS_ROOT, .proc = "/proc", .dev = "/dev" };

__attribute__((format(printf, 2, 3))) static int add_use(struct strv *uses, const char *fmt, ...)
{
	struct text t = { 0 };
	va_list args;
	int r;

	va_start(args, fmt);
	r = text_vadd(&t, fmt, args);
	va_end(args);
	if (!r)
		r = strv_add(uses, t.text);
	text_finish(&t);
	return r;
}

/* ---- interfaces -------------------------------------------------------------- */

struct asking {
	const char *ifname;
	uint32_t ifindex;
	struct strv *uses;
	uint32_t master;
	unsigned int flags;
	int error;
};

struct address {
	const void *local, *address;
	size_t len;
};

static int address_attr(const struct nlattr *attr, void *arg)
{
	struct address *a = arg;

	if (mnl_attr_get_type(attr) == IFA_LOCAL)
		a->local = mnl_attr_get_payload(attr);
	if (mnl_attr_get_type(attr) == IFA_ADDRESS)
		a->address = mnl_attr_get_payload(attr);
	if (mnl_attr_get_type(attr) == IFA_LOCAL || mnl_attr_get_type(attr) == IFA_ADDRESS)
		a->len = mnl_attr_get_payload_len(attr);
	return MNL_CB_OK;
}

static int on_used_address(const struct nlmsghdr *msg, void *arg)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(msg);
	struct asking *q = arg;
	struct address a = { 0 };
	char text[INET6_ADDRSTRLEN] = "";
	size_t len = ifa->ifa_family == AF_INET ? 4 : 16;

	/* Every interface that is up has a link-local one. */
	if (ifa->ifa_index != q->ifindex || ifa->ifa_scope == RT_SCOPE_LINK)
		return MNL_CB_OK;
	mnl_attr_parse(msg, sizeof(*ifa), address_attr, &a);
	if ((!a.local && !a.address) || a.len != len)
		return MNL_CB_OK;
	inet_ntop(ifa->ifa_family, a.local ? a.local : a.address, text, sizeof(text));
	q->error = add_use(q->uses, "interface %s has the address %s/%u", q->ifname, text,
			   ifa->ifa_prefixlen);
	return q->error ? MNL_CB_STOP : MNL_CB_OK;
}

struct route {
	uint32_t oif;
	const void *dst;
};

static int route_attr(const struct nlattr *attr, void *arg)
{
	struct route *route = arg;

	if (mnl_attr_get_type(attr) == RTA_OIF)
		route->oif = mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == RTA_DST)
		route->dst = mnl_attr_get_payload(attr);
	return MNL_CB_OK;
}

static int on_used_route(const struct nlmsghdr *msg, void *arg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(msg);
	char text[INET6_ADDRSTRLEN + 8] = "default";
	struct asking *q = arg;
	struct route route = { 0 };

	if (rtm->rtm_type != RTN_UNICAST || rtm->rtm_protocol == RTPROT_KERNEL ||
	    rtm->rtm_flags & RTM_F_CLONED)
		return MNL_CB_OK;
	mnl_attr_parse(msg, sizeof(*rtm), route_attr, &route);
	if (route.oif != q->ifindex)
		return MNL_CB_OK;
	if (route.dst) {
		inet_ntop(rtm->rtm_family, route.dst, text, INET6_ADDRSTRLEN);
		snprintf(text + strlen(text), 8, "/%u", rtm->rtm_dst_len);
	}
	q->error = add_use(q->uses, "interface %s has the route %s", q->ifname, text);
	return q->error ? MNL_CB_STOP : MNL_CB_OK;
}

static int used_link_attr(const struct nlattr *attr, void *arg)
{
	struct asking *q = arg;

	if (mnl_attr_get_type(attr) == IFLA_MASTER)
		q->master = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int on_used_link(const struct nlmsghdr *msg, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(msg);
	struct asking *q = arg;

	if (info->ifi_index != (int)q->ifindex)
		return MNL_CB_OK;
	q->flags = info->ifi_flags;
	mnl_attr_parse(msg, sizeof(*info), used_link_attr, q);
	return MNL_CB_OK;
}

/* VLANs, macvlans … on it: sysfs has a link upper_NAME for each, the master's too. */
static int add_uppers(const struct inuse_roots *roots, struct asking *q, const char *master)
{
	_cleanup_free_ char *path = str_format("%s/class/net/%s", roots->sys, q->ifname);
	struct strv names = { 0 };
	size_t i;
	int r = folder_names_if_any(path, &names);

	for (i = 0; i < names.n && !r; i++)
		if (!strncmp(names.item[i], "upper_", 6) && !str_equal(names.item[i] + 6, master))
			r = add_use(q->uses, "interface %s carries %s", q->ifname,
				    names.item[i] + 6);
	strv_finish(&names);
	return r;
}

static int add_link(const struct inuse_roots *roots, struct asking *q)
{
	char master[IFNAMSIZ] = "";
	int r = 0;

	if (q->master && if_indextoname(q->master, master))
		r = add_use(q->uses, "interface %s is a port of %s", q->ifname, master);
	if (!r)
		r = add_uppers(roots, q, master);
	if (!r && !q->uses->n && q->flags & IFF_UP && q->flags & IFF_RUNNING)
		r = add_use(q->uses, "interface %s is up and has a link", q->ifname);
	return r;
}

int inuse_interface(const struct inuse_roots *roots, const char *ifname, struct strv *uses)
{
	struct strv mine = { 0 };
	struct asking q = { .ifname = ifname, .uses = &mine };
	size_t i;
	int r;

	q.ifindex = if_nametoindex(ifname);
	if (!q.ifindex) /* it has just gone */
		return 0;
	r = rt_dump(RTM_GETADDR, AF_UNSPEC, on_used_address, &q);
	if (!r)
		r = rt_dump(RTM_GETROUTE, AF_INET, on_used_route, &q);
	if (!r)
		r = rt_dump(RTM_GETROUTE, AF_INET6, on_used_route, &q);
	if (!r)
		r = rt_dump(RTM_GETLINK, AF_UNSPEC, on_used_link, &q);
	if (!r)
		r = q.error ? q.error : add_link(roots, &q);
	for (i = 0; i < mine.n && !r; i++)
		r = strv_add(uses, mine.item[i]);
	strv_finish(&mine);
	return r;
}

/* ---- disks ----------------------------------------------------------------- */

/* "8:1" of a disk or partition; empty: not known. */
static void read_number(const struct inuse_roots *roots, const char *name, char *buf, size_t size)
{
	_cleanup_free_ char *path = str_format("%s/class/block/%s/dev", roots->sys, name);
	_cleanup_fclose_ FILE *f = path ? fopen(path, "re") : NULL;

	buf[0] = 0;
	if (f && fgets(buf, size, f))
		buf[strcspn(buf, "\n")] = 0;
}

/* Octal escapes of mountinfo, in place. */
static char *unescape(char *text)
{
	unsigned int byte;
	char *in, *out = text;

	for (in = text; *in; in++) {
		if (*in == '\\' && sscanf(in + 1, "%3o", &byte) == 1) {
			*out++ = byte;
			in += 3;
		} else {
			*out++ = *in;
		}
	}
	*out = 0;
	return text;
}

/* By number, or by source for file systems that number themselves (btrfs). */
static int add_mounts(const struct inuse_roots *roots, const char *name, const char *number,
		      struct strv *uses)
{
	_cleanup_free_ char *path = str_format("%s/self/mountinfo", roots->proc);
	_cleanup_free_ char *node = str_format("/dev/%s", name), *line = NULL;
	_cleanup_fclose_ FILE *f = path ? fopen(path, "re") : NULL;
	char dev[32], where[4096], source[4096], *dash;
	size_t size = 0;
	int r = node ? 0 : -ENOMEM;

	while (f && !r && getline(&line, &size, f) > 0) {
		dash = strstr(line, " - ");
		if (sscanf(line, "%*s %*s %31s %*s %4095s", dev, where) != 2 || !dash ||
		    sscanf(dash, " - %*s %4095s", source) != 1)
			continue;
		if (!strcmp(dev, number) || !strcmp(source, node))
			r = add_use(uses, "%s is mounted on %s", name, unescape(where));
	}
	return r;
}

static int add_swap(const struct inuse_roots *roots, const char *name, struct strv *uses)
{
	_cleanup_free_ char *path = str_format("%s/swaps", roots->proc);
	_cleanup_free_ char *node = str_format("/dev/%s", name);
	_cleanup_fclose_ FILE *f = path ? fopen(path, "re") : NULL;
	char line[512], file[256];

	while (f && node && fgets(line, sizeof(line), f))
		if (sscanf(line, "%255s", file) == 1 && !strcmp(file, node))
			return add_use(uses, "%s is swap space", name);
	return node ? 0 : -ENOMEM;
}

static int add_holders(const struct inuse_roots *roots, const char *name, struct strv *uses)
{
	_cleanup_free_ char *path = str_format("%s/class/block/%s/holders", roots->sys, name);
	struct strv names = { 0 };
	size_t i;
	int r = folder_names_if_any(path, &names);

	for (i = 0; i < names.n && !r; i++)
		r = add_use(uses, "%s is part of %s", name, names.item[i]);
	strv_finish(&names);
	return r;
}

/* Whoever mounts, swaps or holds has it exclusively; so may others, such as a
 * virtual machine. EACCES and the like prove nothing. */
static int add_open(const struct inuse_roots *roots, const char *name, struct strv *uses)
{
	_cleanup_free_ char *path = str_format("%s/%s", roots->dev, name);
	_cleanup_close_ int fd = path ? open(path, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK) : -1;

	if (fd < 0 && path && errno == EBUSY)
		return add_use(uses, "%s is opened exclusively by a process", name);
	return path ? 0 : -ENOMEM;
}

int inuse_disk(const struct inuse_roots *roots, const char *name, struct strv *uses)
{
	size_t before = uses->n;
	char number[32];
	int r;

	read_number(roots, name, number, sizeof(number));
	r = add_mounts(roots, name, number, uses);
	if (!r)
		r = add_swap(roots, name, uses);
	if (!r)
		r = add_holders(roots, name, uses);
	if (!r && uses->n == before)
		r = add_open(roots, name, uses);
	return r;
}

/* ---- all ------------------------------------------------------------------- */

int inuse_check(const struct inuse_roots *roots, const char *bdf, struct inuse *ret)
{
	struct strv net = { 0 }, disks = { 0 };
	size_t i;
	int r = pcisys_interfaces(roots->sys, bdf, &net);

	if (!r)
		r = pcisys_disks(roots->sys, bdf, &disks);
	for (i = 0; i < net.n && !r; i++)
		r = inuse_interface(roots, net.item[i], &ret->net);
	for (i = 0; i < disks.n && !r; i++)
		r = inuse_disk(roots, disks.item[i], &ret->other);
	strv_finish(&net);
	strv_finish(&disks);
	return r;
}

void inuse_finish(struct inuse *uses)
{
	strv_finish(&uses->net);
	strv_finish(&uses->other);
}
