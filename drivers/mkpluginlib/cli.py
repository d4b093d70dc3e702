# SPDX-License-Identifier: GPL-2.0-only
"""The command line of drivers/mkplugin."""

import argparse
import contextlib
import json
import os
import re
import shutil
import sys

from . import build, kbuild, meta, parity, recipe, verify
from .errors import Problem
from .tree import Runtime, Tree

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2


def say(text):
    print(text, flush=True)


def cmd_config(a):
    recipes = recipe.parse_all(a.recipe)
    sys.stdout.write(recipe.fragment([r for r in recipes if not a.kernel or r.fits(a.kernel)]))


def _touch(path):
    with open(path, 'w', encoding='utf-8'):
        os.utime(path)


def cmd_build(a):
    recipes = recipe.parse_all(a.recipe)
    if not recipes and not a.module and not a.bridge:
        raise Problem('nothing to build: name recipes, --bridge or --module')
    runtime = Runtime(a.runtime)
    for r in recipes:
        if not r.fits(runtime.release):
            say(f'{r.name}: not for Linux {runtime.release}, as Kernel= of {r.shown} says')
    b = build.Builder(Tree(a.obj), runtime, build.Output(a.out), say)
    plugins = b.from_recipes([r for r in recipes if r.fits(runtime.release)])
    plugins += [b.bridge(n) for n in a.bridge]
    plugins += [b.plain_plugin(b.tree.module(n, '--module')) for n in a.module]
    linked, total, changed = b.make(plugins, a.jobs, a.prune)
    if a.stamp and (changed or not os.path.exists(a.stamp)):
        _touch(a.stamp)
    say(f'plugins: {total} in {a.out}, {linked} linked, {total - linked} up to date')


def _external_plugins(b, names, a):
    """Entries for the modules of a folder; modules with PCI aliases are drivers."""
    if a.recipe:
        plugins = b.from_recipes([recipe.parse(a.recipe)])
        names = [n for n in names if not any(meta.same_name(n, m.name)
                                             for p in plugins for m in p.own)]
        return plugins + [b.plain_plugin(b.tree.module(n, a.source)) for n in names]
    modules = [b.tree.module(n, a.source) for n in names]
    drivers = [m for m in modules if any(map(meta.pci_id, m.tags('alias')))]
    if not drivers and len(modules) == 1:
        drivers = modules
    return [b.plain_plugin(m, *(('driver', a.cls) if m in drivers else ())) for m in modules]


def cmd_module(a):
    tree, out = Tree(a.obj), build.Output(a.out)
    b = build.Builder(tree, Runtime(a.runtime), out, say)
    work = kbuild.work_folder(out, a.source)
    with kbuild.locked(work):
        names = kbuild.build(tree, a.source, work, a.jobs, a.set, a.debug_info,
                             sys.stderr.write)
        linked, total, _ = b.make(_external_plugins(b, names, a), a.jobs, False)
    say(f'plugins: {total} in {a.out}, {linked} linked, {total - linked} up to date')


def cmd_check(a):
    runtime, bad = Runtime(a.runtime), 0
    for path in a.plugin:
        try:
            v = verify.verify(path, runtime)
        except Problem as e:
            v = verify.Verdict([str(e)])
        if v.faults:
            bad += 1
            say(f'{path}: REFUSED\n  ' + '\n  '.join(v.faults))
        else:
            say(f'{path}: fits: {v.from_runtime} symbols of {runtime.soname} '
                f'({runtime.release}), {v.from_plugins} of other plugins, abi {runtime.abi}')
    return EXIT_FAILED if bad else EXIT_OK


def cmd_parity(a):
    names = a.name or sorted(n for n in os.listdir(parity.RECIPES) if n.endswith('.plugin'))
    names = [n.removesuffix('.plugin') if not a.name else n for n in names]
    for d in parity.differences(Tree(a.obj), names, a.config):
        say('\t'.join((d.symbol, d.ours, d.theirs, d.modules)))


def _drivers(folder):
    """{name: (kernel release, PCI ids)} of the drivers in a folder of plugins."""
    found = {}
    for name in sorted(os.listdir(folder)):
        if not name.endswith('.json'):
            continue
        with open(os.path.join(folder, name), encoding='utf-8') as f:
            plugin = json.load(f)
        if plugin.get('kind') == 'driver':
            found[plugin['name']] = plugin['release'], set(plugin['pci_ids'])
    return found


def cmd_ids(a):
    old, new = _drivers(a.old), _drivers(a.new)
    for name, (release, ids) in sorted(new.items()):
        was, before = old.get(name, ('', set()))
        for word, some in (('+', ids - before), ('-', before - ids)):
            for pci_id in sorted(some):
                say('\t'.join((name, word + pci_id, was or 'none', release)))


def _copy_plugins(source, target):
    """Copies the finished files of one folder; removes all other files from target."""
    os.makedirs(target, exist_ok=True)
    names = [n for n in sorted(os.listdir(source))
             if n.endswith(('.so', '.json')) or n == meta.INDEX]
    for name in names:
        part = os.path.join(target, f'.{name}.part')
        try:
            shutil.copy2(os.path.join(source, name), part)
            os.chmod(part, 0o644)
            os.rename(part, os.path.join(target, name))
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise
    for name in os.listdir(target):
        path = os.path.join(target, name)
        if name not in names and not os.path.isdir(path):
            os.unlink(path)


