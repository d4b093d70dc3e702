# SPDX-License-Identifier: GPL-2.0-only
"""A runtime with the kernel's tests: builds it, links its modules, lists their suites."""

import hashlib
import json
import os
import struct
import subprocess
import sys

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(REPO, 'drivers'))

from mkpluginlib import build as mkbuild  # noqa: E402  (the path above comes first)
from mkpluginlib import elf  # noqa: E402
from mkpluginlib.errors import Problem  # noqa: E402
from mkpluginlib.tree import Runtime, Tree, plain  # noqa: E402

KUNIT_SECTIONS = ('.kunit_test_suites', '.kunit_init_test_suites')
R_X86_64_64 = 1
# Sets of tests, by the names of the fragments in dde-linux/source.
TESTS, CORE, CONCURRENCY = 'tests', 'coretests', 'concurrency'


def _suite_names(obj):
    """The names of the KUnit suites in a .ko: the arrays in KUNIT_SECTIONS contain pointers to
    struct kunit_suite, whose first member is the name."""
    names = []
    symbols = None
    for section in KUNIT_SECTIONS:
        rela = obj.section('.rela' + section)
        if rela is None:
            continue
        symbols = symbols or obj.symbols()
        for _, info, addend in struct.iter_unpack('<QQq', obj.bytes(rela)):
            sym = symbols[info >> 32]
            if info & 0xffffffff != R_X86_64_64 or sym.shndx >= len(obj.sections):
                continue
            at = obj.sections[sym.shndx].offset + sym.value + addend
            names.append(obj.data[at:obj.data.index(b'\0', at)].decode())
    return names


def _builtin_suites(folder):
    """The names of the KUnit suites in all objects of a kernel build."""
    names = set()
    for base, _, files in os.walk(folder):
        for file in files:
            path = os.path.join(base, file)
            if not file.endswith('.o') or os.path.islink(path):
                continue
            with open(path, 'rb') as f:
                data = f.read()
            if data[:4] == b'\x7fELF' and any(s.encode() in data for s in KUNIT_SECTIONS):
                names.update(_suite_names(elf.Elf(path)))
    return names


class Flavour:
    """up or smp with some of the kernel's tests (TESTS, CORE, CONCURRENCY) in one build folder."""

    def __init__(self, name, which, build, say):
        self.name, self.build, self.say = f'{name}+{which}', build, say
        self.which = which
        self.dde = os.path.join(build, 'dde-linux')
        self.obj = os.path.join(self.dde, f'obj-{self.name}')
        self.runtime = os.path.join(self.dde, f'libdde-linux-{self.name}.so')
        self.product = os.path.join(self.dde, 'libdde-linux.so' if name == 'up' else
                                    f'libdde-linux-{name}.so')
        self.plugins = os.path.join(build, 'tests', 'kernel', f'plugins-{self.name}')
        self.index_path = os.path.join(self.plugins, '.index')
        self.boot = os.path.join(build, 'tests', 'boot', 'dde-boot')

    # ---- building ------------------------------------------------------------------

    def _run(self, command):
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors='replace') as p:
            lines = []
            for line in p.stdout:
                lines.append(line.rstrip())
                if line.startswith('['):
                    self.say(f'{self.name}: {line.rstrip()}')
        if p.returncode:
            raise Problem(f'{command[0]} failed:\n' + '\n'.join(lines[-25:]))

    def make(self, kernel_source, jobs):
        """Updates the build."""
        if not os.path.exists(os.path.join(self.build, 'build.ninja')):
            self._run(['meson', 'setup', self.build, REPO])
        self._run(['ninja', '-C', self.build, 'tests/boot/dde-boot'])
        command = [os.path.join(REPO, 'dde-linux/source/build'), '--builddir', self.dde,
                   '--flavour', self.name, '--jobs', str(jobs)]
        if kernel_source:
            command += ['--source', kernel_source]
        if self.which != TESTS:     # as in the product
            plugins = os.path.join(self.dde, 'plugins.config')
            self._run(['ninja', '-C', self.build, 'dde-linux/plugins.config'])
            command += ['--fragment', plugins]
        self._run(command)
        self.make_plugins(jobs)

    def _stamp(self):
        """A value that changes if the modules or the plugin builder change."""
        h = hashlib.sha256(mkbuild._tool_digest().encode())
        for path in (os.path.join(self.obj, 'dde.stamp'), os.path.join(self.obj, 'dde-abi'),
                     os.path.join(self.obj, 'modules.order'), os.path.abspath(__file__)):
            with open(path, 'rb') as f:
                h.update(f.read())
        h.update(str(os.stat(os.path.join(self.obj, 'Module.symvers')).st_mtime_ns).encode())
        return h.hexdigest()

    def make_plugins(self, jobs):
        stamp = self._stamp()
        if self.index().get('stamp') == stamp:
            return
        linked = []
        tree = Tree(self.obj)
        builder = mkbuild.Builder(tree, Runtime(self.runtime), mkbuild.Output(self.plugins),
                                  linked.append)
        self.say(f'{self.name}: linking {len(tree.paths)} plugins')
        modules = [tree.module(n, self.name) for n in tree.paths]
        builder.make([builder.plain_plugin(m) for m in modules], jobs, True)
        self.say(f'{self.name}: {len(modules)} plugins, {len(linked)} of them relinked')
        suites = {m.name: names for m in modules if (names := _suite_names(m.elf))}
        builtin = _builtin_suites(self.obj).difference(*suites.values())
        index = {'stamp': stamp, 'modules': [m.name for m in modules], 'suites': suites,
                 'builtin': sorted(builtin)}
        with open(self.index_path, 'w', encoding='utf-8') as f:
            json.dump(index, f)

    def index(self):
        """stamp; modules: names; suites: module -> its KUnit suites; builtin: suites that are
        in no module."""
        try:
            with open(self.index_path, encoding='utf-8') as f:
                return json.load(f)
        except (OSError, ValueError):
            return {}

    def has_module(self, name):
        return plain(name) in {plain(m) for m in self.index()['modules']}

    def module(self, name):
        """The module's name as in its file name."""
        return next(m for m in self.index()['modules'] if plain(m) == plain(name))

    # ---- sizes -----------------------------------------------------------------------

    def sizes(self):
        """Sizes in bytes of the product's and the tests' runtime: file, and segments in memory."""
        out = {}
        for what, path in (('product', self.product), ('tests', self.runtime)):
            if os.path.exists(path):
                obj = elf.Elf(path)
                loaded = sum(s.size for s in obj.sections if s.flags & elf.SHF_ALLOC)
                out[what] = {'file': os.path.getsize(path), 'memory': loaded}
        return out
