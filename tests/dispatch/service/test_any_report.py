"""Whatever a report says, it is kept, and the journal can be read again."""

import math

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

import dispatch.state as fold
from dispatch.journal.verify import verify
from dispatch.v1 import common_pb2, emergency_pb2
from tests.dispatch.service.desks import ORIGIN, desk_and_caller, running

INT32 = st.integers(-(2**31), 2**31 - 1)
ODD = st.sampled_from([math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, -0.0, 180.0, 90.0])
DOUBLES = st.one_of(ODD, st.floats(allow_nan=True, allow_infinity=True, width=64))
TEXTS = st.text(max_size=300)
NEAR = st.floats(-0.01, 0.02)

points = st.one_of(
    st.none(),
    st.builds(
        lambda lon, lat, system, radius: common_pb2.Point(
            longitude=lon, latitude=lat, coordinate_system=system, uncertainty_m=radius
        ),
        st.one_of(DOUBLES, NEAR.map(lambda d: ORIGIN.lon + d), st.floats(-180, 180)),
        st.one_of(DOUBLES, NEAR.map(lambda d: ORIGIN.lat + d), st.floats(-90, 90)),
        st.one_of(st.integers(0, 5), INT32),
        DOUBLES,
    ),
)
times = st.one_of(
    st.none(),
    st.builds(Timestamp, seconds=st.integers(-(2**63), 2**63 - 1), nanos=INT32),
)
reports = st.builds(
    lambda **given: emergency_pb2.ReportIncidentRequest(
        **{k: v for k, v in given.items() if v is not None}
    ),
    request_id=st.one_of(st.just(""), st.sampled_from(["a", "b", "c"]), TEXTS),
    incident_type=st.one_of(
        st.sampled_from(["chest_pain", "sick_person", "structure_fire"]), TEXTS
    ),
    priority=st.one_of(st.none(), st.integers(0, 5), INT32),
    point=points,
    address=TEXTS,
    patients=st.one_of(st.none(), INT32),
    caller_phone=TEXTS,
    description=TEXTS,
    occurred_time=times,
    origin=st.one_of(
        st.none(),
        st.builds(
            common_pb2.Origin, external_id=TEXTS, source=TEXTS, agency=TEXTS, parent_agency=TEXTS
        ),
    ),
)


async def test_any_report_is_kept(tmp_path):
    drawn = []

    @given(reports)
    @settings(max_examples=300, deadline=None, database=None)
    def draw(report):
        drawn.append(report)

    draw()
    nowhere = emergency_pb2.ReportIncidentRequest()
    nowhere.point.longitude = math.nan
    long_ago = emergency_pb2.ReportIncidentRequest()
    long_ago.occurred_time.seconds = 1
    drawn += [nowhere, long_ago]
    async with desk_and_caller(tmp_path) as (desk, caller):
        for report in drawn:
            kept = await caller("ReportIncident", report)
            assert kept.name.startswith("incidents/E")
            assert await caller("ReportIncident", report) == kept or not report.request_id
        count = len(desk.engine.state.emergency.incidents)
        hashed = fold.state_hash(desk.engine.state)
        revision = desk.engine.state.revision
    report = verify(tmp_path / "journal.sqlite3", fold=fold)
    assert report.ok, report
    async with running(tmp_path) as desk:
        assert len(desk.engine.state.emergency.incidents) == count
        if desk.engine.state.revision == revision:
            assert fold.state_hash(desk.engine.state) == hashed
