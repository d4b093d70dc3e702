/* SPDX-License-Identifier: GPL-2.0-only */
/* Saves and restores an interface's settings; see net-settings.h. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "lib/json.h"
#include "net-settings.h"
#include "rtnetlink.h"

#define MAX_MESSAGE 4096
#define MAX_MESSAGES 1024

/* Payload of an RTM_NEWADDR or RTM_NEWROUTE, as the kernel sent it. */
struct saved_message {
	uint16_t type;
	uint32_t len;
	uint8_t data[];
};

struct netsave {
	char name[IFNAMSIZ];
	uint32_t ifindex; /* when it was taken */
	uint32_t mtu;
	uint8_t mac[6], own_mac[6];
	bool has_mac, has_own_mac;
	bool up;
	struct saved_message **message;
	size_t n;
	int error;
};

/* ---- taking ---------------------------------------------------------------- */

static int saved_link_attr(const struct nlattr *attr, void *arg)
{
	struct netsave *s = arg;
	uint16_t len = mnl_attr_get_payload_len(attr);

	switch (mnl_attr_get_type(attr)) {
	case IFLA_MTU:
		if (len == sizeof(s->mtu))
			s->mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_ADDRESS:
		s->has_mac = len == sizeof(s->mac);
		if (s->has_mac)
			memcpy(s->mac, mnl_attr_get_payload(attr), len);
		break;
	case IFLA_PERM_ADDRESS:
		s->has_own_mac = len == sizeof(s->own_mac);
		if (s->has_own_mac)
			memcpy(s->own_mac, mnl_attr_get_payload(attr), len);
		break;
	}
	return MNL_CB_OK;
}

static int save_link(const struct nlmsghdr *msg, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(msg);
	struct netsave *s = arg;

	if (info->ifi_index != (int)s->ifindex)
		return MNL_CB_OK;
	s->up = info->ifi_flags & IFF_UP;
	mnl_attr_parse(msg, sizeof(*info), saved_link_attr, s);
	return MNL_CB_OK;
}

static int save_message(struct netsave *s, const struct nlmsghdr *msg)
{
	size_t len = mnl_nlmsg_get_payload_len(msg);
	struct saved_message *m, **grown;

	if (len > MAX_MESSAGE || s->n >= MAX_MESSAGES)
		return MNL_CB_OK;
	m = malloc(sizeof(*m) + len);
	grown = m ? realloc(s->message, (s->n + 1) * sizeof(*grown)) : NULL;
	if (!grown) {
		free(m);
		s->error = -ENOMEM;
		return MNL_CB_OK;
	}
	m->type = msg->nlmsg_type;
	m->len = len;
	memcpy(m->data, mnl_nlmsg_get_payload(msg), len);
	s->message = grown;
	s->message[s->n++] = m;
	return MNL_CB_OK;
}

static int save_address(const struct nlmsghdr *msg, void *arg)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(msg);
	struct netsave *s = arg;

	/* The kernel makes temporary ones from router advertisements. */
	if (ifa->ifa_index != s->ifindex || ifa->ifa_flags & IFA_F_TEMPORARY)
		return MNL_CB_OK;
	return save_message(s, msg);
}

