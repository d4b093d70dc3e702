#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the layers of tests, counts single test cases, prints one closing line.

Called by tests/run, which installs packages and builds.  A case is one TAP line
or one check of a Check suite; a program that reports neither is one case.
"""
import argparse
import fnmatch
import json
import os
import re
import subprocess
import sys
import time

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# layer -> (meson suite or None, folder of executable TAP programs or None)
LAYERS = {
    'tools': ('tools', None),
    'unit': ('unit', None),
    'asan': (None, None),
    'rules': ('rules', None),
    'daemon': ('daemon', None),
    'emu': ('emu', 'tests/emu'),
    'vm': (None, 'tests/vm/cases'),
    'fuzz': (None, 'tests/fuzz'),
    'kernel': (None, 'tests/kernel/layer'),
    'bench': (None, 'tests/bench/smoke'),
}
TAP_LINE = re.compile(r'^\s*(ok|not ok)\b\s*(\d*)\s*-?\s*(.*)$')
TAP_SKIP = re.compile(r'#\s*SKIP\b\s*(.*)$', re.IGNORECASE)
CHECK_LINE = re.compile(r'^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)', re.M)
HEADER = re.compile(r'^# (timeout|nightly|sanitizers): *(.*)$', re.M)


class Case:
    """One test case: outcome is 'passed', 'failed' or 'skipped'."""

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
                return [Case('all', 'skipped', skip.group(1) if skip else 'no reason given')]
            continue
        m = TAP_LINE.match(line)
        if not m or line[0] in ' \t':
            continue
        skip = TAP_SKIP.search(m.group(3))
        name = re.sub(r'\s*#.*$', '', m.group(3)) or 'case ' + m.group(2)
        if skip:
            cases.append(Case(name, 'skipped', skip.group(1)))
        else:
            cases.append(Case(name, 'passed' if m.group(1) == 'ok' else 'failed'))
    if plan is None and not cases:
        return None
    if plan is None:
        cases.append(Case('plan', 'failed', 'the program ended without a plan line'))
    elif plan != len(cases):
        cases.append(Case('plan', 'failed', f'{plan} cases planned, {len(cases)} reported'))
    return cases


def parse_check(text):
    """Cases of libcheck's summaries (several suites may be in one program)."""
    cases = []
    for total, failures, errors in CHECK_LINE.findall(text):
        bad = int(failures) + int(errors)
        cases += [Case('check', 'passed')] * (int(total) - bad)
    for line in text.splitlines():
        m = re.match(r'^(\S+:\d+):([FE]):([^:]*):([^:]*):', line)
        if m:
            cases.append(Case(m.group(4), 'failed', line))
    return cases or None


def cases_of(text, returncode, why=''):
    """What a program's output and exit status say."""
    if returncode == 77 and not parse_tap(text):
        last = text.strip().splitlines()[-1:] or ['no reason given']
        return [Case('all', 'skipped', last[0])]
    cases = parse_tap(text) or parse_check(text) or []
    failed = any(c.outcome == 'failed' for c in cases)
    if returncode not in (0, 77) and not failed:
        cases.append(Case('exit', 'failed', why or f'exit status {returncode}'))
    return cases or [Case('program', 'passed')]


