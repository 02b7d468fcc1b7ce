"""What every benchmark takes on its command line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path


def parser_of(description: str | None, quick: str) -> argparse.ArgumentParser:
    """Options ``--json`` and ``--quick``; ``quick`` says what the latter leaves out."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to keep the figures")
    parser.add_argument("--quick", action="store_true", help=quick)
    return parser


def keep(figures: Mapping[str, object], file: Path | None) -> None:
    """Write the figures where ``--json`` says, if it does."""
    if file is not None:
        file.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
