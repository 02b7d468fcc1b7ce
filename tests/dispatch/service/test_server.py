"""The server itself: health, reflection, limits, deadlines, languages, TLS, a graceful end."""

import asyncio
import shutil
import subprocess

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from dispatch.errors import DispatchError, InvalidFieldError, JournalError
from dispatch.service.calls import Gate
from dispatch.service.emergency import EmergencyService
from dispatch.service.names import snake
from dispatch.service.roads import RoadService
from dispatch.service.server import EMERGENCY, ROADS, Limits
from dispatch.v1 import emergency_pb2, roads_pb2
from tests.dispatch.service.desks import (
    Caller,
    Refusal,
    at,
    config,
    desk_and_caller,
    new_id,
    refusal,
    running,
)

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.mark.parametrize(
    ("service", "servicer"), [(EMERGENCY, EmergencyService), (ROADS, RoadService)]
)
def test_every_method_is_there(service, servicer):
    assert all(callable(getattr(servicer, snake(m.name), None)) for m in service.methods)


async def health(target, service=""):
    async with grpc.aio.insecure_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        return (await stub.Check(health_pb2.HealthCheckRequest(service=service))).status


async def test_health_of_each_service(tmp_path):
    async with running(tmp_path) as desk:
        for service in ("", EMERGENCY.full_name, ROADS.full_name):
            assert await health(desk.address, service) == SERVING
        with pytest.raises(grpc.aio.AioRpcError, match="NOT_FOUND"):
            await health(desk.address, "nobody")


async def test_reflection_names_the_services(tmp_path):
    async with running(tmp_path) as desk, grpc.aio.insecure_channel(desk.address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)

        async def ask():
            yield reflection_pb2.ServerReflectionRequest(list_services="")

        async for answer in stub.ServerReflectionInfo(ask()):
            named = {s.name for s in answer.list_services_response.service}
            assert {EMERGENCY.full_name, ROADS.full_name} <= named
            break


async def test_a_failed_journal_is_told_and_health_says_so(tmp_path, monkeypatch):
    async with desk_and_caller(tmp_path, language="zh") as (desk, caller):
        incident = await caller.report("")

        def broken(batch):
            raise JournalError("the disk is full")

        monkeypatch.setattr(desk._journal, "append", broken)
        told = await refusal(caller.report(""))
        assert (told.status, told.reason) == (grpc.StatusCode.UNAVAILABLE, "JOURNAL")
        assert told.parts["RetryInfo"].retry_delay.seconds > 0
        assert "管理员" in told.sentence
        for _ in range(100):
            if await health(desk.address, EMERGENCY.full_name) == NOT_SERVING:
                break
            await asyncio.sleep(0.02)
        assert await health(desk.address) == NOT_SERVING
        assert (await caller.incident(incident.name)).name == incident.name  # still readable


