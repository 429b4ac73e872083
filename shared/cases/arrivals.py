"""What became of an answer on its way: one that does not reach the customer is the team's to know, once."""

from datetime import datetime
from typing import NamedTuple

from shared.cases import changes
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.config.model import Config
from shared.customers.messages import Message
from shared.errors import Contended
from shared.model.case import CaseState, Move

_ATTEMPTS = 5


class Arrivals(NamedTuple):
    """Tells cases of answers that did not arrive."""

    cases: Cases
    config: Config

    def failed(self, message: Message, reason: str, now: datetime) -> bool:
        """Open the case again of whose customer an answer did not reach; False where that changes nothing.

        It does not where the case knows, or is gone, where something was told since that may have arrived, or where
        the customer has confirmed that it is fixed.
        """
        if not message.purpose.is_answer or message.feedback_id is None:
            return False
        for _ in range(_ATTEMPTS):
            found = self.cases.get(message.feedback_id)
            if found is None or found.case.state is CaseState.CONFIRMED:
                return False
            about = [entry for entry in found.timeline if entry.message]
            known = any(entry.what is Move.NOT_ARRIVED and entry.message == message.id for entry in about)
            if known or not about or about[-1].message != message.id:
                return False
            if self.cases.move(changes.not_arrived(found, reason, message.id, Now(self.config, now))):
                return True
        raise Contended("This case is being changed from too many sides at once; try again.")
