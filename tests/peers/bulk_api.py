"""The bulk API of an OpenSearch, as far as an indexer sees it: create and index, by _id, with an answer for each document.

A document with a result "poison" does not fit the mapping (400). `full` is the number of documents that are still
turned away with 429. Names of indices are checked as OpenSearch checks them.
"""
from __future__ import annotations

import json
import re

from sink import Request

FORBIDDEN = re.compile(r'[A-Z\\/*?"<>| ,#:]')


def error(status: int, kind: str, reason: str) -> dict:
    return {"status": status, "error": {"type": kind, "reason": reason, "index": "i", "index_uuid": "_na_"}}


class BulkApi:
    def __init__(self) -> None:
        self.documents: dict[tuple[str, str], dict] = {}
        self.full = 0
        self.conflicts = 0
        self.missing_index = False

    def answer(self, request: Request) -> tuple:
        if request.method == "GET":
            return 200, b'{"cluster_name":"simulated","version":{"distribution":"opensearch","number":"2.11.0"}}'
        path, _, query = request.path.partition("?")
        if request.method != "POST" or not path.endswith("/_bulk"):
            return 405, b'{"error":"Incorrect HTTP method","status":405}'
        if "json" not in request.headers.get("content-type", ""):
            return 406, b'{"error":"Content-Type header is not supported","status":406}'
        lines = request.body.split(b"\n")
        if lines.pop() != b"" or len(lines) % 2:
            return 400, b'{"error":{"type":"illegal_argument_exception","reason":"The bulk request must be terminated by a newline [\\\\n]"},"status":400}'
        items = [self._one(json.loads(action), source) for action, source in zip(lines[::2], lines[1::2])]
        answer = {"took": 3, "errors": any("error" in result for item in items for result in item.values()), "items": items}
        return 200, json.dumps(self._filtered(answer, query)).encode()

    @staticmethod
    def _filtered(answer: dict, query: str) -> dict:
        """Of filter_path, the form that is used."""
        if "filter_path=" not in query:
            return answer
        wanted = query.partition("filter_path=")[2].split("&")[0].split(",")
        if wanted != ["errors", "items.*.status", "items.*.error.type", "items.*.error.reason"]:
            raise AssertionError(f"not simulated: {wanted}")
        return {"errors": answer["errors"], "items": [
            {action: {"status": result["status"]} | ({"error": {name: result["error"][name] for name in ("type", "reason")}} if "error" in result else {})
             for action, result in item.items()} for item in answer["items"]]}

    def _one(self, action: dict, source: bytes) -> dict:
        (name, target), = action.items()
        return {name: {"_index": target["_index"], "_id": target["_id"]} | self._store(name, target, source)}

    def _store(self, name: str, target: dict, source: bytes) -> dict:
        index, key = target["_index"], (target["_index"], target["_id"])
        if FORBIDDEN.search(index) or index[0] in "-_+":
            return error(400, "invalid_index_name_exception", f"Invalid index name [{index}]")
        if self.missing_index:
            return error(404, "index_not_found_exception", f"no such index [{index}]")
        if self.full > 0:
            self.full -= 1
            return error(429, "es_rejected_execution_exception", "rejected execution of coordinating operation")
        try:
            document = json.loads(source)
        except ValueError:
            return error(400, "mapper_parsing_exception", "failed to parse")
        if "poison" in document.get("result", {}):
            return error(400, "mapper_parsing_exception", "failed to parse field [poison] of type [long]")
        if key in self.documents:
            if name == "create":
                self.conflicts += 1
                return error(409, "version_conflict_engine_exception", f"[{key[1]}]: version conflict, document already exists (current version [1])")
            self.documents[key] = document
            return {"status": 200, "result": "updated"}
        self.documents[key] = document
        return {"status": 201, "result": "created"}