async def test_what_was_not_foreseen_is_internal_and_logged_without_the_callers_words(
    tmp_path, monkeypatch, caplog
):
    from dispatch.service.logs import JsonLines

    async with desk_and_caller(tmp_path) as (_, caller):

        def broken(*_):
            raise ValueError("13800138000")

        monkeypatch.setattr("dispatch.service.present.unit", broken)
        told = await refusal(caller.unit("A01"))
        assert (told.status, told.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
        failure_id = told.details["failure_id"]
        assert "13800138000" not in told.message + told.sentence
        logged = [JsonLines().format(r) for r in caplog.records]
        (line,) = [one for one in logged if failure_id in one]
        assert "ValueError" in line
        assert "13800138000" not in line
        assert "test_server.py" in line


async def test_logs_hold_nothing_that_callers_told(tmp_path, caplog):
    from dispatch.service.logs import JsonLines

    caplog.set_level("DEBUG")
    secrets = {
        "caller_phone": "13800138000",
        "address": "文化东街9号",
        "description": "胸口疼得厉害",
    }
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await caller.report(**secrets)
        await caller.decided(incident.name)
        await refusal(caller.press("secret-unit", 1))
        await refusal(
            caller(
                "UpdateIncident",
                emergency_pb2.UpdateIncidentRequest(
                    name=incident.name, incident_type="x", address=secrets["address"]
                ),
            )
        )
    logged = "\n".join(JsonLines().format(r) for r in caplog.records)
    assert "ReportIncident done" in logged
    assert "UpdateUnitStatus refused" in logged
    assert not any(secret in logged for secret in (*secrets.values(), "secret-unit"))


async def test_too_many_calls_are_shed_but_never_a_report(tmp_path):
    limits = Limits(calls=2, streams=1)
    async with desk_and_caller(tmp_path, limits=limits) as (_, caller):
        request = emergency_pb2.RecommendUnitsRequest(incident_type="chest_pain", point=at(4, 8))
        outcomes = await asyncio.gather(
            *(caller("RecommendUnits", request) for _ in range(40)),
            *(caller.report("") for _ in range(40)),
            return_exceptions=True,
        )
        asked, reported = outcomes[:40], outcomes[40:]
        shed = [Refusal(o) for o in asked if isinstance(o, Exception)]
        assert shed
        assert await caller("RecommendUnits", request)  # there is room again
        assert {(s.status, s.reason) for s in shed} == {
            (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
        }
        assert shed[0].parts["RetryInfo"].retry_delay.nanos > 0
        assert not [o for o in reported if isinstance(o, Exception)]
        watch = caller.desk.WatchEvents(emergency_pb2.WatchEventsRequest())
        await watch.read()
        told = await refusal(caller.desk.WatchEvents(emergency_pb2.WatchEventsRequest()).read())
        assert told.reason == "OVERLOADED"
        watch.cancel()
        await asyncio.sleep(0.2)
        assert await caller.desk.WatchEvents(emergency_pb2.WatchEventsRequest()).read()


async def test_a_deadline_that_has_passed_ends_the_call(tmp_path, monkeypatch):
    async with desk_and_caller(tmp_path) as (_, caller):
        ended = asyncio.Event()

        async def slow(*_):
            try:
                await asyncio.sleep(30)
            finally:
                ended.set()

        monkeypatch.setattr("dispatch.service.emergency.recommend", slow)
        request = emergency_pb2.RecommendUnitsRequest()
        told = await refusal(caller("RecommendUnits", request, timeout=0.2))
        assert told.status is grpc.StatusCode.DEADLINE_EXCEEDED
        await asyncio.wait_for(ended.wait(), 2)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("zh", "找不到"),
        ("zh-CN,en;q=0.8", "找不到"),
        ("fr, ZH-hans", "找不到"),
        ("en", "nothing is known"),
        ("fr", "nothing is known"),
        ("", "nothing is known"),
    ],
)
async def test_a_refusal_is_in_the_callers_language(tmp_path, asked, words):
    async with running(tmp_path) as desk, Caller(desk.address, language=asked) as caller:
        told = await refusal(caller.unit("Z1"))
        assert words in told.sentence
        assert told.parts["LocalizedMessage"].locale == ("zh-CN" if words == "找不到" else "en")
        assert told.parts["BadRequest"].field_violations[0].description == told.sentence
        assert told.parts["ErrorInfo"].domain == "citydispatch"


async def test_the_mapping_says_what_a_client_reads(tmp_path):
    async with running(tmp_path) as desk, Caller(desk.address, "cad", language="") as caller:
        assert "找不到" in (await refusal(caller.unit("Z1"))).sentence


async def test_a_huge_value_still_fits_into_a_refusal(tmp_path):
    async with desk_and_caller(tmp_path, language="zh") as (_, caller):
        told = await refusal(caller.unit("车" * 100_000))
        assert told.status is grpc.StatusCode.NOT_FOUND


async def test_calls_under_way_finish_when_the_service_stops(tmp_path, monkeypatch):
    async with running(tmp_path) as desk:
        caller = Caller(desk.address)
        await caller.report("")
        entered = asyncio.Event()
        original = EmergencyService.recommend_units

        async def slow(self, request, call):
            entered.set()
            await asyncio.sleep(0.5)
            return await original(self, request, call)

        monkeypatch.setattr(EmergencyService, "recommend_units", slow)
    async with running(tmp_path / "again") as desk:
        caller = Caller(desk.address)
        request = emergency_pb2.RecommendUnitsRequest(incident_type="chest_pain", point=at(4, 8))
        under_way = asyncio.create_task(caller("RecommendUnits", request))
        await entered.wait()
        stopping = asyncio.create_task(desk.stop())
        await asyncio.sleep(0.1)
        late = await refusal(caller.report(""))
        assert late.status is grpc.StatusCode.UNAVAILABLE
        assert (await under_way).needs
        began = asyncio.get_running_loop().time()
        await stopping
        assert asyncio.get_running_loop().time() - began < 2
        await caller.channel.close()


