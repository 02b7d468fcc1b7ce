"""Where real data lies that is not part of this project."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def data(name: str) -> Path:
    """A file of the folder DISPATCH_DATA, by default ../shared/data; skips where there is none."""
    folder = Path(os.environ.get("DISPATCH_DATA", ROOT.parent / "shared" / "data"))
    path = folder / name
    if not path.exists():
        pytest.skip(f"no {path}; set DISPATCH_DATA to the folder of real data")
    return path
