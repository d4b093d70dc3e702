# SPDX-License-Identifier: GPL-2.0-only
"""A private ddekitd with fake driver hosts, for the tests of the daemon.

Plugins are descriptions without drivers; the driver host is fakehost.c, and the driver's name
selects its behaviour.  The device is a real claim of the emu backend.  Everything runs in its own
network namespace."""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

SKIP = 77
DRIVERS = ('ok', 'refuse', 'refuse-reload', 'silent', 'stuck', 'deaf', 'mute', 'hang-up',
           'log-flood', 'flap', 'no-link', 'warns',
           'crash-exec', 'crash-early', 'crash-ready', 'crash-late',
           'bad-version', 'bad-type', 'bad-direction', 'bad-length', 'bad-short', 'bad-order',
           'bad-state', 'bad-text', 'bad-time', 'bad-error', 'bad-mac', 'bad-mtu', 'bad-name',
           'bad-features', 'bad-large', 'bad-fds', 'bad-flood', 'bad-reply')
BDF = 'e000:01:00.0'
DEVICE = {'driver': 'ok', 'device': 'e1000e', 'heartbeat': '0', 'memory': '16M',
          'stop-timeout': '300ms'}


class Failure(Exception):
    """A failed expectation."""


class Skip(Exception):
    """The test cannot run here."""


def expect(good, what):
    if not good:
        raise Failure(what)


def expect_in(part, text):
    expect(part in text, f'"{part}" is not in: {text}')


def expect_eq(got, want, what=''):
    expect(got == want, f'{what} is {got!r}, not {want!r}')


def wait_for(what, fn, seconds=10.0):
    """Polls until fn() is true.  Return: its value."""
    # The limit is for an idle machine.
    end = time.monotonic() + seconds * float(os.environ.get('DDEKIT_PATIENCE', 1))
    while True:
        value = fn()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f'timed out after {seconds} s: {what}')
        time.sleep(0.01)


def run(*args):
    return subprocess.run(args, capture_output=True, text=True, check=False)


def alive(pid):
    try:
        with open(f'/proc/{pid}/stat', encoding='ascii') as f:
            return f.read().rsplit(')', 1)[1].split()[0] != 'Z'
    except FileNotFoundError:
        return False


def section(bdf=BDF, **keys):
    """A section of devices.conf; _ in a key's name becomes -."""
    values = {**DEVICE, **{k.replace('_', '-'): v for k, v in keys.items()}}
    lines = [f'{k}={v}' for k, v in values.items() if v is not None]
    return f'[{bdf}]\n' + '\n'.join(lines) + '\n'


def link(name):
    """The object of "ip -d -j link show NAME"; None without such an interface."""
    r = run('ip', '-d', '-j', 'link', 'show', 'dev', name)
    return json.loads(r.stdout)[0] if r.returncode == 0 else None


