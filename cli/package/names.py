"""The names that the package's parts agree on."""

from __future__ import annotations

import re

from chalicelib.errors import Refused

# The longest name made of it, the bucket's "slipway-STAGE-ACCOUNT-REGION", may have 63 characters.
STAGE = r"[a-z][a-z0-9-]{0,26}"

ACCOUNT = "Account"  # in the template's Metadata: the only account that it may be deployed to
VERSION = "Version"  # in the template's Metadata: the checkout that it was packaged from


def checked_stage(stage: str) -> str:
    """The stage, when AWS accepts every name that is made of it."""
    if not re.fullmatch(STAGE, stage):
        raise Refused(
            f"STAGE: expected an environment's name (lower-case letters, digits and hyphens, at "
            f"most 27, a letter first), found {stage!r}."
        )
    return stage


def function_name(stage: str, function: str) -> str:
    return f"slipway-{stage}-{function}"


def logical_id(function: str) -> str:
    """As Chalice names the function in the template: on_image_push is OnImagePush."""
    return "".join(word.capitalize() for word in function.split("_"))


def policy_file(function: str) -> str:
    return f"policy-{function}.json"
