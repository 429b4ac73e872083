"""The same capture as it is usually written: Powertools with validation and idempotency, a boto3 resource.

It does less than `functions.capture_web`: it verifies no signature, knows no configuration and merges nothing.
"""

import os
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Field

logger = Logger()
metrics = Metrics(namespace="Earshot")
app = APIGatewayHttpResolver(enable_validation=True)
table = boto3.resource("dynamodb").Table(os.environ["EARSHOT_TABLE"])
persistence = DynamoDBPersistenceLayer(table_name=f"{table.name}-idempotency")
idempotency = IdempotencyConfig(event_key_jmespath="submission")


class Contact(BaseModel):
    """Where to answer."""

    email: str | None = None
    phone: str | None = None


class Answer(BaseModel):
    """What a customer posts."""

    rating: Annotated[int, Field(ge=1, le=5)]
    comment: Annotated[str | None, Field(max_length=5000)] = None
    reasons: list[str] = []
    contact: Contact | None = None
    submission: str


class Stored(BaseModel):
    """What they are told."""

    id: str
    status: str


@idempotent_function(data_keyword_argument="answer", persistence_store=persistence, config=idempotency)  # type: ignore[untyped-decorator]
def store(link: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Store an answer, once per submission."""
    id = uuid.uuid4().hex
    item = {name: value for name, value in answer.items() if value is not None}
    table.put_item(
        Item={"pk": f"F#{id}", "sk": "F", "link": link, **item, "received_at": datetime.now(UTC).isoformat()}
    )
    return {"id": id, "status": "new"}


@app.post("/f/<link>")
def capture(link: Annotated[str, Path()], answer: Answer) -> Response[Stored]:
    """The route."""
    stored = store(link=link, answer=answer.model_dump())
    metrics.add_metric(name="AnswerNew", unit=MetricUnit.Count, value=1)
    return Response(201, "application/json", Stored.model_validate(stored))


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Entry point."""
    idempotency.register_lambda_context(context)
    return app.resolve(event, context)
