# SPDX-License-Identifier: GPL-2.0-only
"""The command line of tests/kernel/run."""

import argparse
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from . import ktap, report, table, tests
from .flavour import CONCURRENCY, CORE, REPO, TESTS, Flavour, Problem

OK, FAILED, USAGE, BUILD = 0, 1, 2, 3
HERE = os.path.join(REPO, 'tests', 'kernel')


def _parser():
    p = argparse.ArgumentParser(
        prog='tests/kernel/run',
        description='Runs the Linux kernel\'s own tests in the DDE runtime: KUnit suites, '
        'lib/test_* modules, torture. Updates the build first.',
        epilog='NAME is a module (list_test), a KUnit suite (list-kunit-test) or a case of one '
        '(list-kunit-test.list_test_list_init), a group (kunit, module, torture), "builtin" for '
        'the suites in the runtime itself, or a shell pattern of these. Exit status: 0 nothing '
        'failed, 1 something failed, 2 wrong usage, 3 the build failed.')
    p.add_argument('names', nargs='*', metavar='NAME', help='what to run (default: all)')
    p.add_argument('--flavour', choices=('up', 'smp'), default='up', help='default: up')
    which = p.add_mutually_exclusive_group()
    which.add_argument('--core', dest='which', action='store_const', const=CORE, default=TESTS,
                       help='only tests of code in the product\'s runtime')
    which.add_argument('--concurrency', dest='which', action='store_const', const=CONCURRENCY,
                       help='only tests of several CPUs or threads, without KUnit')
    p.add_argument('--cpus', type=int, metavar='N',
                   help='virtual CPUs, for smp (default: 2)')
    p.add_argument('--one-process', action='store_true',
                   help='all KUnit suites in one process, not each in a fresh one')
    p.add_argument('--seconds', type=float, default=0, metavar='S',
                   help='how long each torture test takes (default: as in modules.conf)')
    p.add_argument('--jobs', type=int, default=len(os.sched_getaffinity(0)), metavar='N',
                   help='processes at a time (default: one per processor)')
    p.add_argument('--nightly', action='store_true', help='run the long tests too')
    p.add_argument('--list', action='store_true', help='print the tests, run none')
    p.add_argument('--tap', action='store_true', help='TAP on standard output')
    p.add_argument('--junit', metavar='FILE', help='results as JUnit\'s XML')
    p.add_argument('--json', metavar='FILE', help='results as JSON')
    p.add_argument('--no-build', action='store_true', help='use the existing build')
    p.add_argument('--build-only', action='store_true', help='build, run no test')
    p.add_argument('--build', metavar='DIR', help='build folder (default: $DDEKIT_BUILD or build)',
                   default=os.environ.get('DDEKIT_BUILD', os.path.join(REPO, 'build')))
    p.add_argument('--kernel-source', metavar='TARBALL', help='as for dde-linux/source/build')
    p.add_argument('-v', '--verbose', action='store_true', help='show the kernel\'s log')
    return p


class Slots:
    """Limits the number of processors in use; a test with several CPUs needs several."""

    def __init__(self, number):
        self.total = self.free = number
        self.changed = threading.Condition()

    def acquire(self, number):
        number = min(number, self.total)
        with self.changed:
            self.changed.wait_for(lambda: self.free >= number)
            self.free -= number
        return number

    def release(self, number):
        with self.changed:
            self.free += number
            self.changed.notify_all()