class Daemon:
    """One ddekitd in a folder of its own."""

    programs = None		# argparse.Namespace: ddekitd, ddectl, fakehost
    # Shell commands that ddekitd's own mount namespace runs before it: a machine where something is
    # missing.  $DIR is this daemon's folder.
    world = None

    def __init__(self, config, options=(), start=True, folder=None, host=None):
        self.own_folder = folder is None
        self.dir = folder or tempfile.mkdtemp(prefix='ddekitd-test.')
        os.chmod(self.dir, 0o755)
        self.run_dir = os.path.join(self.dir, 'run')
        self.conf = os.path.join(self.dir, 'devices.conf')
        self.plugins = os.path.join(self.dir, 'plugins')
        self.options = list(options)
        self.host = host or self.programs.fakehost
        self.process = None
        self.log_path = os.path.join(self.dir, 'log')
        self.configure(config)
        if self.own_folder:
            self.make_plugins()
        if start:
            self.start()

    def configure(self, config):
        with open(self.conf, 'w', encoding='ascii') as f:
            f.write(config)

    def write_plugin(self, name, **keys):
        data = {'schema': 1, 'name': name, 'kind': 'driver', 'class': 'net',
                'description': 'fake', 'modules': [name + '.so'],
                'aliases': ['pci:v00008086d000010D3sv*sd*bc*sc*i*'], 'parameters': [
                    {'name': 'debug', 'type': 'int', 'module': name}], **keys}
        with open(os.path.join(self.plugins, name + '.json'), 'w', encoding='ascii') as f:
            json.dump(data, f)
        for module in data['modules']:
            with open(os.path.join(self.plugins, module), 'w', encoding='ascii'):
                pass

    def make_plugins(self):
        os.mkdir(self.plugins)
        for name in DRIVERS:
            self.write_plugin(name)
        self.write_plugin('dde_net', kind='bridge', aliases=[])
        self.write_plugin('other', aliases=['pci:v000010ECd00008139sv*sd*bc*sc*i*'])

    def command(self):
        world = ['unshare', '--mount', 'sh', '-ec', f'DIR={self.dir}; {self.world}; exec "$@"',
                 'sh'] if self.world else []
        return [*world, self.programs.ddekitd, '--config', self.conf, '--runtime-dir', self.run_dir,
                '--plugin-dir', self.plugins, '--runtime', '/nonexistent/libdde-linux.so',
                '--host-binary', self.host, '--front-dir', self.programs.fronts, *self.options]

    def start(self, env=None):
        with open(self.log_path, 'a', encoding='ascii') as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True, env=env)
        wait_for('ddekitd to answer', self.answers, 5)

    def answers(self):
        if self.process.poll() is not None:
            raise Failure(f'ddekitd ended with {self.process.returncode}: {self.log()}')
        return self.ctl('list').returncode == 0

    def log(self):
        with open(self.log_path, encoding='utf-8') as f:
            return f.read()

    def ctl(self, *args):
        return run(self.programs.ddectl, '--runtime-dir', self.run_dir, *args)

    def ctl_ok(self, *args):
        r = self.ctl(*args)
        expect(r.returncode == 0, f'ddectl {" ".join(args)}: {r.returncode} {r.stderr}')
        return r.stdout

    def status(self, device=BDF):
        return json.loads(self.ctl('--json', 'status', device).stdout or '{}')

    def wait_state(self, state, device=BDF, seconds=10.0):
        try:
            wait_for(f'{device} to be {state}', lambda: self.status(device).get('state') == state,
                     seconds)
        except Failure as e:
            raise Failure(f'{e}; it is {self.status(device)}; log: {self.log()}') from None

    def driver_log(self, device=BDF):
        return [line['text'] for line in json.loads(self.ctl_ok('--json', 'logs', device))]

    def wait_log(self, text, device=BDF, seconds=5.0):
        wait_for(f'"{text}" in the log of {device}: {self.driver_log(device)}',
                 lambda: any(text in line for line in self.driver_log(device)), seconds)

    def family(self):
        """Pids of ddekitd's children: driver hosts, fronts, QEMUs."""
        pids = []
        for entry in os.listdir('/proc'):
            if not entry.isdigit():
                continue
            try:
                with open(f'/proc/{entry}/stat', encoding='ascii') as f:
                    if f.read().rsplit(')', 1)[1].split()[1] == str(self.process.pid):
                        pids.append(int(entry))
            except (FileNotFoundError, ProcessLookupError):
                pass
        return pids

    def fds(self):
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))

    def stop(self, seconds=10):
        """Stops ddekitd; fails if anything is left behind."""
        family = self.family()
        taps = [self.status(d['bdf'])['interface'] for d in
                json.loads(self.ctl_ok('--json', 'list')) if d['state'] == 'up']
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        expect_eq(code, 0, f'exit status of ddekitd ({self.log()})')
        self.process = None
        expect_eq([p for p in family if alive(p)], [], 'list of processes left behind')
        expect_eq([f for f in os.listdir(self.run_dir) if f != 'crash'], [], 'runtime folder')
        for tap in taps:
            expect(not tap or link(tap) is None, f'{tap} is left behind')

    def close(self):
        """Ends and removes everything, in any state."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.own_folder:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        log = self.log() if os.path.exists(self.log_path) else ''
        self.close()
        if kind is None:
            expect(not re.search('Sanitizer|runtime error', log), log)


def skip_reason(programs):
    if os.geteuid():
        return 'needs root: TAPs and network namespaces'
    if not os.path.exists('/dev/net/tun'):
        return 'there is no /dev/net/tun'
    if not shutil.which('qemu-system-x86_64'):
        return 'qemu-system-x86_64 is not installed (package qemu-system-x86)'
    for program in (programs.ddekitd, programs.ddectl, programs.fakehost):
        if not os.access(program, os.X_OK):
            return f'{program} is not built'
    return None


def arguments():
    here = os.path.dirname(os.path.realpath(__file__))
    build = os.path.join(here, '..', '..', 'build')
    p = argparse.ArgumentParser(description='Tests of ddekitd; prints TAP.')
    p.add_argument('--build', default=build, help='build folder')
    p.add_argument('tests', nargs='*', help='names of tests (default: all)')
    a = p.parse_args()
    a.build = os.path.realpath(a.build)
    a.ddekitd = os.path.join(a.build, 'daemon/ddekitd')
    a.ddectl = os.path.join(a.build, 'daemon/ddectl')
    a.fronts = os.path.join(a.build, 'daemon/fronts')
    a.fakecaller = os.path.join(a.build, 'tests/daemon/fakecaller')
    a.fakejob = os.path.join(a.build, 'tests/daemon/fakejob')
    a.fakepolkit = os.path.join(a.build, 'tests/daemon/fakepolkit')
    a.fakehost = os.path.join(a.build, 'tests/daemon/fakehost')
    return a


def in_own_network():
    """Restarts the test program in a network namespace, once."""
    if os.environ.get('DDEKIT_TEST_NETNS') != '1':
        os.environ['DDEKIT_TEST_NETNS'] = '1'
        os.execvp('unshare', ['unshare', '--net', '--', sys.executable, *sys.argv])


def main(tests, machine=True):
    """Runs functions as tests, in order.  machine: they need a ddekitd that drives devices."""
    programs = arguments()
    reason = skip_reason(programs) if machine else None
    if reason:
        print(f'1..0 # SKIP {reason}', flush=True)
        sys.exit(SKIP)
    if machine:
        in_own_network()
    Daemon.programs = programs
    chosen = [t for t in tests if not programs.tests or t.__name__ in programs.tests]
    print(f'1..{len(chosen)}', flush=True)
    bad = 0
    for i, test in enumerate(chosen, 1):
        start = time.monotonic()
        try:
            test()
            print(f'ok {i} - {test.__name__} # {time.monotonic() - start:.1f} s', flush=True)
        except Skip as e:
            print(f'ok {i} - {test.__name__} # SKIP {e}', flush=True)
        except (Failure, subprocess.TimeoutExpired, OSError, KeyError, ValueError) as e:
            bad += 1
            print(f'not ok {i} - {test.__name__}', flush=True)
            text = str(e) if isinstance(e, Failure) else traceback.format_exc()
            print(re.sub('^', '# ', text, flags=re.M), flush=True)
    sys.exit(1 if bad else 0)


class NotifySocket:
    """Plays systemd: collects messages of sd_notify()."""

    def __init__(self, folder):
        self.path = os.path.join(folder, 'notify')
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(5)
        self.seen = []

    def wait(self, part):
        """Waits for a message that contains the part."""
        while not any(part in m for m in self.seen):
            try:
                self.seen.append(self.socket.recv(4096).decode())
            except TimeoutError:
                raise Failure(f'no "{part}" among {self.seen}') from None

    def close(self):
        self.socket.close()