static int find_oif(const struct nlattr *attr, void *arg)
{
	uint32_t *oif = arg;

	if (mnl_attr_get_type(attr) == RTA_OIF && mnl_attr_get_payload_len(attr) == sizeof(*oif))
		*oif = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int save_route(const struct nlmsghdr *msg, void *arg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(msg);
	struct netsave *s = arg;
	uint32_t oif = 0;

	/* The kernel adds its own again, and routers advertise theirs again. */
	if (rtm->rtm_type != RTN_UNICAST || rtm->rtm_flags & RTM_F_CLONED ||
	    rtm->rtm_protocol == RTPROT_KERNEL || rtm->rtm_protocol == RTPROT_RA)
		return MNL_CB_OK;
	mnl_attr_parse(msg, sizeof(*rtm), find_oif, &oif);
	return oif == s->ifindex ? save_message(s, msg) : MNL_CB_OK;
}

static int fill_settings(struct netsave *s)
{
	int r = rt_dump(RTM_GETLINK, AF_UNSPEC, save_link, s);

	if (!r)
		r = rt_dump(RTM_GETADDR, AF_UNSPEC, save_address, s);
	if (!r)
		r = rt_dump(RTM_GETROUTE, AF_INET, save_route, s);
	if (!r)
		r = rt_dump(RTM_GETROUTE, AF_INET6, save_route, s);
	return r ? r : s->error;
}

int netsave_read(const char *ifname, struct netsave **ret)
{
	struct netsave *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	snprintf(s->name, sizeof(s->name), "%s", ifname);
	s->ifindex = if_nametoindex(ifname);
	r = s->ifindex ? fill_settings(s) : -ENODEV;
	if (r < 0) {
		netsave_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void netsave_free(struct netsave *save)
{
	size_t i;

	if (!save)
		return;
	for (i = 0; i < save->n; i++)
		free(save->message[i]);
	free(save->message);
	free(save);
}

const char *netsave_name(const struct netsave *save)
{
	return save->name;
}

unsigned int netsave_ifindex(const struct netsave *save)
{
	return save->ifindex;
}

/* ---- applying -------------------------------------------------------------- */

struct giving {
	const struct netsave *save;
	int ifindex;
	struct strv *errors;
	int given;
};

static void outcome(struct giving *g, int r, const char *what)
{
	_cleanup_free_ char *text = NULL;

	if (!r) {
		g->given++;
		return;
	}
	text = str_format("%s: %s", what, strerror(-r));
	if (text)
		strv_add(g->errors, text);
}

static struct nlmsghdr *link_message(char *buf, int ifindex, unsigned int flags,
				     unsigned int change)
{
	struct nlmsghdr *msg = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info;

	msg->nlmsg_type = RTM_NEWLINK;
	info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));
	info->ifi_index = ifindex;
	info->ifi_flags = flags;
	info->ifi_change = change;
	return msg;
}

/* Name and MAC can be changed only while the interface is down. */
static void apply_link(struct giving *g, unsigned int parts)
{
	char buf[256] __attribute__((aligned(NLMSG_ALIGNTO))), now[IFNAMSIZ] = "";
	const struct netsave *s = g->save;
	struct nlmsghdr *msg;

	if_indextoname(g->ifindex, now);
	if (parts & NETSAVE_NAME && strcmp(now, s->name)) {
		msg = link_message(buf, g->ifindex, 0, 0);
		mnl_attr_put_strz(msg, IFLA_IFNAME, s->name);
		outcome(g, rt_do(msg), "name");
	}
	if (parts & NETSAVE_MAC && s->has_mac && s->has_own_mac &&
	    memcmp(s->mac, s->own_mac, sizeof(s->mac))) {
		msg = link_message(buf, g->ifindex, 0, 0);
		mnl_attr_put(msg, IFLA_ADDRESS, sizeof(s->mac), s->mac);
		outcome(g, rt_do(msg), "MAC");
	}
	if (parts & NETSAVE_MTU && s->mtu) {
		msg = link_message(buf, g->ifindex, 0, 0);
		mnl_attr_put_u32(msg, IFLA_MTU, s->mtu);
		outcome(g, rt_do(msg), "MTU");
	}
	if (parts & NETSAVE_UP && s->up)
		outcome(g, rt_do(link_message(buf, g->ifindex, IFF_UP, IFF_UP)), "up");
}

struct copying {
	struct nlmsghdr *msg;
	const struct giving *g;
	bool address;
	bool gateway;
};

static int copy_attr(const struct nlattr *attr, void *arg)
{
	uint16_t type = mnl_attr_get_type(attr), len = mnl_attr_get_payload_len(attr);
	const void *data = mnl_attr_get_payload(attr);
	struct copying *c = arg;

	if (c->address && type == IFA_LABEL)
		return MNL_CB_OK; /* it names the old interface */
	if (!c->address && type == RTA_CACHEINFO)
		return MNL_CB_OK;
	if (!c->address && type == RTA_OIF) {
		mnl_attr_put_u32(c->msg, RTA_OIF, c->g->ifindex);
		return MNL_CB_OK;
	}
	if (!c->address && (type == RTA_GATEWAY || type == RTA_VIA))
		c->gateway = true;
	mnl_attr_put(c->msg, type, len, data);
	return MNL_CB_OK;
}

/* The saved message for the new interface. Return: has it a gateway? */
static bool make_message(const struct giving *g, const struct saved_message *m,
			 struct nlmsghdr *msg)
{
	bool address = m->type == RTM_NEWADDR;
	size_t header = address ? sizeof(struct ifaddrmsg) : sizeof(struct rtmsg);
	struct copying c = { .msg = msg, .g = g, .address = address };
	void *head;

	msg->nlmsg_type = m->type;
	msg->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	head = mnl_nlmsg_put_extra_header(msg, header);
	memcpy(head, m->data, header);
	if (address)
		((struct ifaddrmsg *)head)->ifa_index = g->ifindex;
	else
		((struct rtmsg *)head)->rtm_flags &= RTNH_F_ONLINK;
	mnl_attr_parse_payload(m->data + MNL_ALIGN(header), m->len - MNL_ALIGN(header), copy_attr,
			       &c);
	return c.gateway;
}

/* Routes on the link before routes by a gateway. */
static void apply_messages(struct giving *g, uint16_t type, bool gateway)
{
	char buf[MAX_MESSAGE + 512] __attribute__((aligned(NLMSG_ALIGNTO)));
	size_t i;

	for (i = 0; i < g->save->n; i++) {
		struct nlmsghdr *msg = mnl_nlmsg_put_header(buf);

		if (g->save->message[i]->type == type &&
		    make_message(g, g->save->message[i], msg) == gateway)
			outcome(g, rt_do(msg), type == RTM_NEWADDR ? "address" : "route");
	}
}

int netsave_apply(const struct netsave *save, int ifindex, unsigned int parts, struct strv *errors)
{
	struct giving g = { .save = save, .ifindex = ifindex, .errors = errors };

	apply_link(&g, parts);
	if (parts & NETSAVE_UP) {
		apply_messages(&g, RTM_NEWADDR, false);
		if (save->up) {
			apply_messages(&g, RTM_NEWROUTE, false);
			apply_messages(&g, RTM_NEWROUTE, true);
		}
	}
	return g.given;
}

/* ---- JSON ------------------------------------------------------------------ */

static struct json_object *json_hex(const uint8_t *data, size_t len)
{
	_cleanup_free_ char *text = hex_text(data, len);

	return text ? json_object_new_string(text) : NULL;
}

/* Return: bytes, -EINVAL. */
static ssize_t read_hex(struct json_object *o, uint8_t *data, size_t max)
{
	const char *text = json_object_get_string(o);

	return text ? hex_decode(text, data, max) : 0;
}

struct json_object *netsave_to_json(const struct netsave *save)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array(), *m;
	size_t i;

	json_object_object_add(o, "name", json_object_new_string(save->name));
	json_object_object_add(o, "ifindex", json_object_new_int64(save->ifindex));
	json_object_object_add(o, "mtu", json_object_new_int64(save->mtu));
	json_object_object_add(o, "up", json_object_new_boolean(save->up));
	if (save->has_mac)
		json_object_object_add(o, "mac", json_hex(save->mac, sizeof(save->mac)));
	if (save->has_own_mac)
		json_object_object_add(o, "own_mac",
				       json_hex(save->own_mac, sizeof(save->own_mac)));
	for (i = 0; i < save->n; i++) {
		m = json_object_new_object();
		json_object_object_add(m, "type", json_object_new_int(save->message[i]->type));
		json_object_object_add(m, "data",
				       json_hex(save->message[i]->data, save->message[i]->len));
		json_object_array_add(list, m);
	}
	json_object_object_add(o, "messages", list);
	return o;
}

