"""Answers that are none: an error word, or a page of the proxies in front."""

from __future__ import annotations

from aiohttp import web

from tests.emulators.slack.limits import Refusal

_PAGE = "<!DOCTYPE html>\n<html><head><title>Server Error | Slack</title></head><body>{0}</body></html>\n"


def refused(refusal: Refusal, retry_after: int = 0) -> web.Response:
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return web.json_response(refusal.shape(), status=refusal.status, headers=headers)


def broken(status: int) -> web.Response:
    return web.Response(status=status, text=_PAGE.format(status), content_type="text/html")
