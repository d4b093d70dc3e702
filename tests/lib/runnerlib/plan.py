# SPDX-License-Identifier: GPL-2.0-only
"""Finds the test programs and reads the head of each."""

import fnmatch
import hashlib
import json
import os
import random
import re
import subprocess
from dataclasses import dataclass, field

REPO = os.path.realpath(os.path.join(os.path.dirname(__file__), '../../..'))

# layer -> (meson suites, folder of executable TAP programs or None), the longest layer first.
# The unit layer runs from the build with sanitizers.
LAYERS = {
    'vm': ((), 'tests/vm/cases'),
    'tools': (('tools',), None),
    'unit': (('unit', 'emu'), None),
    'rules': (('rules',), None),
    'daemon': (('daemon',), None),
    'emu': ((), 'tests/emu'),
    'fuzz': ((), 'tests/fuzz'),
    'bench': ((), 'tests/bench/smoke'),
    'kernel': ((), 'tests/kernel/layer'),
}
SANITIZED = 'unit'
# A guest emulates two processors: one guest runs at a time, beside another program.
GUESTS = 'vm'
# Lines "# KEY: TEXT" in a program's head; tests/README.md describes them.
HEADER = re.compile(r'^# (timeout|nightly-timeout|nightly|alone|light|needs|once): *(.*)$', re.M)
DEFAULT_LIMIT = 120
# Factors of the time limit: with other programs beside it, and with --nightly.
BESIDE = 2
NIGHTLY = 4


@dataclass
class Program:
    """One executable that reports cases."""
    layer: str
    name: str
    command: list
    limit: float = DEFAULT_LIMIT
    env: dict = field(default_factory=dict)
    alone: bool = False
    light: bool = False         # mostly waits
    nightly: str = ''           # why it is not part of the normal run
    needs: tuple = ()           # names of jobs of builds.py
    nightly_limit: float = 0    # with --nightly; 0: NIGHTLY times the limit
    once: str = ''              # 'image': passes once per image of the guests

    def full_name(self):
        return f'{self.layer}/{self.name}'

    def matches(self, words):
        """Whether the words name it, by its layer, its name or a pattern; no words name all."""
        return not words or any(
            w in (self.layer, self.name, self.full_name()) or
            fnmatch.fnmatchcase(self.full_name(), w) for w in words)

    def is_named(self, words):
        """Whether its own name is among the words, not only its layer or a pattern."""
        return any(w in (self.name, self.full_name()) for w in words)

    def time_limit(self, beside, nightly):
        limit = (self.nightly_limit or self.limit * NIGHTLY) if nightly else self.limit
        return limit * (BESIDE if beside else 1)


def _meson_programs(layer, suites, tests, build, asan):
    for t in tests:
        if not any(s.split(':')[-1] in suites for s in t['suite']):
            continue
        command, env = t['cmd'], dict(t['env'])
        if layer == SANITIZED and asan:
            command = [asan + c.removeprefix(build) if c.startswith(build + '/') else c
                       for c in command]
        else:       # memory from malloc() must not be 0 by chance
            env['MALLOC_PERTURB_'] = str(random.randint(1, 255))
        head = headers(command[0])
        yield Program(layer, t['name'], command, float(t['timeout'] or DEFAULT_LIMIT), env,
                      alone='alone' in head, light='light' in head,
                      needs=('asan-build',) if layer == SANITIZED and asan else ())


def headers(path):
    """KEY -> TEXT of a script's head; empty for other programs."""
    if not os.path.exists(path):        # not built yet
        return {}
    with open(path, 'rb') as f:
        head = f.read(2000)
    return dict(HEADER.findall(head.decode('utf-8', 'replace'))) if head[:2] == b'#!' else {}


def _script(layer, folder, name):
    path = os.path.join(REPO, folder, name)
    head = headers(path)
    needs = head.get('needs', '').split()
    if layer == GUESTS:
        needs.append('image')
    return Program(layer, name, [path], float(head.get('timeout', DEFAULT_LIMIT)),
                   alone='alone' in head, light='light' in head,
                   nightly=head.get('nightly', ''),
                   nightly_limit=float(head.get('nightly-timeout', 0)),
                   needs=tuple(needs), once=head.get('once', ''))


def _scripts(layer, folder):
    path = os.path.join(REPO, folder)
    names = os.listdir(path) if os.path.isdir(path) else []
    for name in sorted(names):
        file = os.path.join(path, name)
        if os.path.isfile(file) and os.access(file, os.X_OK):
            yield _script(layer, folder, name)


def programs(build, asan):
    """All programs, by layer, the longest of each layer first, so that the run does not end with
    one long program.  asan: the build with sanitizers, '' for none."""
    r = subprocess.run(['meson', 'introspect', '--tests', build], capture_output=True, text=True,
                       check=True)
    tests = json.loads(r.stdout)
    for layer, (suites, folder) in LAYERS.items():
        found = list(_meson_programs(layer, suites, tests, build, asan))
        if folder:
            found += _scripts(layer, folder)
        yield from sorted(found, key=lambda p: -p.limit)


# ---- programs with "once: image" ---------------------------------------------------------

# Files that such a program depends on, besides itself and QEMU.
OF_THE_GUEST = ('tests/vm/client', 'tests/vm/guest', 'tests/lib/vm.sh', 'tests/lib/tap.sh',
                'tests/lib/env.sh', 'tests/lib/blkdebug.sh')


def passed_before(program, image):
    """The stamp file: it exists if the unchanged program has passed with this image."""
    qemu = subprocess.run(['qemu-system-x86_64', '--version'], stdout=subprocess.PIPE, check=True)
    digest = hashlib.sha256(qemu.stdout)
    for name in (program.command[0], *OF_THE_GUEST):
        path = os.path.join(REPO, name)
        files = sorted(os.path.join(path, f) for f in os.listdir(path)) \
            if os.path.isdir(path) else [path]
        for file in files:
            with open(file, 'rb') as f:
                digest.update(hashlib.sha256(f.read()).digest())
    return os.path.join(image, f'passed-{program.name}-{digest.hexdigest()[:16]}')
