# SPDX-License-Identifier: GPL-2.0-only
"""Finds the cases of a test program in its output and exit status.

A case is one TAP line or one check of a Check suite.  A program that reports neither counts as
failed."""

import re

PASSED, FAILED, SKIPPED = 'passed', 'failed', 'skipped'
SKIP_STATUS = 77
BAIL_STATUS = 75
TAP_LINE = re.compile(r'^\s*(ok|not ok)\b\s*(\d*)\s*-?\s*(.*)$')
TAP_SKIP = re.compile(r'#\s*SKIP\b\s*(.*)$', re.IGNORECASE)
CHECK_LINE = re.compile(r'^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)', re.M)


class Case:
    """One test case."""

    def __init__(self, name, outcome, why=''):
        self.name, self.outcome, self.why = name, outcome, why


def parse_tap(text):
    """Cases of TAP output; None if it holds no TAP."""
    cases, plan = [], None
    for line in text.splitlines():
        m = re.match(r'^1\.\.(\d+)(.*)$', line)
        if m:
            plan = int(m.group(1))
            skip = TAP_SKIP.search(m.group(2))
            if plan == 0:
                if not skip:
                    return [Case('plan', FAILED, 'no case, and no reason for that')]
                return [Case('all', SKIPPED, skip.group(1))]
            continue
        m = TAP_LINE.match(line)
        if not m or line[0] in ' \t':
            continue
        skip = TAP_SKIP.search(m.group(3))
        name = re.sub(r'\s*#.*$', '', m.group(3)) or 'case ' + m.group(2)
        if skip:
            cases.append(Case(name, SKIPPED, skip.group(1)))
        else:
            cases.append(Case(name, PASSED if m.group(1) == 'ok' else FAILED))
    if plan is None and not cases:
        return None
    if plan is None:
        cases.append(Case('plan', FAILED, 'the program ended without a plan line'))
    elif plan != len(cases):
        cases.append(Case('plan', FAILED, f'{plan} cases planned, {len(cases)} reported'))
    return cases


def parse_check(text):
    """Cases of Check's summaries (a program may have several suites)."""
    cases = []
    for total, failures, errors in CHECK_LINE.findall(text):
        bad = int(failures) + int(errors)
        cases += [Case('check', PASSED)] * (int(total) - bad)
    for line in text.splitlines():
        m = re.match(r'^(\S+:\d+):([FE]):([^:]*):([^:]*):', line)
        if m:
            cases.append(Case(m.group(4), FAILED, line))
    return cases or None


def bail_out(text, returncode):
    """Why a program could not go on: what it runs in has failed, not what it tests. Or ''."""
    found = re.findall(r'^Bail out! (.*)$', text, re.M)
    return found[-1] if returncode == BAIL_STATUS and found else ''


def cases_of(text, returncode, why=''):
    """The cases of a program; why: why the runner ended it, or ''."""
    tap = parse_tap(text)
    if returncode == SKIP_STATUS and not tap:
        last = text.strip().splitlines()[-1:] or ['no reason given']
        return [Case('all', SKIPPED, last[0])]
    cases = tap or parse_check(text) or []
    failed = any(c.outcome == FAILED for c in cases)
    if why:
        cases.append(Case('end', FAILED, why))
    elif returncode != 0 and not failed and any(c.outcome != SKIPPED for c in cases):
        cases.append(Case('exit', FAILED, f'exit status {returncode}'))
    elif returncode not in (0, SKIP_STATUS) and not failed:
        cases.append(Case('exit', FAILED, f'exit status {returncode}'))
    if not cases:
        cases.append(Case('output', FAILED, 'the program reported no case, by TAP or by Check'))
    return cases
