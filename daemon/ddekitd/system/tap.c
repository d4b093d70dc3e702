/* SPDX-License-Identifier: GPL-2.0-only */
/* The TAP of a network device; see tap.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if_arp.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "tap.h"

int netns_call(int netns_fd, int (*fn)(void *arg), void *arg)
{
	_cleanup_close_ int home = -1;
	int r;

	if (netns_fd < 0)
		return fn(arg);
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		return -errno;
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return -errno;
	r = fn(arg);
	if (setns(home, CLONE_NEWNET) < 0)
		abort();
	return r;
}

static int open_named(const char *ifname, short flags)
{
	struct ifreq req = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | flags };
	int fd, r;

	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENXIO ? -ENODEV : -errno;
	snprintf(req.ifr_name, IFNAMSIZ, "%s", ifname);
	if (ioctl(fd, TUNSETIFF, &req) < 0) {
		r = errno == EBUSY || errno == EINVAL ? -EEXIST : -errno;
		close(fd);
		return r;
	}
	return fd;
}

/* The namespace of a TAP is the one in which the file was opened. */
static int create_tap(void *arg)
{
	int hdr = TAP_VNET_HDR, r = 0, fd = open_named(arg, IFF_TUN_EXCL);

	if (fd < 0)
		return fd;
	if (ioctl(fd, TUNSETVNETHDRSZ, &hdr) < 0)
		r = -errno;
	if (!r)
		r = tap_set_carrier(fd, false);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

static char *explain_tap(int r, const char *ifname)
{
	switch (r) {
	case -ENODEV:
		return str_format("no /dev/net/tun; load the kernel module tun");
	case -EEXIST:
		return str_format("the interface %s exists already; remove it (ip link del %s) "
				  "or choose another ifname=",
				  ifname, ifname);
	case -EPERM:
		return str_format("not allowed to create the interface %s; ddekitd needs "
				  "CAP_NET_ADMIN",
				  ifname);
	default:
		return str_format("cannot create the interface %s: %s", ifname, strerror(-r));
	}
}

int tap_open(const char *ifname, const char *netns, char **ret_why)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int ns = -1;
	int r;

	if (netns) {
		path = str_format("/run/netns/%s", netns);
		if (!path)
			return -ENOMEM;
		ns = open(path, O_RDONLY | O_CLOEXEC);
		if (ns < 0) {
			r = -errno;
			*ret_why = str_format("no network namespace %s: %s; make it (ip netns add "
					      "%s) or change netns=",
					      path, strerror(-r), netns);
			return r;
		}
	}
	r = netns_call(ns, create_tap, (void *)ifname);
	if (r < 0)
		*ret_why = explain_tap(r, ifname);
	return r;
}

int tap_open_for_qemu(const char *ifname, char **ret_why)
{
	int fd = strlen(ifname) < IFNAMSIZ ? open_named(ifname, 0) : -EINVAL;

	if (fd == -EEXIST)
		*ret_why = str_format("the interface %s is in use or no TAP; choose another "
				      "ifname= in netdev=",
				      ifname);
	else if (fd < 0)
		*ret_why = explain_tap(fd, ifname);
	return fd;
}

int tap_set_offload(int fd, unsigned int offload)
{
	return ioctl(fd, TUNSETOFFLOAD, offload) < 0 ? -errno : 0;
}

int tap_set_carrier(int fd, bool on)
{
	int carrier = on;

	return ioctl(fd, TUNSETCARRIER, &carrier) < 0 ? -errno : 0;
}

int tap_set_mac(int fd, const uint8_t mac[6])
{
	struct ifreq req = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };

	memcpy(req.ifr_hwaddr.sa_data, mac, 6);
	return ioctl(fd, SIOCSIFHWADDR, &req) < 0 ? -errno : 0;
}

int tap_name(int fd, char *buf)
{
	struct ifreq req = { 0 };

	if (ioctl(fd, TUNGETIFF, &req) < 0)
		return -errno;
	memcpy(buf, req.ifr_name, IFNAMSIZ);
	buf[IFNAMSIZ - 1] = 0;
	return 0;
}

static int set_mtu(void *arg)
{
	/* Any address family works; the units allow AF_UNIX. */
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return sock < 0 || ioctl(sock, SIOCSIFMTU, arg) < 0 ? -errno : 0;
}

int tap_set_mtu(int fd, uint32_t mtu)
{
	_cleanup_close_ int ns = tap_netns_fd(fd);
	struct ifreq req = { 0 };
	int r = ns < 0 ? ns : tap_name(fd, req.ifr_name);

	req.ifr_mtu = (int)mtu;
	return r < 0 ? r : netns_call(ns, set_mtu, &req);
}

int tap_netns_fd(int fd)
{
	int ns = ioctl(fd, TUNGETDEVNETNS);

	return ns < 0 ? -errno : ns;
}
