"""Files: the three steps of an upload, what is told of a file, and who may download it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiohttp import web

from tests.emulators.slack import limits, telling
from tests.emulators.slack.calls import Call
from tests.emulators.slack.limits import Refusal
from tests.emulators.slack.nouns import Channel, File
from tests.emulators.slack.posting import content_of, thread_of, writable
from tests.emulators.slack.world import BOT, World


def upload_url(world: World, call: Call) -> dict[str, Any]:
    name, length = call.text("filename"), call.number("length", 0)
    if not name or not length:
        raise Refusal("invalid_arguments")
    if length > limits.UPLOAD_BYTES:
        raise Refusal("file_upload_size_restricted")
    file = File(f"F{world.serial():08d}", name, b"", length, BOT.user_id)
    world.uploads[file.file_id] = file
    return {"upload_url": f"{world.root}upload/{file.file_id}", "file_id": file.file_id}


def uploaded(world: World, file_id: str, content: bytes) -> web.Response:
    """Take the bytes of an upload; their number must be the one announced."""
    file = world.uploads.get(file_id)
    if file is None:
        return web.Response(status=404, text="not found")
    if len(content) != file.size:
        return web.Response(status=400, text=f"expected {file.size} bytes, got {len(content)}")
    world.uploads[file_id] = replace(file, content=content)
    return web.Response(text=f"OK - {len(content)}")


def complete(world: World, call: Call) -> dict[str, Any]:
    """Finish uploads and, with a channel, show them there as one message."""
    asked = call.tree("files")
    if not isinstance(asked, list) or not asked:
        raise Refusal("invalid_arguments")
    found = [_waiting(world, each) for each in asked]
    channels = call.text("channel_id") or call.text("channels")
    thread, channel = "", None
    if channels:
        place = Call(call.method, dict(call.arguments) | {"channel": channels})
        channel = _target(world, place)
        thread = thread_of(world, channel, place)
    for file in found:
        world.files[file.file_id] = file
        del world.uploads[file.file_id]
    if channel:
        comment = call.text("initial_comment")
        words = {"text": comment, "channel": channel.channel_id}
        content = content_of(world, Call(call.method, words), call.method) if comment else {}
        message = world.post(channel, BOT, thread_ts=thread, files=tuple(found), **content)
        telling.said(world, message)
    return {"files": [{"id": file.file_id, "title": file.title} for file in found]}


def about(world: World, call: Call) -> dict[str, Any]:
    file = world.files.get(call.text("file"))
    if file is None:
        raise Refusal("file_not_found")
    return {"file": file.whole(world.root) | {"shares": _shares(world, file)}, "comments": []}


def downloaded(world: World, file_id: str, token: str) -> web.Response:
    """Hand a private file to who has the token, and a page to log in to everybody else."""
    file = world.files.get(file_id.rpartition("-")[2])
    if token != world.tokens.bot or "files:read" not in world.scopes:
        return web.Response(status=302, headers={"Location": f"{world.root}login"})
    if file is None:
        return web.Response(status=404, text="<html>not found</html>", content_type="text/html")
    return web.Response(body=file.content, content_type=file.mimetype)


def keep(world: World, name: str, content: bytes, owner: str, **more: Any) -> File:
    """Keep a file of a person; a `size` of one's own stands for a large file without its bytes."""
    size = more.pop("size", None)
    file = File(
        f"F{world.serial():08d}", name, content, len(content) if size is None else size, owner, **more
    )
    world.files[file.file_id] = file
    return file


def _target(world: World, call: Call) -> Channel:
    try:
        return writable(world, call)
    except Refusal as refusal:
        word = "invalid_channel" if refusal.error == "channel_not_found" else refusal.error
        raise Refusal(word) from None


def _waiting(world: World, asked: Any) -> File:
    file = world.uploads.get(asked.get("id", "") if isinstance(asked, dict) else "")
    if file is None or not file.content:
        raise Refusal("file_not_found")
    return replace(file, title=asked.get("title") or file.name)


def _shares(world: World, file: File) -> dict[str, Any]:
    shares: dict[str, Any] = {}
    for channel in world.channels.values():
        found = [m for m in channel.messages.values() if file.file_id in {each.file_id for each in m.files}]
        if found:
            kind = "public" if channel.kind == "channel" else "private"
            told = [{"ts": m.ts, "thread_ts": m.thread_ts} if m.thread_ts else {"ts": m.ts} for m in found]
            shares.setdefault(kind, {})[channel.channel_id] = told
    return shares
