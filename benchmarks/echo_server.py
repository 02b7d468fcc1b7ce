"""The peer of `benchmarks.calls`: a bare grpc.aio server that sends back what it gets."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc

METHOD = "/benchmarks.Echo/Echo"


async def _echo(request: bytes, _context: object) -> bytes:
    return request


async def serve(tell: Callable[[str], object]) -> None:
    """Serve on loopback until killed; tells its address when it is ready."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    handler: Any = grpc.unary_unary_rpc_method_handler(_echo)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("benchmarks.Echo", {"Echo": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    tell(f"127.0.0.1:{port}")
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]).write_text))
