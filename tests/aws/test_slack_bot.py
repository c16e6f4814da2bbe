"""Slack by a bot: one message a deployment, its thread, and a Slack in every mood."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import lru_cache

import pytest

from chalicelib.aws import secrets, slack_bot, webhooks
from chalicelib.aws.block_kit import gist
from chalicelib.aws.channels import Channels, HalfSent, Silent
from chalicelib.aws.slack_bot import SlackBot
from chalicelib.errors import Unavailable
from chalicelib.explain.notice import notice
from chalicelib.model.changes import changed
from chalicelib.model.deployments import Deployment, SlackMessage, Status
from chalicelib.model.notices import SlackSettings
from tests.aws.fake_slack import CHANNEL, TOKEN, FakeSlack, rendered
from tests.aws.far_end import Answered, far_end
from tests.fixtures import examples

SETTINGS = SlackSettings(token="ssm:/token", channel=CHANNEL, mention={"failures": "<!here>"})
CASE = "What failed:\n- 4 tasks"
HOSTILE = "<!channel> <https://evil.example|here> @here & `x`"


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSlack]:
    fake = FakeSlack()
    secrets.forget()
    monkeypatch.setattr(secrets, "secret", lru_cache(lambda _: TOKEN))
    with far_end(fake) as url:
        monkeypatch.setattr(slack_bot, "_API", f"{url}/api")
        yield fake
    assert fake.wrong == []


def record(status: Status, seconds: int = 0, **fields: object) -> Deployment:
    """The record of one deployment, so many seconds after it began."""
    return examples.rolling_out(status=status, updated=examples.at(seconds), **fields)


def sent(made: Deployment, slack: SlackMessage | None = None) -> SlackMessage:
    """Send the notice of the record's status; what Slack shows then."""
    known = changed(made, slack=slack)
    message = SlackBot(SETTINGS).send(notice(made), made.id, made.service, known)
    assert message is not None
    return message


def began() -> SlackMessage:
    return sent(record(Status.IN_PROGRESS))


def fails(**fields: object) -> Deployment:
    story = {"reason": "container app exited with code 3", "case": CASE, "log": "Boom", **fields}
    return record(Status.ROLLBACK_IN_PROGRESS, 20, **story)


def test_a_deployment_is_one_message_that_is_edited_as_it_goes(slack: FakeSlack) -> None:
    message = began()
    message = sent(record(Status.SUCCESSFUL, 30), message)
    (shown,) = slack.messages.values()
    assert "is live" in rendered(shown)
    assert [one["thread_ts"] for one in slack.replies] == [message.ts]
    assert message.shown == examples.at(30)


def test_the_case_and_the_log_lines_are_in_the_thread_and_not_in_the_message(
    slack: FakeSlack,
) -> None:
    message = sent(fails(), began())
    (shown,), (reply,) = slack.messages.values(), slack.replies
    assert "exited with code 3" in rendered(shown)
    assert CASE not in rendered(shown)
    assert "Boom" not in rendered(shown)
    assert CASE in rendered(reply)
    assert "Boom" in rendered(reply)
    assert reply["thread_ts"] == message.ts


def test_private_log_lines_go_nowhere(slack: FakeSlack) -> None:
    sent(fails(log_private=True), began())
    assert "Boom" not in str(slack.asked)
    assert CASE in rendered(slack.replies[0])


def test_people_are_mentioned_once_by_the_first_failure_and_in_the_channel(
    slack: FakeSlack,
) -> None:
    message = sent(fails(), began())
    message = sent(record(Status.ROLLBACK_SUCCESSFUL, 40, case=CASE), message)
    assert [rendered(one).count("<!here>") for one in slack.replies] == [1, 0]
    assert [one["reply_broadcast"] for one in slack.replies] == [True, False]
    assert all("<!here>" not in rendered(one) for one in slack.messages.values())
    assert message.mentioned == ("failures",)


def test_a_failure_that_is_the_first_notice_mentions_in_the_message(slack: FakeSlack) -> None:
    message = sent(fails())
    (shown,) = slack.messages.values()
    assert rendered(shown).count("<!here>") == 1
    assert [rendered(one).count("<!here>") for one in slack.replies] == [0]
    assert message.mentioned == ("failures",)


def test_a_notice_that_comes_late_never_takes_the_message_back(slack: FakeSlack) -> None:
    message = sent(record(Status.SUCCESSFUL, 30), began())
    assert sent(record(Status.IN_PROGRESS, 10), message).shown == examples.at(30)
    (shown,) = slack.messages.values()
    assert "is live" in rendered(shown)
    assert len(slack.replies) == 2


@pytest.mark.parametrize("error", ["message_not_found", "edit_window_closed"])
def test_a_message_that_is_gone_is_posted_anew(slack: FakeSlack, error: str) -> None:
    message = sent(fails(), began())
    slack.mood["chat.update"] = Answered(body={"ok": False, "error": error})
    anew = sent(record(Status.ROLLBACK_SUCCESSFUL, 40, case=CASE), message)
    assert anew.ts != message.ts
    assert anew.mentioned == ("failures",)
    assert slack.replies[-1]["thread_ts"] == anew.ts


@pytest.mark.parametrize(
    "answer",
    [
        Answered(429, headers={"Retry-After": "30"}),
        Answered(body={"ok": False, "error": "ratelimited"}),
        Answered(503),
    ],
    ids=["429", "ratelimited", "503"],
)
def test_one_that_is_asked_too_often_is_left_alone_and_nobody_sleeps(
    slack: FakeSlack, answer: Answered
) -> None:
    slack.mood["chat.postMessage"] = answer
    before = time.monotonic()
    with pytest.raises(Silent):
        began()
    assert time.monotonic() - before < 2
    assert len(slack.asked) == 1


