"""The archive API of a simulated host: esmond and elmond as a client sees them, quirks included.

Answers are computed from data_model.py at the host's own time `now`; both flavours share the routes' shape and
differ where the real ones do.
"""
from __future__ import annotations

import json

from answer import Answer, Request, html_answer, json_answer, redirect
from data_model import SUMMARIES, TOOLS, Entry, HostData

ROOT = "/esmond/perfsonar/archive"
PARAMETERS = {"time", "time-start", "time-end", "time-range", "limit", "offset", "format", "event-type", "summary-type",
              "summary-window", "dns-match-rule"}
PLURAL = {"aggregations": "aggregation", "averages": "average", "statistics": "statistics"}
FAR_AHEAD = 1 << 40


class BadRequest(Exception):
    pass


def time_range(query: dict[str, str], now: int) -> tuple[int, int] | None:
    """The window of a request, None without any time parameter; inclusive at both ends."""
    try:
        given = {name: int(float(query[name])) for name in ("time", "time-start", "time-end", "time-range") if name in query}
    except ValueError:
        raise BadRequest("Time parameters must be numbers") from None
    start, end, length = given.get("time-start"), given.get("time-end"), given.get("time-range")
    if "time" in given:
        window = given["time"], given["time"]
    elif start is not None and end is not None:
        window = start, end
    elif start is not None:
        window = start, start + length if length is not None else FAR_AHEAD
    elif end is not None:
        window = (end - length if length is not None else 0), end
    elif length is not None:
        window = now - length, FAR_AHEAD
    else:
        return None
    if window[1] < window[0]:
        raise BadRequest("Requested start time must be less than end time")
    return window


