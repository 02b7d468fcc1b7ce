"""Watching: from the beginning, from anywhere, live; nothing missed and nothing twice."""

import asyncio
import contextlib
from pathlib import Path

import pytest

import dispatch.watcher as module
from dispatch.state import Recorded
from dispatch.watcher import WatcherTooSlowError
from tests.dispatch.builders import (
    report,
)
from tests.dispatch.engines import (
    collect,
    report_many,
    revisions,
    running,
    until,
)


class TestWatch:
    async def test_from_the_beginning_from_somewhere_or_live(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            await report_many(run, 5)
            seen: dict[int, list[Recorded]] = {0: [], 3: [], 5: [], -1: []}
            watchers = [
                asyncio.create_task(collect(run.engine, after_revision, into))
                for after_revision, into in seen.items()
            ]
            await until(lambda: len(seen[0]) == 5 and len(seen[3]) == 2)
            await report_many(run, 2)
            await until(lambda: all(into and into[-1].revision == 7 for into in seen.values()))
        await asyncio.gather(*watchers)
        assert {k: revisions(v) for k, v in seen.items()} == {
            0: [1, 2, 3, 4, 5, 6, 7],
            3: [4, 5, 6, 7],
            5: [6, 7],
            -1: [6, 7],
        }

    async def test_no_gap_and_nothing_twice_while_facts_come(self, tmp_path: Path) -> None:
        """Watchers come and go, slow ones among them, while the desk is busy."""
        async with running(tmp_path) as run:
            await report_many(run, 600)
            seen: list[tuple[int, list[Recorded]]] = []
            tasks: list[asyncio.Task[None]] = []

            async def write() -> None:
                for _ in range(40):
                    await report_many(run, 20)

            async def come() -> None:
                for i in range(30):
                    start = [0, 300, run.engine.state.revision, run.engine.state.revision - 7][
                        i % 4
                    ]
                    into: list[Recorded] = []
                    seen.append((start, into))
                    pause_s = 0.001 if i % 5 == 0 else 0
                    tasks.append(asyncio.create_task(collect(run.engine, start, into, pause_s)))
                    await asyncio.sleep(0.005)

            await asyncio.gather(write(), come())
            last = run.engine.state.revision
            await until(lambda: all(len(into) == last - start for start, into in seen), 30)
        await asyncio.gather(*tasks)
        assert last == 1400
        for start, into in seen:
            assert revisions(into) == list(range(start + 1, last + 1))

    async def test_what_the_watcher_has_already_is_not_sent_again(self, tmp_path: Path) -> None:
        """Told of a revision that is not there yet, it is given what comes after that."""
        async with running(tmp_path) as run:
            seen: list[Recorded] = []
            watcher = asyncio.create_task(collect(run.engine, 3, seen))
            await asyncio.sleep(0.01)
            for _ in range(5):
                await run.engine.submit(report("fall"))
        await watcher
        assert revisions(seen) == [4, 5]

    async def test_watchers_see_what_is_durable_only(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            seen: list[Recorded] = []
            watcher = asyncio.create_task(collect(run.engine, 0, seen))
            await asyncio.sleep(0.01)
            with run.disk.held():
                pending = asyncio.create_task(run.engine.submit(report("fall")))
                await until(run.disk.waiting.is_set)
                await asyncio.sleep(0.02)
                assert seen == []
            await pending
            await until(lambda: seen)
        await watcher

    async def test_who_falls_behind_is_told_how_far_it_came(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "WATCHER_QUEUE", 10)
        async with running(tmp_path) as run:
            watch = run.engine.watch(0)
            first = asyncio.ensure_future(anext(watch))
            await asyncio.sleep(0.01)
            await run.engine.submit(report("fall"))
            assert (await first).revision == 1
            for _ in range(4):
                await report_many(run, 4)
            seen = [await anext(watch) for _ in range(8)]
            with pytest.raises(WatcherTooSlowError) as slow:
                await anext(watch)
            assert revisions(seen) == list(range(2, 10))
            assert slow.value.revision == 9 < run.engine.state.revision
            again: list[Recorded] = []
            watcher = asyncio.create_task(collect(run.engine, 9, again))
            await until(lambda: again and again[-1].revision == run.engine.state.revision)
            assert again[0].revision == 10
        await watcher

    async def test_also_when_one_commit_is_too_much(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """While it waits for the next fact, with nothing in its queue."""
        monkeypatch.setattr(module, "WATCHER_QUEUE", 10)
        async with running(tmp_path) as run:
            waiting = asyncio.ensure_future(anext(run.engine.watch(-1)))
            await asyncio.sleep(0.01)
            await report_many(run, 11)
            with pytest.raises(WatcherTooSlowError):
                await asyncio.wait_for(waiting, 5)

    async def test_the_stop_ends_every_watch_after_the_last_fact(self, tmp_path: Path) -> None:
        seen: list[Recorded] = []
        async with running(tmp_path) as run:
            watcher = asyncio.create_task(collect(run.engine, 0, seen))
            await asyncio.sleep(0.01)
            pending = [asyncio.create_task(run.engine.submit(report("fall"))) for _ in range(20)]
            await asyncio.sleep(0)
        await asyncio.wait_for(watcher, 5)
        await asyncio.gather(*pending)
        assert revisions(seen) == list(range(1, 21))

    async def test_who_has_gone_is_forgotten(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            await report_many(run, 3)
            async with contextlib.aclosing(run.engine.watch(0)) as watch:
                assert (await anext(watch)).revision == 1
                assert len(run.engine._watchers) == 1
            assert run.engine._watchers == set()
