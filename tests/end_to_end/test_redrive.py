"""What was kept because it could not be sent, deployed: `earshot redrive` brings it to where it was going."""

import json
from pathlib import Path
from typing import Any

from tests.end_to_end.world import Subscriber, World, eventually
from tests.kit.samples import load_bytes, load_event


def redrive(world: World, folder: Path, *options: str) -> dict[str, Any]:
    """What became of each place; what other tests leave, such as a mail that cannot be read, has to stay."""
    told: dict[str, Any] = json.loads(world.earshot(folder, "redrive", "--json", *options, may_fail=True))
    return told


def test_what_the_stream_gave_up_is_published_by_publish_itself(
    world: World, subscriber: Subscriber, tmp_path: Path
) -> None:
    s3, bucket = world.stage.client("s3"), world.stage.outputs["UnpublishedBucket"]
    s3.put_object(Bucket=bucket, Key="aws/lambda/mapping/shard/batch", Body=load_bytes("samples/stream_failure.json"))
    assert redrive(world, tmp_path, "--dry-run")["unpublished"]["kept"] == 2

    assert redrive(world, tmp_path)["unpublished"] == {"sent": 2, "kept": 0, "reasons": []}
    golden = load_event("golden/FeedbackAmended.v1.json")
    events = eventually(lambda: (found := subscriber.events(golden["detail"]["feedback"]["id"]))[1:] and found)
    assert {event["detail"]["revision"] for event in events} == {1, 2}
    for event in events:
        del event["detail"]["feedback"]["words"]  # which the event has had since
    assert golden["detail"] in [event["detail"] for event in events]
    assert redrive(world, tmp_path)["unpublished"]["sent"] == 0


def test_a_card_that_was_refused_and_has_arrived_since_is_no_second_card(
    world: World, subscriber: Subscriber, tmp_path: Path
) -> None:
    id = world.answer(world.link("checkout"), rating=1, comment="The till froze twice.").body["id"]
    [event] = eventually(lambda: subscriber.events(id))
    eventually(lambda: world.left(id))
    attributes = {
        "RULE_ARN": f"{world.stage.outputs['RuleArnPrefix']}team-tills",
        "TARGET_ARN": world.stage.outputs["DeliveriesQueueArn"],
    }
    world.stage.client("sqs").send_message(
        QueueUrl=world.stage.outputs["RulesDeadLetterQueueUrl"],
        MessageBody=json.dumps(event),
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    )
    assert redrive(world, tmp_path)["refused"] == {"sent": 1, "kept": 0, "reasons": []}

    later = world.answer(world.link("checkout"), rating=2).body["id"]
    eventually(lambda: world.left(later))
    assert len(world.left(id)) == 1
