"""AWS' denial -> where the permission that is missing is granted, and how."""

from __future__ import annotations

# What of targets.toml grants a permission; the first one that the denial names.
_GRANTED_BY = {
    "iam:PassRole": "the role among the target's `pass_roles`",
    "ecs:RegisterTaskDefinition": "the target's `family`",
    "ecs:TagResource": "the target's `family`",
    "ecs:": "the service and its cluster",
    "events:": "the rule among the target's `follow`",
    "scheduler:": "the schedule among the target's `follow`",
    "ecr:": "the target's `repository`",
    "logs:GetLogEvents": "the log group among the target's `log_groups`",
    "ssm:": "the secret in `[notices]`",
    "secretsmanager:": "the secret in `[notices]`",
}


def how_to_grant(denial: str) -> str:
    """What a person does about a denial, whose text names the permission."""
    words = next((words for name, words in _GRANTED_BY.items() if f" {name}" in denial), "")
    named = f"see that targets.toml names {words}, then " if words else ""
    return (
        f"{named}`make deploy` writes the functions' roles anew (cli/package/policies.py says what "
        "is granted). If it is granted already, look for a permissions boundary or a service "
        "control policy"
    )
