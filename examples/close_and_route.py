"""Close a street and see which way is fastest without it; open it again.

    python -m dispatch serve                              # one terminal: the sample city
    python examples/close_and_route.py                    # another
    python examples/close_and_route.py --close 滨江南路   # another street

A closure is in force when the call returns: for every route and every decision after it.
"""

from __future__ import annotations

import argparse
import sys
import uuid

import grpc

from dispatch.v1 import common_pb2, roads_pb2, roads_pb2_grpc

METADATA = (("x-client-id", "example"), ("accept-language", "en"))
ACROSS_THE_RIVER = (112.6927, 30.5488), (112.72, 30.55)
"""Two places in the sample city."""


def show(roads: roads_pb2_grpc.RoadServiceStub, title: str) -> None:
    """Print the fastest way across the river, as an ambulance drives it now."""
    origin, destination = (
        common_pb2.Point(
            longitude=longitude,
            latitude=latitude,
            # Always said: a GCJ-02 point read as WGS84 is on the wrong street.
            coordinate_system=common_pb2.COORDINATE_SYSTEM_WGS84,
        )
        for longitude, latitude in ACROSS_THE_RIVER
    )
    request = roads_pb2.RouteRequest(origin=origin, destination=destination)
    route = roads.Route(request, metadata=METADATA, timeout=5)
    if not route.reachable:
        print(f"{title}: there is no way")
        return
    streets = ", ".join(leg.street_name_en or leg.street_name or "…" for leg in route.legs)
    minutes, seconds = divmod(route.duration_s, 60)
    print(f"{title}: {minutes} min {seconds} s, {route.length_m / 1000:.1f} km: {streets}")
    print(f"  nine of ten drives take no longer than {route.p90_s} s")


def close(roads: roads_pb2_grpc.RoadServiceStub, street: str) -> roads_pb2.Condition:
    """Close a street to everybody on wheels, until somebody ends it."""
    request = roads_pb2.SetConditionRequest(
        request_id=str(uuid.uuid4()),  # sent twice, it is one closure
        reason="the fire brigade needs the street",
        streets=roads_pb2.StreetSelector(street_names=[street]),
        effect=roads_pb2.Effect(closed=roads_pb2.Closed()),
    )
    return roads.SetCondition(request, metadata=METADATA, timeout=5)


def main() -> int:
    """Read the command line; route, close, route, open, route."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", default="127.0.0.1:50051")
    parser.add_argument("--close", default="东风大桥", help="a street, by its whole name")
    args = parser.parse_args()
    with grpc.insecure_channel(args.target) as channel:
        roads = roads_pb2_grpc.RoadServiceStub(channel)
        try:
            show(roads, "as usual")
            condition = close(roads, args.close)
            print(f"{condition.name}: {args.close} is closed, {condition.edge_count} edges")
            try:
                show(roads, "closed")
            finally:
                ended = roads_pb2.EndConditionRequest(
                    name=condition.name, request_id=str(uuid.uuid4())
                )
                roads.EndCondition(ended, metadata=METADATA, timeout=5)
            show(roads, "open again")
        except grpc.RpcError as error:
            print(f"the service says {error.code().name}: {error.details()}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
