# SPDX-License-Identifier: GPL-2.0-only
"""Runs jobs in parallel, one per slot; some run alone.

A job is a test program, or something that several of them need (a build).  Jobs start in the
order of the list, except those that are not ready yet; jobs that must be alone come last.  A job
that mostly waits uses half a slot.  A filler uses none: it runs beside the others, and lowers its
own priority.  One job of a lane runs at a time."""

import threading
import time


HALF, FILLER = 0.5, 0     # weights


class Job:
    """run(beside) is called in a thread of its own; beside says whether other jobs may run at the
    same time.  If it returns False, the scheduler calls miss(NAMES) of the jobs that need it
    instead of running them; jobs that only list it in "after" do run."""

    def __init__(self, name, layer, run, *, needs=(), after=(), alone=False, weight=1,
                 lane='', miss=None):
        self.name, self.layer, self.run = name, layer, run
        self.needs, self.after = set(needs), set(after)
        self.alone, self.weight, self.lane = alone, weight, lane
        self.miss = miss or (lambda missing: None)
        self.seconds = 0

    def __repr__(self):
        return self.name


class Scheduler:
    """shares: layer -> its part of the wall-clock time: a second in which n jobs ran counts 1/n
    for each; fillers count only while nothing else runs."""

    def __init__(self, slots, clock=time.monotonic):
        self.slots, self.clock = slots, clock
        self.changed = threading.Condition()
        self.pending, self.running = [], []
        self.good, self.bad = set(), set()
        self.shares = {}
        self.last = clock()
        self.stopped = False
        self.errors = []

    def run(self, jobs):
        """Runs all jobs; raises the first exception of a job."""
        known = {j.name for j in jobs}
        self.pending = list(jobs)
        for job in jobs:
            job.needs &= known
            job.after &= known
        self.last = self.clock()
        try:
            with self.changed:
                while self.pending or self.running:
                    if not self._start_ready():
                        self.changed.wait()
        except KeyboardInterrupt:
            # The programs got the signal too, and are cleaning up.
            with self.changed:
                self.pending.clear()
                self.changed.wait_for(lambda: not self.running, timeout=60)
            raise
        if self.errors:
            raise self.errors[0]

    def _start_ready(self):
        """Starts all jobs that are ready; True if something has changed."""
        changed = False
        for job in list(self.pending):
            if job.needs & self.bad:
                self.pending.remove(job)
                self.bad.add(job.name)
                job.miss(', '.join(sorted(job.needs & self.bad)))
                changed = True
        while job := self._next():
            self._account()
            self.pending.remove(job)
            self.running.append(job)
            threading.Thread(target=self._work, args=(job,), daemon=True).start()
        return changed

    def _next(self):
        """The job to start now: prefers a layer of which nothing runs, because programs of
        different kinds disturb each other less."""
        ended = self.good | self.bad
        ready = [j for j in self.pending
                 if j.needs <= self.good and j.after <= ended and self._may_start(j)]
        layers = {j.layer for j in self.running}
        return next((j for j in ready if j.layer not in layers), ready[0] if ready else None)

    def _may_start(self, job):
        if any(j.alone for j in self.running):
            return False
        if job.alone:
            return not self.running and all(j.alone for j in self.pending)
        if job.lane and any(j.lane == job.lane for j in self.running):
            return False
        return not job.weight or \
            sum(j.weight for j in self.running) + job.weight <= self.slots

    def _work(self, job):
        start = self.clock()
        good = False
        try:
            good = job.run(self.slots > 1 and not job.alone) is not False
        except BaseException as e:      # pylint: disable=broad-except
            self.errors.append(e)
        with self.changed:
            job.seconds = self.clock() - start
            self._account()
            self.running.remove(job)
            (self.good if good else self.bad).add(job.name)
            self.changed.notify_all()

    def _account(self):
        """Adds the time since the last change to the layers of the jobs that ran."""
        now = self.clock()
        counted = [j for j in self.running if j.weight] or self.running
        for job in counted:
            self.shares[job.layer] = self.shares.get(job.layer, 0) + \
                (now - self.last) / len(counted)
        self.last = now
