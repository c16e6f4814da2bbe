"""The pages in a browser: for everybody, and safe whatever an image, a person or a log says."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Page, expect

from cli.dashboard.serve import serving
from tests.dashboard.browser.conftest import PATIENCE, Open, Watched
from tests.dashboard.client import Client
from tests.dashboard.scripted import Scripted, opened
from tests.dashboard.told import Replies, answering, eventful, of_status
from tests.dialect.account import SERVICE

WIDTHS = (390, 1280)
SERVICE_PATH = f"/service/dev/{SERVICE}"
EVIL = (
    '<script>window.bitten=1</script>"><img src=x onerror="window.bitten=1">'
    "' autofocus onfocus='window.bitten=1 javascript:window.bitten=1"
)
FREE = {  # what a push, a person, a task definition or a container can put in
    "tag", "commit", "reason", "why", "by", "words", "case", "log", "what", "subject", "note",
    "revision", "stage",
}  # fmt: skip
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def replies(tmp_path_factory: pytest.TempPathFactory) -> Replies:
    return eventful(tmp_path_factory)


@pytest.fixture(scope="module")
def address(replies: Replies) -> Iterator[str]:
    with serving(opened(dev=Scripted(answering(replies)))) as found:
        yield found


def at(address: str, path: str) -> str:
    """The address of another page, with the token."""
    return address.replace("/#", f"{path}#")


def shows(page: Page, heading: str | re.Pattern[str]) -> None:
    """Wait until the page has its content: nothing is awaited any more."""
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
    expect(page.get_by_text("Asking AWS …")).to_have_count(0)
    expect(page.get_by_role("status").filter(has_text="live").first).to_be_visible()


# For everybody


def complaints_of_axe(page: Page) -> list[str]:
    """What axe calls serious or critical in this window: light and dark, narrow and wide."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for one in Axe().run(page).response["violations"]:
                if one["impact"] in {"serious", "critical"}:
                    where = [node["html"][:200] for node in one["nodes"]]
                    found.append(f"{width} {scheme}: {one['id']}: {one['help']}: {where}")
    return found


def too_wide(page: Page) -> int:
    """By how many pixels a phone would have to scroll sideways."""
    page.set_viewport_size({"width": 390, "height": 800})
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


PAGES = ("board", "service", "SUCCESSFUL", "ROLLBACK_SUCCESSFUL", "HELD")


@pytest.mark.parametrize("name", [*PAGES, "figures"])
def test_axe_finds_nothing_that_keeps_people_out_of_a_page(
    opens: Open, address: str, replies: Replies, name: str
) -> None:
    paths = {"board": "/", "service": SERVICE_PATH, "figures": "/figures"}
    path = paths.get(name) or f"/deployment/dev/{of_status(replies, name)}"
    page = opens(at(address, path) if path != "/" else address)
    shows(page, re.compile("."))
    for details in page.locator("details").all():
        details.locator("summary").click()
    assert complaints_of_axe(page) == []
    assert too_wide(page) <= 0


@pytest.mark.parametrize("button", ["Hold pushes …", "Go back to aaa1111", "Release"])
def test_axe_finds_nothing_that_keeps_people_out_of_a_plan(
    opens: Open, address: str, button: str
) -> None:
    page = opens(at(address, SERVICE_PATH))
    shows(page, re.compile("conflicto-backend-service-dev"))
    page.get_by_role("button", name=button, exact=True).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert complaints_of_axe(page) == []
    assert too_wide(page) <= 0


def test_a_dialog_that_is_closed_gives_the_focus_back(opens: Open, address: str) -> None:
    page = opens(at(address, SERVICE_PATH))
    shows(page, re.compile("conflicto-backend-service-dev"))
    button = page.get_by_role("button", name="Hold pushes …")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Why?")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()


def test_the_filter_is_reached_by_a_slash_and_hides_what_does_not_fit(
    opens: Open, address: str
) -> None:
    page = opens(address)
    shows(page, "Board")
    page.keyboard.press("/")
    page.keyboard.type("nothing is called so")
    expect(page.get_by_text("No service fits. Clear the filter to see all.")).to_be_visible()
    page.get_by_role("searchbox", name="Filter by name").fill("BACKEND conflicto")
    expect(page.get_by_role("link", name="bbb2222 of conflicto-backend-service")).to_be_visible()


def test_the_figures_are_reached_from_every_page(opens: Open, address: str) -> None:
    page = opens(at(address, SERVICE_PATH))
    shows(page, re.compile("conflicto-backend-service-dev"))
    page.get_by_role("link", name="Figures").click()
    shows(page, re.compile("Figures"))
    expect(page.get_by_role("rowheader", name="conflicto-backend-service-dev")).to_be_visible()
    expect(page.get_by_role("cell", name="33 % (1 of 3)")).to_be_visible()
    page.get_by_role("link", name="Board", exact=True).click()
    shows(page, "Board")


def test_a_page_asks_nobody_but_its_own_server(opens: Open, watched: Watched, address: str) -> None:
    client = Client.of(address)
    page = opens(address)
    shows(page, "Board")
    page.get_by_role("link", name="bbb2222 of conflicto-backend-service").click()
    shows(page, re.compile("conflicto-backend-service-dev"))
    assert {url.split("/")[2] for url in watched.asked} == {client.host}
    assert not [url for url in watched.asked if client.token in url.partition("#")[0]]


def test_a_page_without_its_token_says_what_to_do(opens: Open, address: str) -> None:
    page = opens(address.partition("#")[0])
    expect(page.get_by_role("alert")).to_have_text(re.compile("open the whole address"))


