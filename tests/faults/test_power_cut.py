"""No acknowledged batch is lost to a power cut, and what is found verifies."""

import pytest

from tests.faults.disk import alone
from tests.faults.power import Toll, lives


def test_no_acknowledged_batch_is_lost():
    toll = alone(lives, 1, 80, 3, "FULL")
    assert toll.broken == ()
    assert toll.lost == 0
    assert toll.cuts == 240
    assert toll.acknowledged > 1_500


def test_the_disk_bites():
    """Without a sync at each commit the same cuts lose batches, and break journals."""
    toll = alone(lives, 1, 30, 2, "OFF")
    assert toll.lost > 100
    assert toll.broken
    toll = alone(lives, 1, 30, 2, "NORMAL")
    assert toll.lost > 50
    assert all("commits follow it" in what for what in toll.broken), "only what verify sees missing"


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("part", range(10))
def test_no_acknowledged_batch_is_lost_in_many_lives(part):
    toll: Toll = alone(lives, 1_000 * (part + 1), 150, 4, "FULL")
    assert toll.broken == ()
    assert toll.lost == 0
