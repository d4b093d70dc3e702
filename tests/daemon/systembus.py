# SPDX-License-Identifier: GPL-2.0-only
"""A ddekitd on its own system bus, with a fake polkit and callers."""

import json
import os
import shutil
import subprocess

from harness import Daemon, Skip, expect_eq, run, wait_for

NOBODY = ('setpriv', '--reuid', '65534', '--clear-groups', '--')

BUS_CONFIG = """<busconfig><type>system</type><listen>unix:path={path}</listen>
<policy context="default"><allow user="*"/><deny own="*"/><deny send_type="method_call"/>
<allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
<allow send_requested_reply="true" send_type="error"/><allow receive_type="method_call"/>
<allow receive_type="method_return"/><allow receive_type="error"/>
<allow receive_type="signal"/><allow send_destination="org.freedesktop.DBus"/>
<allow send_destination="org.freedesktop.PolicyKit1"/></policy>
<policy user="root"><allow own="org.freedesktop.PolicyKit1"/></policy>
<include>{policy}</include></busconfig>
"""


class Bus:
    """A ddekitd on its own system bus, with the installed policy."""

    def __init__(self, config):
        if not shutil.which('dbus-daemon') or not shutil.which('busctl'):
            raise Skip('dbus-daemon or busctl is not installed')
        policy = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                              '../../units/org.ddekit.xml')
        self.d = Daemon(config, start=False)
        self.path = os.path.join(self.d.dir, 'bus')
        file = os.path.join(self.d.dir, 'bus.conf')
        with open(file, 'w', encoding='ascii') as f:
            f.write(BUS_CONFIG.format(path=self.path, policy=os.path.realpath(policy)))
        self.env = {**os.environ, 'DBUS_SYSTEM_BUS_ADDRESS': 'unix:path=' + self.path}
        self.call = ['busctl', '--address=unix:path=' + self.path, 'call', 'org.ddekit',
                     '/org/ddekit/Manager1', 'org.ddekit.Manager1']
        self.processes = [subprocess.Popen(['dbus-daemon', '--nofork', '--nopidfile',
                                            '--config-file', file], stderr=subprocess.DEVNULL)]

    def __enter__(self):
        self.d.__enter__()
        wait_for('the bus', lambda: os.path.exists(self.path))
        self.d.start(env=self.env)
        wait_for('the name', lambda: run(*self.call, 'ListDevices').returncode == 0)
        return self

    def caller(self, seconds, connections, depth, how, methods, *arguments, uid=65534):
        """Starts fakecaller; result() returns its output once it has ended."""
        caller = Caller([Daemon.programs.fakecaller, str(uid), str(seconds), str(connections),
                         str(depth), how, methods, *arguments], self.env)
        self.processes.append(caller)
        return caller

    def polkit(self, *actions):
        process = subprocess.Popen([Daemon.programs.fakepolkit, *actions], env=self.env,
                                   stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        expect_eq(process.stdout.readline(), 'ready\n', 'output of fakepolkit')
        return process

    def end_bus(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait()
            if process.stdout:
                process.stdout.close()
        self.processes = []

    def __exit__(self, *why):
        self.end_bus()
        self.d.__exit__(*why)


class Caller(subprocess.Popen):
    def __init__(self, command, env):
        super().__init__(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True)

    def result(self, seconds=60):
        out, err = self.communicate(timeout=seconds)
        expect_eq(self.returncode, 0, f'exit code of fakecaller ({err})')
        return json.loads(out)
