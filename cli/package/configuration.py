"""`.chalice/` as written by hand -> what Chalice reads for one stage.

`{stage}` is filled in. What follows from a function's name (its policy file, log group and alarm)
is added here, so that nobody writes it by hand.
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from cli.package.names import function_name, logical_id, policy_file

Document = dict[str, Any]

# Where an account lets its deployer make only bounded roles (bootstrap/slipway.yaml).
_BOUNDARY = {"Fn::If": ["Bounded", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}
# The part of `on_image_push`'s rule that is about scans.
_SCANS = {"source": ("aws.inspector2",), "detail-type": ("ECR Image Scan", "Inspector2 Scan")}


def chalice_config(text: str, stage: str, architecture: str) -> Document:
    """config.json for this stage: each function with its policy and architecture."""
    config: Document = json.loads(_for_stage(text, stage))
    # Chalice reads the architecture of the stage, and ignores that of a function.
    config["stages"][stage]["lambda_architecture"] = architecture
    for function, settings in config["stages"][stage]["lambda_functions"].items():
        settings["iam_policy_file"] = policy_file(function)
    return config


def functions(config: Document, stage: str) -> tuple[str, ...]:
    """The functions' names, in the file's order."""
    return tuple(config["stages"][stage]["lambda_functions"])


def merge_template(text: str, stage: str, names: tuple[str, ...]) -> Document:
    """resources.yaml for this stage, and the log group, alarm and boundary of every function.

    As JSON: given YAML to merge, Chalice would write YAML.
    """
    # The loader below is a SafeLoader: it makes plain values and CloudFormation's short forms.
    template: Document = yaml.load(_for_stage(text, stage), Loader=_ShortForms)  # noqa: S506
    resources, outputs = template["Resources"], template["Outputs"]
    for name in names:
        identifier = logical_id(name)
        function = resources.setdefault(identifier, {}).setdefault("Properties", {})
        function["FunctionName"] = function_name(stage, name)
        function["LoggingConfig"] = {"LogGroup": {"Ref": f"{identifier}LogGroup"}}
        resources[f"{identifier}Role"] = {"Properties": {"PermissionsBoundary": _BOUNDARY}}
        resources[f"{identifier}LogGroup"] = _log_group(stage, name)
        resources[f"{identifier}Alarm"] = _alarm(stage, name)
        outputs[f"{identifier}Function"] = {"Value": {"Ref": identifier}}
    return template


def _for_stage(text: str, stage: str) -> str:
    return text.replace("{stage}", stage)


def _log_group(stage: str, name: str) -> Document:
    """Named here: Chalice's own name refers to the function, which in turn refers to its group."""
    return {
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {"LogGroupName": f"/aws/lambda/{function_name(stage, name)}"},
    }


def _alarm(stage: str, name: str) -> Document:
    """Rings only for errors that last: Lambda retries an event, and a queue keeps what it drops."""
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": f"{function_name(stage, name)}-errors",
            "AlarmDescription": f"{name} raised in two of the last three five-minute periods.",
            "Namespace": "AWS/Lambda",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": logical_id(name)}}],
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 3,
            "DatapointsToAlarm": 2,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "Notices"}],
        },
    }


class _ShortForms(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref x` is {"Ref": "x"}."""


def _short_form(loader: _ShortForms, suffix: str, node: yaml.Node) -> Document:
    if isinstance(node, yaml.SequenceNode):
        value: Any = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    else:
        raise yaml.constructor.ConstructorError(
            None, None, f"!{suffix} takes a text or a list", node.start_mark
        )
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_ShortForms.add_multi_constructor("!", _short_form)


def ask_for_no_scans(template: Document) -> None:
    """Take the events of image scans out of every rule: without a scan gate nobody needs them."""
    for resource in template["Resources"].values():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            pattern = event["Properties"].get("Pattern", {})
            for key, scans in _SCANS.items():
                if set(scans) & set(pattern.get(key, ())):
                    pattern[key] = [each for each in pattern[key] if each not in scans]


def leave_out(template: Document, function: str) -> None:
    """Take a function out, with its role, log group, alarm, output, and all that names them."""
    name = logical_id(function)
    gone = {name, *(f"{name}{kind}" for kind in ("Role", "LogGroup", "Alarm", f"{name}Event"))}
    for part in ("Resources", "Outputs"):
        template[part] = {
            key: _without(value, gone)
            for key, value in template[part].items()
            if key not in gone and not (part == "Outputs" and _names(value["Value"], gone))
        }


def _without(value: Any, gone: set[str]) -> Any:
    """The value without the items of lists that name what is gone."""
    if isinstance(value, dict):
        return {key: _without(item, gone) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, gone) for item in value if not _names(item, gone)]
    return value


def _names(value: Any, gone: set[str]) -> bool:
    """Whether it is a Ref or Fn::GetAtt of what is gone."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return name in gone
    return False
