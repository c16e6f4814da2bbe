"""request -> served or refused: nobody but the person with the address reads or drives the page.

Other programs and web pages on this machine can reach a loopback port. So data and acts need the
token of this run, which only the address has, behind `#`: a browser never sends that part. The
`Host` must be exact, against a name that somebody points to 127.0.0.1 (DNS rebinding). A POST needs
the exact `Origin` too, against other web pages. Answers may be framed and cached by nobody.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Only the page without data, its script and its style are served without the token.
_SHELL = frozenset({"/", "/figures"})
_OPEN = ("/static/", "/service/", "/deployment/", "/figures/")
_LENGTH = re.compile(r"[0-9]{1,4}")  # bytes of a body
HEADERS: Mapping[str, str] = {
    "content-security-policy": "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types slipway",
        ]
    ),
    "cache-control": "no-store",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """Refuses each request that the person's own page did not send."""

    def __init__(self, app: ASGIApp, *, token: str, host: str) -> None:
        """`host` is the exact value of the header: 127.0.0.1:PORT."""
        self._app = app
        self._token = token
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, or answer why not."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return None  # no WebSocket is served: the server answers with 500
        code, why = self._refusal(scope)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        if why:
            refused = JSONResponse({"error": why}, status_code=code)
            return await refused(scope, receive, with_headers)
        return await self._app(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> tuple[int, str]:
        """Return the status and the sentence of a refusal; the sentence is empty where it may."""
        headers, method, path = Headers(scope=scope), scope["method"], scope["path"]
        if headers.getlist("host") != [self._host]:
            return 421, f"Slipway's dashboard answers only to http://{self._host}"
        if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return 403, "another web page asked for this"
        if method not in {"GET", "POST"}:
            return 405, "only GET and POST are served"
        if method == "POST" and headers.getlist("origin") != [f"http://{self._host}"]:
            return 403, "another web page sent this"
        if method == "POST" and not _short(headers):
            return 413, "expected a body of less than 10,000 bytes"
        if method == "GET" and (path in _SHELL or path.startswith(_OPEN)):
            return 200, ""
        if not self._has_token(headers):
            return 401, "the token is missing or old: open the address that the terminal shows"
        return 200, ""

    def _has_token(self, headers: Headers) -> bool:
        given = headers.getlist("authorization")
        wanted = f"Bearer {self._token}".encode()
        return len(given) == 1 and hmac.compare_digest(given[0].encode("latin-1"), wanted)


def _short(headers: Headers) -> bool:
    """Whether the body's length is given, and allowed."""
    return _LENGTH.fullmatch(headers.get("content-length", "")) is not None
