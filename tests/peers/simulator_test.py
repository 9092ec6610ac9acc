#!/usr/bin/python3
"""The simulator against what is known of the real archives: a test that leans on it must not lean on air."""
import json
import ssl
import time
import unittest
import urllib.error
import urllib.request

from data_model import HostData
from expect import Found, compare, expected
from simulator import Simulator

ROOT = "/esmond/perfsonar/archive"
UNVERIFIED = ssl._create_unverified_context()  # noqa: S323: self-signed, as the real ones


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect, urllib.request.HTTPSHandler(context=UNVERIFIED), urllib.request.ProxyHandler({}))


def get(url: str, **headers: str):
    try:
        answer = OPENER.open(urllib.request.Request(url, headers=headers), timeout=10)
    except urllib.error.HTTPError as error:
        answer = error
    body = answer.read()
    kind = answer.headers.get("Content-Type", "")
    return answer.status, json.loads(body) if body and kind.startswith("application/json") else body, answer.headers


class Archives(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        hosts = [{"name": f"127.0.0.{i}", "address": f"127.0.0.{i}", "flavour": flavour, "http": 0, "interval": 10, "entries": entries, "tests": ["latencybg", "rtt"],
                  "late": 0.0 if entries > 3 else 0.05}
                 for i, flavour, entries in ((2, "esmond", 3), (3, "elmond", 3), (4, "esmond1", 1), (5, "esmond", 1600), (6, "elmond", 1100))]
        cls.peers = Simulator({"hosts": hosts, "history": 30000, "meshes": [{"name": "a", "hosts": ["127.0.0.2", "127.0.0.3"]}]})
        cls.addClassCleanup(cls.peers.__exit__)
        cls.now = int(time.time())

    def url(self, number: int, path: str, scheme: str = "https") -> str:
        return f"{scheme}://127.0.0.{number}:{self.peers.hosts[f'127.0.0.{number}'][scheme]}{path}"

    def search(self, number: int, query: str):
        return get(self.url(number, f"{ROOT}/?{query}"))[1]

    def test_types_of_the_two(self):
        # not the first of each: elmond puts the newest result first, whose test is another with every second
        esmond, elmond = (next(each for each in self.search(number, "time-range=600") if each["pscheduler-test-type"] == "latencybg")
                          for number in (2, 3))
        self.assertEqual((len(esmond["metadata-key"]), len(elmond["metadata-key"])), (32, 64))
        self.assertIsInstance(esmond["time-duration"], str)
        self.assertIsInstance(elmond["time-duration"], int)
        owdelay = [{each["event-type"]: each for each in document["event-types"]} for document in (esmond, elmond)]
        self.assertTrue(all(each["base-uri"].endswith("/base") for each in owdelay[0].values()))
        self.assertTrue(all(each["base-uri"].endswith("/base/0") for each in owdelay[1].values()))
        self.assertTrue(esmond["uri"].endswith("/"))
        self.assertFalse(elmond["uri"].endswith("/"))
        windows = [s["summary-window"] for document in (esmond, elmond) for t in document["event-types"] for s in t["summaries"]]
        self.assertEqual({type(w) for w in windows}, {str, int})

    def test_time_updated_is_the_arrival_on_esmond_only(self):
        def updates_of_esmond():
            return {each["base-uri"]: each["time-updated"] for document in self.search(2, "time-range=600") for each in document["event-types"]
                    if each["time-updated"] is not None}

        newest = {uri: get(self.url(2, f"{uri}?time-range=6000"))[1][-1]["ts"] for uri in updates_of_esmond()}
        self.assertGreater(len(newest), 10)
        later = updates_of_esmond()  # after the data, which may have become more since the first search
        for uri, ts in newest.items():
            self.assertGreaterEqual(later[uri], ts)
        updates = {each["time-updated"] for document in self.search(3, "time-range=600") for each in document["event-types"]}
        self.assertTrue(all(update % 86400 == 0 for update in updates), "scheduling times, of no use")

    def test_redirects_and_refusals(self):
        status, _, headers = get(self.url(2, ROOT))
        self.assertEqual((status, headers["Location"]), (301, self.url(2, ROOT + "/")))
        status, body, headers = get(self.url(3, ROOT + "/", "http"))
        self.assertEqual((status, headers["Content-Type"][:9]), (403, "text/html"))
        self.assertEqual(get(self.url(2, ROOT + "/", "http"))[0], 200)
        self.assertEqual(get(self.url(3, f"{ROOT}/?limit=10001"))[0], 400)
        self.assertEqual(get(self.url(2, f"{ROOT}/?time-start=10&time-end=5"))[1], {"detail": "Requested start time must be less than end time"})
        self.assertIn("error", get(self.url(4, f"{ROOT}/?time-start=10&time-end=5"))[1])
        self.assertEqual(self.search(2, "sauce=192.0.2.1"), [], "a misspelt parameter matches nothing")

    def test_metadata_paging(self):
        first = self.search(5, "limit=1000")
        second = self.search(5, "limit=1000&offset=1000")
        self.assertEqual((len(first), len(second), first[0]["metadata-count-total"]), (1000, 600, 1600))
        self.assertTrue(first[0]["metadata-next-page"].startswith("http://localhost/"), "an inner host, as behind proxies")
        self.assertIsNone(second[0]["metadata-next-page"])
        self.assertEqual(len({each["metadata-key"] for each in first + second}), 1600)
        self.assertEqual(len(self.search(5, "")), 1500)
        self.assertEqual(len(self.search(6, "")), 1000)

    def test_data_paging(self):
        for number in (2, 3):
            document = next(each for each in self.search(number, "time-range=600") if each["pscheduler-test-type"] == "latencybg")
            uri = next(each["base-uri"] for each in document["event-types"] if each["event-type"] == "packet-count-sent")
            start, seen = self.now - 25000, []
            while start <= self.now - 600 and (page := get(self.url(number, f"{uri}?time-start={start}&time-end={self.now - 600}&limit=1000"))[1]):
                seen += [point["ts"] for point in page]
                start = seen[-1] + 1
                if number == 3 and start < self.now - 15000:
                    self.assertLess(len(page), 1000, "nulls are dropped after the limit")
            self.assertEqual(seen, sorted(set(seen)))
            self.assertGreater(len(seen), 2000)
            self.assertNotIn("Link", get(self.url(number, f"{uri}?time-start={start}&limit=10"))[2])
        self.assertEqual(len(get(self.url(2, uri.replace("/base/0", "/base")))[1]), 0, "an unknown key is an empty array")

    def test_meshes(self):
        status, document, headers = get(self.peers.mesh)
        included = document[0]["include"][0]
        psconfig = get(included)[1]
        self.assertEqual(len(psconfig["archives"]), 2)
        self.assertIn("organizations", get(included + "?format=meshconfig")[1])
        self.assertEqual(get(self.peers.mesh, **{"If-None-Match": headers["ETag"]})[0], 304)
        self.peers.mesh_hosts("a", ["127.0.0.2"])
        self.assertEqual(len(get(included)[1]["archives"]), 1)
        self.assertEqual(get(self.peers.mesh + "/nothing")[0], 404)


class Checker(unittest.TestCase):
    """expect.py must be able to say no."""

    def setUp(self):
        self.data = HostData(name="a", interval=10, since=1_700_000_000, late=0.0)
        self.must = expected(self.data, 1_700_000_000, 1_700_000_600, 1_700_000_600)
        self.found = [Found("a", point, json.loads(value)) for point, value in self.must.items()]

    def judge(self, found):
        return compare(found, [(self.data, {"a"})], 1_700_000_000, 1_700_000_600, 1_700_000_600)

    def test_good(self):
        self.assertGreater(len(self.found), 300)
        self.assertTrue(self.judge(self.found).good(once=True))

    def test_missing(self):
        self.assertEqual(len(self.judge(self.found[1:]).missing), 1)

    def test_repeated(self):
        self.assertEqual(self.judge(self.found + self.found[:3]).repeats, 3)
        self.assertFalse(self.judge(self.found + self.found[:3]).good(once=True))

    def test_unexpected(self):
        wrong = self.found[0]._replace(value={"wrong": 1})
        strange = self.found[0]._replace(point=self.found[0].point._replace(ts=1_700_000_001))
        elsewhere = self.found[0]._replace(host="b")
        for each in (wrong, strange, elsewhere):
            self.assertEqual(len(self.judge([*self.found[1:], each]).unexpected), 1)

    def test_late_points_come_later(self):
        data = HostData(name="a", interval=10, since=1_700_000_000, late=0.5, late_max=1000)
        now, later = (expected(data, 1_700_000_000, 1_700_000_600, at) for at in (1_700_000_600, 1_700_002_000))
        self.assertLess(len(now), len(later))
        self.assertTrue(now.keys() < later.keys())
        self.assertEqual(later, expected(data, 1_700_000_000, 1_700_000_600, 1_800_000_000))


if __name__ == "__main__":
    unittest.main(verbosity=2)
