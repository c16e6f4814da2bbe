"""Mistakes in payloads: each answer says what was meant, and is short whatever was sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.errors import Refused, Unavailable
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.hold import hold_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.ports import World
from chalicelib.flow.release import release_by_hand
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.status import tell_status
from chalicelib.model.meant import did_you_mean, meant
from tests.fixtures import examples
from tests.fixtures.examples import NAME, OTHER_DIGEST, at, push_event
from tests.flow.by_hand import WHO, deployed
from tests.flow.fakes import Aws, Fault, aws

Call = Callable[[World, object], Any]
CALLS: dict[str, tuple[Call, str]] = {
    "deploy": (deploy_by_hand, "service, image, by, why, key?, override?, plan?"),
    "rollback": (
        rollback_by_hand,
        "service?, repository?, to?, by, why, key?, hold?, override?, plan?",
    ),
    "hold": (hold_by_hand, "service, by, why, until?, key?"),
    "release": (release_by_hand, "service?, deployment?, stage?, deploy?, by, why, key?"),
    "status": (
        tell_status,
        "service?, deployment?, image?, now?, board?, after?, names?, stats?, days?, event?",
    ),
}


def _refused(call: Call, world: Aws, payload: object) -> str:
    with pytest.raises(Refused) as raised:
        call(world.world(), payload)
    assert world.acts == []
    return str(raised.value)


@pytest.mark.parametrize("verb", CALLS)
def test_an_unknown_key_is_answered_with_the_one_that_was_meant(verb: str) -> None:
    call, takes = CALLS[verb]
    assert _refused(call, aws(), {"servcie": NAME}) == (
        f"`servcie` is not a key of {verb}; did you mean `service`? It takes {takes}"
    )


@pytest.mark.parametrize("verb", CALLS)
def test_a_key_that_is_like_no_other_is_answered_with_all_of_them(verb: str) -> None:
    call, takes = CALLS[verb]
    assert _refused(call, aws(), {"qqq": 1}) == f"`qqq` is not a key of {verb}. It takes {takes}"


@pytest.mark.parametrize("verb", CALLS)
def test_a_long_and_hostile_key_makes_a_short_answer_on_one_line(verb: str) -> None:
    said = _refused(CALLS[verb][0], aws(), {"x\n" * 100_000: 1})
    assert "\n" not in said
    assert len(said) < 400


@pytest.mark.parametrize("verb", ["deploy", "rollback", "hold", "release", "status"])
@pytest.mark.parametrize(
    ("typed", "guess"),
    [
        pytest.param("conflicto-dev/conflicto-backend-service-de", NAME, id="a letter is missing"),
        pytest.param("CONFLICTO-DEV/CONFLICTO-BACKEND-SERVICE-DEV", NAME, id="upper case"),
        pytest.param("conflicto-backend-service-dev", NAME, id="without its cluster"),
    ],
)
def test_an_unknown_service_is_answered_with_the_one_that_was_meant(
    verb: str, typed: str, guess: str
) -> None:
    payload = {**({} if verb == "status" else WHO), "service": typed}
    payload |= {"image": "abc1234"} if verb == "deploy" else {}
    said = _refused(CALLS[verb][0], aws(), payload)
    wrong = f"no target is named {typed!r} (CLUSTER/SERVICE); did you mean {guess}?"
    assert said == f"{wrong} The targets are {NAME}"


def test_of_many_services_ten_are_named_and_three_are_guessed() -> None:
    world = aws(*(examples.target(service=f"backend-{number:03}") for number in range(100)))
    said = _refused(tell_status, world, {"service": "conflicto-dev/backend-1234"})
    guess, _, known = said.partition("?")
    assert guess.count("conflicto-dev/backend-") == 4  # what was typed, and three guesses
    assert known.endswith("conflicto-dev/backend-009 and 90 more")
    assert known.count("conflicto-dev/") == 10


def test_an_unknown_tag_is_answered_with_the_newest_similar_ones() -> None:
    world = deployed()
    world.images.all.append(examples.image("sha256:" + "d" * 64, at(9), tags=("def5679",)))
    said = _refused(deploy_by_hand, world, {**WHO, "image": "def567"})
    assert "has no image 'def567'; did you mean def5679 or def5678? List what it has: aws" in said


@pytest.mark.parametrize("image", ["qqq", "sha256:" + "9" * 64])
def test_a_tag_like_no_other_and_a_digest_are_answered_without_a_guess(image: str) -> None:
    said = _refused(deploy_by_hand, deployed(), {**WHO, "image": image})
    assert f"has no image {image!r}. List what it has: aws" in said


def test_no_guess_is_needed_to_say_that_a_tag_is_unknown() -> None:
    world = deployed()
    world.restart()
    world.faults = [Fault(0, Unavailable("down"), name="tagged")]
    said = _refused(deploy_by_hand, world, {**WHO, "image": "def567"})
    assert "has no image 'def567'. List" in said


@pytest.mark.parametrize(
    ("to", "guess"),
    [("abc123", "abc1234"), ("conflicto-backend-dev:77", "conflicto-backend-dev:7")],
)
def test_an_unknown_revision_to_go_back_to_is_answered_with_similar_ones(
    to: str, guess: str
) -> None:
    said = _refused(rollback_by_hand, deployed(), {**WHO, "to": to})
    assert f"on {NAME}; did you mean {guess}" in said


@pytest.mark.parametrize(
    ("call", "payload"),
    [
        pytest.param(tell_status, {}, id="status"),
        pytest.param(tell_status, {"service": NAME}, id="status of a service"),
        pytest.param(release_by_hand, {"by": "ann", "why": "a test"}, id="release"),
    ],
)
def test_an_unknown_deployment_is_answered_with_similar_ones(
    call: Call, payload: dict[str, str]
) -> None:
    world = deployed()
    known = world.record().id
    said = _refused(call, world, {**payload, "deployment": known[:-1]})
    assert said.startswith(f"the ledger has no deployment {known[:-1]}; did you mean {known}?")


def test_for_a_deployment_of_no_service_of_ours_no_head_is_read() -> None:
    world = deployed()
    world.restart()
    _refused(tell_status, world, {"deployment": "20260302t101530-another-0a1b2c3d"})
    assert "head" not in world.calls


def test_for_an_unknown_deployment_few_heads_are_read() -> None:
    world = aws(*(examples.target(cluster=f"c-{number}") for number in range(50)))
    world.restart()
    typed = "20260302t101530-conflicto-backend-service-dev-0a1b2c3d"
    _refused(tell_status, world, {"deployment": typed})
    assert world.calls.count("head") == 10


def test_a_deployment_of_another_service_is_not_guessed() -> None:
    world = aws(examples.target(), examples.target(service="web"))
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("def5678",)))
    image_event(world.world(), push_event())
    world.acts.clear()
    said = _refused(
        tell_status, world, {"service": "conflicto-dev/web", "deployment": "20260302t101530-web-0"}
    )
    assert "backend" not in said


# The guess itself


def test_at_most_three_names_are_meant_and_the_most_similar_comes_first() -> None:
    assert meant("abcd", ["abcx", "abcde", "abcd1", "abcd2", "zzz"])[0] == "abcde"
    assert len(meant("abcd", [f"abcd{number}" for number in range(50)])) == 3


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (["zzz"], ""),
        (["abcx"], "did you mean `abcx`?"),
        (["abcx", "abcy"], "did you mean `abcy` or `abcx`?"),
    ],
)
def test_a_guess_is_a_question_or_nothing(known: list[str], words: str) -> None:
    assert did_you_mean("abcd", known, "`") == words


def test_long_words_are_compared_by_their_beginning() -> None:
    long = "x" * 1_000
    assert meant(long + "y", [long]) == (long,)
