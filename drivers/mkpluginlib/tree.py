# SPDX-License-Identifier: GPL-2.0-only
"""A kernel build tree, and the runtime that was linked from it."""

import os
from dataclasses import dataclass, field

from . import elf
from .errors import Problem

UP_SYMBOL = 'dde_up'
LINKER_MADE = ('_GLOBAL_OFFSET_TABLE_',)    # undefined in a .ko, defined by ld itself
# Offsets in struct dde_up of dde-linux/seam.h.
UP_RELEASE, UP_VERMAGIC, UP_ABI = 8, 16, 24
UP_MAX_CPUS, UP_PERCPU_UNIT = 36, 40        # uint32_t, uint64_t


def plain(name):
    """For the kernel "-" and "_" are the same in the name of a module."""
    return name.replace('-', '_')


class Runtime:
    """libdde-linux.so: its exports, and the ABI that plugins must have."""

    def __init__(self, path):
        self.elf = elf.Elf(path)
        self.path = self.elf.path
        self.soname = (self.elf.dynamic(elf.DT_SONAME) or [os.path.basename(self.path)])[0]
        self.exports = {s.name: s.version for s in self.elf.symbols('.dynsym')
                        if s.shndx != elf.SHN_UNDEF and s.bind != elf.STB_LOCAL}
        up = self._find_up()
        self.release, self.vermagic, self.abi = self.elf.strings_at(
            up + o for o in (UP_RELEASE, UP_VERMAGIC, UP_ABI))
        self.max_cpus = self.elf.number_at(up + UP_MAX_CPUS, 4)
        self.percpu_unit = self.elf.number_at(up + UP_PERCPU_UNIT, 8)

    def _find_up(self):
        up = next((s for s in self.elf.symbols('.dynsym')
                   if s.name == UP_SYMBOL and s.shndx != elf.SHN_UNDEF), None)
        if up is None:
            raise Problem(f'{self.path}: no DDE runtime: it does not export {UP_SYMBOL}; '
                          'name the libdde-linux.so that dde-linux/source/build makes')
        return up.value


@dataclass(eq=False)
class Module:
    """A finished kernel module."""
    name: str                       # of the .ko, as the file is called
    ko: str
    elf: elf.Elf
    exports: list = field(default_factory=list)     # its EXPORT_SYMBOLs
    undefined: list = field(default_factory=list)   # strong undefined symbols
    info: list = field(default_factory=list)        # .modinfo pairs

    @property
    def so(self):
        return self.name + '.so'

    def tags(self, tag):
        return [v for t, v in self.info if t == tag]

    def tag(self, tag, default=''):
        """The last value, which is the one that the kernel uses."""
        return (self.tags(tag) or [default])[-1]


class Tree:
    """The kernel's build tree OBJ, perhaps with a folder of out-of-tree modules on top."""

    def __init__(self, obj):
        self.obj = os.path.abspath(obj)
        self.paths = {}         # plain module name -> path without ending, absolute
        self.owner = {}         # exported symbol -> plain module name, or 'vmlinux'
        self.exports = {}       # plain module name -> [symbol]
        self.loaded = {}
        self._add_order(os.path.join(self.obj, 'modules.order'), self.obj)
        self._add_symvers(os.path.join(self.obj, 'Module.symvers'))
        if 'vmlinux' not in self.owner.values():
            raise Problem(f'{self.obj}/Module.symvers: names no symbol of vmlinux; '
                          'build the runtime first (dde-linux/source/build)')
        self.abi = self.text('dde-abi').strip()

    def text(self, name):
        """The content of a file of the build tree."""
        path = os.path.join(self.obj, name)
        try:
            with open(path, encoding='utf-8') as f:
                return f.read()
        except OSError as e:
            raise Problem(f'{path}: {e.strerror}; build the runtime first '
                          '(dde-linux/source/build)') from e

    def _add_order(self, path, base):
        added = []
        for line in self.text(path).split():
            stem = os.path.join(base, line.removesuffix('.o').removesuffix('.ko'))
            name = plain(os.path.basename(stem))
            self.paths[name] = stem
            self.exports[name] = []
            self.loaded.pop(name, None)
            added.append(name)
        return added

    def _add_symvers(self, path):
        for number, line in enumerate(self.text(path).splitlines(), 1):
            parts = line.split('\t')
            if len(parts) < 4:
                raise Problem(f'{path}:{number}: not a line of Module.symvers')
            name = plain(os.path.basename(parts[2]))
            self.owner[parts[1]] = name
            if name != 'vmlinux':
                self.exports.setdefault(name, []).append(parts[1])

    def add_external(self, work):
        """Adds the modules that kbuild made in a folder of its own. Returns their names."""
        names = self._add_order(os.path.join(work, 'modules.order'), work)
        symvers = os.path.join(work, 'Module.symvers')
        if os.path.exists(symvers):
            self._add_symvers(symvers)
        return names

    def module(self, name, wanted_by):
        """The module of that name. Raises a Problem that names its user."""
        key = plain(name)
        if key not in self.loaded:
            if key not in self.paths:
                raise Problem(f'{wanted_by}: {self.obj} has no module {name}; '
                              'is its Kconfig symbol set in the recipe, and the tree built?')
            self.loaded[key] = self._load(key)
        return self.loaded[key]

    def _load(self, key):
        ko = self.paths[key] + '.ko'
        e = elf.Elf(ko)
        undefined = [s.name for s in e.symbols() if s.name and s.shndx == elf.SHN_UNDEF
                     and s.bind != elf.STB_WEAK and s.name not in LINKER_MADE]
        return Module(name=os.path.basename(self.paths[key]), ko=ko, elf=e,
                      exports=sorted(self.exports.get(key, [])), undefined=sorted(undefined),
                      info=e.modinfo())

    def dependencies(self, module):
        """The modules whose symbols it uses, and those its softdep wants first."""
        names = set()
        for symbol in module.undefined:
            owner = self.owner.get(symbol)
            if owner is None:
                raise Problem(f'{module.ko}: uses {symbol}, which neither the runtime nor a '
                              'module exports')
            if owner not in ('vmlinux', plain(module.name)):
                names.add(owner)
        for line in module.tags('softdep'):
            names |= {plain(w) for w in _pre(line.split())} & self.paths.keys()
        return [self.module(n, module.ko) for n in sorted(names)]

    def in_load_order(self, modules):
        """The modules and all their dependencies, dependencies first."""
        out, open_ = [], []

        def visit(m):
            if m in out:
                return
            if m in open_:
                raise Problem(f'{m.ko}: modules depend on each other in a circle: '
                              + ' '.join(x.name for x in open_))
            open_.append(m)
            for d in self.dependencies(m):
                visit(d)
            open_.pop()
            out.append(m)

        for m in modules:
            visit(m)
        return out


def _pre(words):
    """The names after "pre:" in a softdep line."""
    out, taking = [], False
    for w in words:
        if w.endswith(':'):
            taking = w == 'pre:'
        elif taking:
            out.append(w)
    return out
