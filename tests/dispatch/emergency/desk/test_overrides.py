"""A dispatcher's own choice."""

from typing import Any

import pytest

from dispatch.emergency.commands import (
    ConfirmProposal,
    OverrideProposal,
    UnitForNeed,
)
from dispatch.emergency.model import (
    OVERRIDE_CODES,
    Assigned,
    Candidate,
    Deciding,
    Override,
)
from dispatch.errors import (
    ConflictError,
    InvalidFieldError,
    NotAllowedNowError,
    NotFoundError,
)
from dispatch.model import (
    AssignmentId,
    HospitalId,
    IncidentId,
    NeedId,
    Remark,
    UnitId,
)
from tests.dispatch.builders import (
    DeskAtHand,
)
from tests.dispatch.emergency.desk.asking import (
    LOCAL,
    S,
    assignments,
    fates,
    holder,
    press,
    reasons,
    refused,
)


class TestOverride:
    def override(self, incident: str, *units: str | tuple[str, str], **more: Any) -> Any:
        wanted = tuple(
            UnitForNeed(UnitId(u)) if isinstance(u, str) else UnitForNeed(UnitId(u[0]), u[1])
            for u in units
        )
        return OverrideProposal(IncidentId(incident), wanted, more.pop("reason", LOCAL), **more)

    def test_the_dispatchers_units_go_instead(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        waiting = desk.propose(e, {"als-1": "A1", "bls-1": "B1"})
        facts = desk.do(self.override(e, "A2", "B2"))
        assert reasons(facts) == [Remark("overridden")]
        assert fates(desk, e) == {
            "als-1": Assigned(AssignmentId("D000001")),
            "bls-1": Assigned(AssignmentId("D000002")),
            "bls-2": Deciding(),
        }
        assert [(a.unit, a.override, a.flags) for a in assignments(desk)] == [
            ("A2", LOCAL, ()),
            ("B2", LOCAL, ()),
        ]
        assert holder(desk, "A1") is None
        error = refused(desk, ConfirmProposal(e, waiting), ConflictError)
        assert error.details["assigned"] == "A2, B2"

    def test_needs_can_be_named(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        desk.do(self.override(e, ("A1", "bls-2"), ("A2", "als-1")))
        assert [(a.unit, a.need_id) for a in assignments(desk)] == [
            ("A1", "bls-2"),
            ("A2", "als-1"),
        ]

    def test_a_need_named_is_not_given_away_before(self, desk: DeskAtHand) -> None:
        """A1 could take als-1, but that is spoken for."""
        e = desk.report("crash")
        desk.do(self.override(e, "A1", ("A2", "als-1")))
        assert [(a.unit, a.need_id) for a in assignments(desk)] == [
            ("A1", "bls-1"),
            ("A2", "als-1"),
        ]

    def test_a_unit_beyond_the_plan_is_flagged(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        desk.do(self.override(e, "P1"))
        (assignment,) = assignments(desk)
        assert (assignment.need_id, assignment.flags) == (None, (Remark("beyond_plan"),))
        assert fates(desk, e) == {"als-1": Deciding()}
        assert holder(desk, "P1").incident == e

    def test_a_unit_that_lacks_the_capability_is_flagged(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        desk.do(self.override(e, ("B1", "als-1")))
        (assignment,) = assignments(desk)
        assert assignment.flags == (Remark("capability_missing", {"capability": "als"}),)
        assert fates(desk, e) == {"als-1": Assigned(AssignmentId("D000001"))}

    def test_an_unknown_type_can_be_served(self, desk: DeskAtHand) -> None:
        e = desk.report(None)
        desk.do(self.override(e, ("A1", "unclassified-1")))
        assert fates(desk, e) == {"unclassified-1": Assigned(AssignmentId("D000001"))}

    def test_the_estimate_of_a_unit_is_kept(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        told = Candidate(UnitId("A1"), 200, 60, 140, why=(Remark("quickest"),))
        wanted = (UnitForNeed(UnitId("A1"), NeedId("als-1"), told), UnitForNeed(UnitId("A2")))
        desk.do(OverrideProposal(e, wanted, LOCAL, hospital=HospitalId("H1")))
        known, unknown = assignments(desk)
        assert (known.eta_s, known.turnout_s, known.travel_s) == (200, 60, 140)
        assert (known.why, known.hospital) == (told.why, "H1")
        assert (unknown.eta_s, unknown.turnout_s, unknown.travel_s) == (None, None, None)

    def test_another_proposal_that_named_the_unit_is_withdrawn(self, desk: DeskAtHand) -> None:
        other, e = desk.report("crash"), desk.report("fall")
        desk.propose(other, {"als-1": "A1", "bls-1": "A2"})
        facts = desk.do(self.override(e, "A1", "A2"))
        assert reasons(facts) == [Remark("unit_taken", {"unit": "A1", "incident": e})]
        assert desk.incident(other).proposal is None

    def test_the_proposal_looked_at_still_has_to_stand(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        waiting = desk.propose(e, {"als-1": "A1"})
        desk.do(self.override(e, "A2", proposal=waiting))
        error = refused(desk, self.override(e, "B1", proposal=waiting), ConflictError)
        assert error.code == "proposal_superseded"

    @pytest.mark.parametrize("code", OVERRIDE_CODES)
    def test_reasons_that_count(self, desk: DeskAtHand, code: str) -> None:
        e = desk.report("cardiac")
        assert desk.do(self.override(e, "A1", reason=Override(code)))

    def test_reasons_that_do_not(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        error = refused(desk, self.override(e, "A1", reason=Override("mood")), InvalidFieldError)
        assert error.details == {
            "field": "override_reason.code",
            "value": "mood",
            "allowed": ", ".join(OVERRIDE_CODES),
        }

    def test_no_units(self, desk: DeskAtHand) -> None:
        error = refused(desk, self.override(desk.report()), InvalidFieldError)
        assert error.details["field"] == "units"

    def test_a_unit_named_twice(self, desk: DeskAtHand) -> None:
        error = refused(desk, self.override(desk.report(), "A1", "A1"), InvalidFieldError)
        assert error.details == {
            "field": "units[1].unit",
            "value": "A1",
            "allowed": "each unit once",
        }

    def test_an_unknown_unit(self, desk: DeskAtHand) -> None:
        error = refused(desk, self.override(desk.report(), "A1", "ghost"), NotFoundError)
        assert (error.details["field"], error.details["value"]) == ("units[1].unit", "ghost")

    def test_a_unit_under_another_order(self, desk: DeskAtHand) -> None:
        first, second = desk.report(), desk.report("fall")
        desk.propose(first, {"als-1": "A1"})
        error = refused(desk, self.override(second, "A1"), ConflictError)
        assert (error.code, error.details) == ("unit_taken", {"unit": "A1", "incident": first})

    def test_a_unit_that_cannot_go(self, desk: DeskAtHand) -> None:
        desk.do(press("A1", S.OFF_DUTY))
        error = refused(desk, self.override(desk.report(), "A1"), ConflictError)
        assert error.code == "unit_not_ready"
        assert error.details == {"unit": "A1", "status": "off_duty"}

    @pytest.mark.parametrize(
        ("need_id", "allowed"), [("als-9", "an open need of E000001: als-1, bls-1, bls-2")]
    )
    def test_a_need_that_is_none(self, desk: DeskAtHand, need_id: str, allowed: str) -> None:
        e = desk.report("crash")
        error = refused(desk, self.override(e, ("A1", need_id)), InvalidFieldError)
        assert error.details == {
            "field": "units[0].need_id",
            "value": need_id,
            "allowed": allowed,
        }

    def test_a_need_that_is_served(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        desk.propose(e, {"als-1": "A1"})
        error = refused(desk, self.override(e, ("A2", "als-1")), InvalidFieldError)
        assert error.details["allowed"] == "an open need of E000001: there is none left"

    def test_shadow_mode(self, shadow: DeskAtHand) -> None:
        error = refused(shadow, self.override(shadow.report(), "A1"), NotAllowedNowError)
        assert error.code == "shadow_mode"