def test_a_page_says_when_its_server_is_gone(opens: Open, watched: Watched) -> None:
    with serving(opened(dev=Scripted(lambda *_: {"error": "nobody is asked"}))) as address:
        page = opens(address)
        expect(page.get_by_text("nobody is asked")).to_be_visible()
    expect(page.get_by_text("not connected: what is shown may be old")).to_be_visible()
    assert all("ERR_" in one for one in watched.complaints)
    watched.complaints.clear()


# Safe


def hostile(value: Any, key: str = "") -> Any:
    """The reply, in which each free text is an attack; what names a deployment stays."""
    if isinstance(value, dict):
        return {name: hostile(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [hostile(one, key) for one in value]
    return f"{EVIL} {value}" if key in FREE and isinstance(value, str) else value


@pytest.fixture(scope="module")
def bad_address(replies: Replies) -> Iterator[str]:
    with serving(opened(dev=Scripted(answering(hostile(replies))))) as found:
        yield found


@pytest.mark.parametrize("name", PAGES)
def test_what_others_wrote_is_shown_as_text(
    opens: Open, bad_address: str, replies: Replies, name: str
) -> None:
    paths = {"board": "/", "service": SERVICE_PATH}
    path = paths.get(name) or f"/deployment/dev/{of_status(replies, name)}"
    page = opens(at(bad_address, path) if path != "/" else bad_address)
    shows(page, re.compile("."))
    assert "<script>window.bitten=1</script>" in page.locator("main").inner_text()
    if name == "service":
        page.get_by_role("button", name="Roll back …").first.click()
        expect(page.get_by_role("dialog").get_by_text("<script>").first).to_be_visible()
    _nothing_bit(page)


def _nothing_bit(page: Page) -> None:
    assert page.evaluate("window.bitten") is None
    assert page.locator("main script, main img, dialog script, dialog img").count() == 0
    events = "[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())"
    assert not [name for name in page.evaluate(events) if name.startswith("on")]
    links = page.locator("a[href]").evaluate_all("found => found.map(e => e.getAttribute('href'))")
    assert all(re.match(r"/(?!/)|#", link) for link in links), links


BITES = (  # what a script would have to do first, if one of ours put a text in as HTML
    "document.body.innerHTML = '<img src=x onerror=window.bitten=1>'",
    "document.createElement('img').setAttribute('onerror', 'window.bitten=1')",
    "document.createElement('script').textContent = 'window.bitten=1'",
    "document.createElement('script').src = 'data:text/javascript,window.bitten=1'",
    "trustedTypes.createPolicy('slipway', { createHTML: (html) => html })",
    "trustedTypes.createPolicy('another', { createHTML: (html) => html })",
)


def test_the_pages_policy_stops_a_script_that_would_get_in_all_the_same(
    opens: Open, watched: Watched, address: str
) -> None:
    page = opens(address)
    shows(page, "Board")
    for bite in BITES:
        with pytest.raises(Error, match="TypeError"):
            page.evaluate(f"() => {{ {bite}; }}")
    link = "const a = document.createElement('a');"
    with page.expect_console_message(lambda said: "Content Security Policy" in said.text):
        page.evaluate(f"() => {{ {link} a.href = 'javascript:window.bitten=1'; a.click(); }}")
    assert page.evaluate("window.bitten") is None
    watched.complaints.clear()


TRIES = """async ([address, token]) => {
  const tried = {};
  const attempt = async (name, options) => {
    try {
      const path = name === "post" ? "plan" : "view?path=%2F";
      const answer = await fetch(address + path, options);
      tried[name] = answer.type === "opaque" ? "opaque" : await answer.text();
    } catch (error) { tried[name] = "refused"; }
  };
  const authorization = `Bearer ${token}`;
  await attempt("read", { headers: { authorization } });
  await attempt("blind", { mode: "no-cors" });
  await attempt("post", { method: "POST", mode: "no-cors", body: "{}" });
  for (const [name, element] of [["frame", "iframe"], ["script", "script"]]) {
    const made = document.createElement(element);
    made.src = name === "frame" ? address : `${address}static/page.js`;
    const ended = new Promise((resolve) => {
      made.onload = () => resolve("loaded");
      made.onerror = () => resolve("refused");
    });
    document.body.append(made);
    tried[name] = await ended;
  }
  return tried;
}"""


@contextmanager
def another_origin() -> Iterator[str]:
    """A page that somebody else serves on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>another</title><h1>Another page</h1>")

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_a_page_of_another_origin_reads_posts_and_frames_nothing(
    opens: Open, watched: Watched, replies: Replies
) -> None:
    """Even if it had the token, and although it is on the same machine."""
    functions = Scripted(answering(replies))
    with serving(opened(dev=functions)) as address, another_origin() as other:
        client = Client.of(address)
        page = opens(other)
        tried = page.evaluate(TRIES, [f"http://{client.host}/", client.token])
        assert tried["read"] == tried["post"] == tried["script"] == "refused", tried
        assert tried["blind"] in {"opaque", "refused"}
        framed = [frame for frame in page.frames if frame.parent_frame]
        assert [frame.url for frame in framed] == ["chrome-error://chromewebdata/"]
        assert functions.calls == []
    assert "TOKEN" not in json.dumps(tried).replace(client.token, "TOKEN")
    watched.complaints.clear()


def test_another_page_cannot_even_open_the_dashboard_in_a_window(
    opens: Open, watched: Watched, replies: Replies
) -> None:
    functions = Scripted(answering(replies))
    with serving(opened(dev=functions)) as address, another_origin() as other:
        page = opens(other)
        with page.expect_popup() as opening:
            page.evaluate("address => { window.held = window.open(address) }", address)
        expect(opening.value.get_by_text("another web page asked for this")).to_be_visible()
        assert page.evaluate("window.held.closed")  # cut off, as if it were closed
        assert functions.calls == []
    watched.complaints.clear()
