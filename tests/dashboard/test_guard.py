"""The guard, attacked with a plain client at the real server: who has no token gets nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cli.dashboard.guard import HEADERS
from cli.dashboard.serve import serving
from tests.dashboard.client import Client
from tests.dashboard.scripted import Scripted, opened

SERVICE = "shop-dev/web-dev"
HIDDEN = "the tag that nobody else may see"
WANTED = {"stage": "dev", "act": "hold", "service": SERVICE, "to": ""}
READS = ("/view?path=%2F", "/changes?path=%2F", "/view", "/no/such/page", "/plan", "/act")


def slipway(function: str, _: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"service": SERVICE, "runs": {"tag": HIDDEN}, "under_way": []}
    row |= {"last": None, "holds": []}
    board = {"at": "2026-12-01T10:00:00+00:00", "board": [row]}
    return board if function == "status" else {"service": SERVICE, "holds": []}


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Client, Scripted]]:
    functions = Scripted(slipway)
    with serving(opened(dev=functions)) as address:
        yield Client.of(address), functions


@pytest.fixture
def client(shared: tuple[Client, Scripted]) -> Client:
    return shared[0]


@pytest.fixture
def functions(shared: tuple[Client, Scripted]) -> Scripted:
    shared[1].calls.clear()
    return shared[1]


def planned(client: Client) -> str:
    """The id of a new plan."""
    html = str(client.post("/plan", WANTED).json["html"])
    return html.partition('data-plan="')[2].partition('"')[0]


def test_the_persons_own_page_reads_plans_and_acts(client: Client, functions: Scripted) -> None:
    assert HIDDEN in client.view().json["html"]
    assert client.get("/changes?path=%2F").text.startswith("data: ")
    plan = planned(client)
    assert client.post("/act", {"plan": plan, "why": "to see"}).status == 200
    assert [function for function, _ in functions.changes] == ["hold"]


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("token", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic {token}"])
def test_without_the_token_nothing_is_read(client: Client, path: str, token: str) -> None:
    given = token.format(token=client.token)
    answers = [client.get(path, authorization=given), client.get(path, without="authorization")]
    for answer in answers:
        assert answer.status == 401
        assert HIDDEN not in answer.text
        assert "open the address that the terminal shows" in answer.json["error"]


@pytest.mark.parametrize("change", ["{token}x", "x{token}", " {token}", "{token},{token}"])
def test_a_token_that_is_nearly_right_is_wrong(client: Client, change: str) -> None:
    given = change.format(token=client.token)
    assert client.get("/view", authorization=f"Bearer {given}").status == 401
    assert client.get("/view", authorization=f"Bearer {client.token[:-1]}").status == 401
    assert client.get(f"/view?token={client.token}", without="authorization").status == 401


def test_two_tokens_are_refused_also_when_both_are_right(client: Client) -> None:
    right = ("authorization", f"Bearer {client.token}")
    answer = client.send("GET", "/view", [("host", client.host), right, right])
    assert answer.status == 401


def test_a_token_of_bytes_that_are_no_letters_is_refused(client: Client) -> None:
    assert client.get("/view", authorization="Bearer \xff\xfe").status == 401


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:{port}",
        "localhost:{port}",
        "127.0.0.1",
        "127.0.0.1.evil.example:{port}",
        "127.0.0.1:{port}.evil.example",
        "[::1]:{port}",
        "user@127.0.0.1:{port}",
        "127.0.0.1:{port}, 127.0.0.1:{port}",
    ],
)
@pytest.mark.parametrize("path", ["/", "/static/page.js", "/view?path=%2F", "/changes?path=%2F"])
def test_a_name_that_somebody_points_to_this_machine_serves_nothing(
    client: Client, host: str, path: str
) -> None:
    """DNS rebinding: the browser then sends that name as Host."""
    answer = client.get(path, host=host.format(port=client.host.partition(":")[2]))
    assert answer.status == 421
    assert HIDDEN not in answer.text


def test_no_host_and_two_hosts_are_refused(client: Client) -> None:
    right = ("host", client.host)
    token = ("authorization", f"Bearer {client.token}")
    assert client.send("GET", "/view", [token]).status in {400, 421}
    assert client.send("GET", "/view", [right, right, token]).status in {400, 421}
    evil = ("host", "evil.example")
    assert client.send("GET", "/view", [right, evil, token]).status in {400, 421}


def test_a_target_with_another_host_is_judged_by_its_host_header_still(client: Client) -> None:
    token = ("authorization", f"Bearer {client.token}")
    target = f"http://{client.host}/view?path=%2F"
    answer = client.send("GET", target, [("host", "evil.example"), token])
    assert answer.status in {400, 421}


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", ""])
@pytest.mark.parametrize("path", ["/plan", "/act"])
def test_another_page_cannot_post_even_with_the_token(
    client: Client, functions: Scripted, path: str, origin: str
) -> None:
    assert client.post(path, WANTED, origin=origin).status == 403
    assert client.post(path, WANTED, without="origin").status == 403
    assert functions.calls == []


def test_the_origin_is_compared_as_a_whole(client: Client) -> None:
    for origin in (f"{client.origin}.evil.example", client.origin[:-1], f"https://{client.host}"):
        assert client.post("/plan", WANTED, origin=origin).status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_what_a_browser_calls_a_request_of_another_site_is_refused(
    client: Client, site: str
) -> None:
    assert client.get("/view?path=%2F", sec_fetch_site=site).status == 403
    assert client.get("/static/page.js", sec_fetch_site=site).status == 403
    assert client.post("/plan", WANTED, sec_fetch_site=site).status == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD"])
def test_only_get_and_post_are_served(client: Client, method: str) -> None:
    token = ("authorization", f"Bearer {client.token}")
    answer = client.send(method, "/view?path=%2F", [("host", client.host), token])
    assert answer.status == 405


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/plan", b"{", 409),
        ("/plan", b"", 409),
        ("/plan", b"\xff\xfe", 409),
        ("/plan", b"[]", 409),
        ("/plan", b'"x"', 409),
        ("/plan", b"[" * 9_000, 409),
        ("/plan", b"x" * 10_000, 413),
        ("/plan", {**WANTED, "by": "root"}, 409),
        ("/plan", {**WANTED, "act": "deploy"}, 409),
        ("/plan", {**WANTED, "act": ["hold"]}, 409),
        ("/plan", {**WANTED, "stage": "prod"}, 409),
        ("/plan", {**WANTED, "service": "x" * 601}, 409),
        ("/act", {"plan": "0", "why": "to see"}, 409),
        ("/act", {"plan": "0", "why": ""}, 409),
        ("/act", {"plan": "0", "why": "x", "payload": {"override": True}}, 409),
    ],
)
def test_a_body_that_does_not_fit_is_refused_in_a_sentence(
    client: Client, functions: Scripted, path: str, body: object, status: int
) -> None:
    answer = client.post(path, body)
    assert answer.status == status
    assert answer.json["error"]
    assert "Traceback" not in answer.text
    assert functions.calls == []


def test_a_body_without_a_length_is_refused(client: Client) -> None:
    """A chunked one could be endless."""
    chunks = b"2\r\n{}\r\n0\r\n\r\n"
    chunked = {"without": "content-length", "transfer_encoding": "chunked"}
    assert client.post("/plan", chunks, **chunked).status == 413
    assert client.post("/plan", b"", content_length="-1").status == 400


@pytest.mark.parametrize(
    "path",
    [
        "/static/../guard.py",
        "/static/..%2fguard.py",
        "/static/%2e%2e/guard.py",
        "/static/..%5cguard.py",
        "/static//etc/passwd",
        "/static/%2fetc/passwd",
        "/static/page.js%00.css",
        "/static/",
    ],
)
def test_only_the_pages_own_files_are_served(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status in {400, 404}
    assert "import" not in answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/service/dev/shop-dev/web-dev", 200),
        ("/static/page.js", 200),
        ("/static/style.css", 200),
        ("/static/none.js", 404),
        ("/view?path=%2F", 200),
        ("/view?path=%2Fnowhere", 404),
        ("/changes?path=%2Fnowhere", 404),
        ("/changes?path=%2F", 200),
        ("/nowhere", 404),
    ],
)
def test_every_answer_has_the_headers_that_protect_it(
    client: Client, path: str, status: int
) -> None:
    refusals = [
        client.get(path, host="evil.example"),
        client.get(path, sec_fetch_site="cross-site"),
        client.post("/plan", WANTED, without="origin"),
    ]
    served = client.get(path)
    assert served.status == status
    for answer in (served, *refusals):
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, (path, name)
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers


def test_the_answer_to_a_fault_of_ours_is_protected_too_and_is_a_sentence() -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with serving(opened(dev=Scripted(broken))) as address:
        answer = Client.of(address).view()
    assert answer.status == 500
    assert answer.json["error"].startswith("The dashboard made a mistake. Next: look at the term")
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_the_policy_lets_no_page_run_style_or_frame_what_is_not_ours() -> None:
    policy = HEADERS["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy


def test_the_page_without_data_holds_no_token_and_no_data(client: Client) -> None:
    for path in ("/", "/service/dev/shop-dev/web-dev", "/static/page.js", "/static/style.css"):
        text = client.get(path, without="authorization").text
        assert client.token not in text
        assert HIDDEN not in text


def test_the_token_is_in_no_line_that_the_server_logs(capfd: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with serving(opened(dev=Scripted(broken))) as address:
        client = Client.of(address)
        assert client.view().status == 500
        client.post("/plan", b"{")
        client.get("/nowhere", authorization="Bearer \xff")
    said = "".join(capfd.readouterr())
    assert "ZeroDivisionError" in said
    assert client.token not in said


def test_each_run_has_a_token_of_its_own_that_nobody_guesses() -> None:
    tokens = set()
    for _ in range(2):
        with serving(opened(dev=Scripted(slipway))) as address:
            tokens.add(Client.of(address).token)
    assert len(tokens) == 2
    assert all(len(token) >= 43 for token in tokens)  # 256 bits
