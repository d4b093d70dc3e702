/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration: devices.conf and its drop-ins.
 *
 *   config.c        reads files, finds drop-ins, keeps file and line of everything
 *   config-key.c    the table of keys: parse and check each value
 *   config-print.c  copies, prints, compares
 */
#ifndef DDEKITD_CONFIG_H
#define DDEKITD_CONFIG_H

#include <ddekit/pci.h>

#include "lib/util.h"

#define CONFIG_FILE "/etc/ddekit/devices.conf"
#define CONFIG_VENDOR_DIR "/usr/lib/ddekit/devices.conf.d"
#define CONFIG_MAX_KEYS 32
#define CONFIG_EMU_DOMAIN 0xe000 /* domain of emulated devices, by convention */

/* In the order of the words in the table of keys. */
enum restart_policy { RESTART_ON_FAILURE, RESTART_NEVER };
enum failure_policy { FAILURE_QUIESCE, FAILURE_RETURN };

/* One [BDF] section, or a device bound at run time. */
struct device_config {
	struct ddekit_bdf bdf;
	char bdf_text[DDEKIT_BDF_STRLEN]; /* long form */
	char *driver;                     /* plugin, or "auto" */
	char *kernel;                     /* "6.1", see kernels.h; NULL: the default */
	char *backend;                    /* "emu", "vfio", "uio" */
	uint64_t memory;                  /* bytes */
	uint32_t cpus;                    /* virtual; more than 1: the runtime for several */
	bool debug;                       /* the runtime that checks itself and the driver */
	struct strv options;              /* module parameters, "a=1" or "module.a=1" */
	char *ifname;                     /* of the TAP */
	char *netns;                      /* /run/netns/NAME to make it in, or NULL */
	char *device;                     /* emu: QEMU -device */
	char *netdev;                     /* emu: QEMU -netdev, or NULL */
	char *drive;                      /* emu: "PATH[,OPTIONS]" of its disk, or NULL */
	struct strv emu_args;
	bool autostart;
	bool take_over; /* move the settings of the kernel's interface to ours */
	enum restart_policy restart;
	uint32_t restart_max;
	uint32_t restart_window;        /* milliseconds, as all below */
	enum failure_policy on_failure; /* what to do with a device after the last failed restart */
	uint32_t start_timeout;
	uint32_t stop_timeout;
	uint32_t heartbeat;    /* 0: none */
	bool sandbox;          /* the driver host is confined */
	uint64_t memory_limit; /* bytes, of its private memory */
	bool core;             /* a core dump when it dies */
	char *disk;            /* "auto", "ublk", "nbd", "none": how they are served */
	uint32_t disk_timeout; /* ms that a request waits for the driver; 0: no limit */
	char *where;           /* "file:line" of the section */
	uint32_t key_line[CONFIG_MAX_KEYS]; /* 0: not set */
};

/* The [ddekitd] section. */
struct global_config {
	char *runtime_dir;
	char *plugin_dir;
	char *firmware_dir;
	char *runtime;    /* libdde-linux.so */
	char *kernel_dir; /* of other kernel versions: see kernels.h */
	char *host_binary;
	char *front_dir;                  /* of what serves disks */
	char *user;                       /* of driver hosts */
	uint32_t log_lines;               /* kept per device */
	char *crash_dir;                  /* NULL: by runtime_dir */
	uint32_t crash_reports;           /* kept per device */
	char *key_where[CONFIG_MAX_KEYS]; /* "file:line", NULL: not set */
};

struct config {
	struct global_config global;
	struct device_config **device; /* sorted by BDF */
	size_t n_devices;
};

/**
 * config_load - read a configuration file and its drop-ins
 * @path:   the file; drop-ins are path.d/ *.conf; for CONFIG_FILE also those of
 *          CONFIG_VENDOR_DIR which have no namesake in the former
 * @config: zero-initialised; to be finished by the caller in any case
 * @errors: "file:line: what, and what is allowed" is added for each error
 *
 * Return: 0; -EINVAL: @errors says why; -ENOENT: @path does not exist (its
 * drop-ins have been read); -ENOMEM.
 */
int config_load(struct config *config, const char *path, struct strv *errors);
/* The whole configuration with every value, in a form config_load() reads.
 * To be freed. NULL: no memory. */
char *config_print(const struct config *config);
void config_finish(struct config *config);
/* Negative, 0, positive: a is before, is, is after b. */
int config_bdf_compare(struct ddekit_bdf a, struct ddekit_bdf b);
struct device_config *config_find(const struct config *config, struct ddekit_bdf bdf);

/* NULL: no memory. Has the defaults that depend on nothing. */
struct device_config *device_config_create(struct ddekit_bdf bdf, const char *where);
void device_config_destroy(struct device_config *dev); /* NULL is fine */
/* Without the lines: each key may be set again. NULL: no memory. */
struct device_config *device_config_copy(const struct device_config *src);
/* The first key, except those of @may, that has another value in @b; NULL: none. */
const char *device_config_first_change(const struct device_config *a, const struct device_config *b,
				       const char *const *may, size_t n_may);
/* Same values? Where they come from does not matter. */
bool device_config_equal(const struct device_config *a, const struct device_config *b);

/**
 * device_config_set - set a key from text
 * @line:    remembered for duplicates; not 0
 * @ret_why: on -EINVAL the reason with what is allowed, to be freed
 * Return: 0, -EINVAL, -EEXIST (set before), -ENOENT (no such key), -ENOMEM.
 */
int device_config_set(struct device_config *dev, const char *name, const char *value, uint32_t line,
		      char **ret_why);
/* Adds an indented line to a key that is a list. Return: as above. */
int device_config_append(struct device_config *dev, const char *name, const char *value,
			 char **ret_why);
/* Checks the keys against each other, fills in defaults. Return: 0, -EINVAL, -ENOMEM. */
int device_config_complete(struct device_config *dev, char **ret_why);
int global_config_set(struct global_config *global, const char *name, const char *value,
		      const char *where, char **ret_why);
int global_config_complete(struct global_config *global);
/* Does it need no more trust than control over the device and its driver? Others can open files
 * of root, reach networks, or end the isolation of driver or device. A key that is not known to be
 * harmless is not. */
bool config_is_harmless(const char *name, const char *value);
/* The same for all keys that are not as they would be by default. false also without memory. */
bool device_config_is_harmless(const struct device_config *dev);
bool config_is_device_key(const char *name);
/* "driver, backend, …"; to be freed. */
char *config_device_keys(void);
char *config_global_keys(void);
/* Adds "key=value" lines. Return: 0, -ENOMEM. */
int device_config_print(const struct device_config *dev, struct text *t);
int global_config_print(const struct global_config *global, struct text *t);
/* Likewise, only what is not as it would be by default. */
int device_config_print_set(const struct device_config *dev, struct text *t);

/* Is the device emulated by a program? */
bool config_is_emulated(const struct device_config *dev);
/* Must its whole IOMMU group be claimed with it? */
bool config_needs_group(const struct device_config *dev);
/* The flavour of runtime and plugins that a device is to have: "up", "smp",
 * "up+debug" or "smp+debug". */
const char *config_flavour(const struct device_config *dev);

#endif
