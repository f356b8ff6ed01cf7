"""Answers that are none: an error word, a page of the proxies in front, a cut connection."""

from __future__ import annotations

import socket
import struct

from aiohttp import web

from tests.emulators.slack.limits import Refusal

_NO_LINGER = struct.pack("ii", 1, 0)
_PAGE = "<!DOCTYPE html>\n<html><head><title>Server Error | Slack</title></head><body>{0}</body></html>\n"


def refused(refusal: Refusal, retry_after: int = 0) -> web.Response:
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return web.json_response(refusal.shape(), status=refusal.status, headers=headers)


def broken(status: int) -> web.Response:
    return web.Response(status=status, text=_PAGE.format(status), content_type="text/html")


def cut(request: web.Request, *, polite: bool) -> web.Response:
    """Cut the connection of a request: with a goodbye (FIN) or with a reset."""
    if request.transport is not None:
        peer: socket.socket = request.transport.get_extra_info("socket")
        if not polite:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        request.transport.abort()
    return web.Response()  # to nobody
