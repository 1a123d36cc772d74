"""Who may say and hear what on the broker: one table, a file for mosquitto and a function for the embedded broker.

A gateway writes below its own `up` and reads below its own `down`; ingest does the reverse for all of them. A user's
name is its client identifier too, so that nobody can take over another's session. Who is shut out says and hears
nothing, not even over a connection that was open before; mosquitto asks such a table again for each message.
"""

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from wire.topics import UPLINK_FILTER

INGEST_USER: Final = "ingest"
"""The cloud's own name on the broker; no gateway is called so, their names have eight letters."""

Action: TypeAlias = Literal["read", "write"]
_FOR_INGEST: Final[tuple[tuple[Action, str], ...]] = (("read", UPLINK_FILTER), ("write", "lw/1/+/down/#"))
_FOR_GATEWAYS: Final[tuple[tuple[Action, str], ...]] = (("write", "lw/1/%u/up/#"), ("read", "lw/1/%u/down/#"))


def acl_file(shut_out: Iterable[str] = ()) -> str:
    """The table as mosquitto reads it; those `shut_out` may nothing."""
    ingest = [f"topic {action} {topic_filter}" for action, topic_filter in _FOR_INGEST]
    denied = [line for user in shut_out for line in (f"user {user}", "topic deny #")]
    gateways = [f"pattern {action} {topic_filter}" for action, topic_filter in _FOR_GATEWAYS]
    return "\n".join([f"user {INGEST_USER}", *ingest, *denied, "", *gateways, ""])


def may(user: str, action: Action, topic: str) -> bool:
    """Whether a user may write to a topic, or read a topic or all that a topic filter matches.

    >>> may("7Z0M4QDA", "write", "lw/1/7Z0M4QDA/up/a"), may("7Z0M4QDA", "read", "lw/1/+/down/ack")
    (True, False)
    """
    rules = _FOR_INGEST if user == INGEST_USER else _FOR_GATEWAYS
    return any(action == ruled and _lies_within(topic, allowed.replace("%u", user)) for ruled, allowed in rules)


def _lies_within(topic: str, allowed: str) -> bool:
    """Whether every topic that `topic` matches (itself, if it has no wildcard) is matched by `allowed` too."""
    asked, granted = topic.split("/"), allowed.split("/")
    for level, limit in zip(asked, granted, strict=False):
        if limit == "#":
            return True
        if level == "#" or (limit != "+" and level != limit):
            return False
    return len(asked) == len(granted) or granted[len(asked) :] == ["#"]
