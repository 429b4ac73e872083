"""From a message of the queue to a card or an event that arrived: read, decide, claim, send, record.

Each step is safe to repeat, and a crash between any two loses nothing: before the claim the queue owes the delivery,
from the claim on the table does (shared/deliveries/deliveries.py). Only a crash between an answer and its record can
send again; webhooks then carry the same id.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import islice

from pydantic import ValidationError

from functions.notify import floods, recipients
from functions.notify.breaker import Verdict
from functions.notify.cards import Beside, Crowd, fingerprint, make_card, whole_link
from functions.notify.floods import Flood, Floods, Turn
from functions.notify.health import TargetHealth, Tell
from functions.notify.parcel import Parcel, Sender
from functions.notify.retries import LEASE, Attempt, next_attempt
from shared.addresses.targets import Target, TargetKind
from shared.cases.answers import Answers
from shared.cases.cases import Cases
from shared.conditions.reader import parse
from shared.config.model import CASES, Config, Route
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.delivery import Delivery, State
from shared.deliveries.health import Health
from shared.deliveries.queue import Queue, QueueMessage
from shared.feedback.store import Store
from shared.keys.case_links import CaseLink
from shared.keys.signing import Keys
from shared.mail.received import Mails
from shared.mail.reply_address import ReplyKind, ReplyTo
from shared.model.events import CASE_EVENTS, RouteTested
from shared.model.feedback import Channel, Feedback, Revision
from shared.observe import count, logger, without_words
from shared.routes.bounds import why_beyond
from shared.routes.route_table import TeamRoute
from shared.routes.trials import TEST_ID, trial

SHORT_WAIT = timedelta(seconds=60)  # waits up to this are one delayed message; longer ones are left to the sweep
EARLY = timedelta(seconds=1)  # a message may wake a little before its time
UNTOLD = timedelta(minutes=15)  # between attempts beyond the last, as long as no owner could be told of it
MOST_WAITS = 6  # of a message for words: an answer can be changed 19 times, and its team would hear of it late
MOST_HOPS = 12  # in a row: Lambda takes a longer loop for one without end. From then on the table owes it
_CARD = "card"
_FLOOD_ATTEMPTS = 5
_MOST_COUNTED = 5_000  # feedback that is read to count people


class TooManyHops(Exception):
    """A message was put back into the queue too often in a row."""


class Notifier:
    """Delivers messages. Everything it works with is handed in."""

    def __init__(
        self,
        *,
        config: Config,
        routes: Callable[[str], Route | None],
        store: Store,
        keys: Keys,
        deliveries: Deliveries,
        senders: Mapping[TargetKind, Sender],
        disabled: Tell,
        given_up: Tell,
        queue: Queue,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        settling: timedelta,
        retry_speed: int = 1,
    ) -> None:
        """`routes` finds a route by id; `disabled` and `given_up` tell an owner; `chance` gives numbers from 0 to 1."""
        self._config = config
        self._routes = routes
        self._store = store
        self._keys = keys
        self._cases = Cases(store.client, store.table)
        self._answers = Answers(store.client, store.table, keys, config)
        self._mails = Mails(store.client, store.table)
        self._floods = Floods(store.client, store.table)
        self._between_updates = floods.BETWEEN / retry_speed
        self._deliveries = deliveries
        self._senders = senders
        self._queue = queue
        self._clock = clock
        self._chance = chance
        self._settling = settling
        self._retry_speed = retry_speed
        self._targets = TargetHealth(
            deliveries, disabled=disabled, given_up=given_up, clock=clock, chance=chance, retry_speed=retry_speed
        )

    def handle(self, message: QueueMessage) -> None:
        """Bring one message as far as it can go now. Raises what the table or the queue raise."""
        if message.route == CASES and not recipients.makes_card(message):
            return
        if message.route == CASES and recipients.person(message, self._config) is None:
            for card in recipients.cards_of_team(message, self._config):
                self._queue.send(card)
            return
        found = self._find(message)
        if found is None:
            self._drop(message)
            return
        route, target = found
        if message.type == RouteTested.detail_type and not message.feedback_id.startswith(TEST_ID):
            logger.warning("refused: a test under the id of a feedback", route=message.route)
            return
        if not message.is_about_feedback and target.kind.is_for_people:
            return  # a route without a condition also matches what becomes of invitations: that makes no card
        if target.kind.is_for_people and self._waits_for_words(message, route, message.occurred_at, self._clock()):
            return
        self._deliver(message, route, target)

    def _find(self, message: QueueMessage) -> tuple[Route, Target] | None:
        if message.route == CASES:
            address = recipients.person(message, self._config)
            route = recipients.route_to(address, message) if address else None
            return (route, route.targets[0]) if route else None
        route = self._routes(message.route)
        targets = route.targets if route else ()
        target = next((target for target in targets if target.id == message.target), None)
        return (route, target) if route and target and target.kind in self._senders else None

    def _drop(self, message: QueueMessage) -> None:
        """The route or its target was removed: nothing is owed to it any more."""
        logger.info("no such target any more", route=message.route, target=message.target)
        count("DeliveryWithoutTarget")
        now = self._clock()
        for subject in (_CARD, _event_subject(message)):  # which of them, the target would have said
            delivery = self._deliveries.get(_blank(message, subject, "", now))
            if delivery is not None and delivery.is_owed:
                self._deliveries.save(delivery.skipped(now, message.revision, "The target was removed."))

    def _waits_for_words(self, message: QueueMessage, route: Route, changed_at: datetime, now: datetime) -> bool:
        """Whether the customer may still add to what they said: then the message is in the queue again for the rest.

        Until the claim the queue owes the card, so this leaves no trace in the table. `now` is before `changed_at` was
        read: however long that took, what is read is what they came to rest with.
        """
        is_said = message.type not in (RouteTested.detail_type, *CASE_EVENTS)
        if message.replay or not is_said or message.waits >= MOST_WAITS:
            return False
        settling = self._settling if route.settling is None else timedelta(seconds=route.settling)
        left = changed_at + settling - now
        if left <= timedelta():
            return False
        return self._put_back(message.model_copy(update={"waits": message.waits + 1}), left)

    def _deliver(self, message: QueueMessage, route: Route, target: Target) -> None:
        now = self._clock()
        # Read.
        is_card = target.kind.is_for_people and message.type not in CASE_EVENTS
        subject = _CARD if is_card else _event_subject(message)
        blank = _blank(message, subject, target.shown, now)
        delivery = self._deliveries.get(blank) or blank
        if _is_done(delivery, message, now):
            self._keep_news(delivery, message)
            return
        owed = _owed(delivery)
        message = owed if owed and owed.revision > message.revision else message
        current = self._current(message, route)
        # Decide.
        paused = isinstance(route, TeamRoute) and route.paused
        if why := "The route is paused." if paused else why_beyond(self._config, route, target, current):
            self._deliveries.save(delivery.held_back(now, message.revision, why))
            return
        if current is None and message.is_about_feedback:
            self._deliveries.save(delivery.skipped(now, message.revision, "The feedback does not exist any more."))
            return
        shown = current if target.kind.is_for_people else None
        if shown and not delivery.is_owed and self._waits_for_words(message, route, shown.changed_at, now):
            return  # before it is asked whether the route matches: they may change their mind again
        revision = shown.number if shown and is_card else message.revision
        crowd = None
        if shown and is_card:
            makes_card, crowd = self._makes_card(message, route, target, delivery, shown)
            if not makes_card:
                return
        admitted = self._admitted(message, delivery, revision, route, target)
        if admitted is None:
            return
        health, place = admitted
        # Claim.
        claimed = self._deliveries.save(delivery.claim(now, revision, message.model_dump_json(), LEASE))
        if claimed is None:
            self._look_again(message)  # its place, where it took one, ends by itself
            return
        # Send.
        began = self._clock()
        attempt = self._send(message, route, target, claimed, shown, crowd)
        took = self._clock() - began
        # Record.
        if attempt.ok:
            count("Delivered")
            self._close(claimed.delivered(self._clock(), fingerprint(shown.feedback) if shown else None))
        else:
            self._record_failure(claimed, message, attempt, route, target)
        self._targets.learn(health, attempt._replace(took=took), place, route, target)

    def _admitted(
        self, message: QueueMessage, delivery: Delivery, revision: int, route: Route, target: Target
    ) -> tuple[Health, datetime] | None:
        """The target's health and until when a place with it is held; None if it may not be sent anything now.

        What becomes of the delivery then is recorded.
        """
        health, (verdict, until, _) = self._targets.ask(delivery, aside=message.aside)
        now = self._clock()
        if verdict is Verdict.REFUSE:
            why = f"Disabled: {health.disabled_why}"
            if self._targets.knows_of_disabled(health, route, target):
                self._deliveries.save(delivery.failed(now, revision, why))
            else:  # owed until somebody knows, so that the sweep brings it back to tell them
                self._wait(delivery.put_off(now, until, why, message.model_dump_json()), message, until)
            return None
        if verdict is Verdict.ASIDE:
            message = message.model_copy(update={"aside": True})
            if self._put_back(message):
                return None
            verdict, until = Verdict.WAIT, now + SHORT_WAIT
        if verdict is Verdict.WAIT:
            waiting = delivery.put_off(now, until, "Waits for its target.", message.model_dump_json())
            if not self._wait(waiting, message, until):
                self._look_again(message)
            return None
        return health, until

    def _makes_card(
        self, message: QueueMessage, route: Route, target: Target, delivery: Delivery, shown: Revision
    ) -> tuple[bool, Crowd | None]:
        """Whether the feedback makes a card now, and of how many; what becomes of it else is recorded."""
        now = self._clock()
        why = _why_not(message, route, delivery, shown)
        turn, crowd, until = (None, None, None) if why else self._flood(message, target, delivery, shown.feedback)
        if turn is Turn.WAIT and until is not None:
            waiting = delivery.put_off(
                now, until, "Others say the same; waits to be counted.", message.model_dump_json()
            )
            recorded = self._deliveries.save(waiting)
        elif why or turn is Turn.TOLD:
            counted = "Counted in the card of others who say the same."
            recorded = self._deliveries.save(delivery.skipped(now, shown.number, why or counted))
        else:
            return True, crowd
        if recorded is None:
            self._look_again(message)
        return False, None

    def _flood(
        self, message: QueueMessage, target: Target, delivery: Delivery, feedback: Feedback
    ) -> tuple[Turn, Crowd | None, datetime | None]:
        """Whether it makes a card of its own, one for many, or none; until when it waits for that.

        Only the first card of a feedback is counted: who had one is told of what follows.
        """
        if delivery.shown is not None or message.replay or message.type == RouteTested.detail_type:
            return Turn.CARD, None, None
        key = floods.about(message.route, target.id, feedback)
        for _ in range(_FLOOD_ATTEMPTS):
            now = self._clock()
            known = self._floods.get(key)
            turn, flood, until = floods.admit(known, key, feedback, now, self._between_updates)
            if flood == known or self._floods.save(flood, now):
                crowd = self._crowd(feedback, flood) if turn is Turn.UPDATE else None
                return turn, crowd, until
        return Turn.CARD, None, None  # too many at once to be counted: nobody is left out for that

    def _crowd(self, feedback: Feedback, flood: Flood) -> Crowd | None:
        """How many people have said the same since it began; None where the index has none of it yet."""
        since = flood.since
        said = islice(self._store.newest([feedback.team], since), _MOST_COUNTED)
        same = [each for each in said if each.feedback.received_at >= since and floods.is_same(each.feedback, feedback)]
        people = {floods.person(each.feedback) for each in same}
        thread = f"{flood.about}.{since:%Y%m%d%H%M%S}"
        return Crowd(len(people), since, same[0], thread) if same else None

    def _send(
        self,
        message: QueueMessage,
        route: Route,
        target: Target,
        delivery: Delivery,
        shown: Revision | None,
        crowd: Crowd | None,
    ) -> Attempt:
        try:
            return self._senders[target.kind](self._parcel(message, route, target, delivery, shown, crowd))
        except Exception as error:  # a mistake of ours, or no answer from KMS: an attempt like any other
            logger.error("attempt failed", route=message.route, target=message.target, extra=without_words(error))
            count("AttemptBroken")
            return Attempt(error=f"Earshot itself failed: {type(error).__name__}.")

    def _keep_news(self, delivery: Delivery, message: QueueMessage) -> None:
        """What waits is judged by the newest event when its time comes: that may be the one that the route is about."""
        if delivery.state is State.WAITING:
            owed = _owed(delivery)
            is_news = owed is not None and owed.revision < message.revision
            is_missed = is_news and self._deliveries.save(delivery.renewed(message.model_dump_json())) is None
        else:  # while SENDING, its worker alone may write
            is_missed = _is_shown_older(delivery, message)
        if is_missed:
            self._look_again(message)

    def _look_again(self, message: QueueMessage) -> None:
        """Come back when the worker that was first is done: it may have read the feedback before the news.

        Raises `TooManyHops` for a message that has come back too often: then the queue shows it again by itself.
        """
        if not self._put_back(message, LEASE):
            raise TooManyHops(f"put back {message.hops} times")

    def _put_back(self, message: QueueMessage, delay: timedelta = timedelta()) -> bool:
        """Put a message into its queue again, unless it has been there too often in a row; returns whether it was."""
        if message.hops >= MOST_HOPS:
            return False
        self._queue.send(message.model_copy(update={"hops": message.hops + 1}), delay)
        return True

    def _current(self, message: QueueMessage, route: Route) -> Revision | None:
        """The feedback as it now is, or, for the test of a route, one that says so."""
        if message.type == RouteTested.detail_type:
            # Whatever the event says: nobody may put words into a customer's mouth.
            asked_by = str(message.detail["asked_by"])
            tested = trial(self._config, message.route, route, message.feedback_id, asked_by, message.occurred_at)
            return Revision(1, message.occurred_at, tested)
        return self._store.get(message.feedback_id) if message.is_about_feedback else None

    def _parcel(
        self,
        message: QueueMessage,
        route: Route,
        target: Target,
        delivery: Delivery,
        shown: Revision | None,
        crowd: Crowd | None,
    ) -> Parcel:
        card = None
        if shown is not None:
            shown = crowd.latest if crowd else shown
            card = make_card(
                self._config, message.route, route, shown, self._beside(message, route, delivery, shown, crowd)
            )
        return Parcel(
            route_id=message.route,
            team=route.team,
            target=target,
            feedback_id=message.feedback_id,
            event=message.event,
            card=card,
            replay=message.replay,
            link=whole_link(self._config, route, message.feedback_id),
            at=delivery.changed_at,
        )

    def _beside(
        self, message: QueueMessage, route: Route, delivery: Delivery, shown: Revision, crowd: Crowd | None
    ) -> Beside:
        """What a card says beside the feedback: its case, what came with it, and the key of its page."""
        now, id = self._clock(), shown.feedback.id
        if message.type == RouteTested.detail_type:
            return Beside(now)
        found = self._cases.get(id)
        reach = self._answers.reach(shown.feedback) if found and route.team == shown.feedback.team else None
        can_answer = reach is not None and reach.channel is not None
        reply = ReplyTo(ReplyKind.CARD, id, route.team).address(self._config.mail.address, self._keys)
        mails = self._mails.of_feedback(id) if shown.feedback.channel is Channel.EMAIL else []
        return Beside(
            now,
            case=found.case if found else None,
            event=message.detail if message.type in CASE_EVENTS else None,
            added=delivery.shown is not None,
            replayed=message.replay is not None,
            crowd=crowd,
            attachments=[name for mail in mails for name in mail.attachments],
            key=CaseLink(route.team, id).token(self._keys, now),
            reach=reach,
            reply_to=reply if can_answer else None,
        )

    def _record_failure(
        self, delivery: Delivery, message: QueueMessage, attempt: Attempt, route: Route, target: Target
    ) -> None:
        now, why = self._clock(), attempt.error or ""
        logger.warning("delivery failed", route=delivery.route, target=delivery.target, error=why)
        # Also where the target is gone: the next attempt finds it disabled, and its owner told.
        at = next_attempt(delivery.attempts, attempt, now, self._chance(), self._retry_speed)
        if at is None:
            if self._targets.knows_of_given_up(delivery, route, target, why):
                self._close(delivery.failed(now, delivery.revision, why))
                return
            at = now + UNTOLD
        if not self._wait(delivery.retry(now, at, why), message, at):
            _warn_taken_over(delivery)

    def _close(self, delivery: Delivery) -> None:
        """Record how an attempt ended; if the claim ended sooner, whoever took over has the last word."""
        if self._deliveries.save(delivery) is None:
            _warn_taken_over(delivery)

    def _wait(self, waiting: Delivery, message: QueueMessage, until: datetime) -> bool:
        """Record that a delivery waits, and have its message come when it is time; False if another was first."""
        wait = until - self._clock()
        if wait > SHORT_WAIT or message.hops >= MOST_HOPS:  # the sweep brings it
            return self._deliveries.save(waiting) is not None
        # The sweep only looks in case the message is lost.
        if self._deliveries.save(waiting.swept(until + SHORT_WAIT)) is None:
            return False
        return self._put_back(message, wait)


def _owed(delivery: Delivery) -> QueueMessage | None:
    """The message that a delivery carries as long as it is owed; None also for one that nobody can read any more."""
    try:
        return QueueMessage.model_validate_json(delivery.message) if delivery.message else None
    except ValidationError:
        return None


def _is_done(delivery: Delivery, message: QueueMessage, now: datetime) -> bool:
    """Whether this message has nothing to do: delivered, or owed by the table at a later time."""
    if delivery.version == 0:
        return False
    if delivery.wake_at is None:
        return message.revision <= delivery.revision
    return now + EARLY < delivery.wake_at


def _is_shown_older(delivery: Delivery, message: QueueMessage) -> bool:
    """Whether another worker is sending an older state right now: what is new must be looked at again after that."""
    return delivery.state is State.SENDING and message.revision > delivery.revision


def _why_not(message: QueueMessage, route: Route, delivery: Delivery, current: Revision) -> str | None:
    """Why the feedback, as it now is, makes no card; None when it does."""
    if delivery.shown == fingerprint(current.feedback):
        return "Nothing new since the last card."
    # A replay was asked for: also of what was given up, whatever has become of it since.
    asked_for = message.type == RouteTested.detail_type or message.replay is not None
    if not asked_for and not parse(route.when).matches(message.type, current.feedback):
        return "The route does not match any more."
    return None


def _warn_taken_over(delivery: Delivery) -> None:
    logger.warning("delivery was taken over", route=delivery.route, target=delivery.target)


def _event_subject(message: QueueMessage) -> str:
    return f"r{message.revision}"


def _blank(message: QueueMessage, subject: str, to: str, now: datetime) -> Delivery:
    return Delivery(
        feedback_id=message.feedback_id,
        route=message.route,
        target=message.target,
        subject=f"{subject}@{message.replay}" if message.replay else subject,
        to=to,
        created_at=now,
        changed_at=now,
    )
