"""Lambda entry points, nothing else: parse, one flow, return."""

from typing import Any

from chalice import Chalice
from chalice.app import CloudWatchEvent

app = Chalice(app_name="slipway", configure_logs=False)


@app.on_cw_event(
    {
        "source": ["aws.ecr"],
        "detail-type": ["ECR Image Action", "ECR Replication Action"],
    }
)
def on_image_push(event: CloudWatchEvent) -> dict[str, Any]:
    raise NotImplementedError


@app.on_cw_event({"source": ["aws.ecs"], "detail-type": ["ECS Deployment State Change"]})
def on_service_change(event: CloudWatchEvent) -> dict[str, Any]:
    raise NotImplementedError


@app.lambda_function()
def watch(event: dict[str, Any], context: Any) -> dict[str, Any]:
    raise NotImplementedError


@app.lambda_function()
def deploy(event: dict[str, Any], context: Any) -> dict[str, Any]:
    raise NotImplementedError


@app.lambda_function()
def rollback(event: dict[str, Any], context: Any) -> dict[str, Any]:
    raise NotImplementedError


@app.lambda_function()
def status(event: dict[str, Any], context: Any) -> dict[str, Any]:
    raise NotImplementedError


@app.schedule("rate(10 minutes)")
def sweep(event: CloudWatchEvent) -> dict[str, Any]:
    raise NotImplementedError
