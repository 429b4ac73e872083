"""`earshot show`: one feedback, and what became of every delivery of it."""

import json
from collections.abc import Iterator

import click

from cli.stage import Stage, with_stage
from cli.tail import Change, as_text
from shared.deliveries import Deliveries, Delivery
from shared.feedback import Transition


@click.command()
@click.argument("id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_stage
def show(stage: Stage, id: str, as_json: bool) -> None:
    """Show the feedback ID and its deliveries."""
    revision = stage.store.get(id)
    if revision is None:
        raise click.ClickException(f"no feedback {id!r}; `earshot tail` prints ids as they arrive")
    deliveries = Deliveries(stage.dynamodb, stage.outputs["Table"]).of_feedback(id)
    if as_json:
        told = {
            "revision": revision.number,
            "feedback": revision.feedback.model_dump(mode="json"),
            "deliveries": [
                delivery.model_dump(mode="json", exclude={"message", "version", "shown"}) for delivery in deliveries
            ],
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    click.echo(as_text(Change(Transition.CAPTURED, None, revision)))
    click.echo("\n".join(line for delivery in deliveries for line in _told(delivery)) or "    not delivered to anyone")


def _told(delivery: Delivery) -> Iterator[str]:
    what = delivery.subject.partition("@")
    replay = f", replay {what[2]}" if what[2] else ""
    yield f"    {delivery.route} → {delivery.to}{replay}: {delivery.state} at {delivery.changed_at:%d %b %H:%M:%S} UTC"
    if delivery.attempts > 1 or delivery.error:
        yield f"        {delivery.attempts} attempt{'' if delivery.attempts == 1 else 's'}. {delivery.error or ''}"
    if delivery.wake_at is not None:
        yield f"        looked at again at {delivery.wake_at:%d %b %H:%M:%S} UTC"