async def test_a_stream_of_positions_does_not_hold_up_the_end(tmp_path):
    async with running(tmp_path) as desk:
        caller = Caller(desk.address)
        call = caller.desk.StreamPositions(metadata=caller.metadata)
        await call.write(emergency_pb2.StreamPositionsRequest())
        await asyncio.sleep(0.2)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await desk.stop()
        assert loop.time() - began < 2
        told = await refusal(call)
        assert told.reason == "STOPPING"
        await caller.channel.close()


async def test_a_port_in_use_is_refused_in_a_sentence(tmp_path):
    from dispatch.compose import compose

    async with running(tmp_path) as desk:
        with pytest.raises(DispatchError, match=r"cannot be listened on: address already in use"):
            compose(config(tmp_path / "other", listen=desk.address))


async def test_a_journal_in_use_and_one_of_another_network_are_refused(tmp_path):
    from dispatch.compose import compose
    from roadnets.store import save
    from tests.roadnets.networks import grid

    async with running(tmp_path):
        with pytest.raises(JournalError):
            compose(config(tmp_path))
    other = tmp_path / "other.net"
    save(grid(5, 5), other)
    with pytest.raises(JournalError, match="network"):
        compose(config(tmp_path, network=other, fleet=None, mapping=None))


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"listen": "0.0.0.0:0"}, "--listen"),
        ({"listen": "[::]:0"}, "--listen"),
        ({"listen": "50051"}, "--listen"),
        ({"listen": "127.0.0.1:70000"}, "--listen"),
        ({"listen": ":50051"}, "--listen"),
        ({"listen": "::1:50051"}, "--listen"),
        ({"policy": "best"}, "--policy"),
        ({"clock_rate": 0}, "--clock-rate"),
        ({"clock_rate": float("nan")}, "--clock-rate"),
        ({"tls_cert": "x"}, "--tls-key"),
        ({"tls_key": "x"}, "--tls-cert"),
        ({"tls_client_ca": "x"}, "--tls-client-ca"),
        ({"log_level": "loud"}, "--log-level"),
        ({"proposal_lifetime_s": 0}, "--proposal-lifetime"),
    ],
)
def test_options_are_checked(tmp_path, options, option):
    with pytest.raises(InvalidFieldError) as refused:
        config(tmp_path, **options)
    assert refused.value.details["field"] == option


def test_an_open_address_is_taken_when_it_is_meant(tmp_path):
    assert config(tmp_path, listen="0.0.0.0:0", insecure=True).insecure
    assert config(tmp_path, listen="[::1]:0")
    assert config(tmp_path, listen="localhost:0")


# TLS

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")


def certificates(folder):
    """A CA, a server certificate for 127.0.0.1, a client certificate for cad-tls."""

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca")
    for name, subject, extra in (
        ("server", "/CN=127.0.0.1", "subjectAltName=IP:127.0.0.1"),
        ("client", "/CN=cad-tls", "extendedKeyUsage=clientAuth"),
    ):
        (folder / f"{name}.ext").write_text(extra)
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
            *("-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem"),
        )
    return {path.name: path for path in folder.iterdir()}


@needs_openssl
async def test_tls(tmp_path):
    files = certificates(tmp_path)
    tls = {"tls_cert": files["server.pem"], "tls_key": files["server.key"]}
    async with running(tmp_path, **tls) as desk:
        root = grpc.ssl_channel_credentials(files["ca.pem"].read_bytes())
        async with grpc.aio.secure_channel(desk.address, root) as channel:
            caller = Caller(desk.address)
            stub = type(caller.desk)(channel)
            request = emergency_pb2.ReportIncidentRequest(request_id=new_id())
            kept = await stub.ReportIncident(request, metadata=(("x-client-id", "who"),))
            assert kept.origin.source == "who"
            with pytest.raises(grpc.aio.AioRpcError):  # plain text to a TLS port
                await caller.desk.ReportIncident(request, timeout=2)
            await caller.channel.close()


