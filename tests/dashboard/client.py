"""A plain client: it sends what a browser would not, such as two Host headers."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

LONG = 30.0  # seconds; machines that test are busy


@dataclass(frozen=True)
class Answer:
    """The status, the headers in lower case, and the body."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Client:
    """Sends requests to a served dashboard; `host` is the value of the header: 127.0.0.1:PORT."""

    host: str
    token: str

    @classmethod
    def of(cls, address: str) -> Self:
        """The client of an address as the terminal shows it."""
        place, _, token = address.removeprefix("http://").partition("/#token=")
        return cls(place, token)

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    def send(
        self, method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes = b""
    ) -> Answer:
        """Send exactly these headers; of a stream, the answer has the first line."""
        connection = http.client.HTTPConnection(self.host, timeout=LONG)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            streams = answer.getheader("content-type", "").startswith("text/event-stream")
            text = answer.readline() if streams else answer.read()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, text.decode())
        finally:
            connection.close()

    def get(self, path: str, *, without: str = "", **changed: str) -> Answer:
        """Read as the page does; `changed` replaces headers, and `without` names one left out."""
        return self.send("GET", path, self._headers(without, changed))

    def view(self, path: str = "/") -> Answer:
        return self.get(f"/view?path={quote(path, safe='')}")

    def post(self, path: str, body: Any, *, without: str = "", **changed: str) -> Answer:
        """Act as the page does; the body is JSON, or bytes as they are."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        more = {"origin": self.origin, "content-length": str(len(data))} | changed
        return self.send("POST", path, self._headers(without, more), data)

    def _headers(self, without: str, changed: dict[str, str]) -> list[tuple[str, str]]:
        usual = {"host": self.host, "authorization": f"Bearer {self.token}"}
        found = usual | {name.replace("_", "-"): value for name, value in changed.items()}
        return [(name, value) for name, value in found.items() if name != without]
