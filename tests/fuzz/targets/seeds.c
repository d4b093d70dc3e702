/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes valid messages of a driver host as seeds of the target "message". */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/daemon/exports.h"

#define START_NS 1000000000ull /* the value in message.c */

static FILE *file;
static unsigned int records;

static void put(void *message, uint32_t type, size_t len, uint32_t seq, uint8_t before)
{
	uint8_t head[3] = { len & 0xff, (uint8_t)(len >> 8), before };

	*(struct proto_header *)message = (struct proto_header){ PROTO_VERSION, type, (uint32_t)len,
								 seq };
	fwrite(head, 1, sizeof(head), file);
	fwrite(message, 1, len, file);
	records++;
}

static void put_state(uint32_t state, int error)
{
	struct proto_state_msg m = { .state = state,
				     .error = error,
				     .mono_ns = START_NS,
				     .rss_kb = 9000,
				     .release = "6.12.1",
				     .text = "a text" };

	put(&m, PROTO_STATE, sizeof(m), 0, 0);
}

static void put_net(void)
{
	struct net_message m = { .class = "net",
				 .mono_ns = START_NS,
				 .is = { .ifname = "eth0",
					 .driver = "e1000e",
					 .mac = { 2, 1, 2, 3, 4, 5 },
					 .carrier = 1,
					 .duplex = 1,
					 .mtu = 1500,
					 .min_mtu = 68,
					 .max_mtu = 9000,
					 .speed = 1000 } };

	put(&m, PROTO_EXPORT, sizeof(m), 0, 0);
}

static void put_disk(uint32_t event)
{
	struct disk_message m = { .class = "block",
				  .mono_ns = START_NS,
				  .is = { .event = event,
					  .flags = event == DISK_GONE ? 0 : 1,
					  .logical_block = 512,
					  .physical_block = 4096,
					  .bytes = 1u << 30,
					  .name = "nvme0n1",
					  .driver = "nvme",
					  .model = "Disk",
					  .serial = "1",
					  .wwid = "eui.0011223344556677" } };

	put(&m, PROTO_EXPORT, sizeof(m), 0, 0);
}

/* A request and the reply to it. */
static void put_reply(enum proto_op op, uint32_t seq, const char *text)
{
	struct proto_text t = { .mode = 0644 };
	struct proto_reply m = { 0 };
	uint8_t before = (uint8_t)(1 | (op - 1) << 1);

	if (!text) {
		put(&m, PROTO_REPLY, sizeof(m), seq, before);
		return;
	}
	snprintf(t.text, sizeof(t.text), "%s", text);
	put(&t, PROTO_TEXT, offsetof(struct proto_text, text) + strlen(text) + 1, seq, before);
}

static bool open_seed(const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	return file;
}

static void put_start(void)
{
	put_state(STATE_ADOPTED, 0);
	put_state(STATE_BOOTED, 0);
	put_state(STATE_LOADED, 0);
	put_net();
	put_state(STATE_READY, 0);
}

int main(int argc, char **argv)
{
	struct proto_heartbeat beat = { .count = 1 };

	if (argc != 2 || !open_seed(argv[1], "life"))
		return 1;
	put_start();
	put(&beat, PROTO_HEARTBEAT, sizeof(beat), 0, 0);
	put_reply(OP_STATS, 1, NULL);
	put_reply(OP_PARAM, 2, "e1000e.debug\t3\t0644\n");
	put_reply(OP_MODULES, 3, "e1000e\t1000\t0\t\tlive\n");
	put_reply(OP_RELOAD, 4, NULL);
	put_reply(OP_PAGE, 6, "86800004");
	put_state(STATE_BOOTED, 0);
	put_reply(OP_STOP, 5, NULL);
	put_state(STATE_STOPPED, 0);
	if (fclose(file) || !open_seed(argv[1], "refusal"))
		return 1;
	put_state(STATE_ADOPTED, 0);
	put_state(STATE_FAILED, -19);
	if (fclose(file) || !open_seed(argv[1], "net"))
		return 1;
	put_start();
	put_net();
	put_net();
	put_disk(DISK_PRESENT);
	put_disk(DISK_CHANGED);
	put_disk(DISK_GONE);
	return fclose(file) || !records;
}