@needs_openssl
async def test_mutual_tls_says_who_is_calling(tmp_path):
    files = certificates(tmp_path)
    tls = {
        "tls_cert": files["server.pem"],
        "tls_key": files["server.key"],
        "tls_client_ca": files["ca.pem"],
    }
    async with running(tmp_path, **tls) as desk:
        ca = files["ca.pem"].read_bytes()
        mine = grpc.ssl_channel_credentials(
            ca, files["client.key"].read_bytes(), files["client.pem"].read_bytes()
        )
        caller = Caller(desk.address)
        async with grpc.aio.secure_channel(desk.address, mine) as channel:
            stub = type(caller.desk)(channel)
            request = emergency_pb2.ReportIncidentRequest(request_id=new_id())
            kept = await stub.ReportIncident(request, metadata=(("x-client-id", "somebody"),))
            assert kept.origin.source == "cad-tls"
        nobody = grpc.ssl_channel_credentials(ca)
        async with grpc.aio.secure_channel(desk.address, nobody) as channel:
            stub = type(caller.desk)(channel)
            with pytest.raises(grpc.aio.AioRpcError):
                await stub.ReportIncident(request, timeout=3)
        await caller.channel.close()


@needs_openssl
async def test_a_certificate_that_does_not_fit_its_key_is_refused(tmp_path):
    files = certificates(tmp_path)
    with pytest.raises(DispatchError, match="cannot be listened on|do not fit"):
        async with running(tmp_path, tls_cert=files["server.pem"], tls_key=files["client.key"]):
            pass
    with pytest.raises(DispatchError, match="cannot be read"):
        async with running(tmp_path, tls_cert=tmp_path / "none.pem", tls_key=files["client.key"]):
            pass


def test_the_gate_counts_what_fails(tmp_path):
    gate = Gate(None, None, 1, 1, certified=False)
    for _ in range(3):
        with pytest.raises(InvalidFieldError), gate.passed("X", stream=False):
            raise InvalidFieldError("a", 1, "2")
    assert gate.idle.is_set()


async def test_the_configuration_is_in_every_decision(tmp_path):
    async with desk_and_caller(tmp_path) as (desk, caller):
        incident = await caller.report()
        await caller.decided(incident.name)
        facts = [r async for r in desk.engine._stored(0, desk.engine.state.revision)]
        (decision,) = [r.fact for r in facts if type(r.fact).__name__ == "DecisionMade"]
        assert decision.inputs.config == desk.config.sha256(desk.given.plans)
        assert decision.inputs.network == desk.given.network.checksum
    assert config(tmp_path, policy="nearest").sha256(desk.given.plans) != decision.inputs.config


async def test_the_nearest_policy_is_named_as_greedy(tmp_path):
    async with desk_and_caller(tmp_path, policy="nearest") as (_, caller):
        answer = await caller(
            "RecommendUnits",
            emergency_pb2.RecommendUnitsRequest(incident_type="chest_pain", point=at(4, 8)),
        )
        assert answer.rung == "greedy"
        assert not answer.HasField("note")


async def test_a_solver_that_fails_is_told_in_a_note(tmp_path, monkeypatch):
    def fails(problem):
        raise RuntimeError("no solution")

    monkeypatch.setitem(
        __import__("dispatch.emergency.propose", fromlist=["x"]).POLICIES, "optimal", fails
    )
    async with desk_and_caller(tmp_path) as (_, caller):
        request = emergency_pb2.RecommendUnitsRequest(incident_type="chest_pain", point=at(4, 8))
        answer = await caller("RecommendUnits", request)
        assert (answer.rung, answer.note.code) == ("greedy", "decided_greedily")
        assert answer.needs[0].chosen_unit == "units/A01"


async def test_the_clock_never_starts_before_the_journals_last_fact(tmp_path):
    async with desk_and_caller(tmp_path, clock_rate=3600.0) as (desk, caller):
        await asyncio.sleep(0.3)
        await caller.report("")
    async with running(tmp_path) as desk:
        assert desk.clock.now() >= desk.engine.state.emergency.incidents["E000001"].recorded


async def test_the_fleet_is_declared_once_and_again_when_it_changes(tmp_path):
    async with running(tmp_path) as desk:
        assert desk.engine.state.revision == 1
    async with running(tmp_path) as desk:
        assert desk.engine.state.revision == 1
    file = tmp_path / "fleet.file"
    text = file.read_text("utf-8")
    file.write_text(text.replace("turnout_s: 80", "turnout_s: 90"), "utf-8")
    async with desk_and_caller(tmp_path) as (desk, caller):
        assert desk.engine.state.revision == 2
        assert (await caller.unit("F01")).turnout_s == 90
        await caller("GetNetworkInfo", roads_pb2.GetNetworkInfoRequest())