static int message_from_json(struct json_object *o, struct netsave *s)
{
	struct saved_message *m, **grown;
	struct json_object *value;
	ssize_t n;

	m = malloc(sizeof(*m) + MAX_MESSAGE);
	grown = m ? realloc(s->message, (s->n + 1) * sizeof(*grown)) : NULL;
	if (!grown) {
		free(m);
		return -ENOMEM;
	}
	s->message = grown;
	s->message[s->n++] = m;
	m->type = json_number(o, "type");
	n = 0;
	if (json_object_object_get_ex(o, "data", &value))
		n = read_hex(value, m->data, MAX_MESSAGE);
	m->len = n < 0 ? 0 : n;
	if (m->type == RTM_NEWADDR)
		return n >= (ssize_t)sizeof(struct ifaddrmsg) ? 0 : -EINVAL;
	return m->type == RTM_NEWROUTE && n >= (ssize_t)sizeof(struct rtmsg) ? 0 : -EINVAL;
}

static int fill_from_json(struct json_object *json, struct netsave *s)
{
	struct json_object *v;
	size_t i;
	int r = 0;

	if (!json_text(json, "name"))
		return -EINVAL;
	snprintf(s->name, sizeof(s->name), "%s", json_text(json, "name"));
	s->ifindex = json_number(json, "ifindex");
	s->mtu = json_number(json, "mtu");
	s->up = json_is_true(json, "up");
	s->has_mac = json_object_object_get_ex(json, "mac", &v) &&
		     read_hex(v, s->mac, sizeof(s->mac)) == sizeof(s->mac);
	s->has_own_mac = json_object_object_get_ex(json, "own_mac", &v) &&
			 read_hex(v, s->own_mac, sizeof(s->own_mac)) == sizeof(s->own_mac);
	if (!json_object_object_get_ex(json, "messages", &v) ||
	    !json_object_is_type(v, json_type_array))
		return -EINVAL;
	for (i = 0; i < json_object_array_length(v) && !r; i++)
		r = message_from_json(json_object_array_get_idx(v, i), s);
	return r;
}

int netsave_from_json(struct json_object *json, struct netsave **ret)
{
	struct netsave *s = calloc(1, sizeof(*s));
	int r = s ? fill_from_json(json, s) : -ENOMEM;

	if (r < 0) {
		netsave_free(s);
		return r;
	}
	*ret = s;
	return 0;
}
