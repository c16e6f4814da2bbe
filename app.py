"""Lambda entry points, nothing else: parse, one flow, return."""

from typing import Any

from chalice.app import Chalice, CloudWatchEvent

from chalicelib import startup, wiring
from chalicelib.flow import change as changes
from chalicelib.flow import manual
from chalicelib.flow import scan as scans
from chalicelib.flow import status as states
from chalicelib.flow import sweep as sweeps
from chalicelib.flow import watch as watches

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
    return wiring.report(scans.image_changed(wiring.world(event.context), event.to_dict()))


@app.on_cw_event(
    {
        "source": ["aws.ecs"],
        "$or": [
            {"detail-type": ["ECS Deployment State Change"]},
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
        ],
    }
)
def on_service_change(event: CloudWatchEvent) -> dict[str, Any]:
    return wiring.report(changes.change(wiring.world(event.context), event.to_dict()))


@app.lambda_function()
def watch(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return watches.polled(wiring.world(context), event)


@app.lambda_function()
def deploy(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return wiring.answered(manual.deploy, event, context)


@app.lambda_function()
def rollback(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return wiring.answered(manual.rollback, event, context)


@app.lambda_function()
def status(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return wiring.answered(states.status, event, context)


@app.schedule("rate(10 minutes)")
def sweep(event: CloudWatchEvent) -> dict[str, Any]:
    world = wiring.world(event.context)
    return wiring.report(sweeps.sweep(world))


app.register_middleware(wiring.tell_denials)
wiring.accept_any_event(on_image_push, on_service_change, sweep)
wiring.prepare()
startup.done()