class Run:
    def __init__(self, args):
        self.args = args
        self.build = os.environ.get('DDEKIT_BUILD', os.path.join(REPO, 'build'))
        self.logs = os.path.join(self.build, 'tests-logs')
        self.total = {'passed': 0, 'failed': 0, 'skipped': 0}
        self.bad = []
        self.expected = self.read_expected_skips()
        os.makedirs(self.logs, exist_ok=True)

    @staticmethod
    def read_expected_skips():
        out = []
        with open(os.path.join(REPO, 'tests/expected-skips'), encoding='utf-8') as f:
            for number, line in enumerate(f, 1):
                line = line.strip()
                if not line or line.startswith('#'):
                    continue
                pattern, _, reason = line.partition('\t')
                if not reason.strip():
                    sys.exit(f'tests/expected-skips:{number}: no reason after a tab')
                out.append(pattern)
        return out

    def report(self, layer, name, cases, seconds, text):
        """Counts and prints one program's cases, keeps its output."""
        path = os.path.join(self.logs, f'{layer}-{name}.log'.replace('/', '_').replace(' ', '_'))
        with open(path, 'w', encoding='utf-8', errors='replace') as f:
            f.write(text)
        count = {k: sum(c.outcome == k for c in cases) for k in self.total}
        for k, n in count.items():
            self.total[k] += n
        bad = [c for c in cases if c.outcome == 'failed']
        for c in cases:
            full = f'{layer}/{name}/{c.name}'
            if c.outcome == 'skipped' and not any(
                    fnmatch.fnmatchcase(full, p) for p in self.expected):
                bad.append(Case(c.name, 'skipped', f'unexpected skip: {c.why}'))
        verdict = 'FAIL' if bad else 'skip' if not count['passed'] else 'ok'
        print(f'{verdict:4} {layer}/{name}: {count["passed"]} passed, {count["failed"]} failed, '
              f'{count["skipped"]} skipped, {seconds:.1f} s', flush=True)
        for c in cases:
            if c.outcome == 'skipped':
                print(f'       skipped: {c.name}: {c.why}')
        for c in bad:
            print(f'       {c.outcome}: {c.name} {c.why}')
            self.bad.append(f'{layer}/{name}/{c.name}')
        for line in re.findall(r'^# note: (.*)$', text, re.M):
            print(f'       {line}')
        if bad:
            print('       log: ' + path)
            tail = [t for t in text.splitlines() if t.strip()][-40:]
            print('\n'.join('       | ' + t for t in tail), flush=True)

    def wanted(self, layer, name):
        if not self.args.what:
            return True
        return any(w in (layer, name, f'{layer}/{name}') or
                   fnmatch.fnmatchcase(f'{layer}/{name}', w) for w in self.args.what)

    # -- meson's tests --

    def meson_tests(self, suite):
        """Names of a suite's tests, as meson lists them."""
        r = subprocess.run(['meson', 'introspect', '--tests', self.build],
                           capture_output=True, text=True, check=True)
        return [t['name'] for t in json.loads(r.stdout)
                if any(s.split(':')[-1] == suite for s in t['suite'])]

    def run_meson(self, layer, suites, build, names):
        log = os.path.join(build, 'meson-logs', 'testlog.json')
        if os.path.exists(log):
            os.remove(log)
        subprocess.run(['meson', 'test', '-C', build, '--no-rebuild',
                        *[f'--suite={s}' for s in suites], *names],
                       stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, check=False)
        seen = set()
        try:
            with open(log, encoding='utf-8') as f:
                results = [json.loads(line) for line in f]
        except FileNotFoundError:
            results = []
        for r in results:
            name = r['name'].split(' / ')[-1]
            seen.add(name)
            text = r.get('stdout', '') + r.get('stderr', '')
            bad = r['result'] not in ('OK', 'SKIP', 'EXPECTEDFAIL')
            cases = cases_of(r.get('stdout', '') or text, r.get('returncode', 0),
                             'meson: ' + r['result'])
            if bad and not any(c.outcome == 'failed' for c in cases):
                cases.append(Case('meson', 'failed', r['result']))
            self.report(layer, name, cases, r['duration'], text)
        for name in set(names) - seen:
            self.report(layer, name, [Case('meson', 'failed', 'was not run')], 0, '')

    # -- programs of ours --

    def scripts(self, folder):
        path = os.path.join(REPO, folder)
        if not os.path.isdir(path):
            return []
        return sorted(n for n in os.listdir(path)
                      if os.access(os.path.join(path, n), os.X_OK) and
                      os.path.isfile(os.path.join(path, n)))

    @staticmethod
    def headers(path):
        with open(path, encoding='utf-8') as f:
            return dict(HEADER.findall(f.read(2000)))

    def run_script(self, layer, folder, name):
        path = os.path.join(REPO, folder, name)
        head = self.headers(path)
        if 'nightly' in head and not self.args.nightly and \
                not any(w.endswith(name) for w in self.args.what):
            return
        limit = float(head.get('timeout', 120)) * (4 if self.args.nightly else 1)
        env = dict(os.environ, DDEKIT_BUILD=self.build)
        if self.args.nightly:
            env['DDEKIT_NIGHTLY'] = '1'
        start = time.monotonic()
        with subprocess.Popen([path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=env) as p:
            try:
                out, why = p.communicate(timeout=limit)[0], ''
            except subprocess.TimeoutExpired:
                p.terminate()   # its own trap cleans up
                why = f'took longer than {limit:.0f} s'
                try:
                    out = p.communicate(timeout=30)[0]
                except subprocess.TimeoutExpired:
                    p.kill()
                    out = p.communicate()[0]
        text = out.decode('utf-8', 'replace')
        cases = cases_of(text, p.returncode or (1 if why else 0), why)
        if why:
            cases.append(Case('time limit', 'failed', why))
        self.report(layer, name, cases, time.monotonic() - start, text)

    # -- sanitizers --

    def run_asan(self):
        """The library's tests again in a build of their own, without the runtime."""
        build = os.path.join(self.build, 'asan')
        log = os.path.join(self.logs, 'asan-build.log')
        start = time.monotonic()
        with open(log, 'w', encoding='utf-8') as f:
            r = 0
            if not os.path.exists(os.path.join(build, 'build.ninja')):
                r = subprocess.run(
                    ['meson', 'setup', build, REPO, '-Druntime=false', '-Db_lundef=false',
                     '-Db_sanitize=address,undefined'], stdout=f, stderr=f,
                    check=False).returncode
            r = r or subprocess.run(['ninja', '-C', build], stdout=f, stderr=f,
                                    check=False).returncode
        if r:
            with open(log, encoding='utf-8') as f:
                self.report('asan', 'build', [Case('build', 'failed')],
                            time.monotonic() - start, f.read())
            return
        env = {'ASAN_OPTIONS': 'detect_leaks=1:abort_on_error=0:exitcode=99',
               'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1:exitcode=99'}
        os.environ.update(env)
        self.run_meson('asan', ['unit', 'emu'], build, self.meson_tests('unit') +
                       self.meson_tests('emu'))
        for k in env:
            del os.environ[k]

    def all_names(self):
        for layer, (suite, folder) in LAYERS.items():
            if suite:
                for name in self.meson_tests(suite):
                    yield layer, name, None
            if layer == 'asan':
                yield layer, 'unit', None
            if folder:
                for name in self.scripts(folder):
                    yield layer, name, folder

    def go(self):
        chosen = [t for t in self.all_names() if self.wanted(t[0], t[1])]
        if not chosen:
            sys.exit('tests/run: nothing is called ' + ' '.join(self.args.what) +
                     '; see tests/run --list')
        start = time.monotonic()
        for layer, (suite, _) in LAYERS.items():
            mine = [t for t in chosen if t[0] == layer]
            meson = [name for _, name, folder in mine if not folder]
            if layer == 'asan' and mine:
                self.run_asan()
            elif meson:
                self.run_meson(layer, [suite], self.build, meson)
            for _, name, folder in mine:
                if folder:
                    self.run_script(layer, folder, name)
        print(f'\n{time.monotonic() - start:.0f} s, logs in {self.logs}')
        for name in self.bad:
            print('not passed: ' + name)
        print(f'{self.total["passed"]} passed, {self.total["failed"]} failed, '
              f'{self.total["skipped"]} skipped', flush=True)
        return 1 if self.bad or not self.total['passed'] else 0


def main():
    parser = argparse.ArgumentParser(prog='tests/run', add_help=False)
    parser.add_argument('what', nargs='*')
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--nightly', action='store_true')
    run = Run(parser.parse_args())
    if run.args.list:
        for layer, name, _ in run.all_names():
            print(f'{layer}/{name}')
        return 0
    return run.go()


if __name__ == '__main__':
    sys.exit(main())
