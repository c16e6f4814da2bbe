"""SAM template -> the CloudFormation template that AWS would make of it, offline."""

from __future__ import annotations

import copy
from typing import Any

from boto3.session import Session
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

Template = dict[str, Any]


def expand(template: Template) -> Template:
    """The expanded template; the code must still be placed in a bucket before AWS takes it."""
    sam = copy.deepcopy(template)
    for resource in sam["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # The translator takes only locations in a bucket, as `aws cloudformation package`
            # would have put here.
            resource["Properties"]["CodeUri"] = {"Bucket": "packages", "Key": "deployment.zip"}
    # The region is asked for and used in nothing that this template has. No managed policies:
    # every role here brings its own, and looking AWS' up would take an account.
    translator = Translator({}, Parser(), boto_session=Session(region_name="us-east-1"))
    expanded: Template = translator.translate(sam, parameter_values={})
    return expanded
