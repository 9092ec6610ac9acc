"""The OpenSearch of a simulated perfSONAR 5 archive, as an anonymous reader sees it behind the proxy: /opensearch/…

    POST or GET /opensearch/INDEX[,INDEX...]/_search     INDEX: a data stream, the alias `pscheduler`, * for anything
    GET         /opensearch/INDEX/_count, /opensearch/_cat/indices[/INDEX][?format=json]

Of the body of a search: query (see opensearch_query.py), sort, search_after, from, size (10 unless said, at most 10 000
with `from`), _source, track_total_hits. All else is refused, as are point in time and scroll, which the role of the
anonymous reader does not have. https only. Errors are OpenSearch's JSON.
"""
from __future__ import annotations

import fnmatch
import json

from answer import Answer, Request, html_answer, json_answer
from data_model import Entry, HostData
from measured import mix
from opensearch_documents import SearchDocuments
from opensearch_query import QueryError, compile_query, is_date, is_text, milliseconds, required_range, values_of
from pscheduler_runs import Run

ROOT = "/opensearch"
WINDOW = 10000
READABLE = ("pscheduler*", "prometheus*")
BODY = {"query", "sort", "search_after", "from", "size", "_source", "track_total_hits", "timeout", "version", "explain"}
KEPT = 50000  # documents that are not made again


def failure(status: int, kind: str, reason: str, index: str = "", **more: object) -> Answer:
    """`index`: the shards of this index found it, not the parser of the request."""
    cause = {"type": kind, "reason": reason} | more
    if not index:
        return json_answer({"error": {"root_cause": [cause]} | cause, "status": status}, status)
    shard = {"shard": 0, "index": index, "node": "qY3gRzuRQQmGsmkUO2LzXg", "reason": cause}
    return json_answer({"error": {"root_cause": [cause], "type": "search_phase_execution_exception", "reason": "all shards failed", "phase": "query",
                                  "grouped": True, "failed_shards": [shard], "caused_by": cause | {"caused_by": cause}}, "status": status}, status)


def sort_keys(sort: object) -> list[tuple[str, bool]]:
    """Fields and whether they descend."""
    keys = []
    for each in sort if isinstance(sort, list) else [sort]:
        if isinstance(each, str):
            keys.append((each, each == "_score"))
            continue
        if not isinstance(each, dict) or len(each) != 1:
            raise QueryError("illegal_argument_exception", "malformed sort format, within the sort array, an object, or an actual string are allowed")
        field, order = next(iter(each.items()))
        keys.append((field, (order.get("order", "asc") if isinstance(order, dict) else order) == "desc"))
    return keys


def select(document: dict, wanted: object, prefix: str = "") -> dict:
    """What `_source` leaves of a document."""
    if wanted is True or wanted is None:
        return document
    rules = wanted if isinstance(wanted, dict) else {"includes": wanted}
    includes, excludes = ([each] if isinstance(each, str) else each or [] for each in (rules.get("includes"), rules.get("excludes")))

    def matches(path: str, patterns: list[str]) -> bool:
        return any(fnmatch.fnmatchcase(path, pattern) or path.startswith(pattern + ".") for pattern in patterns)

    def filtered(value: dict, path: str) -> dict:
        kept = {}
        for name, member in value.items():
            inner = path + name
            if matches(inner, excludes):
                continue
            if isinstance(member, dict):
                member = filtered(member, inner + ".")
                if member:
                    kept[name] = member
            elif not includes or matches(inner, includes):
                kept[name] = member
        return kept
    return filtered(document, prefix)


