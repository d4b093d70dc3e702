# SPDX-License-Identifier: GPL-2.0-only
"""mkplugin build: decides which plugins to link, links them, and replaces the files atomically."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor

from . import link, meta, verify
from .errors import Problem
from .tree import plain

STATE = '.mkplugin'     # folder in the output folder: lock, stamps, temporary files


class Output:
    """The folder of plugins, and its lock."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        self.state = os.path.join(self.path, STATE)

    @contextlib.contextmanager
    def locked(self):
        os.makedirs(self.state, exist_ok=True)
        with open(os.path.join(self.state, 'lock'), 'w', encoding='utf-8') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for name in os.listdir(self.state):     # left by a builder that was killed
                if name.startswith('tmp.'):
                    shutil.rmtree(os.path.join(self.state, name), ignore_errors=True)
            tmp = tempfile.mkdtemp(prefix='tmp.', dir=self.state)
            try:
                yield tmp
            finally:
                shutil.rmtree(tmp, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.path, name)

    def stamp(self, name):
        return os.path.join(self.state, name + '.stamp')

    def read_stamp(self, name):
        try:
            with open(self.stamp(name), encoding='utf-8') as f:
                return json.load(f)
        except (OSError, ValueError):
            return {}

    def is_current(self, module, key):
        try:
            st = os.stat(self.file(module.so))
        except OSError:
            return False
        return self.read_stamp(module.so) == {'key': key, 'size': st.st_size,
                                              'mtime': st.st_mtime_ns}

    def put(self, tmp, module, made, key):
        """Moves a finished plugin into place; its stamp comes last."""
        os.chmod(made, 0o644)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.stamp(module.so))
        os.rename(made, self.file(module.so))
        st = os.stat(self.file(module.so))
        self.write(tmp, self.stamp(module.so),
                   json.dumps({'key': key, 'size': st.st_size, 'mtime': st.st_mtime_ns}))

    def write(self, tmp, path, text):
        """Replaces a file atomically. Return: whether its content changed."""
        with contextlib.suppress(OSError):
            with open(path, encoding='utf-8') as f:
                if f.read() == text:
                    return False
        part = os.path.join(tmp, os.path.basename(path) + '.part')
        with open(part, 'w', encoding='utf-8') as f:
            f.write(text)
        os.rename(part, path)
        return True

    def entries(self):
        """The descriptions of all plugins in the folder; unreadable ones are skipped."""
        for name in sorted(os.listdir(self.path)):
            if name.endswith('.json'):
                with contextlib.suppress(OSError, ValueError), \
                        open(self.file(name), encoding='utf-8') as f:
                    e = json.load(f)
                    if isinstance(e, dict) and e.get('schema') == meta.SCHEMA:
                        yield e

    def prune(self, keep):
        """Removes plugins built here earlier, except those in keep (file names)."""
        gone = []
        for stamp in sorted(os.listdir(self.state)):
            name = stamp.removesuffix('.stamp')
            if stamp.endswith('.stamp') and name not in keep:
                for path in (self.file(name), self.stamp(name)):
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(path)
                gone.append(name)
        for name in os.listdir(self.path):
            if name.endswith('.json') and name not in keep:
                os.unlink(self.file(name))
        return gone


def _tool_digest():
    """A hash of mkplugin itself."""
    h = hashlib.sha256()
    folder = os.path.dirname(os.path.abspath(__file__))
    paths = [os.path.join(folder, f) for f in ('link.py', 'symtab.py', 'elf.py', 'verify.py')]
    for path in (*paths, os.path.join(link.SEAM_DIR, 'seam.h')):
        with open(path, 'rb') as f:
            h.update(f.read())
    return h.hexdigest()


