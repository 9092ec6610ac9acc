#!/usr/bin/python3
"""meshprobectl mesh validate|expand|hosts, the real program on every form of mesh document, from files and over HTTP(S)."""
from __future__ import annotations

import json
import re
import sys
import tempfile
import unittest
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent))
from hand import PARTIAL, Root, Run, SUCCESS  # noqa: E402
from refresh_test import MeshServer  # noqa: E402

INVALID, USAGE = 1, 2
FIXTURES = Path(__file__).resolve().parents[1] / "fixtures/psconfig"
TUPLE_KEYS = ["task", "test-type", "addresses", "scheduler", "flip", "interval", "archives"]
HOST_KEYS = ["host", "measurement-archives", "addresses", "meshes"]


def template(*names: str, **more) -> dict:
    """A mesh of hosts called by their names, all results in one archive; `more` replaces sections."""
    return {"addresses": {name: {"address": f"{name}.example.org"} for name in names},
            "groups": {"all": {"type": "mesh", "addresses": [{"name": name} for name in names]}},
            "tests": {"rtt": {"type": "rtt", "spec": {"source": "{% address[0] %}", "dest": "{% address[1] %}"}}},
            "archives": {"central": {"archiver": "esmond", "data": {"url": "https://central.example.org/esmond/perfsonar/archive/"}}},
            "schedules": {"often": {"repeat": "PT5M"}},
            "tasks": {"pings": {"group": "all", "test": "rtt", "schedule": "often", "archives": ["central"]}}} | more


MESHCONFIG = {
    "organizations": [{"sites": [{"hosts": [
        {"addresses": ["a.example.org"], "measurement_archives": [{"type": "pinger", "read_url": "https://a.example.org/esmond/perfsonar/archive"}]},
        {"addresses": ["b.example.org"], "no_agent": "1"}]}]}],
    "tests": [{"description": "some pings", "members": {"type": "star", "center_address": "a.example.org", "members": ["b.example.org"]},
               "parameters": {"type": "pinger", "test_interval": "300"}}]}


