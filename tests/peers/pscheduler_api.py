"""The REST API of the simulated host's pScheduler, as a reader sees it: /pscheduler/…

    /  /api  /hostname  /clock  /schedule-horizon  /tools  /tests  /archivers
    /schedule?start=&end=[&task=]           runs that overlap the window, in no order
    /tasks[?expanded][&detail][&json=OBJECT]
    /tasks/T[?detail][&key=]                /tasks/T/runs[?start=&end=&limit=&upcoming]
    /tasks/T/runs/R                         R: id, `first`, `next`
    /tasks/T/runs/R/result                  404 until merged

HTTPS only. Errors are text/plain. URLs in answers name the host as the request did. One task an entry, that goes back
to the host's `since`; runs go back by `keep_runs_tasks`. Nothing can be written.
"""
from __future__ import annotations

import json
from datetime import datetime, timezone

from answer import Answer, Request, html_answer
from data_model import TOOLS, Entry, HostData
from pscheduler_documents import Documents
from pscheduler_runs import HORIZON, Run, run_by_id, runs_of

ROOT = "/pscheduler"
API_LEVEL = 6


class Refused(Exception):
    def __init__(self, status: int, text: str):
        super().__init__(text)
        self.status = status


def flag(query: dict[str, str], name: str) -> bool:
    return name in query and query[name].lower() in ("", "1", "yes", "true")


def moment(query: dict[str, str], name: str, default: int) -> int:
    if name not in query:
        return default
    try:
        parsed = datetime.fromisoformat(query[name].replace("Z", "+00:00"))
    except ValueError:
        raise Refused(400, f"Invalid {name} time '{query[name]}'") from None
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)).timestamp())


def contains(whole: object, part: object) -> bool:
    """As PostgreSQL's jsonb @>."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(name in whole and contains(whole[name], value) for name, value in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and all(any(contains(each, wanted) for each in whole) for wanted in part)
    return isinstance(whole, bool) == isinstance(part, bool) and whole == part


def document(value: object, pretty: bool = False) -> Answer:
    text = json.dumps(value, sort_keys=True, indent=4) if pretty else json.dumps(value, separators=(",", ":"))
    return Answer(200, text.encode() + b"\n", {"Content-Type": "application/json"})


class PSchedulerApi:
    def __init__(self, data: HostData):
        self.data = data
        self.documents = Documents(data)
        self.tasks = {entry.task: entry for entry in data.documents}

    def answer(self, request: Request, now: int) -> Answer:
        if request.scheme == "http":
            return html_answer(403, "You don't have permission to access this resource.")
        try:
            if request.method not in ("GET", "HEAD"):
                raise Refused(405, "Method not allowed")
            return document(self._get(request, now), flag(request.query, "pretty"))
        except Refused as refused:
            return Answer(refused.status, f"{refused}\n".encode(), {"Content-Type": "text/plain; charset=utf-8"})

    def _get(self, request: Request, now: int) -> object:
        base, query = request.base + ROOT, request.query
        match request.path.removeprefix(ROOT).strip("/").split("/"):
            case [""]:
                return f"This is the pScheduler API server on {self.data.name}."
            case ["api"]:
                return API_LEVEL
            case ["hostname"]:
                return self.data.name
            case ["clock"]:
                return {"time": self.documents.timestamp(now), "synchronized": True, "source": "chrony", "offset": 0.0003, "reference": "192.0.2.53"}
            case ["schedule-horizon"]:
                return "P1D"
            case ["tests" | "tools" | "archivers" as kind]:
                names = {"tests": TOOLS, "tools": TOOLS.values(), "archivers": ["http"]}[kind]
                return [{"schema": 1, "name": name, "version": "1.0", "href": f"{base}/{kind}/{name}"} if flag(query, "expanded") else f"{base}/{kind}/{name}"
                        for name in names]
            case ["schedule"]:
                return self._schedule(query, base, now)
            case ["tasks"]:
                return self._tasks(query, base, now)
            case ["tasks", task]:
                entry = self._entry(task)
                if "key" in query and query["key"] != self.documents.key(entry):
                    raise Refused(403, "Incorrect key.")
                return self.documents.task(entry, base, now, flag(query, "detail"), "key" in query)
            case ["tasks", task, "runs"]:
                return self._runs(self.tasks.get(task), query, base, now)
            case ["tasks", task, "runs", run]:
                return self.documents.run(self._run(self._entry(task), run, now), base, now)
            case ["tasks", task, "runs", run, "result"]:
                return self._result(self._run(self._entry(task), run, now), query, now)
        raise Refused(404, "Resource not found")

    # -- tasks --------------------------------------------------------------------------------------------

    def _entry(self, task: str) -> Entry:
        if task not in self.tasks:
            raise Refused(404, "Task not found")
        return self.tasks[task]

    def _tasks(self, query: dict[str, str], base: str, now: int) -> list:
        try:
            wanted = json.loads(query.get("json", "{}"))
        except ValueError as error:
            raise Refused(400, f"Invalid JSON: {error}") from None
        found = [entry for entry in self.data.documents if contains(self.documents.task(entry, base, now, detail=True), wanted)]
        if not flag(query, "expanded"):
            return [f"{base}/tasks/{entry.task}" for entry in found]
        return [self.documents.task(entry, base, now, flag(query, "detail")) for entry in found]

    # -- runs ---------------------------------------------------------------------------------------------

    def _schedule(self, query: dict[str, str], base: str, now: int) -> list:
        start, end = moment(query, "start", 0), moment(query, "end", now + HORIZON)
        if end < start:
            raise Refused(400, "Start and end must be in the proper order")
        entries = [self.tasks[query["task"]]] if query.get("task") in self.tasks else [] if "task" in query else self.data.documents
        return [self.documents.scheduled(run, base, now) for entry in entries for run in runs_of(self.data, entry, start, end, now)
                if run.start < end and (run.end > start or run.start >= start)]

    def _runs(self, entry: Entry | None, query: dict[str, str], base: str, now: int) -> list:
        if entry is None:
            return []
        start, end = moment(query, "start", 0), moment(query, "end", now + HORIZON + (1 << 20))
        found = [run for run in runs_of(self.data, entry, start, end, now) if run.start >= start and run.end <= end]
        if flag(query, "upcoming"):
            found = [run for run in found if run.end >= now and run.state(now) in ("pending", "on-deck", "running", "nonstart")]
        limit = query.get("limit", str(len(found)))
        if not limit.isdigit():
            raise Refused(400, "Invalid limit")
        return [f"{base}/tasks/{entry.task}/runs/{run.id}" for run in found[:int(limit)]]

    def _run(self, entry: Entry, name: str, now: int) -> Run:
        if name == "first":
            found = next(runs_of(self.data, entry, 0, now + HORIZON, now), None)
        elif name == "next":
            found = next((run for run in runs_of(self.data, entry, now, now + HORIZON, now) if run.end > now), None)
        else:
            try:
                found = run_by_id(self.data, entry, name, now)
            except ValueError:
                raise Refused(400, f"Invalid run UUID '{name}'") from None
        if found is None:
            raise Refused(404, "Run not found")
        return found

    def _result(self, run: Run, query: dict[str, str], now: int) -> object:
        """`wait` does not wait: it answers null at once."""
        result = self.documents.result(run) if run.is_merged(now) else None
        if query.get("format", "application/json") != "application/json":
            raise Refused(400, f"Unsupported format '{query['format']}'")
        if result is None and not flag(query, "wait"):
            raise Refused(404, "No result available for this run")
        return result
