"""A desk that orders, and one in shadow mode."""

import pytest

from tests.dispatch.builders import (
    DeskAtHand,
)


@pytest.fixture
def desk() -> DeskAtHand:
    return DeskAtHand()


@pytest.fixture
def shadow() -> DeskAtHand:
    return DeskAtHand(orders=False)
