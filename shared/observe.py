"""One logger and one set of metrics for every function."""

import traceback
from pathlib import Path

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

logger = Logger()
metrics = Metrics(namespace="Earshot")


def count(name: str, number: int = 1) -> None:
    """Add to a metric that alarms and dashboards read."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)


def without_words(error: Exception) -> dict[str, str]:
    """What is logged of an error: its type and the lines that led to it. Its message may quote a customer."""
    frames = traceback.extract_tb(error.__traceback__)
    trace = " ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return {"reason": type(error).__name__, "trace": trace}
