"""Prepares a template for moto: expands the SAM transform, unifies its form, and validates it."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

import boto3
from moto.cloudformation import models, parsing
from moto.cloudformation.exceptions import ValidationError
from moto.iam.models import iam_backends
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from embedded.calls.sessions import ACCOUNT, REGION

Template = dict[str, Any]

_PSEUDO = re.compile(
    r"AWS::(AccountId|Region|StackId|StackName|URLSuffix|NoValue|Partition|NotificationARNs)"
)
_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")
read_template = models.Stack.parse_template  # JSON, or YAML with the short forms


def prepare(template: Template, known: set[str]) -> Template:
    """The template as moto can create it.

    Raises:
        ValidationError: AWS would refuse the template.
    """
    resources = template.get("Resources") or {}
    if any(r.get("Type", "").startswith("AWS::Serverless::") for r in resources.values()):
        template = expand(template)
    template = normal_form(template)
    validate(template, known)
    return template


def expand(template: Template) -> Template:
    """The AWS::Serverless-2016-10-31 transform."""
    policies = iam_backends[ACCOUNT]["aws"].managed_policies
    translator = Translator(
        {policy.name: arn for arn, policy in policies.items()},
        Parser(),
        boto_session=boto3.Session(region_name=REGION),
    )
    try:
        expanded: Template = translator.translate(copy.deepcopy(template), parameter_values={})
    except InvalidDocumentException as error:
        reasons = "; ".join(str(cause.message) for cause in error.causes)
        words = f"Transform AWS::Serverless-2016-10-31 failed: {reasons}"
        raise ValidationError(message=words) from error
    translator.metrics.publish()  # to nowhere; it warns of unpublished metrics
    expanded.pop("Transform", None)
    return expanded


def normal_form(value: Any) -> Any:
    """Fn::Sub as Fn::Join and Fn::GetAtt as a list.

    moto's Fn::Sub loses `$$` (Step Functions' context object) and takes GetAtt as a list only.
    """
    if isinstance(value, list):
        return [normal_form(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::Sub"}:
        return _joined(value["Fn::Sub"])
    if set(value) == {"Fn::GetAtt"} and isinstance(value["Fn::GetAtt"], str):
        return {"Fn::GetAtt": value["Fn::GetAtt"].split(".", 1)}
    return {key: normal_form(inner) for key, inner in value.items()}


def _joined(substitution: Any) -> Any:
    text, given = substitution if isinstance(substitution, list) else (substitution, {})
    parts: list[Any] = []
    for literal, variable in _pieces(text):
        if literal:
            parts.append(literal.replace("${!", "${"))
        if variable in given:
            parts.append(normal_form(given[variable]))
        elif variable and "." in variable:
            parts.append({"Fn::GetAtt": variable.split(".", 1)})
        elif variable:
            parts.append({"Ref": variable})
    return {"Fn::Join": ["", parts]}


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """The literal before each `${variable}`, then the rest."""
    end = 0
    for found in _VARIABLE.finditer(text):
        yield text[end : found.start()], found[1].strip()
        end = found.end()
    yield text[end:], None


def validate(template: Template, known: set[str]) -> None:
    """Refuse unknown resource types, dangling references and cycles, in CloudFormation's words."""
    resources: Template = template.get("Resources") or {}
    unknown = [
        f"{name} ({resource['Type']})"
        for name, resource in resources.items()
        if resource["Type"] not in known | set(parsing.NULL_MODELS)
    ]
    if unknown:
        words = f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]"
        raise ValidationError(message=words)
    elsewhere = {*template.get("Parameters", {}), *template.get("Mappings", {})}
    needed: dict[str, set[str]] = {}
    for name, resource in resources.items():
        referred = set(_references(resource))
        if dangling := sorted(
            r for r in referred - elsewhere - set(resources) if not _PSEUDO.match(r)
        ):
            raise ValidationError(
                message=f"Template format error: Unresolved resource dependencies "
                f"[{', '.join(dangling)}] in the Resources block of the template"
            )
        needed[name] = referred & set(resources)
    try:
        TopologicalSorter(needed).prepare()
    except CycleError as cycle:
        names = ", ".join(sorted(set(cycle.args[1])))
        raise ValidationError(
            message=f"Circular dependency between resources: [{names}]"
        ) from cycle


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for inner in value:
            yield from _references(inner)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref" and isinstance(inner, str):
                yield inner
            elif key == "Fn::GetAtt":
                yield inner[0]
            elif key == "DependsOn":
                yield from [inner] if isinstance(inner, str) else inner
            else:
                yield from _references(inner)
