# SPDX-License-Identifier: GPL-2.0-only
"""Builds that several test programs need and that are not part of tests/run's own build."""

import os
import subprocess

from .plan import REPO

SANITIZERS = ('-Druntime=false', '-Db_lundef=false', '-Db_sanitize=address,undefined')
SANITIZER_ENV = {
    'ASAN_OPTIONS': 'detect_leaks=1:abort_on_error=0:exitcode=99',
    'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1:exitcode=99'}
# Everything else goes first.
LOW_PRIORITY = ('nice', '-n', '19', 'chrt', '--batch', '0')


class Builds:
    """Each method builds one thing, writes a log, and returns whether it succeeded."""

    def __init__(self, build, logs):
        self.build, self.logs = build, logs
        self.asan = os.path.join(build, 'asan')
        self.image = ''         # the folder of the guests' image

    def log(self, name):
        return os.path.join(self.logs, name + '.log')

    def _run(self, log, *command, env=None):
        with open(log, 'a', encoding='utf-8') as f:
            return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                                  env=env, check=False).returncode == 0

    def sanitizers(self, programs):
        """Builds the library and the unit tests with AddressSanitizer and UBSan."""
        log = self.log('asan-build')
        if not os.path.exists(os.path.join(self.asan, 'build.ninja')) and \
                not self._run(log, 'meson', 'setup', self.asan, REPO, *SANITIZERS):
            return False
        targets = sorted({p.command[0].removeprefix(self.asan + '/') for p in programs})
        return self._run(log, 'ninja', '-C', self.asan, *targets)

    def guests_image(self):
        with open(self.log('image'), 'a', encoding='utf-8') as f:
            r = subprocess.run([os.path.join(REPO, 'tests/vm/image')], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=f, text=True, check=False)
        self.image = r.stdout.strip()
        return r.returncode == 0

    def kernel(self, flavour, tests):
        """Builds a flavour of the runtime with some of the kernel's tests: core or concurrency.
        For the latter ccache has nearly all objects, by preprocessed text; for the former
        none."""
        return self._run(self.log(f'kernel-build-{flavour}'), *LOW_PRIORITY,
                         os.path.join(REPO, 'tests/kernel/run'), '--build-only', '--flavour',
                         flavour, f'--{tests}', env=dict(
                             os.environ, DDEKIT_BUILD=self.build,
                             **({'CCACHE_DEPEND': '1'} if tests == 'core' else {})))
