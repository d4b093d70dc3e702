#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The parts of systemd that ddekitd uses: a notify socket, an fd store, restarts.

As a program: servicemanager.py --dir FOLDER -- COMMAND...  runs COMMAND, and restarts it with its
stored files whenever a signal ends it.  FOLDER/main.pid has its pid.  SIGTERM ends both; SIGUSR1
restarts the command (by SIGTERM; FOLDER/job says "restart" meanwhile)."""

import argparse
import ctypes
import fcntl
import os
import random
import selectors
import signal
import socket
import sys
import threading
import time

PR_SET_CHILD_SUBREAPER = 36
MAX_FDS = 253
HIGH = 500		# above all other descriptors


class ServiceManager:
    """One service.  Passes files in random order, because only their names count."""

    def __init__(self, folder):
        self.folder = folder
        self.path = os.path.join(folder, 'notify')
        self.store = []		# (name, fd)
        self.seen = []		# lines of messages without files
        self.lazy = False	# closes files that it is to forget at the next barrier
        self.forgotten = []
        self.ready = threading.Event()
        self.lock = threading.Lock()
        self.pid = 0
        self.status = None	# of the last process, as of waitpid()
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.stopped = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        wait = selectors.DefaultSelector()
        wait.register(self.socket, selectors.EVENT_READ)
        while not self.stopped:
            if wait.select(0.1):
                self.receive()

    def receive(self):
        """Processes one message.  Return: False if there is none."""
        with self.lock:
            try:
                data, fds, _, _ = socket.recv_fds(self.socket, 65536, MAX_FDS)
            except BlockingIOError:
                return False
            lines = data.decode().split('\n')
            fields = dict(line.split('=', 1) for line in lines if '=' in line)
            name = fields.get('FDNAME', 'stored')
            if fields.get('BARRIER') == '1':
                self.close_forgotten()
            if fields.get('FDSTOREREMOVE') == '1':
                self.forget(name)
            elif fields.get('FDSTORE') == '1':
                self.store += [(name, fd) for fd in fds]
                fds = []
            else:
                self.seen += lines
        for fd in fds:		# the sender of BARRIER=1 waits for this close
            os.close(fd)
        if 'READY=1' in lines:
            self.ready.set()
        return True

    def forget(self, name):
        self.forgotten += [fd for n, fd in self.store if n == name]
        if not self.lazy:
            self.close_forgotten()
        self.store = [(n, fd) for n, fd in self.store if n != name]

    def close_forgotten(self):
        for fd in self.forgotten:
            os.close(fd)
        self.forgotten = []

    def names(self):
        with self.lock:
            return sorted(n for n, _ in self.store)

    def child(self, argv, env, log, stored):
        if log is not None:
            os.dup2(log, 1)
            os.dup2(log, 2)
        null = os.open('/dev/null', os.O_RDONLY)
        os.dup2(null, 0)
        # Move them up first: 3, 4, … may be among them.
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, HIGH) for _, fd in stored]
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i)
        os.closerange(3 + len(high), 2 * HIGH)
        env = {**os.environ, **env, 'NOTIFY_SOCKET': self.path}
        if stored:
            env.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(stored)),
                       LISTEN_FDNAMES=':'.join(n for n, _ in stored))
        os.setsid()
        os.execvpe(argv[0], argv, env)

    def start(self, argv, env=None, log=None):
        """Runs the command; log: a file for its output."""
        while self.receive():		# the predecessor's last messages count
            pass
        self.ready.clear()
        fd = None if log is None else os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        # Not while another thread holds the lock: nobody would release it in the child.
        with self.lock:
            stored = random.sample(self.store, len(self.store))
            pid = os.fork()
        if not pid:
            try:
                self.child(argv, env or {}, fd, stored)
            finally:
                os._exit(127)
        self.pid = pid
        self.status = None
        if fd is not None:
            os.close(fd)

    def reap(self):
        """Return: True once the process has ended.  Reaps orphans too, as init does."""
        while self.status is None:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == self.pid:
                self.status = status
            elif not pid:
                break
        return self.status is not None

    # The interface of subprocess.Popen.

    def poll(self):
        return os.waitstatus_to_exitcode(self.status) if self.reap() else None

    def send_signal(self, sig):
        if not self.reap():
            os.kill(self.pid, sig)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def wait(self, seconds=10):
        end = time.monotonic() + seconds
        while not self.reap():
            if time.monotonic() > end:
                raise TimeoutError(f'process {self.pid} still runs after {seconds} s')
            time.sleep(0.005)
        return self.poll()

    def drop_store(self):
        """Closes all stored files, as after a stop of the unit."""
        with self.lock:
            for _, fd in self.store:
                os.close(fd)
            self.store = []
            self.close_forgotten()

    def close(self):
        self.stopped = True
        self.thread.join()
        self.drop_store()
        self.socket.close()


def run(folder, argv):
    """Runs as a program.  Return: the service's exit status."""
    flags = {'stop': False, 'restart': False}
    signal.signal(signal.SIGTERM, lambda *_: flags.update(stop=True))
    signal.signal(signal.SIGUSR1, lambda *_: flags.update(restart=True))
    manager = ServiceManager(folder)
    pid_file, job = os.path.join(folder, 'main.pid'), os.path.join(folder, 'job')
    while True:
        manager.start(argv)
        with open(pid_file + '.new', 'w', encoding='ascii') as f:
            f.write(f'{manager.pid}\n')
        os.rename(pid_file + '.new', pid_file)
        flags['restart'] = False
        while not manager.reap():
            if flags['stop']:
                flags['stop'] = None
                manager.terminate()
            if flags['restart']:
                flags['restart'] = None
                with open(job, 'w', encoding='ascii') as f:
                    f.write('restart\n')
                manager.terminate()
            time.sleep(0.01)
        if os.path.exists(job):
            os.unlink(job)
        code = manager.poll()
        if flags['stop'] is None or (code >= 0 and flags['restart'] is not None):
            manager.close()
            sys.exit(code if code >= 0 else 1)


def main():
    p = argparse.ArgumentParser(description='A service manager for tests of ddekitd.')
    p.add_argument('--dir', required=True, help='folder of its socket and pid file')
    p.add_argument('command', nargs='+')
    a = p.parse_args()
    run(a.dir, a.command)


if __name__ == '__main__':
    main()
