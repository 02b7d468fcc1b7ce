"""The service as it is run: started, used, stopped, refused."""

import asyncio
import json
import re
import signal
import socket
import subprocess

import pytest

from dispatch.__main__ import main
from tests.dispatch.service.desks import Caller, city, running
from tests.e2e.processes import options, run, serve


@pytest.fixture
def command(capsys, monkeypatch):
    """``python -m dispatch …`` in this process, for what ends at once."""
    monkeypatch.setattr("dispatch.service.logs.log_to_stderr", lambda level: None)

    def run_here(*arguments):
        capsys.readouterr()
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as error:
            code = error.code
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, out, err)

    return run_here


async def used(address):
    async with Caller(address) as caller:
        incident = await caller.report()
        return (await caller.decided(incident.name)).needs[0].assignment


async def test_it_serves_until_it_is_told_to_stop(tmp_path):
    with serve(tmp_path) as service:
        order = await used(service.address)
        assert order.unit == "units/A01"
        assert service.stop() == 0
        assert re.match(rf"ready on {service.address} · Grid · 4 units · ", service.out)
        assert str(tmp_path / "journal.sqlite3") in service.out
    with serve(tmp_path) as service:
        async with Caller(service.address) as caller:
            assert (await caller.incident("E000001")).needs[0].assignment == order
        assert "1 open incidents" in service.out
        assert service.stop(signal.SIGINT) == 0