class ArchiveApi:
    def __init__(self, data: HostData):
        self.data = data
        self.searches = 0

    def answer(self, request: Request, now: int) -> Answer:
        if self.data.elmond and request.scheme == "http":
            return html_answer(403, "Reason: You're speaking plain HTTP to an SSL-enabled server port.")
        if not request.path.startswith(ROOT):
            return html_answer(404, "The requested URL was not found on this server.")
        parts = request.path[len(ROOT):].split("/")[1:]  # [] without the slash, [""] with it
        if not parts:
            return redirect(request.base + ROOT + "/" + self._query_of(request))
        if request.method not in ("GET", "HEAD"):
            return self._error(405, f'Method "{request.method}" not allowed.')
        try:
            if parts == [""]:
                return self._search(request, now)
            return self._elmond(request, parts, now) if self.data.elmond else self._esmond(request, parts, now)
        except BadRequest as error:
            return self._error(400, str(error))

    @staticmethod
    def _query_of(request: Request) -> str:
        _, mark, query = request.target.partition("?")
        return mark + query

    def _error(self, status: int, text: str) -> Answer:
        if self.data.elmond:
            return html_answer(status, text)
        return json_answer({"error" if self.data.flavour == "esmond1" else "detail": text}, status)

    # -- routes below the root ----------------------------------------------------------------------------

    def _elmond(self, request: Request, parts: list[str], now: int) -> Answer:
        entry = self.data.by_key.get(parts[0])
        if len(parts) == 1:
            return json_answer(self._document(request, entry, now)) if entry else self._error(404, "no such metadata")
        if len(parts) != 4:
            return self._error(404, "The requested URL was not found on the server.")
        return self._points(request, entry, parts[1], parts[2], parts[3], now)

    def _esmond(self, request: Request, parts: list[str], now: int) -> Answer:
        entry = self.data.by_key.get(parts[0])
        if len(parts) == 1:
            return redirect(request.base + request.path + "/" + self._query_of(request))
        if parts[-1] == "":
            parts = parts[:-1]
        if len(parts) == 1:
            return json_answer(self._document(request, entry, now)) if entry else self._error(404, "Not found.")
        if len(parts) == 2:
            documents = self._document(request, entry, now)["event-types"] if entry else []
            return json_answer([each for each in documents if each["event-type"] == parts[1]])
        if len(parts) == 3 and parts[2] in PLURAL:
            types = self._document(request, entry, now)["event-types"] if entry else []
            windows = [each for t in types if t["event-type"] == parts[1] for each in t["summaries"] if each["summary-type"] == PLURAL[parts[2]]]
            return json_answer(windows) if windows else self._error(404, "Not found.")
        return self._points(request, entry, parts[1], parts[2], parts[3] if len(parts) > 3 else "", now)

    # -- metadata -----------------------------------------------------------------------------------------

    def _search(self, request: Request, now: int) -> Answer:
        window = time_range(request.query, now)
        limit, maximum, default = self._page_size(request)
        if maximum and limit > maximum:
            if self.data.elmond:
                raise BadRequest("limit must not be greater than 10000")
            limit = maximum
        offset = self._number(request.query.get("offset"), 0)
        found = [entry for entry in self.data.documents if self._matches(request, entry, window, now)]
        total = len(found)
        if self.data.elmond and found:
            self.searches += 1
            # newest result first, so the order moves while a client pages
            found.sort(key=lambda entry: -(self.data.last_update(entry, "pscheduler-run-href", now) or 0))
            total += self.searches % 3 - 1 if total > limit else 0  # an estimate
        page = [self._document(request, entry, now) for entry in found[offset:offset + (limit or default)]]
        answer_headers = {"Content-Type": "application/json"}
        if page:
            more = offset + len(page) < len(found)
            page[0] |= {"metadata-count-total": total,
                        "metadata-next-page": self._page_url(request, limit, offset + limit) if more else None,
                        "metadata-previous-page": self._page_url(request, limit, max(0, offset - limit)) if offset else None}
            if more and self.data.flavour == "esmond":
                answer_headers["Link"] = f'<{self._page_url(request, limit, offset + limit)}>; rel="next"'
        return Answer(200, json.dumps(page).encode(), answer_headers)

    def _page_size(self, request: Request) -> tuple[int, int, int]:
        """limit asked for (or the default), maximum (0: none), default; of a metadata search."""
        default, maximum = {"elmond": (1000, 10000), "esmond1": (1000, 1000)}.get(self.data.flavour, (1500, 0))
        return self._number(request.query.get("limit"), default) or default, maximum, default

    @staticmethod
    def _number(text: str | None, default: int) -> int:
        return int(text) if text is not None and text.isdigit() else default

    def _page_url(self, request: Request, limit: int, offset: int) -> str:
        # a proxy in front: the scheme and host of the inner server, as behind many toolkits
        query = "&".join(f"{k}={v}" for k, v in request.query.items() if k not in ("limit", "offset"))
        return f"http://localhost{ROOT}/?{query}{'&' if query else ''}limit={limit}&offset={offset}"

    def _matches(self, request: Request, entry: Entry, window: tuple[int, int] | None, now: int) -> bool:
        wanted = {name: value for name, value in request.query.items() if name not in PARAMETERS}
        document = self._facts(entry) | {"metadata-key": entry.key}
        if any(str(document.get(name)) != value for name, value in wanted.items()):
            return False  # a misspelt parameter matches nothing
        types = [t for t in self.data.event_types(entry) if request.query.get("event-type", t) == t]
        if not types:
            return False
        if window is None:
            return True
        if self.data.elmond:  # documents with results that started in the window
            return any(self.data.arrival(entry, ts) <= now and self.data.outcome(entry, ts) != "missing"
                       for ts in self.data.runs(entry, window[0], min(window[1], now)))
        return any(updated is not None and window[0] <= updated <= window[1]
                   for updated in (self.data.last_update(entry, t, now) for t in types))

    def _facts(self, entry: Entry) -> dict:
        native = {"source": entry.source, "destination": entry.destination, "measurement-agent": entry.source,
                  "tool-name": TOOLS[entry.test],
                  "input-source": entry.input_source, "input-destination": entry.input_destination, "subject-type": "point-to-point",
                  "pscheduler-test-type": entry.test, "time-duration": entry.duration, "time-interval": entry.interval,
                  "ip-transport-protocol": "tcp" if entry.test == "throughput" and not entry.udp else "udp", "mode-flip": False, "ip-tos": None}
        if self.data.elmond:
            return native
        fixed = ("source", "destination", "measurement-agent", "tool-name", "input-source", "input-destination", "subject-type")
        facts = {name: value if name in fixed else str(value) for name, value in native.items()}  # all free ones are strings
        facts["tool-name"] = "pscheduler/" + facts["tool-name"]
        return facts

    def _document(self, request: Request, entry: Entry, now: int) -> dict:
        base = f"{ROOT}/{entry.key}"
        types = []
        for name in self.data.event_types(entry):
            if self.data.elmond:
                # when the run was added to the schedule, and maybe that of another document: of no use
                updated = (now - entry.seed % 86400) // 86400 * 86400
                summaries = [{"summary-type": kind, "summary-window": width, "uri": f"{base}/{name}/{self._plural(kind)}/{width}"}
                             for kind, width in SUMMARIES.get(name, []) if not (name.startswith("histogram") and kind == "aggregation")]
                types.append({"event-type": name, "base-uri": f"{base}/{name}/base/0", "time-updated": updated, "summaries": summaries})
            else:
                updated = self.data.last_update(entry, name, now)
                summaries = [{"summary-type": kind, "summary-window": str(width), "time-updated": updated,
                              "uri": f"{base}/{name}/{self._plural(kind)}/{width}"} for kind, width in SUMMARIES.get(name, [])]
                types.append({"event-type": name, "base-uri": f"{base}/{name}/base", "time-updated": updated, "summaries": summaries})
        types = types[entry.seed % len(types):] + types[:entry.seed % len(types)]  # their order is arbitrary
        document = self._facts(entry) | {"metadata-key": entry.key, "uri": base + ("" if self.data.elmond else "/"), "event-types": types}
        if self.data.elmond:  # forced to https, the prefix doubled, the query appended
            document["url"] = f"https://localhost{ROOT}{ROOT}/{entry.key}{self._query_of(request)}"
        elif self.data.flavour != "esmond1":
            document["url"] = f"http://localhost{base}/"
        return document

    @staticmethod
    def _plural(kind: str) -> str:
        return kind if kind == "statistics" else kind + "s"

    # -- data ---------------------------------------------------------------------------------------------

    def _points(self, request: Request, entry: Entry | None, event_type: str, kind: str, width: str, now: int) -> Answer:
        window = time_range(request.query, now) or (0, now)
        limit = self._data_limit(request)
        if isinstance(limit, Answer):
            return limit
        if kind in PLURAL:
            if (PLURAL[kind], self._number(width, -1)) not in SUMMARIES.get(event_type, []):
                return self._error(400 if self.data.elmond else 404, "Summary not available")
            if entry is None or event_type not in self.data.event_types(entry):
                return json_answer([])
            rows = self.data.summary(entry, event_type, PLURAL[kind], int(width), window[0], window[1], now)
            if not self.data.elmond:  # which ignores it
                rows = rows[self._number(request.query.get("offset"), 0):][:limit]
            return json_answer([{"ts": ts, "val": value} for ts, value in rows])
        if kind != "base" or (self.data.elmond and width != "0"):
            return self._error(400, "Summary type is not valid")
        if entry is None:
            return json_answer([])  # an unknown key with a valid event type
        if event_type not in self.data.event_types(entry):
            return self._error(400, f"Event type {event_type} is not valid") if self.data.elmond else json_answer([])
        if self.data.elmond and event_type == "histogram-ttl-reverse":
            return self._error(400, "Unsupported")
        offset = self._number(request.query.get("offset"), 0)
        if self.data.elmond and limit + offset > 10000:
            return html_answer(500, "Result window is too large")
        rows = self.data.rows(entry, event_type, window[0], window[1], now, limit + offset)[offset:]
        text = ", ".join([f'{{"ts": {ts}, "val": {value}}}' for ts, value in rows if value is not None])
        answer = json_answer(f"[{text}]".encode())
        if "limit" not in request.query and not self.data.elmond and len(rows) == limit:
            answer.headers["Link"] = f'<{request.base}{request.path}?offset={limit}>; rel="next"'  # leads nowhere
        return answer

    def _data_limit(self, request: Request) -> int | Answer:
        default = 1500 if self.data.flavour == "esmond" else 1000
        text = request.query.get("limit")
        if text is None:
            return default
        if not text.lstrip("-").isdigit():
            return html_answer(500, "invalid literal for int()")
        if self.data.elmond and int(text) > 10000:
            raise BadRequest("limit must not be greater than 10000")
        return max(0, int(text)) or default