class Builder:
    """Builds plugins from one kernel tree for one runtime into one folder."""

    def __init__(self, tree, runtime, out, say=print):
        self.tree, self.runtime, self.out, self.say = tree, runtime, out, say
        self.tool = _tool_digest()
        if tree.abi != runtime.abi:
            raise Problem(f'{tree.obj} and {runtime.path} are of different builds (abi '
                          f'{tree.abi} and {runtime.abi}); run dde-linux/source/build')

    # ---- what to build

    def from_recipes(self, recipes):
        out = []
        for r in recipes:
            own = [self.tree.module(m, r.path) for m in r.modules]
            out.append(meta.Plugin(r.name, 'driver', r.cls, own, self.tree.in_load_order(own),
                                   r.description, r.shown, r.path, r.options, r.firmware, r.bus))
        return out

    def plain_plugin(self, module, kind='module', cls=''):
        return meta.Plugin(module.name, kind, cls, [module], self.tree.in_load_order([module]))

    def bridge(self, name):
        """A bridge is the module dde_CLASS and exports its up-call struct."""
        m = self.tree.module(name, '--bridge')
        if not m.name.startswith('dde_') or m.name + '_up' not in m.exports:
            raise Problem(f'--bridge {name}: a bridge is called dde_CLASS and exports '
                          f'{m.name}_up, as its seam header says')
        return self.plain_plugin(m, 'bridge', m.name.removeprefix('dde_'))

    def complete(self, plugins):
        """Adds an entry for each module that is only a dependency."""
        named = {}
        for p in plugins:
            if plain(p.name) in named:
                raise Problem(f'two plugins are called {p.name}')
            named[plain(p.name)] = p
        for p in plugins:
            for m in p.chain:
                named.setdefault(plain(m.name), self.plain_plugin(m))
        return list(named.values())

    # ---- building

    def key(self, module, libraries):
        """A hash of all inputs of the linked file."""
        h = hashlib.sha256()
        h.update(module.elf.data)
        h.update('\0'.join((self.tool, self.runtime.soname,
                            link.recipe_of_link(module, self.runtime))).encode())
        for d in libraries:
            h.update(f'{d.so} {link.version_node(d)} {d.exports}\n'.encode())
        for s in module.undefined:
            h.update(f'{s} {self.runtime.exports.get(s)}\n'.encode())
        return h.hexdigest()

    def make_one(self, tmp, module):
        """Return: whether the plugin had to be linked."""
        libraries = self.tree.dependencies(module)
        key = self.key(module, libraries)
        if self.out.is_current(module, key):
            return False
        meta.check_fits(module, self.runtime)
        made = link.link(module, self.runtime, [self.out.file(d.so) for d in libraries], tmp)
        faults = verify.verify(made, self.runtime, self.out.path).faults
        if faults:
            raise Problem(f'{module.ko}: cannot be a plugin:\n  ' + '\n  '.join(faults))
        self.out.put(tmp, module, made, key)
        self.say(f'plugin {module.so}')
        return True

    def make(self, plugins, jobs, prune):
        """Builds all plugins that are not up to date.
        Return: (number linked, number of plugins, whether any file changed)."""
        plugins = self.complete(plugins)
        modules = list(dict.fromkeys(m for p in plugins for m in p.chain))
        texts = {p.name + '.json': meta.text(p, self.runtime) for p in plugins}
        with self.out.locked() as tmp:
            linked = self._link_all(tmp, modules, jobs)
            described = [self.out.write(tmp, self.out.file(name), text)
                         for name, text in texts.items()]
            gone = self.out.prune({m.so for m in modules} | texts.keys()) if prune else []
            described.append(self.out.write(tmp, self.out.file(meta.INDEX),
                                            meta.index(self.out.entries())))
        for name in gone:
            self.say(f'removed {name}')
        return linked, len(modules), bool(linked or any(described) or gone)

    def _link_all(self, tmp, modules, jobs):
        """Links dependencies first, and independent modules in parallel."""
        with ThreadPoolExecutor(jobs) as pool:
            futures = {}

            def one(m, before):
                for f in before:
                    f.result()
                return self.make_one(tmp, m)

            for m in modules:   # in load order of each plugin: dependencies are submitted first
                before = [futures[d] for d in self.tree.dependencies(m)]
                futures[m] = pool.submit(one, m, before)
            try:
                return sum(f.result() for f in futures.values())
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