async def test_it_listens_where_it_is_told_to(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{probe.getsockname()[1]}"
    with serve(tmp_path, listen=listen) as service:
        assert service.address == listen
        refused = run("serve", *options(tmp_path / "other"), "--listen", listen)
        assert refused.returncode == 2
        assert (
            refused.stderr == f"dispatch: {listen} cannot be listened on: address already in use\n"
        )
        service.stop()
    with serve(tmp_path, listen=listen) as service:  # at once again
        await used(service.address)


async def test_log_lines_are_json_without_what_callers_told(tmp_path):
    with serve(tmp_path, "--log-level", "debug") as service:
        async with Caller(service.address) as caller:
            await caller.report(caller_phone="13800138000", description="胸口疼", address="9号楼")
        service.stop()
        lines = [json.loads(line) for line in service.err.splitlines() if line.startswith("{")]
        assert any(line["message"] == "ReportIncident done" for line in lines)
        assert not re.search("13800138000|胸口疼|9号楼", service.err)


async def test_an_exercise_has_its_own_time(tmp_path):
    start = ("--clock-start", "2021-07-20T16:00:00+08:00", "--clock-rate", "60")
    with serve(tmp_path, *start) as service:
        async with Caller(service.address) as caller:
            incident = await caller.report()
            assert incident.recorded_time.ToDatetime().isoformat().startswith("2021-07-20T08:")
            unit = await caller.unit("A02")
            assert unit.status_time.ToDatetime() <= incident.recorded_time.ToDatetime()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--listen", "0.0.0.0:0"), "allowed: a loopback address; for others give --tls-cert"),
        (("--listen", "nonsense"), "allowed: host:port"),
        (("--listen", "192.0.2.1:0", "--insecure"), "cannot be listened on"),
        (("--network", "none.net"), "none.net cannot be read: No such file"),
        (("--plans", "none.yaml"), "none.yaml: the file does not exist"),
        (("--fleet", "{network}"), "is not UTF-8"),
        (("--mapping", "none.yaml"), "none.yaml: the file does not exist"),
        (("--journal", "/proc/none/journal"), "cannot be made"),
        (("--journal", "{network}"), "network"),
        (("--tls-cert", "none.pem"), "--tls-key"),
        (("--clock-start", "2026-01-05T08:00:00"), "with a time zone"),
        (("--clock-rate", "0"), "--clock-rate"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path, command, arguments, sentence):
    files = city(tmp_path)
    given = [a.format(**files) for a in arguments]
    refused = command("serve", *options(tmp_path), *given)
    assert refused.returncode == 2
    assert refused.stderr.startswith("dispatch: ")
    assert sentence in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not refused.stdout


def test_the_journal_of_another_network_is_refused(tmp_path, command):
    asyncio.run(_once(tmp_path))
    from roadnets.store import save
    from tests.roadnets.networks import grid

    save(grid(6, 6), tmp_path / "other.net")
    refused = command(
        *("serve", "--network", tmp_path / "other.net", "--listen", "127.0.0.1:0"),
        *("--journal", tmp_path / "journal.sqlite3"),
    )
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "network" in refused.stderr


async def _once(folder):
    async with running(folder):
        pass


# The other commands


def test_help_is_for_people(command):
    for words in ((), ("serve",), ("demo",), ("journal", "verify"), ("fleet", "suggest")):
        told = command(*words, "--help")
        assert told.returncode == 0
        assert told.stdout.startswith("usage: python -m dispatch")
        assert "Traceback" not in told.stderr
    assert command().returncode == 2
    assert command("dance").returncode == 2


async def test_a_journal_is_verified(tmp_path, command):
    journal = tmp_path / "journal.sqlite3"
    async with running(tmp_path) as desk:
        await used(desk.address)
        told = await asyncio.to_thread(run, "journal", "verify", journal)
        assert told.returncode == 0, told.stdout + told.stderr
        copied = await asyncio.to_thread(run, "journal", "copy", journal, tmp_path / "copy")
        assert copied.returncode == 0, copied.stderr
    assert command("journal", "verify", journal).returncode == 0
    assert command("journal", "verify", tmp_path / "copy").returncode == 0
    assert command("journal", "copy", journal, tmp_path / "copy").returncode == 2
    data = bytearray(journal.read_bytes())
    data[len(data) // 2] ^= 1
    journal.write_bytes(bytes(data))
    assert command("journal", "verify", journal).returncode == 1
    missing = command("journal", "verify", tmp_path / "none")
    assert missing.returncode == 2
    assert missing.stderr.count("\n") == 1


def test_a_fleet_is_suggested(tmp_path, command):
    files = city(tmp_path)
    out = tmp_path / "draft.yaml"
    told = command("fleet", "suggest", files["network"], "-o", out)
    assert told.returncode == 0, told.stderr
    assert "units" in told.stdout
    assert command("fleet", "suggest", files["network"], "-o", out).returncode == 2
    assert command("fleet", "suggest", files["network"], "-o", out, "--force").returncode == 0
    assert command("fleet", "suggest", tmp_path / "none", "-o", tmp_path / "x").returncode == 2
    unwritable = command("fleet", "suggest", files["network"], "-o", tmp_path / "no" / "x.yaml")
    assert unwritable.returncode == 2
    assert "cannot be written" in unwritable.stderr


def test_a_mapping_is_checked(tmp_path, command):
    files = city(tmp_path)
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        """
clients:
  cad:
    coordinate_system: WGS84
    time_zone: Asia/Shanghai
    units: {'1号车': A01}
    incident_types: {'胸痛': chest_pain}
    log: {unit: 车辆, incident_type: 类型}
""",
        "utf-8",
    )
    day = tmp_path / "day.csv"
    day.write_text("车辆,类型\n1号车,胸痛\n9号车,胸痛\n", "utf-8")
    check = ("mapping", "check", day, "--mapping", mapping, "--fleet", files["fleet"])
    told = command(*check, "--client", "cad")
    assert told.returncode == 1, told.stderr
    assert "9号车" in told.stdout
    assert command(*check, "--client", "nobody").returncode == 2
    day.write_text("车辆,类型\n1号车,胸痛\n", "utf-8")
    assert command(*check, "--client", "cad").returncode == 0


def test_the_default_journal_is_the_networks_own(tmp_path):
    from dispatch.config import default_journal, state_folder

    assert state_folder({"XDG_STATE_HOME": "/x"}).as_posix() == "/x/citydispatch"
    assert state_folder({}).parts[-3:] == (".local", "state", "citydispatch")
    one = default_journal("澜江市 Lanjiang (synthetic)", "sha256:0123456789abcdef")
    assert one.name == "澜江市-Lanjiang-synthetic-0123456789ab.sqlite3"
    assert (
        default_journal("../..", "sha256:0123456789abcdef").name == "network-0123456789ab.sqlite3"
    )
