# SPDX-License-Identifier: GPL-2.0-only
"""Finds all tests, selects those of a command line, and runs a test."""

import fnmatch
import re
from dataclasses import dataclass, field

from . import ktap, process, verdict
from .flavour import CONCURRENCY, CORE, TESTS, plain
from .table import Entry

BUILTIN = 'builtin'
STEP = 'dde-boot: step '
KUNIT_ON = 'kunit.enable=1'     # without it the runtime's own suites run at every boot


@dataclass
class Test:
    """A test that runs in a process of its own."""
    name: str
    kind: str                   # builtin: suites in the runtime; kunit: suites in a plugin; module
    entry: Entry
    suites: list = field(default_factory=list)
    only: str = ''              # kunit: run only matches of this glob, "suite" or "suite.case"

    def names(self):
        return [self.name, self.entry.group, self.entry.module, *self.suites]


@dataclass
class Result:
    test: Test
    suites: list                # of ktap.Suite
    seconds: float
    log: list
    checks: int = 0


def _has(flavour, e):
    """Whether the flavour should have the test's module."""
    return {TESTS: True, CORE: e.core, CONCURRENCY: e.concurrency}[flavour.which]


def every(flavour, table):
    """All tests of a flavour: KUnit's, then those of the table."""
    index = flavour.index()
    out = []
    if flavour.which != CONCURRENCY:    # which has no KUnit
        out.append(Test(BUILTIN, 'builtin',
                        table.get(BUILTIN) or Entry(BUILTIN, '', group='kunit'),
                        index['builtin']))
    for module in sorted(index['suites']):
        e = table.get(module)
        if not e or e.group != 'kunit':
            e = Entry(module, module, group='kunit')
        out.append(Test(module, 'kunit', e, index['suites'][module]))
    smp = flavour.name.startswith('smp')
    for e in table.values():
        if e.group != 'kunit' and (smp or not e.smp) and _has(flavour, e):
            out.append(Test(e.name, 'module', e))
    return out


# A module of tests, by its name.
OF_TESTS = re.compile(r'(^|[-_])(self|kunit)?tests?([-_]|$)|torture|benchmark')


# Modules that modules of tests need; the loader loads them.
HELPERS = ('torture', 'test_static_key_base')


def unused(index, table):
    """A result with a failed case for each built module of tests that no test loads; or None."""
    used = {*index['suites'], *HELPERS}
    for e in table.values():
        used.update(w.partition(':')[0] for w in (e.module, *e.load, *e.then))
    used = {plain(n) for n in used}
    idle = [ktap.Case(n, ktap.FAILED, 'is built, but no test loads it: see modules.conf')
            for n in sorted(index['modules']) if OF_TESTS.search(n) and plain(n) not in used]
    test = Test('unused', 'module', Entry('unused', '', group='module'))
    return Result(test, [ktap.Suite('unused', idle, len(idle), ktap.FAILED)], 0, []) \
        if idle else None


def _glob_for(test, wanted):
    """The KUnit filter if suites or cases of a test are wanted; None if the test is not wanted."""
    globs = []
    for w in wanted:
        if any(fnmatch.fnmatchcase(n.replace('-', '_'), w.replace('-', '_'))
               for n in (test.name, test.entry.group, test.entry.module)):
            return ''
        suite = w.split('.', 1)[0]
        if any(fnmatch.fnmatchcase(s, suite) for s in test.suites):
            globs.append(w)
    if not globs:
        return None
    return globs[0] if len(globs) == 1 else ''


def choose(tests, wanted, nightly):
    """Selects tests by names and patterns (wanted; empty: all).  Return: (tests, unknown names)."""
    if not wanted:
        return [t for t in tests if nightly or not t.entry.nightly], []
    out = []
    for t in tests:
        only = _glob_for(t, wanted)
        if only is not None and (nightly or not t.entry.nightly or t.name in wanted):
            t.only = only
            out.append(t)
    unknown = [w for w in wanted if not any(_glob_for(t, [w]) is not None for t in tests)]
    return out, unknown


# ---- running -----------------------------------------------------------------------------


