"""Report an emergency and follow it until it is known who goes.

    python -m dispatch serve                                 # one terminal: the sample city
    python examples/report_and_follow.py                     # another
    python examples/report_and_follow.py --type sick_person  # a type that waits for a dispatcher

Everything is done through the public API; any language that speaks gRPC can do the same.
"""

from __future__ import annotations

import argparse
import sys
import time
import uuid

import grpc

from dispatch.v1 import common_pb2, emergency_pb2, emergency_pb2_grpc, incident_pb2

METADATA = (("x-client-id", "example"), ("accept-language", "en"))


def report(
    desk: emergency_pb2_grpc.EmergencyServiceStub,
    request: emergency_pb2.ReportIncidentRequest,
) -> incident_pb2.Incident:
    """Send a report until there is an answer. Its request id makes that safe: sent twice, it is
    one incident."""
    for wait_s in (0.2, 1.0, 5.0):
        try:
            return desk.ReportIncident(request, metadata=METADATA, timeout=5)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            time.sleep(wait_s)
    return desk.ReportIncident(request, metadata=METADATA, timeout=5)


def follow(desk: emergency_pb2_grpc.EmergencyServiceStub, incident: incident_pb2.Incident) -> None:
    """Print what becomes of each need; return when none is left open."""
    needs = ", ".join(need.need_id for need in incident.needs)
    print(f"{incident.name} is on record. It needs: {needs}")
    for flag in incident.flags:
        print(f"  for a human to look at: {flag.text}")
    open_needs = {need.need_id for need in incident.needs if not need.HasField("unmet")}
    if not open_needs:
        return  # nothing can be decided before somebody corrects the report (UpdateIncident)

    # The etag is the revision of the incident's last change: every later fact about it follows.
    watch = emergency_pb2.WatchEventsRequest(after_revision=int(incident.etag))
    for event in desk.WatchEvents(watch, metadata=METADATA):
        match event.WhichOneof("fact"):
            case "decision_made":
                for proposal in event.decision_made.proposals:
                    if proposal.incident == incident.name:
                        propose(desk, incident, proposal)
                for left in event.decision_made.unmet:
                    if left.incident == incident.name:
                        print(f"  {left.unmet.need_id}: nobody. {left.unmet.reason.text}")
                        open_needs.discard(left.unmet.need_id)
            case "unit_assigned":
                sent = event.unit_assigned.assignment
                if sent.incident == incident.name:
                    why = " ".join(remark.text for remark in sent.why)
                    minutes, seconds = divmod(sent.eta_s, 60)
                    print(f"  {sent.need_id}: {sent.unit} goes, {minutes} min {seconds} s. {why}")
                    open_needs.discard(sent.need_id)
        if not open_needs:
            return


def propose(
    desk: emergency_pb2_grpc.EmergencyServiceStub,
    incident: incident_pb2.Incident,
    proposal: incident_pb2.Proposal,
) -> None:
    """Confirm a proposal that waits for a dispatcher; others are carried out by themselves."""
    for unit in proposal.units:
        others = ", ".join(f"{c.unit} +{c.slower_by_s} s" for c in unit.alternatives)
        print(f"  {unit.need_id}: {unit.candidate.unit} is proposed (others: {others or 'none'})")
    if incident.assigned_automatically:
        return
    request = emergency_pb2.AssignUnitsRequest(
        request_id=str(uuid.uuid4()), incident=incident.name, proposal=proposal.name
    )
    try:
        desk.AssignUnits(request, metadata=METADATA, timeout=5)
        print("  confirmed")
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.ABORTED:
            raise
        print(f"  not confirmed, things have moved on: {error.details()}")


def main() -> int:
    """Read the command line, report, follow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", default="127.0.0.1:50051")
    parser.add_argument("--type", default="cardiac_arrest", help="a code of the response plans")
    parser.add_argument("--point", nargs=2, type=float, metavar=("LON", "LAT"), help="WGS84")
    args = parser.parse_args()
    with grpc.insecure_channel(args.target) as channel:
        desk = emergency_pb2_grpc.EmergencyServiceStub(channel)
        longitude, latitude = args.point or (112.6927, 30.5488)  # in the middle of the sample city
        request = emergency_pb2.ReportIncidentRequest(
            request_id=str(uuid.uuid4()),
            incident_type=args.type,
            point=common_pb2.Point(
                longitude=longitude,
                latitude=latitude,
                coordinate_system=common_pb2.COORDINATE_SYSTEM_WGS84,
            ),
            address="人民大道 118 号",
            patients=1,
        )
        try:
            follow(desk, report(desk, request))
        except grpc.RpcError as error:
            print(f"the service says {error.code().name}: {error.details()}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
