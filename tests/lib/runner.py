#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the layers of tests, counts test cases, prints one closing line.

Called by tests/run, which installs packages and builds.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from runnerlib import plan, report  # noqa: E402  (the path above comes first)
from runnerlib.builds import SANITIZER_ENV, Builds  # noqa: E402
from runnerlib.cases import FAILED, SKIPPED, Case, bail_out, cases_of  # noqa: E402
from runnerlib.schedule import FILLER, HALF, Job, Scheduler  # noqa: E402

# A program that does not end so many seconds after SIGTERM is killed.
PATIENCE = 30
# Guests need memory, so this applies on large machines too.
MOST_AT_A_TIME = 4


def run_program(command, limit, env, **more):
    """Return: (output, exit status, why the runner ended it or '').

    Output goes to a file: what a program leaves running may keep a pipe open for ever."""
    why = ''
    with tempfile.TemporaryFile() as out:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                              stderr=subprocess.STDOUT, env=env, **more) as p:
            try:
                p.wait(limit)
            except subprocess.TimeoutExpired:
                p.terminate()   # its trap cleans up
                why = f'took longer than {limit:.0f} s'
                try:
                    p.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    p.kill()
        out.seek(0)
        return out.read().decode('utf-8', 'replace'), p.returncode, why


def run_once_more(name, command, limit, env):
    """The same; a second time if what the program runs in has failed."""
    text, status, why = run_program(command, limit, env)
    reason = bail_out(text, status)
    if not reason:
        return text, status, why
    print(f'again {name}: {reason}', flush=True)
    return run_program(command, limit, env)


class Run:
    def __init__(self, args):
        self.args = args
        self.build = os.path.abspath(os.environ.get('DDEKIT_BUILD',
                                                    os.path.join(plan.REPO, 'build')))
        logs = os.path.join(self.build, 'tests-logs')
        self.report = report.Report(logs)
        self.builds = Builds(self.build, logs)
        self.programs = list(plan.programs(self.build, '' if args.plain else self.builds.asan))
        self.unit = report.Unit(os.path.join(self.build, 'up-build.json'))

    # -- one program --

    def environment(self, program, beside):
        env = dict(os.environ, DDEKIT_BUILD=self.build, **program.env)
        if beside:
            env['DDEKIT_PATIENCE'] = str(plan.BESIDE)
        if self.args.nightly:
            env['DDEKIT_NIGHTLY'] = '1'
        if 'asan-build' in program.needs:
            env.update(SANITIZER_ENV)
        return env

    def stamp(self, program):
        return plan.passed_before(program, self.builds.image) if program.once else ''

    def run_one(self, program, beside):
        start = time.monotonic()
        stamp = self.stamp(program)
        if stamp and os.path.exists(stamp) and not (
                self.args.nightly or program.is_named(self.args.what)):
            self.report.program(program.layer, program.name, [
                Case('passed before', SKIPPED, 'the same program with the same image')], 0, '')
            return True
        text, status, why = run_once_more(
            program.full_name(), program.command,
            program.time_limit(beside, self.args.nightly), self.environment(program, beside))
        cases = cases_of(text, status, why)
        self.report.program(program.layer, program.name, cases, time.monotonic() - start, text)
        good = not any(c.outcome == FAILED for c in cases)
        if stamp and good and not any(c.outcome == SKIPPED for c in cases):
            with open(stamp, 'w', encoding='utf-8'):
                pass
        return good

    def report_failed_build(self, program, missing):
        text = ''
        if os.path.exists(self.builds.log(missing)):
            with open(self.builds.log(missing), encoding='utf-8', errors='replace') as f:
                text = f.read()
        self.report.program(program.layer, program.name,
                            [Case('build', FAILED, f'{missing} failed')], 0, text)

    # -- all of them --

    def chosen(self):
        for p in self.programs:
            if p.matches(self.args.what) and (
                    not p.nightly or self.args.nightly or p.is_named(self.args.what)):
                yield p

    def build_jobs(self, needed, programs):
        """Return: the build jobs that programs need; deletes logs of earlier builds."""
        asan = [p for p in programs if 'asan-build' in p.needs]
        jobs = {
            'image': Job('image', plan.GUESTS, lambda _: self.builds.guests_image()),
            'asan-build': Job('asan-build', 'unit', lambda _: self.builds.sanitizers(asan)),
            'kernel-build-up': Job(
                'kernel-build-up', 'kernel', lambda _: self.builds.kernel('up', 'core'),
                weight=FILLER),
            'kernel-build-smp': Job(
                'kernel-build-smp', 'kernel', lambda _: self.builds.kernel('smp', 'concurrency'),
                weight=FILLER, after=['kernel-build-up']),
        }
        for name in needed:
            if os.path.exists(self.builds.log(name)):
                os.remove(self.builds.log(name))
        return [j for j in jobs.values() if j.name in needed]

    def job(self, program):
        return Job(program.full_name(), program.layer,
                   lambda beside: self.run_one(program, beside), needs=program.needs,
                   alone=program.alone, weight=HALF if program.light else 1,
                   lane=program.layer if program.layer == plan.GUESTS else '',
                   miss=lambda missing: self.report_failed_build(program, missing))

    def run_all(self):
        chosen = list(self.chosen())
        if not chosen:
            sys.exit('tests/run: no test matches ' + ' '.join(self.args.what) +
                     '; see tests/run --list')
        start = time.monotonic()
        needed = {n for p in chosen for n in p.needs}
        jobs = self.build_jobs(needed, chosen) + [self.job(p) for p in chosen]
        slots = 1 if self.args.one else min(MOST_AT_A_TIME, len(os.sched_getaffinity(0)))
        scheduler = Scheduler(slots)
        scheduler.run(jobs)
        over = self.print_times(scheduler.shares, time.monotonic() - start)
        status = self.report.end()
        return status or (1 if over and os.environ.get('CI') == 'true' else 0)

    def print_times(self, shares, seconds):
        """Prints the times.  Return: the layers over their budgets."""
        before = {}     # times of the steps of tests/run
        for word in os.environ.get('DDEKIT_RUN_TIMES', '').split():
            name, _, value = word.partition('=')
            before[name] = float(value)
        shares = {**before, **{n: shares[n] for n in plan.LAYERS if n in shares}}
        args = self.args
        normal = not (args.what or args.nightly or args.one or args.plain)
        budgets = report.read_budgets() if normal else {}
        over = report.print_times(shares, sum(before.values()) + seconds, self.unit, budgets)
        self.report.slowest()
        print(f'logs in {self.report.logs}')
        if over:
            print('over the budget in tests/budgets: ' + ', '.join(over))
        return over


def main():
    parser = argparse.ArgumentParser(prog='tests/run', add_help=False)
    parser.add_argument('what', nargs='*')
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--nightly', action='store_true')
    parser.add_argument('--one', action='store_true')
    # Unit tests without sanitizers, for tests/coverage.
    parser.add_argument('--plain', action='store_true')
    run = Run(parser.parse_args())
    if run.args.list:
        for p in run.programs:
            print(p.full_name() + (f'\t(nightly: {p.nightly})' if p.nightly else ''))
        return 0
    try:
        return run.run_all()
    except KeyboardInterrupt:
        return 130


if __name__ == '__main__':
    sys.exit(main())
