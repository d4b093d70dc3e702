# SPDX-License-Identifier: GPL-2.0-only
"""mkplugin parity: where the runtime's configuration differs from the distribution's kernel, in
the options that the sources of a plugin's modules mention."""

import lzma
import os
import re
from dataclasses import dataclass

from . import recipe
from .errors import Problem
from .tree import plain

CONFIG = '/usr/src/linux-config-6.12/config.amd64_none_amd64.xz'
PACKAGE = 'linux-config-6.12'
RECIPES = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), 'plugins')
VERSION = re.compile(r'# Linux/\w+ (\S+) Kernel Configuration')
SET = re.compile(r'CONFIG_(\w+)=(.*)\Z')
MENTION = re.compile(rb'\bCONFIG_([A-Z0-9][A-Za-z0-9_]*)')
# A suffix that IS_ENABLED() and the build's own headers add.
MODULE_SUFFIX = '_MODULE'
# What reaches drivers through the core and its headers, without being mentioned by them.
CORE = ('DMI', 'HOTPLUG_PCI_PCIE', 'HWMON', 'HZ', 'INIT_STACK_ALL_ZERO', 'LEDS_CLASS', 'PCIEAER',
        'PCIEASPM', 'PCIEPORTBUS', 'PCI_ATS', 'PCI_IOV', 'PCI_MSI', 'PCI_QUIRKS', 'PM', 'PM_SLEEP',
        'PREEMPT_DYNAMIC', 'PTP_1588_CLOCK', 'REGULATOR', 'SUSPEND', 'THERMAL', 'VLAN_8021Q')
HEADERS = ('include/', 'arch/')     # of the whole kernel, not of a module


@dataclass(order=True)
class Difference:
    symbol: str
    ours: str           # "n", "on" (y or m), a number, a text
    theirs: str
    modules: str = ''   # whose sources mention it


def read_config(path):
    """A kernel's configuration. Return: its version, {symbol: value}."""
    opened = lzma.open if path.endswith('.xz') else open
    try:
        with opened(path, 'rt', encoding='utf-8') as f:
            lines = f.read().splitlines()
    except FileNotFoundError as e:
        hint = f'; apt-get install {PACKAGE}, or name one with --config' if path == CONFIG else ''
        raise Problem(f'{path}: {e.strerror}{hint}') from e
    except (OSError, lzma.LZMAError, UnicodeDecodeError) as e:
        raise Problem(f'{path}: cannot be read: {e}') from e
    versions = [m[1] for m in map(VERSION.match, lines[:10]) if m]
    if not versions:
        raise Problem(f'{path}: is no configuration of a kernel')
    return versions[0], dict(m.groups() for m in map(SET.match, lines) if m)


def shown(value):
    """Built in or a module is the same for a driver."""
    return {None: 'n', 'y': 'on', 'm': 'on'}.get(value, value)


# ---- the sources of a module


def _objects(tree, module):
    """The object files, relative to the build tree."""
    with open(module.ko.removesuffix('.ko') + '.mod', encoding='utf-8') as f:
        return [os.path.relpath(os.path.join(tree.obj, o), tree.obj) for o in f.read().split()]


def _files(tree, top, obj):
    """What an object was compiled of, without the kernel's common headers."""
    folder, name = os.path.split(obj)
    with open(os.path.join(tree.obj, folder, f'.{name}.cmd'), encoding='utf-8') as f:
        text = f.read()
    out = set()
    for word in re.sub(r'\$\(wildcard [^)]*\)', '', text.partition('\nsource_')[2]).split():
        path = os.path.realpath(os.path.join(tree.obj, word))
        inner = os.path.relpath(path, top)
        if word[0] != '$' and os.path.isfile(path) and not inner.startswith(('../', *HEADERS)):
            out.add(path)
    return out


def _make_lines(top, objects, module):
    """What the Makefile says of which objects the module has."""
    path = os.path.join(top, os.path.dirname(objects[0]), 'Makefile')
    of = re.compile(rf'{re.escape(module.name)}-[^ :+=]*\s*[:+]?=.*'.encode())
    try:
        with open(path, 'rb') as f:
            return b'\n'.join(x for x in f.read().split(b'\n') if of.match(x))
    except FileNotFoundError:
        return b''


def mentioned(tree, module):
    """The symbols that a module's own sources mention."""
    top = os.path.realpath(os.path.join(tree.obj, 'source'))
    objects = _objects(tree, module)
    symbols = set(MENTION.findall(_make_lines(top, objects, module)))
    files = set().union(*(_files(tree, top, o) for o in objects))
    if not files:
        raise Problem(f'{module.ko}: its sources are not where the build says; is the kernel '
                      'tree still there?')
    for path in files:
        with open(path, 'rb') as f:
            symbols |= set(MENTION.findall(f.read()))
    return {s.decode().removesuffix(MODULE_SUFFIX) for s in symbols}


# ---- comparison


def modules_of(tree, name):
    """Those of a recipe, by its path or name, or the one of that name; with dependencies."""
    path = name if name.endswith('.plugin') else os.path.join(RECIPES, name + '.plugin')
    if os.path.exists(path):
        r = recipe.parse(path)
        own = [tree.module(m, path) for m in r.modules]
    elif plain(name) in tree.paths:
        own = [tree.module(name, 'parity')]
    else:
        raise Problem(f'{name}: neither a recipe nor a module of {tree.obj}')
    return tree.in_load_order(own)


def release(tree):
    with open(os.path.join(tree.obj, 'include', 'config', 'kernel.release'),
              encoding='utf-8') as f:
        return f.read().strip()


def differences(tree, names, config):
    """Return: the differences of all plugins together, by symbol."""
    version, theirs = read_config(config)
    if version != release(tree):
        raise Problem(f'{config}: is of Linux {version}, the runtime is Linux {release(tree)}')
    ours = dict(m.groups() for m in map(SET.match, tree.text('.config').splitlines()) if m)
    users = {s: ['(core)'] for s in CORE}
    for module in {m.name: m for n in names for m in modules_of(tree, n)}.values():
        for symbol in mentioned(tree, module):
            users.setdefault(symbol, []).append(module.name)
    return sorted(Difference(s, shown(ours.get(s)), shown(theirs.get(s)), ' '.join(sorted(u)))
                  for s, u in users.items() if shown(ours.get(s)) != shown(theirs.get(s)))
