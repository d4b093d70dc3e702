# SPDX-License-Identifier: GPL-2.0-only
"""Prints results as text, TAP, JUnit's XML and JSON, and their totals."""

import json
import re
import xml.etree.ElementTree as ET

from . import ktap

# Characters that XML does not allow.
BAD_CHARACTER = re.compile('[^\t\n\r -\ud7ff\ue000-\ufffd]')


def count(results):
    out = {ktap.PASSED: 0, ktap.FAILED: 0, ktap.SKIPPED: 0}
    for r in results:
        for s in r.suites:
            for c in s.cases:
                out[c.outcome] += 1
    return out


def lines_of(result):
    """A line per suite, and one per case that failed or was skipped."""
    for s in result.suites:
        n = {k: s.count(k) for k in (ktap.PASSED, ktap.FAILED, ktap.SKIPPED)}
        verdict = 'FAIL' if n[ktap.FAILED] else 'ok' if n[ktap.PASSED] else 'skip'
        params = sum(c.params for c in s.cases)
        extra = f' ({params} with parameters)' if params else ''
        extra += f', {result.checks} checks' if result.checks else ''
        name = s.cases[0].name if result.test.kind == 'module' else s.name
        where = '' if name in (result.test.name, s.name == result.test.name) else \
            f' [{result.test.name}]'
        yield (f'{verdict:4} {name}{where}: {n[ktap.PASSED]} passed, {n[ktap.FAILED]} failed, '
               f'{n[ktap.SKIPPED]} skipped{extra}, {result.seconds:.1f} s')
        for c in s.cases:
            if c.outcome != ktap.PASSED:
                yield f'       {c.outcome}: {c.name}: {c.why or "no reason given"}'


def _plain(text):
    return re.sub(r'\s+', ' ', text.replace('#', '%')).strip()


def tap(results):
    number = 0
    yield 'TAP version 13'
    for r in results:
        for s in r.suites:
            for c in s.cases:
                number += 1
                word = 'not ok' if c.outcome == ktap.FAILED else 'ok'
                skip = f' # SKIP {_plain(c.why) or "no reason given"}' \
                    if c.outcome == ktap.SKIPPED else ''
                yield f'{word} {number} - {_plain(s.name)}/{_plain(c.name)}{skip}'
                if c.outcome == ktap.FAILED:
                    yield f'  # {r.test.name}: {_plain(c.why)}'
    yield f'1..{number}'


def write_junit(path, results, about):
    root = ET.Element('testsuites', name='linux-kernel-tests')
    for r in results:
        for s in r.suites:
            suite = ET.SubElement(root, 'testsuite', name=s.name, tests=str(len(s.cases)),
                                  failures=str(s.count(ktap.FAILED)),
                                  skipped=str(s.count(ktap.SKIPPED)),
                                  time=f'{r.seconds:.3f}', hostname=about)
            for c in s.cases:
                case = ET.SubElement(suite, 'testcase', name=c.name,
                                     classname=f'{r.test.name}.{s.name}')
                tag = {ktap.FAILED: 'failure', ktap.SKIPPED: 'skipped'}.get(c.outcome)
                if tag:
                    ET.SubElement(case, tag, message=BAD_CHARACTER.sub('?', c.why))
            if s.count(ktap.FAILED):
                out = ET.SubElement(suite, 'system-out')
                out.text = BAD_CHARACTER.sub('?', '\n'.join(r.log[-400:]))
    ET.ElementTree(root).write(path, encoding='utf-8', xml_declaration=True)


def write_json(path, results, about):
    tests = [{'test': r.test.name, 'kind': r.test.kind, 'seconds': round(r.seconds, 3),
              'checks': r.checks,
              'suites': [{'name': s.name, 'cases': [
                  {'name': c.name, 'outcome': c.outcome, 'why': c.why, 'parameters': c.params}
                  for c in s.cases]} for s in r.suites]} for r in results]
    with open(path, 'w', encoding='utf-8') as f:
        json.dump({**about, 'totals': count(results), 'tests': tests}, f, indent=1)
        f.write('\n')
