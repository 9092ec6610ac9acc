"""The part of OpenSearch's query language that collectors need, on documents held in memory.

Queries: match_all, term, terms, range, exists, and bool (filter, must, must_not, should). Fields have the types of a
dynamic mapping: text is searched by its words and cannot be sorted by, TEXT.keyword can; dates, numbers, booleans and
addresses have no `.keyword`; what is below `json` or `histogram` cannot be searched.
"""
from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Callable

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
NOT_SEARCHABLE = ("json", "histogram")
Matcher = Callable[[dict], bool]


class QueryError(Exception):
    """`kind` is OpenSearch's type of the error; `in_shards`: it was found while searching, not in the request itself."""

    def __init__(self, kind: str, reason: str, in_shards: bool = False):
        super().__init__(reason)
        self.kind = kind
        self.in_shards = in_shards


def milliseconds(value: object, now: int, unit: str = "") -> int:
    """A date of a document or query: ISO 8601, number (ms since 1970) or date math from `now`."""
    if isinstance(value, (int, float)) or (isinstance(value, str) and value.lstrip("-").isdigit()):
        return int(value) * (1000 if unit == "epoch_second" else 1)
    text = str(value)
    if math := re.fullmatch(r"now(?:([+-])(\d+)([smhdw]))?", text):
        sign, number, width = math.groups()
        return (now + (int(sign + number) * UNITS[width] if sign else 0)) * 1000
    try:
        date = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise QueryError("parse_exception", f"failed to parse date field [{text}] with format [strict_date_optional_time||epoch_millis]", True) from None
    return round((date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp() * 1000)


def values_of(document: dict, path: str) -> list:
    """All values of a field as it is indexed: dates as ms; an absent one has none."""
    keyword = path.endswith(".keyword")
    names = path.removesuffix(".keyword").split(".")
    if any(name in NOT_SEARCHABLE for name in names):
        return []
    found: object = document
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    values = [value for value in (found if isinstance(found, list) else [found]) if value is not None and not isinstance(value, dict)]
    if keyword:
        return [value for value in values if is_text(value, names[-1])]
    return [milliseconds(value, 0) if isinstance(value, str) and DATE.match(value) else value for value in values]


def is_text(value: object, name: str) -> bool:
    return isinstance(value, str) and name != "ip" and not DATE.match(value)


def words(text: str) -> set[str]:
    return set(re.findall(r"[\w.]*\w", text.lower()))


def equals(document: dict, path: str, wanted: object, now: int) -> bool:
    name = path.split(".")[-1]
    for value in values_of(document, path):
        if is_text(value, name) and name != "keyword":
            if str(wanted) in words(value):  # the words of the text, not the text
                return True
        elif isinstance(value, bool):
            if value == (wanted if isinstance(wanted, bool) else wanted == "true"):
                return True
        elif isinstance(value, (int, float)) and isinstance(wanted, str):
            if value == (milliseconds(wanted, now) if is_date(path) else number(wanted)):
                return True
        elif value == wanted:
            return True
    return False


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise QueryError("query_shard_exception", f'failed to create query: For input string: "{text}"', True) from None


def one_field(kind: str, body: object) -> tuple[str, object]:
    fields = {name: value for name, value in body.items() if name not in ("boost", "_name")} if isinstance(body, dict) else {}
    if len(fields) != 1:
        raise QueryError("parsing_exception", f"[{kind}] query doesn't support multiple fields, or names none")
    return next(iter(fields.items()))


def compile_range(path: str, limits: object, now: int) -> Matcher:
    tests = {"gte": lambda a, b: a >= b, "gt": lambda a, b: a > b, "lte": lambda a, b: a <= b, "lt": lambda a, b: a < b}
    if not isinstance(limits, dict) or (unknown := limits.keys() - tests - {"format", "time_zone", "boost", "relation"}):
        raise QueryError("parsing_exception", f"[range] query does not support [{next(iter(unknown), path) if isinstance(limits, dict) else path}]")
    bounds = [(tests[name], milliseconds(value, now, limits.get("format", "")) if is_date(path) else value)
              for name, value in limits.items() if name in tests and value is not None]

    def matches(document: dict) -> bool:
        return any(all(isinstance(value, str) == isinstance(bound, str) and test(value, bound) for test, bound in bounds)
                   for value in values_of(document, path))
    return matches


def is_date(path: str) -> bool:
    return path in ("@timestamp", "pscheduler.start_time", "pscheduler.end_time", "pscheduler.added")


def compile_query(query: object, now: int) -> Matcher:
    if not isinstance(query, dict) or len(query) != 1:
        raise QueryError("parsing_exception", "[match_all] query malformed, one query clause expected")
    kind, body = next(iter(query.items()))
    match kind:
        case "match_all":
            return lambda document: True
        case "bool":
            return compile_bool(body, now)
        case "exists":
            _, path = one_field(kind, body)
            return lambda document: bool(values_of(document, path))
        case "range":
            return compile_range(*one_field(kind, body), now)
        case "term":
            path, wanted = one_field(kind, body)
            value = wanted.get("value") if isinstance(wanted, dict) else wanted
            return lambda document: equals(document, path, value, now)
        case "terms":
            path, wanted = one_field(kind, body)
            if not isinstance(wanted, list):
                raise QueryError("parsing_exception", "[terms] query requires an array of values")
            return lambda document: any(equals(document, path, value, now) for value in wanted)
    raise QueryError("parsing_exception", f"unknown query [{kind}]")


def compile_bool(body: object, now: int) -> Matcher:
    clauses: dict[str, list[Matcher]] = {"filter": [], "must": [], "must_not": [], "should": []}
    for name, value in body.items() if isinstance(body, dict) else [("?", None)]:
        if name in clauses:
            clauses[name] = [compile_query(each, now) for each in (value if isinstance(value, list) else [value])]
        elif name not in ("minimum_should_match", "boost"):
            raise QueryError("parsing_exception", f"[bool] query does not support [{name}]")
    needed = clauses["filter"] + clauses["must"]
    least = body.get("minimum_should_match", 1 if clauses["should"] and not needed else 0)
    if not isinstance(least, int):
        raise QueryError("parsing_exception", "minimum_should_match must be a number here")

    def matches(document: dict) -> bool:
        return all(test(document) for test in needed) and not any(test(document) for test in clauses["must_not"]) \
            and sum(test(document) for test in clauses["should"]) >= least
    return matches


def required_range(query: object, path: str, now: int) -> tuple[float, float]:
    """Milliseconds between which the field must be for the query to match, as far as can be seen from the outside."""
    low, high = float("-inf"), float("inf")
    if isinstance(query, dict) and isinstance(query.get("bool"), dict):
        for name in ("filter", "must"):
            clauses = query["bool"].get(name, [])
            for clause in clauses if isinstance(clauses, list) else [clauses]:
                bounds = required_range(clause, path, now)
                low, high = max(low, bounds[0]), min(high, bounds[1])
    elif isinstance(query, dict) and isinstance(limits := (query.get("range") or {}).get(path), dict):
        for name, value in limits.items():
            if name in ("gte", "gt") and value is not None:
                low = max(low, milliseconds(value, now, limits.get("format", "")))
            elif name in ("lte", "lt") and value is not None:
                high = min(high, milliseconds(value, now, limits.get("format", "")))
    return low, high
