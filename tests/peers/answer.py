"""What handlers give the HTTP server to send."""
from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Iterable


@dataclass
class Request:
    scheme: str
    method: str
    path: str
    query: dict[str, str]
    target: str                 # as on the request line
    headers: dict[str, str]     # names in lower case
    body: bytes = b""

    @property
    def base(self) -> str:
        return f"{self.scheme}://{self.headers.get('host', 'localhost')}"


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    parts: Iterable[bytes] | None = None  # instead of body: sent chunked, for ever if it does not end
    close: bool = False


def reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def json_answer(document: object, status: int = 200, **headers: str) -> Answer:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Answer(status, body, {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()})


def html_answer(status: int, text: str = "") -> Answer:
    title = f"{status} {reason(status)}"
    return Answer(status, f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1>"
                          f"<p>{text}</p></body></html>\n".encode(), {"Content-Type": "text/html; charset=UTF-8"})


def redirect(location: str, status: int = 301) -> Answer:
    answer = html_answer(status, f'The document has moved <a href="{location}">here</a>.')
    answer.headers["Location"] = location
    return answer
