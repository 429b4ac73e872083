"""One logger and one set of metrics for every function."""

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

logger = Logger()
metrics = Metrics(namespace="Earshot")


def count(name: str, number: int = 1) -> None:
    """Add to a metric that alarms and dashboards read."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)
