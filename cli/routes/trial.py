"""Sending a test through a route and seeing it arrive, wherever the route leads."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from cli.routes.searches import Message, Search
from cli.routes.views import ARRIVED, Sight, Unseen, View, is_test, open_view
from cli.stage import Stage
from shared.addresses.targets import Target
from shared.config.model import Route
from shared.deliveries.delivery import State
from shared.routes.route_table import TeamRoute

ARRIVAL_SECONDS = 30
SETTLES_SECONDS = 10  # on AWS, until a subscription or a rule that was just made gets something
REFUSALS = 1000  # kept events at most among which a refusal is looked for


def try_out(stage: Stage, id: str, route: Route, send: Callable[[], str]) -> tuple[str, dict[Target, Sight]]:
    """Have `send` put the test of a route on the bus; its id, and what became of it at each target."""
    with ExitStack() as undo:
        views = {target: _view(stage, id, route, target, undo) for target in route.targets}
        if not stage.is_local and any(view.is_new for view in views.values()):
            time.sleep(SETTLES_SECONDS)
        test_id = send()
        return test_id, {target: _see(stage, target, view, test_id) for target, view in views.items()}


def _view(stage: Stage, id: str, route: Route, target: Target, undo: ExitStack) -> View:
    """How the test will be seen at a target, or at once why it cannot arrive there."""
    why = stage.rules.why_silent(id, target)
    if why is not None:
        mend = f"; run `earshot routes resume {id}`" if isinstance(route, TeamRoute) else ""
        silent = Sight(False, f"not sent: {why}{mend}")
        return View(lambda test_id: silent, lambda: silent)
    if not target.kind.is_aws:
        late = Sight(False, "not delivered in time; see `earshot doctor`")
        return View(partial(_delivered, stage, id, target), lambda: late)
    with ExitStack() as halfway:
        try:
            view = open_view(stage, id, target, halfway)
        except Unseen as error:
            barred = Sight.barred(error)
            return View(lambda test_id: None, lambda: barred)
        undo.push(halfway.pop_all())
        return view


def _see(stage: Stage, target: Target, view: View, test_id: str) -> Sight:
    """Look once a second until there is something to see."""
    until = time.monotonic() + ARRIVAL_SECONDS
    # Searched to the end of the test: what is put back in between would be received again and again.
    with Search(stage.client("sqs"), stage.outputs["RulesDeadLetterQueueUrl"], REFUSALS) as refusals:
        while True:
            seen = view.look(test_id) or _refused(refusals, stage.rules.leads_to(target), test_id)
            if seen:
                return seen
            if time.monotonic() >= until:
                return view.unseen()
            time.sleep(1)


def _delivered(stage: Stage, id: str, target: Target, test_id: str) -> Sight | None:
    for delivery in stage.deliveries.of_feedback(test_id):
        if (delivery.route, delivery.target) == (id, target.id):
            if delivery.state is State.DELIVERED:
                return ARRIVED
            if delivery.error:
                return Sight(False, f"not delivered yet: {delivery.error}")
    return None


def _refused(kept: Search, arn: str, test_id: str) -> Sight | None:
    """Why the target refused the test, as EventBridge told the dead-letter queue; nothing of it is left there."""

    def attributes(message: Message) -> dict[str, str]:
        return {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()}

    found = kept.look(lambda message: is_test(message, test_id) and attributes(message).get("TARGET_ARN", arn) == arn)
    if found is None:
        return None
    return Sight(
        False, f"not delivered: {attributes(found).get('ERROR_MESSAGE', 'its policy does not let the route in')}"
    )
