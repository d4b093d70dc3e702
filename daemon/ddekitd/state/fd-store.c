/* SPDX-License-Identifier: GPL-2.0-only */
/* File descriptors kept by the service manager; see fd-store.h. */
#include <errno.h>
#include <fcntl.h>
#include <systemd/sd-daemon.h>

#include "fd-store.h"

#define BARRIER_US 5000000ull

struct entry {
	char *name; /* "KEY.WHAT" */
	int fd;     /* inherited and not taken; else -1 */
};

struct fdstore {
	bool wanted;
	struct entry *entry;
	size_t n;
};

char *fdstore_key(const char *bdf, char *key)
{
	char *p;

	snprintf(key, FDSTORE_KEY_MAX, "%s", bdf);
	for (p = key; *p; p++)
		if (*p == ':' || *p == '.')
			*p = '-';
	return key;
}

bool fdstore_active(const struct fdstore *store)
{
	return store && store->wanted;
}

/* name is moved in any case. */
static struct entry *entry_add(struct fdstore *store, char *name, int fd)
{
	struct entry *grown = NULL;

	if (name)
		grown = realloc(store->entry, (store->n + 1) * sizeof(*grown));
	if (!grown) {
		free(name);
		return NULL;
	}
	store->entry = grown;
	grown[store->n] = (struct entry){ .name = name, .fd = fd };
	return &grown[store->n++];
}

static struct entry *entry_find(const struct fdstore *store, const char *name)
{
	size_t i;

	for (i = 0; i < store->n; i++)
		if (!strcmp(store->entry[i].name, name))
			return &store->entry[i];
	return NULL;
}

/* Adds those of $LISTEN_FDS. One without memory for its name is closed. */
static void inherit_fds(struct fdstore *store)
{
	char **names = NULL;
	int i, n = sd_listen_fds_with_names(1, &names);

	for (i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;

		fcntl(fd, F_SETFD, FD_CLOEXEC);
		if (!entry_add(store, strdup(names ? names[i] : "unknown"), fd))
			close(fd);
		if (names)
			free(names[i]);
	}
	free(names);
}

int fdstore_open(bool wanted, struct fdstore **ret)
{
	struct fdstore *store = calloc(1, sizeof(*store));

	if (!store)
		return -ENOMEM;
	store->wanted = wanted && getenv("NOTIFY_SOCKET");
	inherit_fds(store);
	*ret = store;
	return 0;
}

void fdstore_close(struct fdstore *store)
{
	size_t i;

	if (!store)
		return;
	for (i = 0; i < store->n; i++) {
		fd_close(&store->entry[i].fd);
		free(store->entry[i].name);
	}
	free(store->entry);
	free(store);
}

static void forget(struct fdstore *store, struct entry *entry)
{
	sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", entry->name);
	fd_close(&entry->fd);
	free(entry->name);
	*entry = store->entry[--store->n];
}

int fdstore_put(struct fdstore *store, const char *key, const char *what, int fd)
{
	_cleanup_free_ char *message = NULL;
	char *name;
	struct entry *old;
	int r;

	if (!fdstore_active(store) || fd < 0)
		return 0;
	name = str_format("%s.%s", key, what);
	old = name ? entry_find(store, name) : NULL;
	if (old)
		forget(store, old);
	if (!entry_add(store, name, -1))
		return -ENOMEM;
	/* FDPOLL=0: a pipe whose other end is closed is to be kept too. */
	message = str_format("FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	if (!message)
		return -ENOMEM;
	r = sd_pid_notify_with_fds(0, 0, message, &fd, 1);
	return r < 0 ? r : 0;
}

/* Is the name KEY.something? */
static bool entry_has_key(const struct entry *entry, const char *key)
{
	size_t len = strlen(key);

	return !strncmp(entry->name, key, len) && entry->name[len] == '.';
}

void fdstore_drop(struct fdstore *store, const char *key)
{
	size_t i;

	for (i = store ? store->n : 0; i-- > 0;)
		if (entry_has_key(&store->entry[i], key))
			forget(store, &store->entry[i]);
}

int fdstore_take(struct fdstore *store, const char *key, const char *what)
{
	_cleanup_free_ char *name = str_format("%s.%s", key, what);
	struct entry *entry = name ? entry_find(store, name) : NULL;
	int fd = entry ? entry->fd : -1;

	if (fd < 0)
		return -ENOENT;
	entry->fd = -1;
	return fd;
}

int fdstore_peek(const struct fdstore *store, const char *key, const char *what)
{
	_cleanup_free_ char *name = str_format("%s.%s", key, what);
	const struct entry *entry = name ? entry_find(store, name) : NULL;

	return entry && entry->fd >= 0 ? entry->fd : -ENOENT;
}

unsigned int fdstore_take_list(struct fdstore *store, const char *key, const char *prefix, int *fds,
			       unsigned int max)
{
	unsigned int n;
	char what[32];

	for (n = 0; n < max; n++) {
		snprintf(what, sizeof(what), "%s%u", prefix, n);
		fds[n] = fdstore_take(store, key, what);
		if (fds[n] < 0)
			break;
	}
	return n;
}

const char *fdstore_find(struct fdstore *store, const char *what)
{
	static char key[FDSTORE_KEY_MAX];
	const char *dot;
	size_t i;

	for (i = 0; i < store->n; i++) {
		dot = strrchr(store->entry[i].name, '.');
		if (store->entry[i].fd < 0 || !dot || strcmp(dot + 1, what) ||
		    dot - store->entry[i].name >= (ssize_t)sizeof(key))
			continue;
		snprintf(key, sizeof(key), "%.*s", (int)(dot - store->entry[i].name),
			 store->entry[i].name);
		return key;
	}
	return NULL;
}

void fdstore_each(const struct fdstore *store, void (*fn)(void *arg, int fd), void *arg)
{
	size_t i;

	for (i = 0; i < store->n; i++)
		if (store->entry[i].fd >= 0)
			fn(arg, store->entry[i].fd);
}

void fdstore_drop_rest(struct fdstore *store)
{
	size_t i;

	for (i = store->n; i-- > 0;)
		if (store->entry[i].fd >= 0)
			forget(store, &store->entry[i]);
}

int fdstore_wait(void)
{
	int r = sd_notify_barrier(0, BARRIER_US);

	return r < 0 ? r : 0;
}