def test_the_seconds_that_slack_asks_for_are_told(slack: FakeSlack) -> None:
    slack.mood["chat.postMessage"] = Answered(429, headers={"Retry-After": "30"})
    with pytest.raises(Silent, match="30 seconds"):
        began()


@pytest.mark.parametrize("error", ["invalid_auth", "channel_not_found", "not_in_channel"])
def test_what_a_person_has_to_mend_is_named(slack: FakeSlack, error: str) -> None:
    slack.mood["chat.postMessage"] = Answered(body={"ok": False, "error": error})
    with pytest.raises(Unavailable, match=error) as raised:
        began()
    assert not isinstance(raised.value, Silent)


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[" * 100_000,
        b'"ok"',
        {"ok": "true", "ts": "1.1"},
        {"ok": True},
        {"ok": True, "ts": "../../x", "channel": CHANNEL},
        {"ok": True, "ts": 5, "channel": CHANNEL},
        {"ok": False, "error": "<!channel> " * 1_000},
        {"ok": False, "error": {"a": 1}},
        b"x" * 1_000_000,
    ],
    ids=["text", "deep", "string", "almost", "no ts", "path", "number", "long", "object", "huge"],
)
def test_a_lying_slack_is_told_later_and_its_words_go_nowhere(
    slack: FakeSlack, body: object
) -> None:
    slack.mood["chat.postMessage"] = Answered(body=body)
    with pytest.raises(Unavailable) as raised:
        began()
    assert len(str(raised.value)) < 200
    assert "<!channel>" not in str(raised.value)


def test_a_channel_that_makes_no_sense_is_not_kept(slack: FakeSlack) -> None:
    lie = {"ok": True, "ts": "1.1", "channel": "<evil>"}
    slack.mood["chat.postMessage"] = Answered(body=lie)
    assert began() == SlackMessage(channel=CHANNEL, ts="1.1", shown=examples.at(0))


def test_a_redirect_is_not_followed(slack: FakeSlack) -> None:
    elsewhere = Answered(302, headers={"Location": "http://127.0.0.1:9/"})
    slack.mood["chat.postMessage"] = elsewhere
    with pytest.raises(Unavailable, match="302"):
        began()


def test_a_slow_slack_is_not_waited_for(slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "_SECONDS", 0.1)
    slack.mood["chat.postMessage"] = Answered(delay=0.5)
    with pytest.raises(Silent, match="TimeoutError"):
        began()


def test_a_reply_that_fails_keeps_the_message_and_comes_later(slack: FakeSlack) -> None:
    message = began()
    slack.moods = [None, Answered(429)]
    channels = Channels({"slack": SlackBot(SETTINGS)})
    failed = fails()
    delivery = channels.publish(notice(failed), "d", "c/s", changed(failed, slack=message))
    assert delivery.missed == ("slack",)
    assert delivery.slack is not None
    assert (delivery.slack.ts, delivery.slack.mentioned) == (message.ts, ())
    sent(failed, delivery.slack)
    assert len(slack.messages) == 1
    assert [rendered(one).count("<!here>") for one in slack.replies] == [1]


def test_a_first_failure_whose_reply_fails_mentions_nobody_twice(slack: FakeSlack) -> None:
    slack.moods = [None, Answered(429)]
    with pytest.raises(HalfSent) as half:
        sent(fails())
    sent(fails(), half.value.message)
    assert "<!here>" not in rendered(slack.replies[0])


def test_what_concerns_no_deployment_is_a_message_of_its_own(slack: FakeSlack) -> None:
    told = notice(record(Status.HELD))
    assert SlackBot(SETTINGS).send(told, "", "c/s") is None
    assert len(slack.messages) == 1


def test_nothing_of_others_mentions_anybody(slack: FakeSlack) -> None:
    hostile = fails(by=HOSTILE, why=HOSTILE, reason=HOSTILE, case=HOSTILE, log=HOSTILE * 99)
    bot = SlackBot(SlackSettings(token="ssm:/t", channel=CHANNEL))
    bot.send(notice(hostile), hostile.id, hostile.service, hostile)
    for asked in slack.asked:
        for block in asked.body["blocks"]:
            for text in block.get("fields") or block.get("elements") or [block["text"]]:
                assert text["type"] == "plain_text" or not {"<", ">"} & set(text["text"])
                assert text["type"] == "plain_text" or text["verbatim"] is True


@pytest.mark.parametrize("shift", range(5))
def test_a_long_text_is_cut_into_pieces_that_slack_takes(slack: FakeSlack, shift: int) -> None:
    long = fails(case="x" * shift + "<&>" * 2_000)
    told = notice(long).model_copy(update={"text": "y" * shift + "<&>\n" * 900 + "<&>" * 2_000})
    SlackBot(SETTINGS).send(told, long.id, long.service, long)
    assert rendered(slack.replies[0]).count("&") == 2_900


def test_a_line_of_a_log_is_not_taken_for_what_is_so_now() -> None:
    text = "s: x.\n\nWhy: bad.\n\nLast log lines:\n  Now: all is well\n\nNow: it failed.\nNext: go."
    assert gist(text) == "Why: bad.\nNow: it failed.\nNext: go."


@pytest.mark.parametrize("token", ["", "xoxb-1\r\nX-Evil: 1", "xoxb 1"])
def test_what_is_no_token_is_never_sent(
    slack: FakeSlack, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setattr(secrets, "secret", lambda _: token)
    with pytest.raises(Unavailable, match="does not hold a token") as raised:
        began()
    assert token == "" or token not in str(raised.value)
    assert slack.asked == []
