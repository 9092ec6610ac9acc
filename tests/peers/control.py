"""The control server of the simulator: changes hosts and meshes while they are being read. Routes: measurement_host.py."""
from __future__ import annotations

import asyncio
import json
from urllib.parse import parse_qs, unquote, urlsplit

from host import DATA_FIELDS, LISTENING, OTHER


class NotFound(Exception):
    pass


async def start(simulator, address: str, port: int, path: str | None) -> int:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            method, target, _ = head[0].split(" ")
            length = next((int(line.split(":")[1]) for line in head if line.lower().startswith("content-length:")), 0)
            body = json.loads(await reader.readexactly(length) or b"null")
            try:
                status, document = "200 OK", await answer(simulator, method, target, body)
                if method != "GET":
                    simulator.keep(path)
            except NotFound as error:
                status, document = "404 Not Found", {"error": f"{method} {target}: {error}"}
            except (ValueError, TypeError, KeyError, OSError) as error:
                status, document = "400 Bad Request", {"error": f"{type(error).__name__}: {error}"}
            text = json.dumps(document).encode() + b"\n"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
                         "Connection: close\r\n\r\n".encode() + text)
            await writer.drain()
        except (OSError, ValueError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, address, port)
    simulator.control_server = server
    return server.sockets[0].getsockname()[1]


async def answer(simulator, method: str, target: str, body):
    url = urlsplit(target)
    parts = [unquote(part) for part in url.path.strip("/").split("/")][1:]
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    match method, parts:
        case "GET", ["config"]:
            return simulator.config()
        case "GET", ["hosts"]:
            return [host.spec for host in simulator.hosts.values()]
        case "GET", ["hosts", name]:
            return find(simulator, name).spec
        case "POST", ["hosts"]:
            host = simulator.make(body)
            await host.listen()
            return host.spec
        case "PATCH", ["hosts", "*"]:
            for host in simulator.hosts.values():
                await change(host, body)
            return {"changed": len(simulator.hosts)}
        case "PATCH", ["hosts", name]:
            return await change(find(simulator, name), body)
        case "DELETE", ["hosts", name]:
            await find(simulator, name).stop()
            del simulator.hosts[name]
            return {"deleted": name}
        case "PUT", ["meshes", name]:
            simulator.documents.meshes[name] = body | {"name": name}
            return simulator.documents.meshes[name]
        case "DELETE", ["meshes", name]:
            if simulator.documents.meshes.pop(name, None) is None:
                raise NotFound("no such mesh")
            return {"deleted": name}
        case "GET", ["counts"]:
            if "host" in query:
                return find(simulator, query["host"]).counts.document()
            return {name: host.counts.document() for name, host in everything(simulator).items()}
        case "GET", ["requests"]:
            return list(find(simulator, query["host"]).counts.log)
        case "POST", ["counts", "reset"]:
            for host in everything(simulator).values():
                host.counts.__init__()
            return {}
    raise NotFound("no such resource")


def everything(simulator) -> dict:
    return {"mesh": simulator.mesh_host} | simulator.hosts


def find(simulator, name: str):
    host = everything(simulator).get(name)
    if host is None:
        raise NotFound("no such host")
    return host


async def change(host, patch: dict) -> dict:
    if unknown := patch.keys() - DATA_FIELDS - LISTENING - OTHER:
        raise ValueError(f"unknown keys {sorted(unknown)}")
    before, host.spec = host.spec, host.spec | patch
    if patch.keys() & (DATA_FIELDS | {"faults"}):
        try:
            host.configure()
        except Exception:
            host.spec = before
            raise
    if patch.keys() & LISTENING:
        await host.listen()
    return host.spec
