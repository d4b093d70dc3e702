# SPDX-License-Identifier: GPL-2.0-only
"""Prints a line per program, and at the end times and counts."""

import fnmatch
import json
import os
import re
import sys
import threading

from .cases import FAILED, PASSED, SKIPPED, Case
from .plan import REPO

SLOWEST = 10


def expected_skips(path=os.path.join(REPO, 'tests/expected-skips')):
    """Patterns of skips that do not fail the run."""
    out = []
    with open(path, encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if not line or line.startswith('#'):
                continue
            pattern, _, reason = line.partition('\t')
            if not reason.strip():
                sys.exit(f'tests/expected-skips:{number}: no reason after a tab')
            out.append(pattern)
    return out


class Report:
    """Counts and prints; any thread may call its methods."""

    def __init__(self, logs):
        self.logs = logs
        self.total = {PASSED: 0, FAILED: 0, SKIPPED: 0}
        self.bad = []           # LAYER/PROGRAM/CASE that did not pass
        self.times = []         # (seconds, LAYER/PROGRAM)
        self.expected = expected_skips()
        self.lock = threading.Lock()
        os.makedirs(logs, exist_ok=True)

    def log_path(self, layer, name):
        return os.path.join(self.logs, f'{layer}-{name}.log'.replace('/', '_').replace(' ', '_'))

    def _unexpected(self, full, cases):
        """The cases that fail the run: failures and unexpected skips."""
        bad = [c for c in cases if c.outcome == FAILED]
        for c in cases:
            if c.outcome == SKIPPED and not any(
                    fnmatch.fnmatchcase(f'{full}/{c.name}', p) for p in self.expected):
                bad.append(Case(c.name, SKIPPED, f'unexpected skip: {c.why}'))
        return bad

    def program(self, layer, name, cases, seconds, text):
        """Reports a program that has ended: its cases, its duration, its output."""
        path = self.log_path(layer, name)
        with open(path, 'w', encoding='utf-8', errors='replace') as f:
            f.write(text)
        full = f'{layer}/{name}'
        bad = self._unexpected(full, cases)
        with self.lock:
            count = {k: sum(c.outcome == k for c in cases) for k in self.total}
            for k, n in count.items():
                self.total[k] += n
            self.times.append((seconds, full))
            self.bad += [f'{full}/{c.name}' for c in bad]
            verdict = 'FAIL' if bad else 'ok' if count[PASSED] else 'skip'
            print(f'{verdict:4} {full}: {count[PASSED]} passed, {count[FAILED]} failed, '
                  f'{count[SKIPPED]} skipped, {seconds:.1f} s', flush=True)
            self._details(cases, bad, text, path)

    @staticmethod
    def _details(cases, bad, text, path):
        for c in cases:
            if c.outcome == SKIPPED:
                print(f'       skipped: {c.name}: {c.why}')
        for c in bad:
            print(f'       {c.outcome}: {c.name} {c.why}')
        for line in re.findall(r'^# note: (.*)$', text, re.M):
            print(f'       {line}')
        if bad:
            print('       log: ' + path)
            tail = [t for t in text.splitlines() if t.strip()][-40:]
            print('\n'.join('       | ' + t for t in tail))
        sys.stdout.flush()

    def end(self):
        """Prints the last lines.  Return: the exit status."""
        for name in self.bad:
            print('not passed: ' + name)
        print(f'{self.total[PASSED]} passed, {self.total[FAILED]} failed, '
              f'{self.total[SKIPPED]} skipped', flush=True)
        return 1 if self.bad or not self.total[PASSED] else 0

    def slowest(self):
        """Prints the programs that took longest."""
        print(f'the {SLOWEST} slowest programs:')
        for seconds, name in sorted(self.times, reverse=True)[:SLOWEST]:
            print(f'  {seconds:7.1f} s  {name}')


# ---- times and budgets ---------------------------------------------------------------------

def read_budgets(path=os.path.join(REPO, 'tests/budgets')):
    """layer -> its budget, in builds of the up runtime."""
    out = {}
    with open(path, encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            words = line.split('#')[0].split()
            if not words:
                continue
            try:
                layer, budget = words
                out[layer] = float(budget)
            except ValueError:
                sys.exit(f'tests/budgets:{number}: expected LAYER NUMBER')
    return out


class Unit:
    """The time of a build of the up runtime, by which machines are compared.  tests/run writes it
    to a file, and whether this run measured it."""

    def __init__(self, path):
        self.seconds, self.here = 0, False
        try:
            with open(path, encoding='utf-8') as f:
                known = json.load(f)
            self.seconds, self.here = float(known['seconds']), bool(known['this_run'])
        except (OSError, ValueError, KeyError, TypeError):
            pass

    def of(self, seconds):
        return f'{seconds / self.seconds:.2f}' if self.seconds else '-'

    def about(self):
        if not self.seconds:
            return 'the build time of the up runtime is unknown: it was built before, or ' \
                'came from ccache'
        when = 'in this run' if self.here else 'in an earlier run: this run built it from a cache'
        return f'a build of the up runtime took {self.seconds:.0f} s, {when}'


def print_times(shares, whole, unit, budgets):
    """Prints a table: seconds, units, budget.  Return: the layers over their budgets."""
    over = []
    print('\nlayer         time    builds  budget')
    for layer, seconds in shares.items():
        budget = budgets.get(layer)
        mark = ''
        if unit.seconds and budget and seconds > budget * unit.seconds:
            over.append(layer)
            mark = '  over its budget'
        print(f'{layer:9} {seconds:7.1f} s  {unit.of(seconds):>8}'
              f'  {f"{budget:.2f}" if budget else "-":>6}{mark}')
    print(f'whole: {whole:.0f} s, {unit.of(whole)} builds of the up runtime ({unit.about()})')
    return over
