"""How much a call costs: reports made durable, beside a bare gRPC echo of the same bytes.

In each round, on one machine and one after the other: the echo server; reports kept but not planned
(no place is known); reports planned, with the proposals that follow. Each against a fresh journal.
Rates are calls answered per second with ``--callers`` at once; medians over the rounds.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import grpc

from benchmarks._options import keep, parser_of
from benchmarks.echo_server import METHOD
from dispatch.v1 import common_pb2, emergency_pb2, emergency_pb2_grpc, roads_pb2, roads_pb2_grpc

READY_WITHIN_S = 60.0
Call = Callable[[int], Awaitable[object]]


def report(number: int, point: common_pb2.Point | None) -> emergency_pb2.ReportIncidentRequest:
    """A report of about 1 KB."""
    return emergency_pb2.ReportIncidentRequest(
        request_id=str(uuid.UUID(int=random.Random(number).getrandbits(128), version=4)),
        incident_type="fall",
        point=point,
        address="人民大道 88 号 3 单元 502",
        description="x" * 800,
        caller_phone="13800000000",
    )


@contextlib.asynccontextmanager
async def server(command: Sequence[str], ready: Path) -> AsyncIterator[str]:
    """Run a server as a process of its own; gives its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(int(READY_WITHIN_S / 0.05)):
            if address := _read(ready):
                break
            if process.returncode is not None:
                raise RuntimeError(f"{command} ended with {process.returncode}")
            await asyncio.sleep(0.05)
        else:
            raise RuntimeError(f"{command} was not ready within {READY_WITHIN_S:.0f} s")
        yield address
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def _read(ready: Path) -> str:
    return ready.read_text("utf-8").strip() if ready.exists() else ""


async def timed(call: Call, calls: int, callers: int) -> dict[str, float]:
    """Answer rate and latency of ``calls`` calls from ``callers`` at once."""
    waits: list[float] = []
    numbers = iter(range(calls))

    async def caller() -> None:
        for number in numbers:
            began = time.perf_counter()
            await call(number)
            waits.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    elapsed = time.perf_counter() - began
    cuts = statistics.quantiles(waits, n=100)
    return {"per_s": calls / elapsed, "p50_ms": cuts[49], "p99_ms": cuts[98]}


async def echo_round(folder: Path, calls: int, callers: int) -> dict[str, float]:
    """The bare echo."""
    ready = folder / "echo"
    async with (
        server(["-m", "benchmarks.echo_server", str(ready)], ready) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        echo: Any = channel.unary_unary(METHOD)
        requests = [report(n, None).SerializeToString() for n in range(calls)]
        await timed(lambda n: echo(requests[n]), 100, callers)
        return await timed(lambda n: echo(requests[n]), calls, callers)


async def report_round(
    folder: Path, name: str, calls: int, callers: int, *, planned: bool
) -> dict[str, float]:
    """Reports against the service, on a fresh journal."""
    ready = folder / name
    command = ["-m", "dispatch", "serve", "--listen", "127.0.0.1:0"]
    command += ["--journal", str(folder / f"{name}.sqlite3"), "--ready-file", str(ready)]
    async with (
        server(command, ready) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        roads = roads_pb2_grpc.RoadServiceStub(channel)
        info = await roads.GetNetworkInfo(roads_pb2.GetNetworkInfoRequest())
        # Answered once the indexes are made, which a start does beside its first calls.
        await roads.FindPlace(roads_pb2.FindPlaceRequest(text="1"))
        desk = emergency_pb2_grpc.EmergencyServiceStub(channel)
        draw = random.Random(7)
        points = [_near_the_middle(info, draw) if planned else None for _ in range(calls)]
        requests = [report(n, point) for n, point in enumerate(points)]
        return await timed(lambda n: desk.ReportIncident(requests[n]), calls, callers)


def _near_the_middle(info: roads_pb2.NetworkInfo, draw: random.Random) -> common_pb2.Point:
    west, east = info.south_west.longitude, info.north_east.longitude
    south, north = info.south_west.latitude, info.north_east.latitude
    return common_pb2.Point(
        longitude=west + (east - west) * draw.uniform(0.35, 0.65),
        latitude=south + (north - south) * draw.uniform(0.35, 0.65),
        coordinate_system=common_pb2.COORDINATE_SYSTEM_WGS84,
    )


async def measure(rounds: int, calls: int, planned_calls: int, callers: int) -> dict[str, Any]:
    """All figures: medians over the rounds, the rounds themselves, and the ratio to the echo."""
    found: dict[str, list[dict[str, float]]] = {"echo": [], "kept": [], "planned": []}
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            found["echo"].append(await echo_round(folder, calls, callers))
            found["kept"].append(await report_round(folder, "kept", calls, callers, planned=False))
            found["planned"].append(
                await report_round(folder, "planned", planned_calls, callers, planned=True)
            )
        print(f"round {number + 1} of {rounds} done", file=sys.stderr)
    medians = {
        name: {key: statistics.median(r[key] for r in runs) for key in runs[0]}
        for name, runs in found.items()
    }
    ratios = [
        kept["per_s"] / echo["per_s"]
        for kept, echo in zip(found["kept"], found["echo"], strict=True)
    ]
    return {
        **medians,
        "kept_to_echo": statistics.median(ratios),
        "callers": callers,
        "calls": calls,
        "planned_calls": planned_calls,
        "rounds": found,
    }


def main() -> None:
    """Measure and print; ``--json FILE`` keeps the figures."""
    parser = parser_of(__doc__, quick="one short round")
    parser.add_argument("--callers", type=int, default=64)
    options = parser.parse_args()
    rounds, calls, planned = (1, 2000, 100) if options.quick else (5, 6000, 300)
    figures = asyncio.run(measure(rounds, calls, planned, options.callers))
    for name in ("echo", "kept", "planned"):
        row = figures[name]
        print(
            f"{name:8} {row['per_s']:8.0f} calls/s   p50 {row['p50_ms']:6.1f} ms"
            f"   p99 {row['p99_ms']:6.1f} ms"
        )
    print(f"a report made durable runs at {figures['kept_to_echo']:.2f} of the echo's rate")
    keep(figures, options.json)


if __name__ == "__main__":
    main()
