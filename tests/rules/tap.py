# SPDX-License-Identifier: GPL-2.0-only
"""For all rule tests: TAP output, the command line, and the list of source files.

A test is a script that creates one Rule, reports each check with ok() and ends with done().
Exit status: 0 the rule holds, 1 it does not, 77 skipped, 2 wrong usage."""

import argparse
import os
import re
import subprocess
import sys

SKIP = 77
# Folders of generated files and of git.
NOT_OURS = re.compile(r'(^|/)(build[^/]*|\.git|__pycache__)(/|$)')


class Rule:
    """One rule of the project, and its checks."""

    def __init__(self, doc):
        p = argparse.ArgumentParser(description=doc)
        p.add_argument('--root', default=os.path.join(os.path.dirname(__file__), '..', '..'),
                       help='source tree (default: the one this script is in)')
        p.add_argument('--build', help='build folder (default: ROOT/build)')
        a = p.parse_args()
        self.root = os.path.realpath(a.root)
        self.build = os.path.realpath(a.build or os.path.join(self.root, 'build'))
        self.count = self.bad = 0
        self.note(doc.strip().split('\n')[0])

    def note(self, text):
        for line in str(text).splitlines():
            print(f'# {line}', flush=True)

    def ok(self, good, name, *details):
        """Reports one check; prints details if it failed."""
        self.count += 1
        print(f'{"ok" if good else "not ok"} {self.count} - {name}', flush=True)
        if not good:
            self.bad += 1
            for d in details:
                self.note(d)
        return good

    def none(self, faults, name):
        """Reports a check that passes if faults is empty; each fault is "FILE:LINE: what"."""
        return self.ok(not faults, name, *faults)

    def skip_one(self, name, reason):
        """Skips one check of the test."""
        self.count += 1
        print(f'ok {self.count} - {name} # SKIP {reason}', flush=True)

    def skip(self, reason):
        """Skips the whole test."""
        print(f'1..0 # SKIP {reason}', flush=True)
        sys.exit(SKIP)

    def done(self):
        print(f'1..{self.count}', flush=True)
        if not self.count:
            self.note('nothing was checked')
        sys.exit(1 if self.bad or not self.count else 0)

    # ---- files

    def files(self, *patterns):
        """Source files, relative to the root, that match any of the regular expressions."""
        return [f for f in self._all_files() if any(re.search(p, f) for p in patterns)]

    def _all_files(self):
        r = subprocess.run(['git', '-c', 'safe.directory=*', 'ls-files', '-z', '--cached',
                            '--others', '--exclude-standard'], cwd=self.root,
                           capture_output=True, check=False)
        if r.returncode == 0 and os.path.exists(os.path.join(self.root, '.git')):
            names = r.stdout.decode().split('\0')
        else:       # a tarball, or a tree that a test made
            names = [os.path.relpath(os.path.join(d, f), self.root)
                     for d, _, fs in os.walk(self.root) for f in fs]
        return sorted({n for n in names if n and not NOT_OURS.search(n)
                       and os.path.isfile(self.path(n)) and not os.path.islink(self.path(n))})

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def read(self, name):
        with open(self.path(name), encoding='utf-8', errors='replace') as f:
            return f.read()

    def code(self, name):
        """A C file with blanks in place of comments, line numbers unchanged."""
        return strip_comments(self.read(name))

    def scripts(self):
        """(name, interpreter) of each file that begins with #!."""
        out = []
        for f in self._all_files():
            with open(self.path(f), 'rb') as h:
                first = h.readline(200)
            if first.startswith(b'#!'):
                out.append((f, first[2:].decode('utf-8', 'replace').strip()))
        return out


_TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def strip_comments(text):
    def blank(m):
        t = m[0]
        return t if t[0] in '"\'' else re.sub(r'[^\n]', ' ', t)
    return _TOKEN.sub(blank, text)


def strip_strings(text):
    return _TOKEN.sub(lambda m: '""' if m[0][0] == '"' else m[0], text)


def run(*command, **kw):
    """Runs a command; returns the completed process, with output as text."""
    return subprocess.run(command, capture_output=True, text=True, errors='replace',
                          check=False, **kw)


def lines_with(text, pattern):
    """(line number, match) of each line that matches the pattern."""
    for n, line in enumerate(text.splitlines(), 1):
        m = re.search(pattern, line)
        if m:
            yield n, m
