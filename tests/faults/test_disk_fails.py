"""A disk that is full, or fails: the batch is refused whole, and the journal stops."""

import pytest

import tests.faults.disk_faults as faults
from tests.faults.disk import alone


@pytest.mark.parametrize(
    ("operation", "error", "after", "says"),
    [
        ("write", "FullError", 0, "the disk is full"),
        ("write", "FullError", 7, "the disk is full"),
        ("write", "IOError", 3, "the disk fails"),
        ("sync", "IOError", 0, "the disk fails"),
    ],
)
def test_a_failed_append_stores_nothing(tmp_path, operation, error, after, says):
    alone(faults.a_failed_append_stores_nothing, tmp_path / "a", operation, error, after, says)


def test_a_failed_copy_of_the_log_keeps_the_log(tmp_path):
    alone(faults.a_failed_copy_of_the_log_keeps_the_log, tmp_path / "a")


def test_positions_that_fail_stop_it(tmp_path):
    alone(faults.positions_that_fail_stop_it, tmp_path / "a")


def test_making_is_durable_before_the_name(tmp_path):
    alone(faults.making_is_durable_before_the_name, tmp_path / "a")