class Case(unittest.TestCase):
    def setUp(self):
        self.root = Root()
        self.addCleanup(self.root.__exit__)
        directory = tempfile.TemporaryDirectory(prefix="meshprobe-mesh-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def serve(self, **pages: object) -> MeshServer:
        server = MeshServer()
        self.addCleanup(server.stop)
        server.pages = {f"/{name}": page if callable(page) or isinstance(page, (str, tuple)) else json.dumps(page) for name, page in pages.items()}
        return server

    def file(self, document: object, name: str = "mesh.json") -> str:
        path = self.directory / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(path)

    def mesh(self, command: str, *arguments: str, status: int = SUCCESS) -> Run:
        run = self.root.run("meshprobectl", "mesh", command, *arguments)
        self.assertEqual(run.status, status, run)
        return run

    def expand(self, source: str, *arguments: str, status: int = SUCCESS) -> list[dict]:
        lines = [json.loads(line) for line in self.mesh("expand", source, "--json", *arguments, status=status).stdout.splitlines()]
        for line in lines:
            self.assertEqual(list(line), TUPLE_KEYS)
            self.assertEqual([type(line[key]) for key in ("task", "test-type", "addresses", "scheduler", "flip", "archives")], [str, str, list, str, bool, list])
            self.assertIn(type(line["interval"]), (int, float, type(None)))
            self.assertIn(line["scheduler"], line["addresses"])
            self.assertTrue(all(isinstance(archive, dict) for archive in line["archives"]))
        return lines

    def hosts(self, source: str, *arguments: str, status: int = SUCCESS) -> list[dict]:
        lines = [json.loads(line) for line in self.mesh("hosts", source, "--json", *arguments, status=status).stdout.splitlines()]
        for line in lines:
            reason = [] if line["measurement-archives"] else ["reason"]  # whoever has no archive says why
            self.assertEqual([key for key in line if key != "opensearch"], HOST_KEYS + reason)
            self.assertEqual([type(line[key]) for key in HOST_KEYS[1:]], [list] * 3)
        return lines

    def validate(self, source: str, status: int = SUCCESS, *arguments: str) -> list[dict]:
        return json.loads(self.mesh("validate", source, "--json", *arguments, status=status).stdout)

    def problems(self, document: object) -> dict[str, list[str]]:
        [verdict] = self.validate(self.file(document), INVALID)
        return {stage["stage"]: [problem["path"] for problem in stage["problems"]] for stage in verdict["stages"] if stage["problems"]}


def pairs(lines: list[dict]) -> list[str]:
    return [">".join(address.removesuffix(".example.org") for address in line["addresses"]) for line in lines]


class Fixtures(Case):
    def test_tuples_are_those_that_upstream_asserts(self):
        asserted = sorted(FIXTURES.glob("unit-*.expected.json"))
        self.assertEqual(len(asserted), 5)
        for file in asserted:
            expected = json.loads(file.read_text())
            for case in expected["tasks"]:
                match = [option for address in case["match-addresses"] for option in ("--match", address)]
                tuples = [line["addresses"] for line in self.expand(str(FIXTURES / expected["template"]), "--task", case["task"], *match)]
                with self.subTest(file.name, task=case["task"]):
                    self.assertEqual(tuples, case["tuples"]) if case["ordered"] else self.assertCountEqual(tuples, case["tuples"])

    def test_counts_addresses_and_archives_are_those_derived(self):
        for name, facts in json.loads((FIXTURES / "derived.expected.json").read_text())["files"].items():
            lines = self.expand(str(FIXTURES / name))
            found = self.hosts(str(FIXTURES / name))
            with self.subTest(name):
                counts = {task: counted["tuples"] for task, counted in facts.get("tasks", {}).items() if counted["tuples"] and not counted["disabled"]}
                counts |= {test["description"].replace(" ", "_"): test["pairs"] for test in facts.get("tests", []) if test["pairs"]}
                self.assertEqual({task: len([line for line in lines if line["task"] == task]) for task in counts}, counts)
                addresses = {address for host in found for address in host["addresses"]}
                self.assertLessEqual(addresses, set(re.findall('"([^"]+)"', (FIXTURES / name).read_text())))  # labels among them
                known = {urlsplit(url).netloc.lower().removesuffix(":443") for url in [*facts.get("archives", {}).values(), *facts.get("read-urls", [])] if url}
                self.assertLessEqual({host["host"] for host in found if host["measurement-archives"]}, known)

    def test_validity_is_that_of_upstream(self):
        for name in ("unit-mesh", "unit-list", "unit-disjoint", "unit-labels", "unit-noagent", "doc-example-1-simple", "doc-example-5-classes", "doc-skeleton",
                     "web-latentput-psconfig", "web-testz-psconfig", "web-throughput3-psconfig", "qa-testbed-nightly-psconfig"):
            [verdict] = self.validate(str(FIXTURES / f"{name}.json"))
            self.assertTrue(verdict["valid"])
            self.assertEqual([stage["stage"] for stage in verdict["stages"]], ["load", "schema", "includes", "references", "expand"])
        self.assertIn("/archives/example-archive-central/archive: there is no such property here",
                      self.mesh("validate", str(FIXTURES / "unit-validate-invalid.json"), status=INVALID).stdout)


class Forms(Case):
    def test_a_template_from_a_file_and_over_http(self):
        document = template("a", "b", tasks={
            "pings": {"group": "all", "test": "rtt", "schedule": "often", "archives": ["central"]},
            "once": {"group": "all", "test": "rtt", "scheduled-by": 1}})
        server = self.serve(mesh=document, moved=(302, {"Location": "/mesh"}, ""))
        central = [{"archiver": "esmond", "data": {"url": "https://central.example.org/esmond/perfsonar/archive/"}}]
        for source in (self.file(document), "file://" + self.file(document), server.url("/mesh"), server.url("/moved")):
            with self.subTest(source):
                lines = self.expand(source)
                self.assertEqual([(line["task"], pair, line["scheduler"], line["interval"], line["archives"]) for line, pair in zip(lines, pairs(lines))], [
                    ("once", "a>b", "b.example.org", None, []), ("once", "b>a", "a.example.org", None, []),
                    ("pings", "a>b", "a.example.org", 300, central), ("pings", "b>a", "b.example.org", 300, central)])
                [host] = self.hosts(source)
                self.assertEqual((host["host"], host["addresses"]), ("central.example.org", ["a.example.org", "b.example.org"]))
                self.assertEqual(host["measurement-archives"], ["https://central.example.org/esmond/perfsonar/archive/"])
                self.assertTrue(self.validate(source)[0]["valid"])

    def test_a_list_harms_nobody_by_what_is_missing(self):
        server = self.serve(one=template("a", "b"), two=template("c", "d"))
        server.pages["/list"] = json.dumps([{"include": [server.url("/one")]}, {"include": server.url("/two")}])
        self.assertEqual(pairs(self.expand(server.url("/list"))), ["a>b", "b>a", "c>d", "d>c"])
        [host] = self.hosts(server.url("/list"))
        self.assertEqual((len(host["addresses"]), host["meshes"]), (4, [server.url("/one"), server.url("/two")]))
        self.assertEqual([verdict["valid"] for verdict in self.validate(server.url("/list"))], [True] * 3)
        server.pages["/one"] = (404, {}, '{"error":"gone"}')
        self.assertEqual(pairs(self.expand(server.url("/list"), status=PARTIAL)), ["c>d", "d>c"])
        missing = self.hosts(server.url("/list"), status=PARTIAL)[-1]
        self.assertIsNone(missing["host"])
        self.assertIn("404", missing["reason"])
        listed, other = self.validate(server.url("/list"), INVALID)
        self.assertEqual((listed["valid"], other["valid"]), (False, True))
        [gone] = [problem for stage in listed["stages"] for problem in stage["problems"]]
        self.assertEqual(gone["path"], "/0/include/0")
        self.assertIn("404", gone["reason"])

    def test_a_meshconfig_is_translated(self):
        lines = self.expand(self.file(MESHCONFIG))
        self.assertEqual([(line["task"], line["test-type"], line["scheduler"], line["flip"], line["interval"]) for line in lines],
                         [("some_pings", "rtt", "a.example.org", False, 300), ("some_pings", "rtt", "a.example.org", True, 300)])
        self.assertEqual(lines[0]["archives"][0]["data"], {"url": "https://a.example.org/esmond/perfsonar/archive", "measurement-agent": "a.example.org"})
        self.assertEqual([host["host"] for host in self.hosts(self.file(MESHCONFIG))], ["a.example.org"])
        self.assertEqual([stage["stage"] for stage in self.validate(self.file(MESHCONFIG))[0]["stages"]],
                         ["load", "schema", "includes", "translation", "references", "expand"])

    def test_includes_add_what_is_missing_and_may_turn_in_circles(self):
        server = self.serve(part=template("b", "c", includes=["mesh"], groups={"all": {"type": "list", "addresses": []}}))
        base = template("a", "b", includes=[server.url("/part"), server.url("/gone")])
        base["groups"]["all"]["addresses"].append({"name": "c"})  # which only the part has
        server.pages["/mesh"] = json.dumps(base)
        for source in (server.url("/mesh"), self.file(base)):
            self.assertEqual(pairs(self.expand(source, status=PARTIAL)), ["a>b", "a>c", "b>a", "b>c", "c>a", "c>b"])
        stages = {stage["stage"]: stage["problems"] for stage in self.validate(server.url("/mesh"), INVALID)[0]["stages"]}
        [gone] = stages.pop("includes")
        self.assertEqual(gone["path"], "/includes/1")
        self.assertRegex(gone["reason"], re.escape(server.url("/gone")) + ".*404")
        self.assertFalse(any(stages.values()), stages)

    def test_one_says_what_one_wants_to_see(self):
        source = self.file(template("a", "b", "c", **{
            "address-classes": {"mine": {"data-source": {"type": "requesting-agent"}}},
            "groups": {"all": {"type": "mesh", "addresses": [{"name": "a"}, {"name": "b"}, {"name": "c"}]},
                       "mine": {"type": "disjoint", "a-addresses": [{"class": "mine"}], "b-addresses": [{"name": "a"}], "unidirectional": True}},
            "tasks": {"pings": {"group": "all", "test": "rtt"}, "own": {"group": "mine", "test": "rtt"}}}))
        pings = ["a>b", "a>c", "b>a", "b>c", "c>a", "c>b"]
        self.assertEqual(pairs(self.expand(source)), pings)
        self.assertEqual(pairs(self.expand(source, "--task", "own")), [])
        self.assertEqual(pairs(self.expand(source, "--match", "B.EXAMPLE.ORG", "--match", "c.example.org")), pings[2:])
        agent = self.file({"me": {"address": "me.example.org"}}, "agent.json")
        self.assertEqual(pairs(self.expand(source, "--requesting-agent", agent)), ["me>a", *pings])
        self.assertEqual(pairs(self.expand(source, "--requesting-agent", agent, "--task", "own", "--match", "me.example.org")), ["me>a"])
        self.assertIn('no task "nobody"', self.mesh("expand", source, "--task", "nobody", status=USAGE).stderr)
        self.assertIn("not a JSON object", self.mesh("expand", source, "--requesting-agent", self.file("[]", "list.json"), status=USAGE).stderr)

    def test_people_read_tables(self):
        source = self.file(template("a", "b"))
        header, first, *_ = self.mesh("expand", source).stdout.splitlines()
        self.assertEqual(header.split(), ["TASK", "TEST", "ADDRESSES", "SCHEDULER", "INTERVAL", "ARCHIVES"])
        self.assertEqual(first.split(), ["pings", "rtt", "a.example.org", "b.example.org", "a.example.org", "5min", "central"])
        self.assertEqual(len(self.mesh("expand", source, "--no-legend").stdout.splitlines()), 2)
        self.assertIn("central.example.org", self.mesh("hosts", source).stdout)
        self.assertRegex(self.mesh("validate", source).stdout, r"(?m)^schema \.+ OK$")

    def test_what_cannot_be_loaded_says_why(self):
        server = self.serve(login="<!DOCTYPE html><title>Sign in</title>", other={"error": "unknown"})
        for source, why in ((str(self.directory / "missing"), "No such file"), (server.url("/gone"), "404"), (server.url("/login"), "login page"),
                            (server.url("/other"), "neither an include list nor a pSConfig template"), ("ftp://mesh.example.org/", "expected http"),
                            (self.file('{"addresses":', "short.json"), "truncated")):
            with self.subTest(source):
                for command in ("validate", "expand", "hosts"):
                    run = self.root.run("meshprobectl", "mesh", command, source)
                    self.assertIn(why, run.stderr)
                    self.assertEqual(run.status, USAGE) if command == "validate" else self.assertNotIn(run.status, (SUCCESS, PARTIAL))
        for command in ("validate", "expand", "hosts"):
            self.assertIn("say which mesh", self.mesh(command, status=USAGE).stderr)


class Hostile(Case):
    def test_names_of_strangers_are_refused_alone_and_shown_harmlessly(self):
        bad = ["line\nbreak", "../../etc/passwd", "%i", '"quoted"', "\x1b[31mred", "\u0430.example.org", "x" * 300, "-rf", "a b", ""]
        document = template("a", "b")
        for name in bad:
            document["addresses"][name] = {"address": name, "host": name}
            document["groups"]["all"]["addresses"].append({"name": name})
            document["archives"][name] = {"archiver": "esmond", "data": {"url": f"https://{name}/"}}
            document["tasks"][name] = {"group": "all", "test": "rtt", "archives": [name]}
        source = self.file(document)
        lines = self.expand(source)
        self.assertEqual({tuple(line["addresses"]) for line in lines}, {("a.example.org", "b.example.org"), ("b.example.org", "a.example.org")})
        self.assertEqual(pairs([line for line in lines if line["task"] == "pings"]), ["a>b", "b>a"])
        self.assertEqual([host["host"] for host in self.hosts(source) if host["measurement-archives"]], ["central.example.org"])
        self.mesh("validate", source, status=INVALID)
        for command in ("expand", "hosts", "validate"):
            run = self.root.run("meshprobectl", "mesh", command, source)
            for byte in (run.stdout + run.stderr).replace("\n", ""):
                self.assertTrue(byte >= " " and byte != "\x7f", repr(byte))

    def test_a_cell_of_a_table_makes_no_row(self):
        document = template("a", "b", tests={"rtt": {"type": "rtt\nforged \u202e\u200brow", "spec": {}}})
        document["addresses"]["c"] = {"address": "c.example.org", "host": "zz\u202e\u200bhost"}
        source = self.file(document)
        expanded = self.mesh("expand", source, "--no-legend").stdout
        self.assertEqual([line.split()[:4] for line in expanded.splitlines()], [["pings", "rtt", "forged", "??row"]] * 2)
        hosts = self.mesh("hosts", source, "--no-legend").stdout
        self.assertEqual([line.split()[0] for line in hosts.splitlines()], ["central.example.org", "zz??host"])

    def test_addresses_that_are_none_are_no_hosts(self):
        bad = {"b0": "new\nline", "b1": "nul\0", "b2": "\x1b[31m", "b3": "x" * 300, "b4": "a b"}
        document = template("a", "b")
        document["addresses"] |= {name: {"address": address} for name, address in bad.items()}
        document["addresses"] |= {name: {"address": "fine.example.org"} for name in ("new\nline", "nul\0", "\x1b[31m", "x" * 300)}
        document["addresses"]["half"] = {"address": "half.example.org", "host": "new\nline", "labels": {"x": {"address": "new\nline"}}}
        lines = self.hosts(self.file(document))
        self.assertEqual({line["host"]: line["addresses"] for line in lines if line["host"]},
                         {"central.example.org": ["a.example.org", "b.example.org"], "half": ["half.example.org"]})
        reasons = [line["reason"] for line in lines if line["host"] is None]
        for name in bad:
            self.assertEqual(len([reason for reason in reasons if reason.startswith(f'address "{name}": ')]), 1, reasons)
        self.assertEqual(len([reason for reason in reasons if "a name with control characters" in reason]), 4, reasons)
        self.assertEqual(len([reason for reason in reasons if "a name of 300 bytes" in reason]), 1, reasons)
        self.assertEqual(len([reason for reason in reasons if "an address of 300 bytes" in reason]), 1, reasons)

    def test_a_task_of_too_many_pairs_is_refused_alone(self):
        crowd = [f"ps{index}" for index in range(1500)]
        document = template(*crowd)
        document["groups"]["few"] = {"type": "mesh", "addresses": [{"name": "ps0"}, {"name": "ps1"}]}
        document["tasks"]["few"] = {"group": "few", "test": "rtt"}
        run = self.mesh("expand", self.file(document), "--json")
        self.assertEqual({json.loads(line)["task"] for line in run.stdout.splitlines()}, {"few"})
        self.assertIn("task pings: its group expands to too many pairs", run.stderr)
        self.assertEqual(self.problems(document), {"expand": ["/tasks/pings"]})

    def test_duplicates_and_numbers_out_of_range(self):
        text = json.dumps(template("a", "b")).replace('"addresses": {"a":', '"addresses": {"a": {"address": "first.example.org"}, "a":', 1)
        text = text.replace('"PT5M"', '"PT5M", "max-runs": 1e999').replace('"task', '"subtasks": {}, "task', 1)
        self.assertEqual(pairs(self.expand(self.file(text))), ["a>b", "b>a"])
        self.assertEqual(self.problems(text), {"schema": ["/schedules/often/max-runs", "/addresses/a"]})
        document = template("a", "b", tasks={
            "late": {"group": "all", "test": "rtt", "schedule": "never"}, "third": {"group": "all", "test": "rtt", "scheduled-by": 99999999999999999999},
            "fine": {"group": "all", "test": "rtt"}}, schedules={"never": {"repeat": "P99999999999999999999D"}})
        self.assertEqual({line["task"] for line in self.expand(self.file(document))}, {"fine"})

    def test_deep_and_wide_documents(self):
        self.assertIn("ends early", self.mesh("validate", self.file("[" * 100000), status=USAGE).stderr)
        deep = json.dumps(template("a", "b", _meta={"deep": "HERE"})).replace('"HERE"', "[" * 100000 + "]" * 100000)
        run = self.mesh("expand", self.file(deep), "--json")
        self.assertEqual(len(run.stdout.splitlines()), 2)
        self.assertRegex(run.stderr, r"/_meta/deep(/0)+: it is nested more than 64 deep, and left out")
        loop = {f"c{index}": {"data-source": {"type": "current-config"}, "match-filter": {"type": "or", "filters": [
            {"type": "address-class", "class": f"c{(index + step) % 30}"} for step in (1, 2, 3)]}} for index in range(30)}
        document = template("a", "b", **{"address-classes": loop})
        document["groups"]["all"]["addresses"].append({"class": "c0"})
        self.assertEqual(pairs(self.expand(self.file(document))), ["a>b", "b>a"])
        self.assertIn("circle", self.mesh("expand", self.file(document)).stderr)

    def test_many_tasks_on_one_large_group_come_to_an_end(self):
        document = template("a", "b", groups={"all": {"type": "list", "addresses": [{"name": "a"}] * 5000}},
                            tasks={f"k{index}": {"group": "all", "test": "rtt"} for index in range(5000)})
        self.assertIn("too many pairs", self.mesh("validate", self.file(document), status=INVALID).stdout)

    def test_what_is_left_out_of_lists_and_meshconfigs_is_told(self):
        config = {"organizations": [5, {"sites": 7, "hosts": ["a", {"addresses": "a.example"}, {"addresses": [{}, "b.example"]}]}], "tests": []}
        run = self.mesh("expand", self.file(config))
        for place in ("/organizations/0: ", "/organizations/1/sites: ", "/organizations/1/hosts/0: ", "/organizations/1/hosts/1/addresses: ",
                      "/organizations/1/hosts/2/addresses/0: "):
            self.assertIn(place, run.stderr)
        server = self.serve(mesh=template("a", "b"))
        listed = self.file([{"include": [server.url("/mesh"), 7]}, {"foo": 1}, None])
        run = self.mesh("expand", listed)
        for place in ("/0/include/1: ", "/1: ", "/2: "):
            self.assertIn(place, run.stderr)
        twice = json.dumps(template("a", "b")).replace('"addresses": {"a":', '"addresses": {"a": {}, "a":', 1)
        self.assertIn("/addresses/a: the object has this member twice", self.mesh("expand", self.file(twice)).stderr)

    def test_jq_programs_end(self):
        document = template("a", "b")
        document["archives"]["central"]["data"]["x"] = "{% jq [limit(1e9; repeat(1))] %}"
        document["tasks"]["fine"] = {"group": "all", "test": "rtt"}
        run = self.mesh("expand", self.file(document), "--json")
        self.assertEqual({json.loads(line)["task"] for line in run.stdout.splitlines()}, {"fine"})
        self.assertIn("task pings: archive", run.stderr)


class Urls(Case):
    def test_where_results_can_be_read(self):
        archives = {
            "meta": ({"archiver": "http", "data": {"_url": "https://x/"}, "_meta": {"esmond_url": "https://meta.example.org/esmond/perfsonar/archive"}}, "https://meta.example.org/esmond/perfsonar/archive/"),
            "data-meta": ({"archiver": "rabbitmq", "data": {"_meta": {"esmond_url": "https://data-meta.example.org/"}}}, "https://data-meta.example.org/esmond/perfsonar/archive/"),
            "logstash": ({"archiver": "http", "data": {"_url": "https://logstash.example.org:8443/logstash"}}, "https://logstash.example.org:8443/esmond/perfsonar/archive/"),
            "no-scheme": ({"archiver": "esmond", "data": {"url": "no-scheme.example.org/esmond/perfsonar/archive"}}, "https://no-scheme.example.org/esmond/perfsonar/archive/"),
            "port": ({"archiver": "esmond", "data": {"url": "HTTPS://Port.Example.org:443/own/path//"}}, "https://port.example.org/own/path/"),
            "ipv6": ({"archiver": "esmond", "data": {"url": "https://2001:4860::1/esmond/perfsonar/archive/"}}, "https://[2001:4860::1]/esmond/perfsonar/archive/"),
            "asdf": ({"archiver": "esmond", "data": {"url": "asdf"}}, None),
            "none": ({"archiver": "esmond", "data": {}}, None),
            "push": ({"archiver": "rabbitmq", "data": {"_url": "amqps://push.example.org/"}}, None),
            "soap": ({"archiver": "esmond", "data": {"url": "http://soap.example.org:8085/perfSONAR_PS/services/pSB"}}, None),
        }
        document = template("a", "b", archives={name: archive for name, (archive, _) in archives.items()},
                            tasks={"pings": {"group": "all", "test": "rtt", "archives": list(archives)}})
        lines = self.hosts(self.file(document))
        self.assertCountEqual([url for line in lines for url in line["measurement-archives"]], [url for _, url in archives.values() if url])
        self.assertEqual([line["opensearch"] for line in lines if "opensearch" in line], [["https://logstash.example.org:8443/opensearch/"]])
        reasons = [line["reason"] for line in lines if line["host"] is None]
        for name, (_, url) in archives.items():
            self.assertEqual(len([reason for reason in reasons if f'"{name}"' in reason.split(":")[0]]), 0 if url else 1, (name, reasons))

    def test_variables_and_localhost_lead_to_the_scheduler(self):
        for url in ("https://{% scheduled_by_address %}/esmond/perfsonar/archive/", "https://{% localhost %}/", "{% jq \"https://\" + .addresses[0].address %}"):
            document = template("a", "b")
            document["archives"]["central"]["data"]["url"] = url
            with self.subTest(url):
                self.assertEqual([(host["host"], host["measurement-archives"]) for host in self.hosts(self.file(document))],
                                 [(f"{name}.example.org", [f"https://{name}.example.org/esmond/perfsonar/archive/"]) for name in ("a", "b")])

    def test_private_archives_are_polled_only_where_that_is_wanted(self):
        archives = {name: {"archiver": "esmond", "data": {"url": f"https://{name}/esmond/perfsonar/archive/"}} for name in ("localhost", "127.0.0.1", "10.1.2.3", "169.254.1.1")}
        source = self.file(template("a", "b", archives=archives, tasks={"pings": {"group": "all", "test": "rtt", "archives": list(archives)}}))
        lines = self.hosts(source)
        self.assertEqual([line["host"] for line in lines if line["measurement-archives"]], [])
        self.assertEqual(len([line for line in lines if line["host"] is None and "allow-private" in line["reason"]]), 3, lines)
        self.assertEqual([line["host"] for line in lines if line["host"]], ["a", "b"])
        allowed = self.hosts(source, "--allow-private")
        self.assertEqual([line["host"] for line in allowed], ["10.1.2.3", "127.0.0.1", "localhost", None])
        self.assertEqual([len(line["archives"]) for line in self.expand(source)], [4, 4])  # who expands polls nothing

    def test_of_one_host_a_meshconfig_has_one_archive(self):
        document = MESHCONFIG | {"measurement_archives": [{"type": "pinger", "read_url": "https://h.example/esmond/perfsonar/archive"},
                                                          {"type": "traceroute", "read_url": "https://h.example/other/"}]}
        found = {line["host"]: line["measurement-archives"] for line in self.hosts(self.file(document))}
        self.assertEqual(found["h.example"], ["https://h.example/esmond/perfsonar/archive/"])
        sent = {archive["data"]["url"] for line in self.expand(self.file(document)) for archive in line["archives"]}
        self.assertEqual(sent, {"https://h.example/esmond/perfsonar/archive", "https://a.example.org/esmond/perfsonar/archive"})

    def test_a_class_of_an_unknown_agent_is_told(self):
        document = template("p", "q", **{"address-classes": {"ra": {"data-source": {"type": "requesting-agent"}}}})
        document["groups"]["all"]["addresses"] = [{"class": "ra"}]
        source = self.file(document)
        central, p, q, refused = self.hosts(source)
        self.assertEqual((central["host"], p["host"], q["host"], refused["host"]), ("central.example.org", "p", "q", None))
        self.assertIn('address-class "ra": it selects among the addresses of the requesting agent', refused["reason"])
        self.assertIn("some tasks or classes cannot be expanded here", p["reason"])
        agent = self.file(document["addresses"], "agent.json")
        [central] = self.hosts(source, "--requesting-agent", agent)
        self.assertEqual(central["addresses"], ["p.example.org", "q.example.org"])
        [verdict] = self.validate(source)
        self.assertEqual([remark["path"] for stage in verdict["stages"] for remark in stage["remarks"]], ["/address-classes/ra"])
        self.assertIn("/address-classes/ra: only a remark: ", self.mesh("validate", source).stdout)
        [verdict] = self.validate(source, SUCCESS, "--requesting-agent", agent)
        self.assertEqual([remark for stage in verdict["stages"] for remark in stage["remarks"]], [])

    def test_a_task_that_cannot_be_expanded_is_told(self):
        document = template("a", "b", schedules={"often": {"repeat": "PT0S"}})
        *hosts, refused = self.hosts(self.file(document))
        self.assertIn("no time at all", refused["reason"])
        self.assertEqual([host["host"] for host in hosts], ["central.example.org", "a", "b"])

    def test_hosts_that_nobody_can_read_are_named(self):
        document = template("a", "b", hosts={"site": {}}, tasks={})
        document["addresses"]["a"] |= {"host": "site", "labels": {"six": {"address": "a6.example.org"}}, "remote-addresses": {"b": {"address": "ab.example.org"}}}
        central, b, site = self.hosts(self.file(document))
        self.assertEqual((central["host"], central["addresses"]), ("central.example.org", []))
        self.assertEqual((b["host"], b["addresses"]), ("b", ["b.example.org"]))
        self.assertEqual((site["host"], site["addresses"]), ("site", ["a.example.org", "a6.example.org", "ab.example.org"]))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]], verbosity=2)