class OpenSearchApi:
    def __init__(self, data: HostData):
        self.data = data
        self.documents = SearchDocuments(data)
        self._known: dict[tuple[int, int], dict] = {}

    def answer(self, request: Request, now: int) -> Answer:
        if request.scheme == "http":
            return html_answer(403, "Reason: You're speaking plain HTTP to an SSL-enabled server port.")
        match request.path[len(ROOT):].strip("/").split("/"):
            case ["_cat", "indices"]:
                return self._indices(request, "*")
            case ["_cat", "indices", names]:
                return self._indices(request, names)
            case [names, "_search" | "_count" as action] if request.method in ("GET", "POST", "HEAD"):
                return self._search(request, names, action == "_count", now)
        return failure(403, "security_exception", f"no permissions for [{request.method} {request.path[len(ROOT):]}] and User [name=opendistro_security_anonymous]")

    # -- indices ------------------------------------------------------------------------------------------

    def _streams(self) -> set[str]:
        return {self.documents.stream(entry) for entry in self.data.documents}

    def _entries(self, names: str) -> list[Entry]:
        return [entry for entry in self.data.documents
                if any(name == "pscheduler" or fnmatch.fnmatchcase(self.documents.stream(entry), name) for name in names.split(","))]

    def _refused(self, names: str) -> Answer | None:
        for name in names.split(","):
            if name == "_all" or name == "*" or not any(fnmatch.fnmatchcase(name, pattern) for pattern in READABLE):
                return failure(403, "security_exception", "no permissions for [indices:data/read/search] and User [name=opendistro_security_anonymous]")
            if "*" not in name and name != "pscheduler" and name not in self._streams():
                return failure(404, "index_not_found_exception", f"no such index [{name}]", index_uuid="_na_", **{"resource.type": "index_or_alias", "resource.id": name})
        return None

    def _indices(self, request: Request, names: str) -> Answer:
        found = sorted({self.documents.index(entry) for entry in self._entries(names)})
        rows = [{"health": "green", "status": "open", "index": index, "pri": "1", "rep": "0"} for index in found]
        if request.query.get("format") == "json":
            return json_answer(rows)
        return Answer(200, "".join(" ".join(row.values()) + "\n" for row in rows).encode(), {"Content-Type": "text/plain; charset=UTF-8"})

    # -- searches -----------------------------------------------------------------------------------------

    def _search(self, request: Request, names: str, count: bool, now: int) -> Answer:
        if refused := self._refused(names):
            return refused
        if request.body and "json" not in request.headers.get("content-type", ""):
            return json_answer({"error": f"Content-Type header [{request.headers.get('content-type', '')}] is not supported", "status": 406}, 406)
        entries = self._entries(names)
        shards = {"total": len({each.test for each in entries}), "successful": len({each.test for each in entries}), "skipped": 0, "failed": 0}
        try:
            body = self._body(request)
            found = self._found(entries, body.get("query", {"match_all": {}}), now)
            if count:
                return json_answer({"count": len(found), "_shards": shards})
            return json_answer({"took": 3, "timed_out": False, "_shards": shards, "hits": self._hits(found, body)})
        except QueryError as error:
            return failure(400, error.kind, str(error), self.documents.index(entries[0]) if error.in_shards and entries else "")

    @staticmethod
    def _body(request: Request) -> dict:
        try:
            body = json.loads(request.body or b"{}")
        except ValueError as error:
            raise QueryError("json_parse_exception", f"Unexpected character: {error}") from None
        if not isinstance(body, dict):
            raise QueryError("parsing_exception", "Expected [START_OBJECT] but found another token")
        if unknown := body.keys() - BODY:
            raise QueryError("parsing_exception", f"Unknown key for a VALUE in [{min(unknown)}].")
        body |= {name: int(request.query[name]) for name in ("size", "from") if request.query.get(name, "").isdigit()}
        start, size = body.get("from", 0), body.get("size", 10)
        if not isinstance(size, int) or not isinstance(start, int) or size < 0 or start < 0:
            raise QueryError("illegal_argument_exception", f"[size] parameter cannot be negative, found [{size}]")
        if start + size > WINDOW:
            raise QueryError("illegal_argument_exception", f"Result window is too large, from + size must be less than or equal to: [{WINDOW}] but was "
                             f"[{start + size}]. See the scroll api for a more efficient way to request large data sets. This limit can be set by changing "
                             "the [index.max_result_window] index level setting.", in_shards=True)
        return body

    def _found(self, entries: list[Entry], query: object, now: int) -> list[tuple[Entry, str, dict]]:
        """What matches, in order of arrival within each entry: entry, id, document."""
        matches = compile_query(query, now)
        arrived = required_range(query, "@timestamp", now)
        started = required_range(query, "pscheduler.start_time", now)
        slowest = 5 + (self.data.late_max if self.data.late else 0)
        found = []
        for entry in entries:
            earliest = max(arrived[0] / 1000 - entry.duration - slowest, started[0] / 1000, 0)
            for ts in self.data.runs(entry, int(earliest), int(min(now, arrived[1] / 1000, started[1] / 1000))):
                at = self.data.arrival(entry, ts)
                if at <= now and arrived[0] <= at * 1000 <= arrived[1] and self.data.outcome(entry, ts) != "missing":
                    document = self._document(entry, ts)
                    if matches(document):
                        found.append((entry, f"{mix(entry.seed, ts):016x}{ts & 0xFFFF:04x}", document))
        return found

    def _document(self, entry: Entry, ts: int) -> dict:
        known = self._known.get((entry.index, ts))
        if known is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            known = self._known[entry.index, ts] = self.documents.document(Run(self.data, entry, ts))
        return known

    def _hits(self, found: list, body: dict) -> dict:
        keys = sort_keys(body.get("sort", []))
        rows = [([self._sort_value(field, position, id_, document) for field, _ in keys], entry, id_, document)
                for position, (entry, id_, document) in enumerate(found)]
        self._check(rows, keys)
        for position in reversed(range(len(keys))):  # what lacks the field comes last, either way
            rows.sort(key=lambda row: row[0][position] if row[0][position] is not None else 0, reverse=keys[position][1])
            rows.sort(key=lambda row: row[0][position] is None)
        total = len(rows)
        if (after := body.get("search_after")) is not None:
            rows = self._after(rows, keys, after, body.get("from", 0))
        page = rows[body.get("from", 0):][:body.get("size", 10)]
        source = body.get("_source", True)
        hits = [{"_index": self.documents.index(entry), "_id": id_, "_score": None if keys else 1.0}
                | ({"_source": select(document, source)} if source is not False else {}) | ({"sort": values} if keys else {})
                for values, entry, id_, document in page]
        bound = {True: total, False: None}.get(body.get("track_total_hits", WINDOW), body.get("track_total_hits", WINDOW))
        counted = {} if bound is None else {"total": {"value": min(total, bound), "relation": "gte" if total > bound else "eq"}}
        return counted | {"max_score": None if keys or not total else 1.0, "hits": hits}

    @staticmethod
    def _sort_value(field: str, position: int, id_: str, document: dict) -> object:
        return id_ if field == "_id" else position if field == "_doc" else next(iter(values_of(document, field)), None)

    @staticmethod
    def _check(rows: list, keys: list[tuple[str, bool]]) -> None:
        for position, (field, _) in enumerate(keys):
            values = [row[0][position] for row in rows if row[0][position] is not None]
            if rows and not values:
                raise QueryError("query_shard_exception", f"No mapping found for [{field}] in order to sort on", in_shards=True)
            if field != "_id" and not field.endswith(".keyword") and any(is_text(value, field.split(".")[-1]) for value in values[:1]):
                raise QueryError("illegal_argument_exception", "Text fields are not optimised for operations that require per-document field data like aggregations "
                                 f"and sorting, so these operations are disabled by default. Please use a keyword field instead. Alternatively, set fielddata=true on "
                                 f"[{field}] in order to load field data by uninverting the inverted index.", in_shards=True)

    @staticmethod
    def _after(rows: list, keys: list[tuple[str, bool]], after: object, start: int) -> list:
        """The rows behind the one with these sort values, itself not included."""
        if not keys or not isinstance(after, list) or len(after) != len(keys) or start > 0:
            raise QueryError("illegal_argument_exception", "`from` parameter must be set to 0 when `search_after` is used." if start > 0 else
                             f"search_after has {len(after) if isinstance(after, list) else 0} value(s) but sort has {len(keys)}.", in_shards=True)

        marks = [milliseconds(mark, 0) if is_date(field) and isinstance(mark, str) else mark for mark, (field, _) in zip(after, keys)]

        def behind(values: list) -> bool:
            for value, mark, (field, descends) in zip(values, marks, keys):
                if value != mark:
                    if value is None or mark is None:
                        return value is None
                    if isinstance(value, str) != isinstance(mark, str):
                        raise QueryError("illegal_argument_exception", f"Failed to parse search_after value for field [{field}].", in_shards=True)
                    return (value < mark) if descends else (value > mark)
            return False
        return [row for row in rows if behind(row[0])]