def cmd_install(a):
    """Copies the folder and its subfolders of other flavours, without build state."""
    _copy_plugins(a.out, a.to)
    for name in sorted(os.listdir(a.out)):
        below = os.path.join(a.out, name)
        if os.path.isfile(os.path.join(below, meta.INDEX)):
            _copy_plugins(below, os.path.join(a.to, name))


def _version(text):
    if not re.match(r'\d+\.\d+', text):
        raise argparse.ArgumentTypeError('expected a version such as 6.12')
    return text


def _add_build_options(p):
    p.add_argument('--obj', required=True, metavar='OBJ',
                   help='the kernel\'s build tree, such as build/dde-linux/obj-up')
    p.add_argument('--runtime', required=True, metavar='FILE', help='libdde-linux.so')
    p.add_argument('--out', required=True, metavar='DIR', help='folder for NAME.so and NAME.json')
    p.add_argument('-j', '--jobs', type=int, default=os.cpu_count() or 1, metavar='N',
                   help='run at most N compilers and linkers at once')


def _parser():
    p = argparse.ArgumentParser(prog='mkplugin', description='Builds plugins for '
                                'libdde-linux.so from finished Linux kernel modules.',
                                epilog='The formats are described in drivers/README.md. Exit '
                                'status: 0 success, 1 failed or refused, 2 invalid usage.')
    sub = p.add_subparsers(required=True, metavar='COMMAND')

    c = sub.add_parser('config', help='print the Kconfig fragment of recipes')
    c.add_argument('--kernel', metavar='VERSION', type=_version,
                   help='without recipes that are not for it')
    c.add_argument('recipe', nargs='+', metavar='RECIPE')
    c.set_defaults(run=cmd_config)

    c = sub.add_parser('build', help='link the plugins of recipes, and their dependencies')
    _add_build_options(c)
    c.add_argument('--bridge', action='append', default=[], metavar='NAME',
                   help='also link the bridge module dde_CLASS')
    c.add_argument('--module', action='append', default=[], metavar='NAME',
                   help='also link this module of OBJ, which has no recipe')
    c.add_argument('--prune', action='store_true',
                   help='remove the plugins in DIR that are not in this command line')
    c.add_argument('--stamp', metavar='FILE', help='touch FILE if a plugin changed')
    c.add_argument('recipe', nargs='*', metavar='RECIPE')
    c.set_defaults(run=cmd_build)

    c = sub.add_parser('module', help='build an out-of-tree module and link it')
    _add_build_options(c)
    g = c.add_mutually_exclusive_group(required=True)
    g.add_argument('--class', dest='cls', choices=recipe.CLASSES, metavar='CLASS',
                   help='class of its drivers: ' + ' '.join(recipe.CLASSES))
    g.add_argument('--recipe', metavar='FILE', help='the recipe of the module')
    c.add_argument('--set', action='append', default=[], metavar='NAME=VALUE',
                   help='a make variable, such as CONFIG_E1000E=m')
    c.add_argument('--no-debug-info', dest='debug_info', action='store_false',
                   help='omit file names and line numbers for gdb and addr2line')
    c.add_argument('source', metavar='SOURCE_DIR')
    c.set_defaults(run=cmd_module)

    c = sub.add_parser('check', help='check that a plugin fits a runtime')
    c.add_argument('--runtime', required=True, metavar='FILE', help='libdde-linux.so')
    c.add_argument('plugin', nargs='+', metavar='PLUGIN.so')
    c.set_defaults(run=cmd_check)

    c = sub.add_parser('parity', help='compare the runtime\'s configuration with the '
                       'distribution\'s', description='Prints each option that the sources of '
                       'the plugins\' modules mention, or that reaches them through the core, '
                       'and that the distribution\'s kernel has otherwise: SYMBOL, value here, '
                       'value there, modules. Built in and module are both "on". '
                       'dde-linux/parity.table explains each.')
    c.add_argument('--obj', required=True, metavar='OBJ',
                   help='the kernel\'s build tree, such as build/dde-linux/obj-up')
    c.add_argument('--config', default=parity.CONFIG, metavar='FILE',
                   help='the distribution\'s (default: %(default)s)')
    c.add_argument('name', nargs='*', metavar='NAME',
                   help='a recipe or a module; default: all recipes')
    c.set_defaults(run=cmd_parity)

    c = sub.add_parser('ids', help='list the devices that one folder\'s drivers support and '
                       'another\'s do not', description='Compares two folders of plugins, for '
                       'example of two kernel versions. Prints a line for each PCI id: driver, '
                       '+ID or -ID, old release, new release.')
    c.add_argument('old', metavar='OLD')
    c.add_argument('new', metavar='NEW')
    c.set_defaults(run=cmd_ids)

    c = sub.add_parser('install', help='copy finished plugins to a folder')
    c.add_argument('--out', required=True, metavar='DIR', help='the folder where they were built')
    c.add_argument('to', metavar='TO')
    c.set_defaults(run=cmd_install)
    return p


def main(argv=None):
    a = _parser().parse_args(argv)
    if getattr(a, 'jobs', 1) < 1:
        print('mkplugin: --jobs must be at least 1', file=sys.stderr)
        return EXIT_USAGE
    try:
        return a.run(a) or EXIT_OK
    except Problem as e:
        print(f'mkplugin: {e}', file=sys.stderr)
    except OSError as e:
        print(f'mkplugin: {e.filename or "output"}: {e.strerror}', file=sys.stderr)
    except KeyboardInterrupt:
        print('mkplugin: interrupted', file=sys.stderr)
    return EXIT_FAILED
