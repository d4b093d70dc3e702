# SPDX-License-Identifier: GPL-2.0-only
"""Finds a test's result in the log: KUnit's results, a module's messages, kernel complaints."""

import re

from . import ktap

# The kernel's complaints; each fails a test that does not declare it.
TROUBLE = re.compile(
    r'WARNING: |BUG: |BUG at |Oops|Kernel panic|Internal error|general protection|'
    r'INFO: task .* blocked|(?:rcu|INFO): .*\bstall|detected stall|soft lockup|'
    r'scheduling while atomic|sleeping function called from invalid|UBSAN: |KFENCE: |KASAN: |'
    r'possible (?:circular|recursive) locking|inconsistent lock state|'
    r'INFO: trying to register non-static|dde: signal ')
LOADED = re.compile(r'dde-boot: load (\S+): (-?\d+) \(')
UNLOADED = re.compile(r'dde-boot: unload (\S+): (-?\d+) \(')
BOOTED = re.compile(r'dde-boot: booted ')


def split(lines):
    """(lines of the boot, lines after process 1 started): suites in the runtime itself report in
    the first part, at every boot."""
    for i, line in enumerate(lines):
        if BOOTED.match(line):
            return lines[:i], lines[i:]
    return lines, []


def trouble(lines, allows=()):
    """The complaints in lines, without those that a pattern of allows matches."""
    out = []
    for line in lines:
        if TROUBLE.search(line) and not any(p.search(line) for p in allows):
            out.append(line.strip())
    return out


def results(lines, pattern=LOADED):
    """module -> the result of its init (or unload), by dde-boot's lines."""
    return {m[1]: int(m[2]) for line in lines if (m := pattern.match(line))}


def of_kunit(lines, allows, module=None):
    """The suites in lines; a case named "kernel log" fails if the kernel complained."""
    suites = ktap.parse(lines)
    name = suites[-1].name if suites else module or 'kunit'
    bad = trouble(lines, allows)
    if module is not None:
        got = results(lines).get(module)
        if got is None:
            bad.append('init did not return')
        elif got < 0:
            bad.append(f'init returned {got}')
        elif not suites:
            bad.append('loaded, but reported no suite')
    if bad:
        suites.append(ktap.Suite(name, [ktap.Case('kernel log', ktap.FAILED, '; '.join(bad[:4]))],
                                 1, ktap.FAILED))
    return suites


def missing(suites, expected):
    """A suite with a failed case for each expected one that did not report; none: []."""
    silent = sorted(set(expected) - {s.name for s in suites})
    cases = [ktap.Case(name, ktap.FAILED, 'did not report') for name in silent]
    return [ktap.Suite('(built in)', cases, len(cases), ktap.FAILED)] if cases else []


def of_messages(entry, lines):
    """A suite "messages": a case for each line that the entry requires, besides KUnit's."""
    cases = []
    for p in entry.passes:
        found = any(p.search(x) for x in lines)
        cases.append(ktap.Case(p.pattern, ktap.PASSED if found else ktap.FAILED,
                               '' if found else 'no line of the log matches'))
    return [ktap.Suite('messages', cases, len(cases), ktap.PASSED)] if cases else []


def of_module(entry, module, lines):
    """(outcome, why, number of checks) of a test module by its entry in modules.conf."""
    got = results(lines).get(module)
    why = []
    if got is None:
        why.append('init did not return')
    elif got != entry.init:
        why.append(f'init returned {got}, not {entry.init}')
    if entry.unload and module not in results(lines, UNLOADED):
        why.append('was not unloaded')
    why += [f'no line of the log matches "{p.pattern}"' for p in entry.passes
            if not any(p.search(x) for x in lines)]
    why += [x.strip() for p in entry.fails for x in lines if p.search(x)][:4]
    why += trouble(lines, entry.allows)[:4]
    checks = 0
    if entry.count:
        checks = sum(int(m[1]) for x in lines if (m := entry.count.search(x)))
        if not checks and not why:
            why.append(f'no line of the log matches "{entry.count.pattern}" with a number')
    return (ktap.FAILED if why else ktap.PASSED), '; '.join(why), checks
