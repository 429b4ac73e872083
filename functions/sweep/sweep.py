"""What is due by the table's clock (`due_at`) goes on.

Deliveries go back into their queue, and messages to customers that waited are woken, so that the stream brings them.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice

from botocore.exceptions import ClientError
from pydantic import ValidationError

from shared.customers.messages import Messages
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.delivery import State
from shared.deliveries.queue import Queue, QueueMessage
from shared.observe import count, logger, without_words

AHEAD = timedelta(minutes=1)  # what falls due before the next sweep is sent now, with a delay to its very second
LOOK_AGAIN = timedelta(minutes=15)  # should the message be lost; longer than the queue takes to show one again
MOST_WOKEN = 500  # of messages to customers: more would only wait again, for room at AWS


def sweep(deliveries: Deliveries, queue: Queue, now: datetime, has_time: Callable[[], bool]) -> int:
    """Send the messages of due deliveries, as long as `has_time`; returns how many. A crash sends one twice."""
    swept = 0
    for delivery in deliveries.due(now + AHEAD):
        if delivery.message is None or delivery.due_at is None:
            continue
        if delivery.state is State.SENDING and delivery.due_at > now:
            continue  # its worker may be at it until then, and could not record over our mark
        if not has_time():
            logger.warning("more is due than a minute can sweep")
            break
        try:
            message = QueueMessage.model_validate_json(delivery.message).model_copy(update={"hops": 0})
        except ValidationError as error:  # of a version that nobody reads any more: the others are still due
            logger.error("unreadable message", delivery="/".join(delivery.key), extra=without_words(error))
            count("DeliveryUnreadable")
            continue
        try:
            queue.send(message, delivery.due_at - now)
        except ClientError as error:  # of this message: the others are still due
            logger.error("message refused", delivery="/".join(delivery.key), extra=without_words(error))
            count("DeliveryUnreadable")
            continue
        # Refused where the delivery was changed meanwhile; that newer state stands.
        deliveries.save(delivery.swept(max(now, delivery.due_at) + LOOK_AGAIN))
        swept += 1
    return swept


def wake(messages: Messages, now: datetime, has_time: Callable[[], bool]) -> int:
    """Wake the messages to customers that are due, as many as are sent in a minute; returns how many."""
    woken = 0
    for waiting in islice(messages.due(now), MOST_WOKEN):
        if not has_time():
            break
        woken += messages.wake(waiting, now)
    return woken
