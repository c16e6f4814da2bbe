"""the page of this machine: routes -> pages, plans and acts, as HTML or as a stream of changes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import anyio
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, ValidationError
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from chalicelib.errors import DeployerError, Refused
from cli.dashboard.acts import Acts, Confirmed, Wanted
from cli.dashboard.answers import Answers
from cli.dashboard.drawing import PHASES
from cli.dashboard.guard import Guard
from cli.dashboard.pages import CLICK, STREAM, Page, Pages, Unknown
from cli.dashboard.spent import spent
from cli.dashboard.stages import Stages

_HERE = Path(__file__).parent
_SOON = 0.5  # seconds until it looks again for an answer that has not come
_FAREWELL = 1.0  # seconds that a stream gets to close, once the server ends
_PING = 15  # seconds between signs of life in the stream
_FAULTS = logging.getLogger("uvicorn.error")
_Model = TypeVar("_Model", bound=BaseModel)
Endpoint = Callable[[Request], Awaitable[Response]]


class Dashboard:
    """The endpoints; every request but those for the empty page has passed the guard's token."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._answers = Answers(stages.ask)
        self._pages = Pages(stages, self._answers)
        self._acts = Acts(stages)
        self._templates = Environment(
            loader=PackageLoader("cli.dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {"phases": PHASES, "spent": spent}

    def routes(self) -> list[Route | Mount]:
        return [
            Route("/", self._shell),
            Route("/service/{path:path}", self._shell),
            Route("/deployment/{path:path}", self._shell),
            Route("/figures", self._shell),
            Route("/figures/{path:path}", self._shell),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
            Route("/view", _in_a_sentence(self._view)),
            Route("/changes", _in_a_sentence(self._changes)),
            Route("/plan", _in_a_sentence(self._plan), methods=["POST"]),
            Route("/act", _in_a_sentence(self._act), methods=["POST"]),
        ]

    async def _shell(self, _: Request) -> Response:
        return FileResponse(_HERE / "static" / "shell.html", media_type="text/html")

    async def _view(self, request: Request) -> Response:
        page = await self._pages.page(_path(request), CLICK)
        return JSONResponse({"at": page.at, **self._shown(page)})

    async def _changes(self, request: Request) -> Response:
        path = _path(request)
        await self._pages.page(path, CLICK)  # an unknown path is refused before the stream begins
        ends = anyio.Event()
        return EventSourceResponse(
            self._stream(path, ends),
            ping=_PING,
            sep="\n",
            shutdown_event=ends,
            shutdown_grace_period=_FAREWELL,
        )

    async def _stream(self, path: str, ends: anyio.Event) -> AsyncIterator[dict[str, str]]:
        """Yield the page each time that it differs from before, and else the time at AWS.

        `ends` is set when the server ends: the stream is then closed as HTTP wants it.
        """
        before: dict[str, str] = {}
        while not ends.is_set():
            page = await self._pages.page(path, STREAM)
            now = self._shown(page)
            yield {"data": json.dumps({"at": page.at} | (now if now != before else {}))}
            before = now
            with anyio.move_on_after(_SOON if page.awaited else page.pause):
                await ends.wait()

    async def _plan(self, request: Request) -> Response:
        wanted = _parsed(Wanted, await request.body())
        plan = await asyncio.to_thread(self._acts.plan, wanted)
        html = self._templates.get_template("plan.html").render(plan=plan)
        return JSONResponse({"html": html})

    async def _act(self, request: Request) -> Response:
        confirmed = _parsed(Confirmed, await request.body())
        plan, words, deployment = await asyncio.to_thread(self._acts.do, confirmed)
        stage = plan.wanted.stage
        self._answers.forget(stage)
        path = f"/deployment/{stage}/{deployment}" if deployment else ""
        return JSONResponse({"words": words, "path": path})

    def _shown(self, page: Page) -> dict[str, str]:
        """The page as the script takes it: its title, and the HTML of its content."""
        html = self._templates.get_template(page.template).render(page.values)
        return {"title": page.title, "html": html}


def application(stages: Stages, *, token: str, host: str) -> ASGIApp:
    """The dashboard behind its guard; `host` is the address that it answers to: 127.0.0.1:PORT.

    The guard is outermost, so an answer to a fault of ours has its headers too.
    """
    return Guard(Starlette(routes=Dashboard(stages).routes()), token=token, host=host)


def _path(request: Request) -> str:
    return request.query_params.get("path", "/")


def _parsed(model: type[_Model], body: bytes) -> _Model:
    """The body as a model.

    Raises:
        Refused: when it does not fit; the message names the field.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "body"
        if field == "why":
            raise Refused("Give a reason, of at most 500 characters") from None
        raise Refused(f"{field}: {first['msg']}") from None


def _in_a_sentence(endpoint: Endpoint) -> Endpoint:
    """The endpoint, which answers what it refuses, or cannot do, as {"error": "a sentence"}."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Unknown as unknown:
            return _refused(unknown, HTTPStatus.NOT_FOUND)
        except DeployerError as refused:
            return _refused(refused, HTTPStatus.CONFLICT)
        except Exception:
            _FAULTS.exception("%s", request.url.path)
            words = (
                "The dashboard made a mistake. Next: look at the terminal that shows its address"
            )
            return _refused(words, HTTPStatus.INTERNAL_SERVER_ERROR)

    return answered


def _refused(error: Any, status: HTTPStatus) -> Response:
    return JSONResponse({"error": str(error)}, status_code=status)
