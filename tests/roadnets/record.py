"""Answers of Nominatim and Overpass for a quarter of the sample city, in their own formats.

Run ``python -m tests.roadnets.record`` to write ``recorded/`` anew after the sample has changed.
"""

import json
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit
from xml.etree import ElementTree as ET

from roadnets.imports.placetags import PLACE_TAGS
from roadnets.sources.sample import write_sample

RECORDED = Path(__file__).parent / "recorded"
PLACE = "钟楼街道, 澜江市"
WEST, SOUTH, EAST, NORTH = 112.6910, 30.5590, 112.7060, 30.5665

FOOT = {"bridleway", "cycleway", "footway", "path"}


def record() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.osm"
        write_sample(path)
        root = ET.parse(path).getroot()
    elements = [_element(e) for e in root if e.tag in {"node", "way", "relation"}]
    by_id = {(e["type"], e["id"]): e for e in elements}
    near = {e["id"] for e in elements if e["type"] == "node" and _near(e)}
    ways = [e for e in elements if e["type"] == "way" and near.intersection(e["nodes"])]
    highways = [w for w in ways if "highway" in w["tags"]]
    streets = [w for w in highways if w["tags"]["highway"] not in FOOT]
    paths = [w for w in highways if w["tags"]["highway"] in FOOT and "emergency" in w["tags"]]
    wanted = [e for e in elements if _is_wanted(e) and _touches(e, by_id, near)]
    _write("nominatim", [_place()])
    _write("streets", _answer(streets, by_id))
    _write("paths", _answer(paths, by_id))
    _write("features", _answer(wanted, by_id))


def _element(xml: ET.Element) -> dict[str, Any]:
    element: dict[str, Any] = {"type": xml.tag, "id": int(xml.get("id", ""))}
    if xml.tag == "node":
        element |= {"lat": float(xml.get("lat", "")), "lon": float(xml.get("lon", ""))}
    if xml.tag == "way":
        element["nodes"] = [int(nd.get("ref", "")) for nd in xml.iter("nd")]
    if xml.tag == "relation":
        element["members"] = [
            {"type": m.get("type"), "ref": int(m.get("ref", "")), "role": m.get("role")}
            for m in xml.iter("member")
        ]
    element["tags"] = {t.get("k", ""): t.get("v", "") for t in xml.iter("tag")}
    return element


def _near(node: dict[str, Any]) -> bool:
    return bool(WEST <= node["lon"] <= EAST and SOUTH <= node["lat"] <= NORTH)


def _is_wanted(element: dict[str, Any]) -> bool:
    tags = element["tags"]
    return "population" in tags or any(tags.get(k) in values for k, values in PLACE_TAGS.items())


def _touches(element: dict[str, Any], by_id: dict[Any, Any], near: set[int]) -> bool:
    if "population" in element["tags"]:
        return bool(element["tags"]["name"] == "鼓楼区")
    if element["type"] == "node":
        return element["id"] in near
    if element["type"] == "way":
        return bool(near.intersection(element["nodes"]))
    return any(_touches(by_id["way", m["ref"]], by_id, near) for m in element["members"])


def _answer(elements: list[dict[str, Any]], by_id: dict[Any, Any]) -> dict[str, Any]:
    """Elements with everything that they are made of, by type, then id, as Overpass gives them."""
    found = {(e["type"], e["id"]): e for e in elements}
    for relation in elements:
        for member in relation.get("members", ()):
            found["way", member["ref"]] = by_id["way", member["ref"]]
    for way in [e for e in found.values() if e["type"] == "way"]:
        found |= {("node", ref): by_id["node", ref] for ref in way["nodes"]}
    order = {"node": 0, "way": 1, "relation": 2}
    parts = sorted(found.values(), key=lambda e: (order[e["type"]], e["id"]))
    plain = [{k: v for k, v in part.items() if k != "tags" or v} for part in parts]
    return {"version": 0.6, "generator": "Overpass API 0.7.62", "elements": plain}


def _place() -> dict[str, Any]:
    ring = [[WEST, SOUTH], [EAST, SOUTH], [EAST, NORTH], [WEST, NORTH], [WEST, SOUTH]]
    return {
        "place_id": 1,
        "licence": "Data © OpenStreetMap contributors, ODbL 1.0.",
        "osm_type": "relation",
        "osm_id": 3000100,
        "lat": str((SOUTH + NORTH) / 2),
        "lon": str((WEST + EAST) / 2),
        "class": "boundary",
        "type": "administrative",
        "place_rank": 20,
        "importance": 0.2,
        "addresstype": "suburb",
        "name": "钟楼街道",
        "display_name": "钟楼街道, 鼓楼区, 澜江市",
        "boundingbox": [str(SOUTH), str(NORTH), str(WEST), str(EAST)],
        "geojson": {"type": "Polygon", "coordinates": [ring]},
    }


def _write(name: str, answer: object) -> None:
    RECORDED.mkdir(exist_ok=True)
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    # One element a line, so that a change can be read.
    text = text.replace('{"type":"', '\n{"type":"') if name != "nominatim" else text
    (RECORDED / f"{name}.json").write_text(text + "\n", encoding="utf-8")


@dataclass
class Recording:
    """A server on this machine that gives the recorded answers."""

    url: str
    asked: list[str] = field(default_factory=list)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DISPATCH_NOMINATIM_URL": f"{self.url}/nominatim/",
            "DISPATCH_OVERPASS_URL": f"{self.url}/overpass/api",
        }


@contextmanager
def recording() -> Iterator[Recording]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            self._give("nominatim" if "/search" in self.path else "?", str(query.get("q")))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            query = unquote_plus(body)
            if re.search(r"way\[\"highway\"~", query):
                self._give("paths", query)
            else:
                self._give("streets" if 'way["highway"]' in query else "features", query)

        def _give(self, name: str, asked: str) -> None:
            tape.asked.append(asked)
            status, body = tape.answers[name]
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tape = Recording(f"http://127.0.0.1:{server.server_address[1]}")
    tape.answers = {path.stem: (200, path.read_bytes()) for path in RECORDED.glob("*.json")}
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield tape
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    record()
