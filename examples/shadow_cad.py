"""Beside a CAD: it decides, the desk listens and says whom it would have sent.

    python -m dispatch serve --mode shadow --mapping examples/mapping_cad.yaml   # one terminal
    python examples/shadow_cad.py                                                # another

The CAD keeps its own words for units, statuses and types, and its own map's coordinates (GCJ-02);
mapping_cad.yaml translates them. Nothing is ordered: docs/beside-a-cad.md goes on from here.
"""

from __future__ import annotations

import argparse
import sys
import uuid
from dataclasses import dataclass

import grpc

from dispatch.v1 import common_pb2, emergency_pb2, emergency_pb2_grpc

METADATA = (("x-client-id", "cad-120"),)


@dataclass
class Line:
    """One line of the CAD's log: a call, and the unit that its dispatcher sent."""

    number: str
    kind: str
    longitude: float  # degrees GCJ-02, as the CAD's map shows them
    latitude: float
    unit: str


LOG = [
    Line("20260105-0001", "胸痛", 112.6982, 30.5462, "1201"),
    Line("20260105-0002", "跌倒", 112.6750, 30.5540, "1203"),
    Line("20260105-0003", "心脏骤停", 112.7190, 30.5430, "1201"),  # already sent to the first
    Line("20260105-0004", "中暑", 112.6900, 30.5500, "1299"),  # words that the mapping lacks
]


def replay(desk: emergency_pb2_grpc.EmergencyServiceStub, line: Line) -> None:
    """Tell the desk what the CAD has done, and print what the desk thinks of it."""
    incident = desk.ReportIncident(
        emergency_pb2.ReportIncidentRequest(
            request_id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"report {line.number}")),
            incident_type=line.kind,
            # No coordinate system: the mapping says that this client speaks GCJ-02.
            point=common_pb2.Point(longitude=line.longitude, latitude=line.latitude),
            origin=common_pb2.Origin(external_id=line.number),
        ),
        metadata=METADATA,
        timeout=5,
    )
    print(f"{line.number} {line.kind} → {incident.name} {incident.incident_type or '?'}")
    for flag in incident.flags:
        print(f"  ! {flag.text}")

    if incident.incident_type:
        ranked = desk.RecommendUnits(
            emergency_pb2.RecommendUnitsRequest(incident=incident.name, max_candidates=3),
            metadata=METADATA,
            timeout=5,
        )
        for need in ranked.needs:
            best = " > ".join(f"{c.unit} {c.eta_s} s" for c in need.candidates)
            print(f"  {need.need_id}: {best or 'nobody'}")

    recorded = desk.RecordAssignment(
        emergency_pb2.RecordAssignmentRequest(
            request_id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"sent {line.number}")),
            incident=line.number,  # the CAD's own number will do
            unit=line.unit,
        ),
        metadata=METADATA,
        timeout=5,
    )
    print(f"  CAD: {line.unit} → {recorded.unit or '?'}")
    for flag in recorded.flags:
        print(f"  ! {flag.text}")


def main() -> int:
    """Replay the log, then list what the mapping lacks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", default="127.0.0.1:50051")
    args = parser.parse_args()
    with grpc.insecure_channel(args.target) as channel:
        desk = emergency_pb2_grpc.EmergencyServiceStub(channel)
        try:
            for line in LOG:
                replay(desk, line)
            unmapped = desk.ListUnmappedValues(
                emergency_pb2.ListUnmappedValuesRequest(), metadata=METADATA, timeout=5
            )
        except grpc.RpcError as error:
            print(f"the service says {error.code().name}: {error.details()}", file=sys.stderr)
            return 1
    print("not in the mapping yet:")
    for value in unmapped.values:
        print(f"  {value.field} {value.value!r}, {value.count}x")
    return 0


if __name__ == "__main__":
    sys.exit(main())
