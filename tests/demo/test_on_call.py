"""docs/on-call.md shows the night as it is played, and counts what is typed."""

from __future__ import annotations

import re

from bench import typing
from demo.on_call import NIGHT
from tests.pages import blocks, page


def test_the_page_shows_each_command_of_the_night_in_order() -> None:
    shown = [
        block.splitlines()[0].removeprefix("$ ") for block in blocks("console", page("on-call"))
    ]
    assert shown == [scene.command for scene in NIGHT]


def test_the_page_shows_each_answer_after_its_question() -> None:
    text = page("on-call")
    for scene in NIGHT:
        assert scene.why in text
        for answer in filter(None, scene.answers):
            assert re.search(rf"\? {re.escape(answer)}$", text, flags=re.M)


def test_the_page_counts_what_is_typed_with_each_tool() -> None:
    assert "\n".join(typing.lines()) in page("on-call")


def test_only_heroku_needs_fewer_commands_and_says_what_it_lacks() -> None:
    fewer = [tool for tool in typing.OTHERS if len(tool.typed) < len(NIGHT)]
    assert [tool.name for tool in fewer] == ["Heroku"]
    assert all(tool.lacks for tool in typing.OTHERS)
    assert min(tool.characters for tool in (typing.ours(), *typing.OTHERS)) == fewer[0].characters
