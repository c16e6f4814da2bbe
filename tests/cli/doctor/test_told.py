"""What a person reads at the terminal, and the JSON that a program reads."""

from __future__ import annotations

import json

from cli.doctor import told
from cli.doctor.finding import Finding, Severity

BROKEN = Finding(
    service="dev/shop", check="controller", severity=Severity.ERROR, sentence="It is.", remedy="aws"
)
SLOW = Finding(
    service="dev/shop",
    check="deregistration-delay",
    severity=Severity.ADVICE,
    sentence="Old tasks drain.",
    remedy="aws elbv2",
    seconds=295,
)


def test_each_service_has_its_findings_errors_first_and_then_the_sum() -> None:
    lines = list(told.lines(["dev/shop", "dev/api"], [SLOW, BROKEN], ["the alarms: no"]))
    assert lines == [
        "dev/shop",
        "  ✗ error: controller",
        "    It is.",
        "    aws",
        "  → advice: deregistration-delay",
        "    Old tasks drain. Saves about 295 s a rollout.",
        "    aws elbv2",
        "",
        "dev/api  nothing to say",
        "Not looked at:",
        "  the alarms: no",
        "",
        "1 error, 0 warnings, 1 piece of advice: about 295 s a rollout",
    ]


def test_of_several_services_the_sum_is_that_of_the_slowest() -> None:
    other = SLOW.model_copy(update={"service": "dev/api", "seconds": 30})
    assert told.summary([SLOW, other]).endswith(": up to 295 s a rollout (dev/shop)")
    assert told.summary([]) == "0 errors, 0 warnings, 0 pieces of advice"


def test_the_json_has_the_documented_keys() -> None:
    written = json.loads(told.as_json([BROKEN, SLOW], ["the alarms: no"]))
    assert written == {
        "findings": [
            {
                "service": "dev/shop",
                "severity": "error",
                "check": "controller",
                "sentence": "It is.",
                "remedy": "aws",
                "seconds": None,
            },
            {
                "service": "dev/shop",
                "severity": "advice",
                "check": "deregistration-delay",
                "sentence": "Old tasks drain.",
                "remedy": "aws elbv2",
                "seconds": 295,
            },
        ],
        "not_looked_at": ["the alarms: no"],
    }


def test_a_name_cannot_command_the_terminal() -> None:
    hostile = BROKEN.model_copy(update={"remedy": "aws \x1b[2J"})
    assert "\x1b" not in "\n".join(told.lines(["dev/shop"], [hostile], []))
