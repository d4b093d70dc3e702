# SPDX-License-Identifier: GPL-2.0-only
"""Starts dde-boot, watches it, and ends it with all its children."""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass

GRACE = 5       # seconds beyond dde-boot's own time-out


@dataclass
class Outcome:
    lines: list
    status: int         # exit status; negative: the signal that ended it
    seconds: float
    late: bool          # killed, or ended by its own time-out

    def ended(self):
        """How it ended, as text; '' if it ended normally."""
        if self.late:
            return 'took too long'
        if self.status < 0:
            return f'died of {signal.Signals(-self.status).name}'
        return {0: '', 1: '', 3: 'the kernel panicked', 4: 'could not start'}.get(
            self.status, f'exit status {self.status}')


def _kill(group):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def run(flavour, cpus, steps, cmdline='', pool=128, timeout=60, firmware=''):
    """Boots a flavour with cpus processors and executes steps (dde-boot's arguments)."""
    command = [flavour.boot, '--runtime', flavour.runtime, '--plugins', flavour.plugins,
               '--cpus', str(cpus), '--pool', str(pool), '--timeout', str(timeout)]
    if cmdline:
        command += ['--cmdline', cmdline]
    if firmware:
        command += ['--firmware', firmware]
    start = time.monotonic()
    with subprocess.Popen(command + steps, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, start_new_session=True) as p:
        try:
            out, late = p.communicate(timeout=timeout + GRACE)[0], False
        except subprocess.TimeoutExpired:
            _kill(p.pid)
            out, late = p.communicate()[0], True
        except BaseException:
            _kill(p.pid)
            raise
    lines = out.decode('utf-8', 'replace').split('\n')
    return Outcome(lines, p.returncode, time.monotonic() - start, late or p.returncode == 124)