class Session:
    def __init__(self, args):
        self.args = args
        self.cpus = args.cpus or (2 if args.flavour == 'smp' else 1)
        self.flavour = Flavour(args.flavour, args.which, os.path.abspath(args.build), self.say)
        self.logs = os.path.join(self.flavour.build, 'tests-logs', 'kernel',
                                 self.flavour.name + f'-{self.cpus}')
        self.lock = threading.Lock()
        self.results = []
        self.slots = Slots(args.jobs)

    def say(self, text):
        """Prints progress, which is not part of the results."""
        if self.args.tap:  # must not look like TAP, in case both streams are one
            text = ''.join('# ' + line for line in text.splitlines(keepends=True))
        print(text, file=sys.stderr if self.args.tap else sys.stdout, flush=True)

    def add_result(self, result):
        os.makedirs(self.logs, exist_ok=True)
        path = os.path.join(self.logs, result.test.name + '.log')
        with open(path, 'w', encoding='utf-8', errors='replace') as f:
            f.write('\n'.join(result.log) + '\n')
        with self.lock:
            self.results.append(result)
            for line in report.lines_of(result):
                self.say(line)
            if self.args.verbose:
                self.say('\n'.join('  | ' + x for x in result.log))
            if any(s.count(ktap.FAILED) for s in result.suites):
                self.say(f'       log: {path}')

    def run_one(self, test):
        busy = test.entry.group == 'torture'
        slots = self.slots.acquire(self.cpus if busy else 1)
        try:
            seconds = self.args.seconds if busy else 0
            self.add_result(tests.run(self.flavour, self.cpus, test, seconds))
        finally:
            self.slots.release(slots)

    def run(self, chosen):
        if self.args.one_process:
            shared = [t for t in chosen if tests.can_share(t)]
            chosen = [t for t in chosen if t not in shared]
            if shared:
                for r in tests.run_shared(self.flavour, self.cpus, shared):
                    self.add_result(r)
        # Long tests come first, so that the run does not end with a single process.
        chosen.sort(key=lambda t: -t.entry.seconds)
        with ThreadPoolExecutor(self.args.jobs) as pool:
            for f in [pool.submit(self.run_one, t) for t in chosen]:
                f.result()

    # ---- results -------------------------------------------------------------------

    def about(self):
        return {'flavour': self.args.flavour, 'cpus': self.cpus, 'sizes': self.flavour.sizes()}

    def totals(self, seconds):
        """Lines about the whole run."""
        n = report.count(self.results)
        suites = sum(len(r.suites) for r in self.results)
        yield (f'{self.flavour.name}, {self.cpus} CPU: {n[ktap.PASSED]} passed, '
               f'{n[ktap.FAILED]} failed, {n[ktap.SKIPPED]} skipped in {suites} suites and '
               f'modules, {seconds:.0f} s')
        for what, size in self.flavour.sizes().items():
            yield (f'runtime of the {what}: file {size["file"] >> 10} KiB, in memory '
                   f'{size["memory"] >> 10} KiB')

    def write_results(self, seconds):
        order = {t: i for i, t in enumerate(sorted(r.test.name for r in self.results))}
        self.results.sort(key=lambda r: order[r.test.name])
        if self.args.junit:
            report.write_junit(self.args.junit, self.results,
                               f'{self.args.flavour}-{self.cpus}')
        if self.args.json:
            report.write_json(self.args.json, self.results, self.about())
        if self.args.tap:
            print('\n'.join(report.tap(self.results)))
        for line in self.totals(seconds):
            print('# note: ' + line if self.args.tap else line)


def _check(args, parser):
    if args.flavour == 'up' and args.cpus not in (None, 1):
        parser.error('--cpus: the flavour up has one CPU; use --flavour smp')
    if args.cpus is not None and not 1 <= args.cpus <= 8:
        parser.error('--cpus: expected 1 to 8')
    if args.jobs < 1:
        parser.error('--jobs: expected 1 or more')


def _list(found):
    for t in found:
        what = t.entry.skip and 'skipped: ' + t.entry.skip or t.entry.nightly and 'nightly: ' \
            + t.entry.nightly or ' '.join(t.suites)
        print(f'{t.entry.group:8} {t.name:32} {what}'.rstrip())


def _main():
    parser = _parser()
    args = parser.parse_args()
    _check(args, parser)
    session = Session(args)
    entries = table.read(os.path.join(HERE, 'modules.conf'))
    if not args.no_build:
        session.flavour.make(args.kernel_source, args.jobs)
    if not session.flavour.index():
        raise Problem(f'{session.flavour.plugins}: no plugins; run without --no-build')
    if args.build_only:
        return OK
    found = tests.every(session.flavour, entries)
    chosen, unknown = tests.choose(found, args.names, args.nightly)
    if unknown:
        parser.error(f'nothing is called {" ".join(unknown)}; see --list')
    if args.list:
        _list(chosen)
        return OK
    start = time.monotonic()
    session.run(chosen)
    if not args.names and (idle := tests.unused(session.flavour.index(), entries)):
        session.add_result(idle)
    session.write_results(time.monotonic() - start)
    return FAILED if report.count(session.results)[ktap.FAILED] else OK


def main():
    try:
        return _main()
    except (Problem, table.TableError) as e:
        print(f'tests/kernel/run: {e}', file=sys.stderr)
        return BUILD
    except KeyboardInterrupt:
        return 130
