# SPDX-License-Identifier: GPL-2.0-only
"""Parses KTAP, the format of KUnit's reports in the kernel's log, among other lines."""

import re
from dataclasses import dataclass, field

RESULT = re.compile(r'^( *)(ok|not ok) (\d+)(?: -)? ?(.*?)(?:\s*# *(SKIP|TODO)\b:? ?(.*))?$')
PLAN = re.compile(r'^( *)1\.\.(\d+)(?:\s*# *SKIP\b ?(.*))?$')
SUBTEST = re.compile(r'^( *)# Subtest: (.*)$')
INDENT = 4
PASSED, FAILED, SKIPPED = 'passed', 'failed', 'skipped'


@dataclass
class Case:
    """One test case.  params: number of parameters of a parametrised case, which counts once."""
    name: str
    outcome: str
    why: str = ''
    params: int = 0


@dataclass
class Suite:
    name: str
    cases: list = field(default_factory=list)
    planned: int = -1
    outcome: str = ''       # by the suite's own line; '' if there is none
    why: str = ''

    def count(self, outcome):
        return sum(c.outcome == outcome for c in self.cases)


class Parser:
    """Parses the log line by line; suites has the result."""

    def __init__(self):
        self.suites = []
        self.open = None        # the suite whose cases the log reports now
        self.messages = []          # lines since the last result: the reason of a failure
        self.params = 0
        self.reason = ''        # of the last skipped parameter
        self.plans = []         # number of suites that each KTAP header announced
        self.done = 0           # suites with a result line

    def _suite(self, name):
        self.open = Suite(name)
        self.suites.append(self.open)
        self.messages, self.params, self.reason = [], 0, ''

    def _plan(self, depth, count, why):
        if depth == 0:
            self.plans.append(count)
        elif depth == 1 and self.open:
            self.open.planned = count
            if not count:
                self.open.why = why or ''

    def _case(self, outcome, name, why):
        if self.open is None:
            self._suite('(no name)')
        if outcome == FAILED and not why:
            why = ' / '.join(s.strip(' #') for s in self.messages[-12:])
        elif outcome == SKIPPED and not why:
            why = self.reason
        self.open.cases.append(Case(name, outcome, why, self.params))
        self.messages, self.params, self.reason = [], 0, ''

    def _suite_result(self, outcome, name, why):
        if self.open is None or self.open.name != name:
            self._suite(name)
        self.open.outcome, self.open.why = outcome, why or self.open.why
        self.done += 1
        self.open = None

    def line(self, text):
        if m := PLAN.match(text):
            self._plan(len(m[1]) // INDENT, int(m[2]), m[3])
        elif m := SUBTEST.match(text):
            if len(m[1]) == INDENT:
                self._suite(m[2])
        elif m := RESULT.match(text):
            outcome = SKIPPED if m[5] == 'SKIP' else PASSED if m[2] == 'ok' else FAILED
            depth = len(m[1]) // INDENT
            if depth == 0 and self.plans:
                self._suite_result(outcome, m[4], m[6])
            elif depth == 1:
                self._case(outcome, m[4], m[6] or '')
            elif depth > 1:
                self.params += 1
                self.reason = m[6] or self.reason
        elif self.open:
            self.messages.append(text)


def parse(lines):
    """The suites in lines; a suite that is incomplete gets a failed case."""
    p = Parser()
    for line in lines:
        p.line(line)
    for s in p.suites:
        _complete(s)
    missing = sum(p.plans) - p.done
    if missing > 0:
        p.suites.append(Suite('(plan)', [Case('suites', FAILED, f'{missing} suites that were '
                                              'announced did not report')], 1, FAILED))
    return p.suites


def _complete(suite):
    if suite.planned > len(suite.cases):
        suite.cases.append(Case('plan', FAILED, f'{suite.planned} cases planned, '
                                f'{len(suite.cases)} reported'))
    if not suite.outcome:
        suite.cases.append(Case('end', FAILED, 'the suite did not come to its end'))
    elif not suite.cases:       # skipped completely, or failed before its first case
        suite.cases.append(Case('all', suite.outcome, suite.why or 'the suite has no cases'))
    elif suite.outcome == FAILED and not suite.count(FAILED):
        suite.cases.append(Case('suite', FAILED, suite.why or 'the suite as a whole failed'))
