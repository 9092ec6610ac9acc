"""The runs of a simulated host as its pScheduler schedules them: which there are, and in what state at a given moment.

A run of the data model is one run, which is merged at its arrival: finished, or failed; one that left nothing was
never merged. A test in the background (latencybg) is one long container run a day, which never has a result, and a
finished run of no duration for each result: it is there from its arrival on and starts when the result was inserted,
so its start is the ts that the archives have.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

from data_model import Entry, HostData
from measured import draw

HORIZON = 86400                # runs are placed so far ahead, seconds
CONTAINER_DURATION = 86402
DISPLAY = {"pending": "Pending", "on-deck": "On Deck", "running": "Running", "cleanup": "Cleanup", "finished": "Finished",
           "failed": "Failed", "nonstart": "Non-Starter", "missed": "Missed", "overdue": "Overdue", "preempted": "Pre-Empted"}
# State of a run that left nothing -> what its `errors` says.
NEVER_MERGED = {"failed": "Tool process was killed by signal 9", "nonstart": "Failed to schedule a run: no time slot available",
                "missed": None, "overdue": None, "preempted": None}


@dataclass(frozen=True)
class Run:
    data: HostData
    entry: Entry
    start: int
    container: bool = False

    @property
    def duration(self) -> int:
        return CONTAINER_DURATION if self.container else 0 if self.entry.multi else self.entry.duration

    @property
    def end(self) -> int:
        return self.start + self.duration

    @property
    def id(self) -> str:
        return self.data.measured.run_id(self.entry, self.start, "container" if self.container else "run")

    @property
    def outcome(self) -> str:
        """done, failed or missing: it left nothing"""
        return "missing" if self.container else self.data.outcome(self.entry, self.start)

    @property
    def merged_at(self) -> int:
        """When there is a result, if it has one. A result of a background test does not wait for the measurement: it
        comes after it."""
        return self.data.arrival(self.entry, self.start) - (self.entry.duration if self.entry.multi else 0)

    def is_there(self, now: int) -> bool:
        if self.entry.multi and not self.container and (self.outcome == "missing" or self.merged_at > now):
            return False
        return self.start <= now + HORIZON

    def is_merged(self, now: int) -> bool:
        return self.outcome != "missing" and self.merged_at <= now

    def state(self, now: int) -> str:
        if now < self.start:
            return "on-deck" if self.start - now < 5 else "pending"
        if self.container:
            return "running" if now < self.end else "finished"
        if self.entry.multi:
            return "finished"
        if self.outcome == "missing":
            state = list(NEVER_MERGED)[draw(self.entry, "never merged", self.start) % len(NEVER_MERGED)]
            return "running" if state in ("failed", "overdue") and now < self.end else state
        if now < self.end:
            return "running"
        return "cleanup" if now < self.merged_at else "finished" if self.outcome == "done" else "failed"

    def errors(self, now: int) -> str | None:
        """Of the tool, or why it did not start."""
        state = self.state(now)
        if self.outcome == "missing" or state != "failed":
            return NEVER_MERGED.get(state)
        return f"Participant 0: {self.data.measured.error(self.entry, self.start) or 'ping: sendmsg: Network is unreachable'}"


def runs_of(data: HostData, entry: Entry, since: int, until: int, now: int) -> Iterator[Run]:
    """All there are at `now` that overlap [since, until], in order of their start."""
    since, until = max(since, now - data.keep_runs_tasks), min(until, now + HORIZON)
    found = [Run(data, entry, ts) for ts in data.runs(entry, since - (0 if entry.multi else entry.duration), until)]
    if entry.multi:
        first = entry.first_run_at_or_after(data.since) - entry.interval
        last = min(until, entry.until or until, data.until or until)
        skipped = max(0, since - CONTAINER_DURATION - first) // 86400
        found += [Run(data, entry, start, True) for start in range(first + skipped * 86400, last + 1, 86400)]
    return (run for run in sorted(found, key=lambda run: (run.start, run.id)) if run.end >= since and run.is_there(now))


def run_by_id(data: HostData, entry: Entry, run_id: str, now: int) -> Run | None:
    start = data.measured.ts_of_run_id(entry, run_id)
    return next((run for run in runs_of(data, entry, start, start, now) if run.id == run_id), None)
