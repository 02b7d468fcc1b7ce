"""docs/service.md says what is so."""

import asyncio
import json
import re
from pathlib import Path

import grpc
import pytest

from dispatch.service.positions import LARGEST_BATCH, PROBLEMS_LISTED
from dispatch.service.server import EMERGENCY, ROADS, Limits
from dispatch.service.texts import TEXTS
from dispatch.v1 import emergency_pb2, emergency_pb2_grpc
from tests.dispatch.service.desks import at, running

GUIDE = (Path(__file__).parents[3] / "docs" / "service.md").read_text("utf-8")


def block(language):
    (text,) = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    return text


async def test_the_first_call_works(tmp_path, capsys):
    point = at(4, 8)
    names = {"longitude": point.longitude, "latitude": point.latitude}
    # On a grid of 1.5 km the shift of GCJ-02 leads out of town.
    code = block("python").replace("GCJ02", "WGS84")
    async with running(tmp_path) as desk:
        names["target"] = desk.address
        await asyncio.to_thread(exec, code, names)
        assert capsys.readouterr().out.startswith("units/A0")
        names["channel"].close()


async def test_the_service_config_is_one(tmp_path):
    options = [("grpc.service_config", json.dumps(json.loads(block("json"))))]
    async with (
        running(tmp_path) as desk,
        grpc.aio.insecure_channel(desk.address, options=options) as channel,
    ):
        stub = emergency_pb2_grpc.EmergencyServiceStub(channel)
        assert (await stub.ListUnits(emergency_pb2.ListUnitsRequest())).units


@pytest.mark.parametrize("method", [m.name for s in (EMERGENCY, ROADS) for m in s.methods])
def test_every_method_is_told_of(method):
    assert f"`{method}`" in GUIDE


def test_every_code_is_one():
    reasons = set(re.findall(r"`([A-Z]+_[A-Z_]+|JOURNAL|STOPPING|OVERLOADED)`", GUIDE))
    assert reasons - {"NOT_SERVING"} <= {code.upper() for code in TEXTS}
    flags = re.findall(r"^\| (`[a-z_`, ]+`) \|", GUIDE, re.MULTILINE)
    named = {flag for cell in flags for flag in re.findall(r"`([a-z_]+)`", cell)}
    assert len(named) > 6
    assert named <= TEXTS.keys()


def test_the_limits_are_these():
    limits = Limits()
    assert f"{limits.calls:,} calls and {limits.streams} streams at once" in GUIDE
    assert f"up to {LARGEST_BATCH:,}" in GUIDE
    assert f"at most {PROBLEMS_LISTED}" in GUIDE
