"""Ends of processes and changes of files are told, once and soon."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.callers import processes
from daemon.callers.processes import Process
from daemon.callers.watch import ExitWatch, Handle, RegistryWatch

SOON = 5.0


@pytest.fixture
def child() -> Iterator[subprocess.Popen]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.fixture
async def watch() -> AsyncIterator[ExitWatch]:
    made = ExitWatch()
    yield made
    made.close()


def refused(pid: int) -> Handle:
    raise OSError(errno.EMFILE, "too many open files")


async def first(told: AsyncIterator[Any]) -> Any:
    async with asyncio.timeout(SOON):
        return await anext(told)


async def test_the_end_of_a_process_is_told(watch: ExitWatch, child: subprocess.Popen) -> None:
    one = processes.process(child.pid)
    watch.watch([one])
    telling = watch.ended()
    async with asyncio.timeout(SOON), asyncio.TaskGroup() as group:
        waiting = group.create_task(anext(telling))
        await asyncio.sleep(0)
        assert not waiting.done()
        child.kill()

    assert waiting.result() == one


async def test_each_of_many_is_told_once(watch: ExitWatch) -> None:
    children = [subprocess.Popen(["sleep", "30"]) for _ in range(8)]
    ones = [processes.process(each.pid) for each in children]
    watch.watch(ones)
    watch.watch(ones)
    for each in children:
        each.kill()
    telling = watch.ended()
    told = [await first(telling) for _ in children]
    for each in children:
        each.wait()

    assert sorted(each.pid for each in told) == sorted(each.pid for each in ones)
    assert watch._ended.empty()


async def test_one_that_is_gone_already_is_told_at_once(watch: ExitWatch, child: subprocess.Popen) -> None:
    one = processes.process(child.pid)
    child.kill()
    child.wait()
    watch.watch([one])

    assert await first(watch.ended()) == one


async def test_a_number_that_is_another_process_by_now_is_told_as_ended(
    watch: ExitWatch, child: subprocess.Popen
) -> None:
    living = processes.process(child.pid)
    dead = replace(living, started=living.started - 1)
    watch.watch([dead, living])

    assert await first(watch.ended()) == dead
    assert processes.alive(living)


async def test_one_that_is_forgotten_is_not_told(watch: ExitWatch, child: subprocess.Popen) -> None:
    one = processes.process(child.pid)
    with subprocess.Popen(["sleep", "30"]) as other:
        later = processes.process(other.pid)
        watch.watch([one, later])
        watch.forget(one)
        child.kill()
        child.wait()
        other.kill()

        assert await first(watch.ended()) == later
        assert watch._ended.empty()


@pytest.mark.skipif(sys.platform != "linux", reason="pidfd")
async def test_nothing_is_asked_while_the_system_tells(watch: ExitWatch, child: subprocess.Popen) -> None:
    watch.watch([processes.process(child.pid)])

    assert watch._rounds._next is None


async def test_where_the_system_refuses_the_living_are_not_told_as_ended(child: subprocess.Popen) -> None:
    """A watch that fails says nothing about the process."""
    watch = ExitWatch(refused, check_s=0.01)
    living = processes.process(child.pid)
    with subprocess.Popen(["sleep", "30"]) as other:
        dying = processes.process(other.pid)
        watch.watch([living, dying])
        other.kill()

        assert await first(watch.ended()) == dying
    assert watch._ended.empty()
    watch.close()


async def test_no_descriptor_and_no_timer_is_left(child: subprocess.Popen) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    watches = ExitWatch(), ExitWatch(refused)
    for each in watches:
        each.watch([processes.process(child.pid), Process(child.pid, 1)])
        telling = each.ended()
        await first(telling)
        await telling.aclose()

    assert len(list(Path("/dev/fd").iterdir())) == before
    assert watches[1]._rounds._next is None


async def settled(watch: RegistryWatch) -> AsyncIterator[Path]:
    """What is told from now on, after the first look that is always told."""
    telling = watch.changed()
    await first(telling)
    return telling


@pytest.mark.parametrize("how", ["rewritten", "replaced", "removed"])
async def test_a_changed_file_is_told(tmp_path: Path, how: str) -> None:
    path, watch = tmp_path / "7.json", RegistryWatch(look_s=0.01)
    path.write_text("idle")
    os.utime(path, ns=(1, 1))
    watch.watch(path)
    telling = await settled(watch)
    match how:
        case "rewritten":
            path.write_text("busy")
        case "replaced":
            (tmp_path / "new").write_text("busy")
            (tmp_path / "new").rename(path)
        case _:
            path.unlink()

    assert await first(telling) == path
    watch.close()


async def test_a_name_that_no_file_can_have_is_watched_in_vain(tmp_path: Path) -> None:
    """Hooks say where an agent's files are, and this runs for as long as the daemon does."""
    made = RegistryWatch(look_s=0.01)
    made.watch(tmp_path / "a\0b" / "1.json")
    made.watch(tmp_path / "real")
    (tmp_path / "real").write_text("now")
    telling = made.changed()
    while await first(telling) != tmp_path / "real":
        pass
    await telling.aclose()


async def test_a_file_that_appears_is_told(tmp_path: Path) -> None:
    path, watch = tmp_path / "7.json", RegistryWatch(look_s=0.01)
    watch.watch(path)
    telling = await settled(watch)
    path.write_text("idle")

    assert await first(telling) == path
    watch.close()


async def test_a_flip_that_leaves_no_trace_in_time_or_size_is_read_in_the_end(tmp_path: Path) -> None:
    path, watch = tmp_path / "7.json", RegistryWatch(look_s=0.01)
    path.write_text("idle")
    watch.watch(path)
    telling = await settled(watch)
    path.write_text("busy")
    stamp = path.stat().st_mtime_ns
    read = [(await first(telling), path.read_text())]
    path.write_text("idle")  # within the same tick of the file system's clock
    os.utime(path, ns=(stamp, stamp))
    read.append((await first(telling), path.read_text()))

    assert [text for _, text in read] == ["busy", "idle"]
    watch.close()


async def test_an_unchanged_file_is_left_in_peace(tmp_path: Path) -> None:
    quiet, loud, watch = tmp_path / "1.json", tmp_path / "2.json", RegistryWatch(look_s=0.01)
    quiet.write_text("idle")
    watch.watch(quiet)
    telling = await settled(watch)
    watch.watch(loud)
    assert await first(telling) == loud
    for text in "abc":
        loud.write_text(text)
        os.utime(loud, ns=(ord(text), ord(text)))
        assert await first(telling) == loud
    watch.close()


async def test_nothing_is_looked_at_when_nothing_is_watched(tmp_path: Path) -> None:
    watch = RegistryWatch(look_s=0.01)
    assert watch._rounds._next is None
    watch.watch(tmp_path / "7.json")
    assert watch._rounds._next is not None
    watch.forget(tmp_path / "7.json")
    async with asyncio.timeout(SOON):
        while watch._rounds._next is not None:
            await asyncio.sleep(0.01)
    watch.close()
