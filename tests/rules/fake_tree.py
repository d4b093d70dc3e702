# SPDX-License-Identifier: GPL-2.0-only
"""A small kernel build tree and runtime, for tests of mkplugin that need no kernel build.

It has what mkplugin reads: modules.order, Module.symvers, dde-abi, .ko files with the sections of
real ones, a kbuild-like Makefile, and a libdde-linux.so with dde_up and a version node."""

import os
import subprocess

RUNTIME_C = r'''
#include <seam.h>
int _printk(const char *f, ...);
int _printk(const char *f, ...) { return f[0]; }
void *memcpy(void *d, const void *s, unsigned long n);
void *memcpy(void *d, const void *s, unsigned long n)
{
	volatile char *p = d;
	const char *q = s;

	while (n--)
		*p++ = *q++;
	return d;
}
#ifndef WITHOUT_DATA
int init_net = 42;
#endif
int not_exported(void);
int not_exported(void) { return 1; }
const struct dde_up dde_up = { DDE_SEAM_VERSION, sizeof(dde_up), "6.12.0-fake",
	VERMAGIC, ABI,
#ifdef SMP
	.max_cpus = 4, .percpu_unit = 0x10000,
#endif
};
'''

MODULE_H = r'''
#define __info2(n, s) static const char __info_##n[] \
	__attribute__((section(".modinfo"), used, aligned(1))) = s
#define __info1(n, s) __info2(n, s)
#define INFO(s) __info1(__COUNTER__, s)
extern int _printk(const char *f, ...);
extern void *memcpy(void *d, const void *s, unsigned long n);
extern int init_net;
struct module { char name[56]; int (*init)(void); };
extern struct module __this_module;
'''

MOD_C = r'''
struct module __this_module __attribute__((section(".gnu.linkonce.this_module"), used)) =
	{ .name = NAME, .init = init_module };
INFO("vermagic=" VERMAGIC);
INFO("license=GPL");
'''

LIB_C = '#include "module.h"\n' r'''
INFO("intree=Y");
INFO("description=Helper of others");
int helper_sum(int a, int b);
int helper_sum(int a, int b) { return a + b; }
static int init_module(void) { return _printk("lib"); }
''' + MOD_C

DRIVER_C = '#include "module.h"\n' r'''
#ifndef OUT_OF_TREE
INFO("intree=Y");
#endif
INFO("description=A driver of nothing");
INFO("alias=pci:v00008086d000010D3sv*sd*bc*sc*i*");
INFO("alias=pci:v*d*sv*sd*bc01sc08i02*");
INFO("alias=usb:v1234p*");
INFO("parmtype=speed:array of int");
INFO("parm=speed:Mbit/s: 10 or 100");
INFO("firmware=fake/first.bin");
extern int helper_sum(int a, int b);
int constructed;
struct kernel_param { const char *name; int *arg; };
static int speed;
#define IN(s) __attribute__((section(s), used))
static const struct kernel_param p1 IN("__param") = { "speed", &speed };
static const struct kernel_param p2 IN("__param") = { "more", &speed };
static const char *const suite IN(".kunit_test_suites") = "suite";
__attribute__((constructor)) static void construct(void) { constructed = 1; }
__asm__(".pushsection __ex_table,\"a\"\n.long 1, 2, 3\n.popsection");
__asm__(".pushsection .export_symbol,\"a\"\n.quad helper_sum\n.popsection");
static int init_module(void)
{
	char b[64];

	memcpy(b, "x", helper_sum(1, init_net));
	return _printk(b);
}
int was_constructed(void);
int was_constructed(void) { return constructed; }
''' + MOD_C

MAKEFILE = r'''
# Replaces kbuild: builds one module per .c file of $(M); errors are the compiler's own.
modules:
	@for c in $(M)/*.c; do n=$${c%%.c}; n=$${n##*/}; \
		echo "  CC [M]  $$c"; \
		cc %(flags)s -DOUT_OF_TREE -DNAME="\"$$n\"" -I %(inc)s \
			-c -o $(M)/$$n.o $$c || exit 1; \
		ld -r -T %(inc)s/module.lds -o $(M)/$$n.ko $(M)/$$n.o || exit 1; \
		echo $$n.o >>$(M)/modules.order; done
'''

FLAGS = ['-O2', '-fPIC', '-ffreestanding', '-fno-builtin', '-fno-stack-protector', '-fno-plt']


def sh(*command, **kw):
    subprocess.run(command, check=True, **kw)


class FakeTree:
    """A tree in the folder top; vermagic and abi may differ between trees."""

    def __init__(self, top, root, abi='0123abcd', vermagic='6.12.0-fake dde mod_unload'):
        self.top, self.root, self.abi, self.vermagic = str(top), root, abi, vermagic
        self.obj = os.path.join(self.top, 'obj')
        self.runtime = os.path.join(self.top, 'libdde-linux.so')
        os.makedirs(os.path.join(self.obj, 'drivers'))
        self.write('obj/module.h', MODULE_H)
        self.write('obj/module.lds', 'SECTIONS { /DISCARD/ : { *(.export_symbol) } }')
        self.write('obj/dde-abi', abi + '\n')
        self.make_runtime()
        self.add_module('fake-lib', LIB_C)
        self.add_module('fakedrv', DRIVER_C)
        self.write('obj/modules.order', 'drivers/fakedrv.o\ndrivers/fake-lib.o\n')
        self.write('obj/Module.symvers', ''.join(
            f'0x00000000\t{s}\t{m}\tEXPORT_SYMBOL\t\n' for s, m in (
                ('_printk', 'vmlinux'), ('memcpy', 'vmlinux'), ('init_net', 'vmlinux'),
                ('helper_sum', 'drivers/fake-lib'), ('was_constructed', 'drivers/fakedrv'))))
        flags = ' '.join(FLAGS + [f"-DVERMAGIC='\"{vermagic}\"'"])
        self.write('obj/Makefile', MAKEFILE % {'flags': flags, 'inc': self.obj})

    def write(self, name, text):
        path = os.path.join(self.top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
        return path

    def make_runtime(self, *flags):
        src = self.write('runtime.c', RUNTIME_C)
        ver = self.write('runtime.ver', 'DDE_LINUX_6.12 { global: dde_up; _printk; memcpy; '
                         'init_net; local: *; };')
        sh('cc', *FLAGS, '-shared', '-nostdlib', '-Wl,-Bsymbolic', f'-Wl,--version-script={ver}',
           '-Wl,-soname,libdde-linux.so', f'-DVERMAGIC="{self.vermagic}"', f'-DABI="{self.abi}"',
           *flags, '-I', os.path.join(self.root, 'dde-linux'), '-o', self.runtime, src)

    def add_module(self, name, text, *flags):
        src = self.write(f'obj/drivers/{name}.c', text)
        base = src[:-2]
        sh('cc', *FLAGS, f'-DVERMAGIC="{self.vermagic}"', f'-DNAME="{name}"', '-I', self.obj,
           *flags, '-c', '-o', base + '.o', src)
        sh('ld', '-r', '-T', os.path.join(self.obj, 'module.lds'), '-o', base + '.ko', base + '.o')

    def recipe(self, name, text=None):
        return self.write(f'recipes/{name}.plugin', text or (
            '[Plugin]\nDescription=Fake\nClass=net\nKconfig=FAKE\nModule=fakedrv\n'))
