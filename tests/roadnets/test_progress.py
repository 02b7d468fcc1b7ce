"""Long steps told as they begin."""

import io
import re

from rich.console import Console

from roadnets.progress import progress


def test_plain_lines_where_there_is_no_terminal() -> None:
    out = io.StringIO()
    with progress(Console(file=out)) as tell:
        tell("reading [brackets]")
        tell("writing")
    lines = out.getvalue().splitlines()
    assert [re.sub(r"^\[ *\d+\.\d s\] ", "", line) for line in lines] == [
        "reading [brackets]",
        "writing",
    ]


def test_a_live_line_on_a_terminal() -> None:
    out = io.StringIO()
    with progress(Console(file=out, force_terminal=True, width=80)) as tell:
        tell("reading")
        tell("writing")
    assert "reading" in out.getvalue()
    assert "writing" in out.getvalue()


def test_nothing_told() -> None:
    out = io.StringIO()
    with progress(Console(file=out, force_terminal=True)):
        pass
