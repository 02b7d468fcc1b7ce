"""The hierarchy of a network made in a process of its own, aside from a service that answers."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from roadnets.network import RoadNetwork
from roadnets.prepared import Prepared
from roadnets.store import load_stored, save


async def prepare_apart(network: RoadNetwork) -> Prepared:
    """Prepare a network while others answer.

    Ordering a large city holds the interpreter's lock for seconds, in one call of METIS: in a
    thread, every call of the service would wait for it. Cancelled, it leaves nothing behind.

    Raises
    ------
    RuntimeError
        The process failed; what it said.
    """
    with tempfile.TemporaryDirectory(prefix="citydispatch-") as folder:
        file = Path(folder) / "network.net"
        await asyncio.to_thread(save, network, file)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "roadnets", "prepare", str(file)),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, said = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        # The arrays are views into the file, which stays until they are gone.
        prepared = (await asyncio.to_thread(load_stored, file)).prepared
    if process.returncode or prepared is None:
        raise RuntimeError(said.decode(errors="replace").strip() or f"exit {process.returncode}")
    return prepared
