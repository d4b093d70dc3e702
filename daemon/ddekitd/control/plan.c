/* SPDX-License-Identifier: GPL-2.0-only */
/* What a bind would do; see plan.h. */
#include <errno.h>

#include "config/drop-in.h"
#include "device/plugin.h"
#include "system/in-use.h"
#include "lib/json.h"
#include "system/pci-sysfs.h"
#include "plan.h"

struct plan {
	struct manager *m;
	const struct device_config *config;
	const struct inuse *uses;
	struct json_object *o, *problems;
	bool force;
};

static void add_problem(struct plan *p, const char *text)
{
	json_object_array_add(p->problems, json_object_new_string(text));
}

/* The driver that a start would choose. */
static int add_driver(struct plan *p, const char *modalias)
{
	const struct device_config *config = p->config;
	struct device_plugin plugin = { 0 };
	_cleanup_free_ char *why = NULL;
	int r = 0;

	/* The ids of an emulated device are known once it runs. */
	if (modalias || !config_is_emulated(config) || strcmp(config->driver, "auto"))
		r = plugin_choose(config, modalias ? modalias : "", &p->m->config.global, &plugin,
				  &why);
	add_string(p->o, "driver", plugin.name ? plugin.name : config->driver);
	if (r < 0 && r != -ENOMEM)
		add_problem(p, why ? why : strerror(-r));
	plugin_finish(&plugin);
	return r == -ENOMEM ? r : 0;
}

static int add_group(struct plan *p)
{
	struct json_object *list = json_object_new_array(), *one;
	const char *sys = inuse_system.sys, *bdf = p->config->bdf_text;
	struct strv companions = { 0 };
	int group = pcisys_group(sys, bdf), r = pcisys_companions(sys, bdf, &companions);
	size_t i;

	json_object_object_add(p->o, "iommu_group", group < 0 ? NULL : json_object_new_int(group));
	for (i = 0; i < companions.n; i++) {
		_cleanup_free_ char *driver = pcisys_driver(sys, companions.item[i]);

		one = json_object_new_object();
		add_string(one, "bdf", companions.item[i]);
		add_string(one, "driver", driver);
		json_object_array_add(list, one);
	}
	json_object_object_add(p->o, "companions", list);
	if (group < 0 && config_needs_group(p->config))
		add_problem(p, "it is in no IOMMU group: enable the IOMMU, or use backend=uio");
	strv_finish(&companions);
	return r;
}

static void plan_add_list(struct json_object *list, const struct strv *texts)
{
	size_t i;

	for (i = 0; i < texts->n; i++)
		json_object_array_add(list, json_object_new_string(texts->item[i]));
}

static void add_uses(struct plan *p)
{
	struct json_object *list = json_object_new_array();

	plan_add_list(list, &p->uses->net);
	plan_add_list(list, &p->uses->other);
	json_object_object_add(p->o, "uses", list);
	if (!p->force && p->uses->other.n)
		add_problem(p, "it is in use: stop that first, or use --force");
	else if (!p->force && p->uses->net.n && !p->config->take_over)
		add_problem(p, "it is in use: --take-over yes moves that to the new interface, "
			       "--force drops it");
}

static int add_real(struct plan *p)
{
	const char *sys = inuse_system.sys, *bdf = p->config->bdf_text;
	_cleanup_free_ char *modalias = pcisys_modalias(sys, bdf);
	_cleanup_free_ char *driver = pcisys_driver(sys, bdf), *why = NULL;
	int r;

	add_string(p->o, "kernel_driver", driver);
	if (!pcisys_present(sys, bdf)) {
		add_problem(p, "there is no such PCI device");
		return 0;
	}
	r = add_driver(p, modalias);
	if (!r)
		r = add_group(p);
	if (!r && config_needs_group(p->config)) {
		why = pcisys_group_problem(sys, bdf);
		if (why)
			add_problem(p, why);
	}
	if (!r)
		add_uses(p);
	return r;
}

static int plan_add_dropin(struct plan *p)
{
	const char *config = p->m->options.config_path;
	_cleanup_free_ char *path = dropin_path(config, p->config->bdf_text);
	_cleanup_free_ char *text = dropin_text(p->config), *why = NULL;
	int r = path && text ? dropin_check(config, p->config, &why) : -ENOMEM;

	if (r == -ENOMEM)
		return r;
	add_string(p->o, "file", path);
	add_string(p->o, "text", text);
	if (r < 0)
		add_problem(p, why ? why : strerror(-r));
	return 0;
}

int plan_bind(struct manager *m, const struct device_config *config, bool lasts, bool force,
	      const struct inuse *uses, struct json_object **ret)
{
	struct plan p = { .m = m, .config = config, .uses = uses, .force = force };
	int r;

	p.o = json_object_new_object();
	p.problems = json_object_new_array();
	add_string(p.o, "bdf", config->bdf_text);
	add_string(p.o, "backend", config->backend);
	json_object_object_add(p.o, "problems", p.problems);
	r = config_is_emulated(config) ? add_driver(&p, NULL) : add_real(&p);
	if (!r && lasts)
		r = plan_add_dropin(&p);
	if (r < 0)
		json_object_put(p.o);
	else
		*ret = p.o;
	return r;
}
