"""The customers' post: waiting for a letter, telling of it, and counting in the end that each came exactly once."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from simulators.scenarios.neighbours import HOMES, HOUSES
from simulators.scenarios.onlooker import Onlooker
from simulators.scenarios.processes import StoryFailed

ANA = HOUSES[0].homes[0]
Expected = Counter[tuple[str, str]]
"""Usage point and template of every message that is due. Who is not here is told nothing."""


def await_letter(onlooker: Onlooker, usage_point: str, template: str, say: Callable[[str], None]) -> None:
    """Wait for a message in the customer's mailbox, and tell of it; Ana's is read out."""
    letter = onlooker.until(f"{template} at {usage_point}", lambda: _arrived(onlooker, usage_point, template))
    say(f"  To {letter['to'][0]} ({letter['language']}): {letter['subject']}")
    if letter["to"] == [ANA.email]:
        for line in str(letter["text"]).strip().splitlines():
            say(f"    | {line}")


def check(onlooker: Onlooker, expected: Expected) -> None:
    """StoryFailed unless the mailbox holds exactly the expected messages, each once, as the cloud says too."""
    messages = onlooker.until("the cloud's messages", onlooker.messages)
    _same("the cloud wrote", Counter((message["usage_point"], message["template"]) for message in messages), expected)
    people = {home.usage_point: home for home in HOMES}
    due = Counter(
        (one["message_id"], people[one["usage_point"]].email, people[one["usage_point"]].language) for one in messages
    )
    letters = Counter(
        (letter["message_id"], ", ".join(letter["to"]), letter["language"])
        for letter in onlooker.until("the mailbox", onlooker.letters)
    )
    _same("the mailbox holds", letters, due)
    refused = onlooker.until("the cloud's quarantine", onlooker.quarantine)["refused"]
    if refused:
        raise StoryFailed(f"the cloud refused {len(refused)} envelope(s)")


def _arrived(onlooker: Onlooker, usage_point: str, template: str) -> Any:
    wanted = {
        one["message_id"]
        for one in onlooker.messages()
        if (one["usage_point"], one["template"]) == (usage_point, template)
    }
    return next((letter for letter in onlooker.letters() if letter["message_id"] in wanted), None)


def _same(what: str, found: Counter[Any], expected: Counter[Any]) -> None:
    if found != expected:
        missing, surplus = expected - found, found - expected
        raise StoryFailed(f"{what} {len(found)} kinds; missing {dict(missing)}, not expected {dict(surplus)}")
