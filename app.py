"""Lambda's entry points, and nothing else: each parses its event, calls one flow and returns."""

from typing import Any

from chalice.app import Chalice, CloudWatchEvent

from chalicelib import startup
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.hold import hold_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.release import release_by_hand
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.service_event import service_event
from chalicelib.flow.status import tell_status
from chalicelib.flow.sweep.sweep import sweep_targets
from chalicelib.flow.tidy import tidy_families
from chalicelib.flow.watch import poll
from chalicelib.lambda_edge import accept_any_event, answered, report, tell_denials, world
from chalicelib.wiring import prepare

app = Chalice(app_name="slipway", configure_logs=False)


@app.on_cw_event(
    {
        "source": ["aws.ecr", "aws.inspector2"],
        "detail-type": [
            "ECR Image Action",
            "ECR Replication Action",
            "ECR Image Scan",
            "Inspector2 Scan",
        ],
    }
)
def on_image_push(event: CloudWatchEvent) -> dict[str, Any]:
    return report(image_event(world(event.context), event.to_dict()))


@app.on_cw_event(
    {
        "source": ["aws.ecs"],
        "$or": [
            {"detail-type": ["ECS Deployment State Change"]},
            {
                "detail-type": ["ECS Hook State Change"],
                "detail": {
                    "eventName": [
                        "HOOK_AWAITING_ACTION",
                        "HOOK_SUCCEEDED",
                        "HOOK_FAILED",
                        "HOOK_TIMED_OUT",
                    ]
                },
            },
            {
                "detail-type": ["ECS Task State Change"],
                "detail": {
                    "lastStatus": ["STOPPED"],
                    "group": [{"prefix": "service:"}],
                    "stoppedReason": [
                        {"anything-but": {"prefix": "Scaling activity initiated by"}}
                    ],
                },
            },
            {
                "detail-type": ["ECS Task State Change"],
                "detail": {"lastStatus": ["STOPPED"], "startedBy": [{"prefix": "slipway/"}]},
            },
        ],
    }
)
def on_service_change(event: CloudWatchEvent) -> dict[str, Any]:
    return report(service_event(world(event.context), event.to_dict()))


@app.lambda_function()
def watch(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return poll(world(context), event)


@app.lambda_function()
def deploy(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answered(deploy_by_hand, event, context)


@app.lambda_function()
def rollback(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answered(rollback_by_hand, event, context)


@app.lambda_function()
def hold(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answered(hold_by_hand, event, context)


@app.lambda_function()
def release(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answered(release_by_hand, event, context)


@app.lambda_function()
def status(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answered(tell_status, event, context)


@app.schedule("rate(10 minutes)")
def sweep(event: CloudWatchEvent) -> dict[str, Any]:
    return report(sweep_targets(world(event.context)))


@app.schedule("rate(1 hour)")
def tidy(event: CloudWatchEvent) -> dict[str, Any]:
    return report(tidy_families(world(event.context)))


app.register_middleware(tell_denials)
accept_any_event(on_image_push, on_service_change, sweep, tidy)
prepare()
startup.done()
