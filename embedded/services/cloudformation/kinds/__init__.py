"""Resource types that moto's CloudFormation skips or creates incompletely, created through the API.

Each kind maps a type's properties onto the calls that CloudFormation makes for it
(https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/) and says what `Ref` and
`Fn::GetAtt` return. moto's engine uses them like its own, so references work in both directions. To
add a type, write a class in the module of its service, and add it to `KINDS`.
"""

from __future__ import annotations

from embedded.services.cloudformation.kinds import (
    cloudwatch,
    dynamodb,
    ecr,
    ecs,
    events,
    iam,
    lambda_,
    logs,
    s3,
    scheduler,
    sns,
    sqs,
    stepfunctions,
)
from embedded.services.cloudformation.kinds.kind import Kind

__all__ = ["KINDS", "Kind"]

KINDS: tuple[type[Kind], ...] = (
    lambda_.Function,
    lambda_.EventInvokeConfig,
    lambda_.Alias,
    stepfunctions.StateMachine,
    iam.Role,
    iam.ManagedPolicy,
    iam.OidcProvider,
    dynamodb.Table,
    ecr.Repository,
    ecs.TaskDefinition,
    ecs.Service,
    events.Rule,
    scheduler.ScheduleGroup,
    scheduler.Schedule,
    logs.LogGroup,
    logs.MetricFilter,
    cloudwatch.Alarm,
    cloudwatch.Dashboard,
    sns.TopicPolicy,
    sns.Subscription,
    sqs.QueuePolicy,
    s3.BucketPolicy,
)