def _steps(flavour, e, seconds):
    """dde-boot's arguments for an entry."""
    steps = [_load(flavour, w) for w in e.load]
    steps.append(_load(flavour, e.module + (':' + e.args if e.args else '')))
    steps += [_load(flavour, w) for w in e.then]
    if e.seconds:
        steps += ['--sleep', str(seconds or e.seconds)]
    if e.unload:
        steps += ['--unload', flavour.module(e.module)]
    return steps


def _load(flavour, word):
    name, colon, args = word.partition(':')
    return flavour.module(name) + colon + args


def _problem(outcome, suites, name):
    """A failed case for a process that did not end normally."""
    ended = outcome.ended()
    if ended:
        suites.append(ktap.Suite(name, [ktap.Case('process', ktap.FAILED, ended)], 1,
                                 ktap.FAILED))
    return suites


def _kunit(test, lines, outcome):
    boot, after = verdict.split(lines)
    if test.kind == 'builtin':
        suites = verdict.of_kunit(boot, test.entry.allows)
        if not test.only:
            suites += verdict.missing(suites, test.suites)
        suites += verdict.of_messages(test.entry, boot)
    else:
        # Other steps report modules loaded before or after it.
        part = _parts(after).get(test.entry.module, after)
        suites = verdict.of_kunit(part, test.entry.allows, test.entry.module)
    return _problem(outcome, suites, test.name)


def run(flavour, cpus, test, seconds=0):
    """Runs a test in a process of its own."""
    e = test.entry
    if e.skip or (cpus > 1 and e.one_cpu):
        case = ktap.Case(e.name, ktap.SKIPPED, e.skip or e.one_cpu)
        return Result(test, [ktap.Suite(e.group, [case], 1, ktap.SKIPPED)], 0, [])
    words = [e.cmdline]
    if test.kind != 'module':
        words.append(KUNIT_ON)
    if test.only:
        words.append(f'kunit.filter_glob={test.only}')
    cmdline = ' '.join(filter(None, words))
    steps = [] if test.kind == 'builtin' else _steps(flavour, e, seconds)
    o = process.run(flavour, cpus, ['--keep-going', *steps], cmdline, e.pool or 128,
                    e.timeout + (seconds or e.seconds))
    if test.kind != 'module':
        return Result(test, _kunit(test, o.lines, o), o.seconds, o.lines)
    outcome, why, checks = verdict.of_module(e, flavour.module(e.module),
                                             verdict.split(o.lines)[1])
    if o.ended():
        outcome, why = ktap.FAILED, '; '.join(filter(None, (o.ended(), why)))
    case = ktap.Case(e.name, outcome, why)
    return Result(test, [ktap.Suite(e.group, [case], 1, outcome)], o.seconds, o.lines, checks)


def can_share(test):
    """Whether it can run in a process with other tests."""
    e = test.entry
    return test.kind != 'module' and not (e.cmdline or e.pool or e.skip or e.load or test.only)


def run_shared(flavour, cpus, tests):
    """Runs KUnit tests in one process, one after another.  Return: [Result]."""
    own = [t for t in tests if t.kind == 'kunit']
    steps = [flavour.module(t.entry.module) for t in own]
    o = process.run(flavour, cpus, ['--keep-going', *steps], KUNIT_ON, 512,
                    60 + sum(t.entry.timeout for t in own) / 4)
    boot, after = verdict.split(o.lines)
    parts = _parts(after)
    results = []
    for t in tests:
        part = boot if t.kind == 'builtin' else parts.get(t.entry.module, [])
        module = None if t.kind == 'builtin' else t.entry.module
        suites = verdict.of_kunit(part, t.entry.allows, module)
        if t.kind == 'builtin':
            suites += verdict.missing(suites, t.suites)
        results.append(Result(t, suites, 0, part))
    results[-1].seconds = o.seconds
    _problem(o, results[-1].suites, 'one process')
    return results


def _parts(lines):
    """The lines of each step of dde-boot, by the step's plugin."""
    out, part = {}, []
    for line in lines:
        if line.startswith(STEP):
            part = out.setdefault(line[len(STEP):], [])
        part.append(line)
    return out
