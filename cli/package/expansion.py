"""SAM template -> the CloudFormation template that AWS would make of it, offline.

`python -m cli.package.expansion SAM` prints it: `make eyes` shows it to programs of others.
"""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
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


if __name__ == "__main__":
    sam: Template = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    print(json.dumps(expand(sam), indent=2))
