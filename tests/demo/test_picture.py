"""What the demo printed -> its picture: the second act, the last notice, no font from elsewhere."""

from __future__ import annotations

import pytest

from demo.picture import act, drawn

PRINTED = """
Act 1  a good image ───
  00:01  notice   it is live
╭──╮
│  Now: it runs.  │
╰──╯

Act 2  an image that crashes ───
  00:02  notice   \x1b[31mit failed; rolling back\x1b[0m
╭──╮
│  Why: it crashed.  │
│  Service:    conflicto-dev/web  │
╰──╯
  00:03  notice   it was rolled back
╭──╮
│  Why: it crashed.  │
│  Next: correct it.  │
│  Service:    conflicto-dev/web  │
│  Image:      web:bad5678  │
╰──╯
  00:04  λ watch

Act 3  a rollback by hand ───
"""


def test_the_picture_shows_the_second_act_and_of_its_notices_the_last_without_its_facts() -> None:
    assert act(PRINTED).splitlines() == [
        "Act 2  an image that crashes ───",
        "  00:02  notice   \x1b[31mit failed; rolling back\x1b[0m",
        "  00:03  notice   it was rolled back",
        "╭──╮",
        "│  Why: it crashed.  │",
        "│  Next: correct it.  │",
        "╰──╯",
        "  00:04  λ watch",
    ]


def test_a_demo_without_these_acts_has_no_picture() -> None:
    with pytest.raises(ValueError, match="'Act 2' or 'Act 3'"):
        act(PRINTED.replace("Act 3", "The end"))


def test_the_picture_has_the_lines_in_their_colours_and_fetches_no_font() -> None:
    picture = drawn(act(PRINTED))
    assert "it&#160;failed;&#160;rolling&#160;back" in picture
    assert "fill: #cc555a" in picture
    assert "url(http" not in picture
    assert "@font-face" not in picture
