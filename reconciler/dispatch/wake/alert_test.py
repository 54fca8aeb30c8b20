"""Send a test alert to each recipient, to see whether it arrives.

Nothing is claimed and nothing is written down: a person asked for it and sees the answer, and no
later wake repeats it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from reconciler.alerts import Recipient
from reconciler.dispatch.adapters.at_once import at_once
from reconciler.dispatch.answers import UnsentError
from reconciler.dispatch.decide.messages import body
from reconciler.dispatch.ports import Messenger
from reconciler.dispatch.wake.request import Ports
from reconciler.model.generation import Generation
from reconciler.model.outbox import Notification, NotificationKind
from reconciler.model.runs_file import format_time


class TestAlert(NamedTuple):
    """A test alert.

    Attributes:
        error: why the recipient did not take it; None when it did.
    """

    recipient: Recipient
    error: str | None

    def to_json(self) -> dict[str, str | None]:
        """What may be shown of it."""
        address, form = self.recipient.address, self.recipient.format.value
        return {
            "to": address.masked().url or address.shown,
            "format": "email" if address.email else form,
            "error": self.error,
        }


async def send_test_alerts(ports: Ports) -> list[TestAlert]:
    """Send one to each recipient of the live generation, several at once.

    Raises:
        UnavailableError: Modal did not answer.
    """
    generation, messenger = await ports.generations.live(), ports.messenger
    if generation is None or messenger is None:
        return []
    now = format_time(ports.clock.now())
    test = Notification(
        kind=NotificationKind.TEST, name="test", subject=f"test@{now}", reason=None, raised=now
    )
    return list(
        await at_once(
            _sent(messenger, one, test, generation) for one in _all_recipients(generation)
        )
    )


async def _sent(
    messenger: Messenger, recipient: Recipient, test: Notification, generation: Generation
) -> TestAlert:
    try:
        await messenger.send(recipient.address, "", body([test], generation, recipient))
    except UnsentError as error:
        return TestAlert(recipient, str(error))
    return TestAlert(recipient, None)


def _all_recipients(generation: Generation) -> Iterable[Recipient]:
    """Each recipient once: those of the settings, then those of single schedules."""
    usual = () if generation.alerts is None else generation.alerts.rule.to
    own = (one for record in generation.records if record.alerts for one in record.alerts.to)
    return dict.fromkeys((*usual, *own))
