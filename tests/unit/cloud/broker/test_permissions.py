import pytest

from cloud.broker.permissions import acl_file, may
from wire.topics import UPLINK_FILTER

A, B = "7Z0M4QDA", "7Z0M4QDB"


@pytest.mark.parametrize(
    ("user", "action", "topic"),
    [
        (A, "write", f"lw/1/{A}/up/a"),
        (A, "write", f"lw/1/{A}/up/state"),
        (A, "read", f"lw/1/{A}/down/ack"),
        (A, "read", f"lw/1/{A}/down/#"),
        (A, "read", f"lw/1/{A}/down/+"),
        (A, "read", f"lw/1/{A}/down"),
        ("ingest", "read", UPLINK_FILTER),
        ("ingest", "read", f"lw/1/{A}/up/a"),
        ("ingest", "write", f"lw/1/{A}/down/ack"),
    ],
)
def test_each_may_do_its_own_work(user, action, topic):
    assert may(user, action, topic)


@pytest.mark.parametrize(
    ("user", "action", "topic"),
    [
        (A, "write", f"lw/1/{B}/up/a"),
        (A, "write", f"lw/1/{A}/down/ack"),
        (A, "read", f"lw/1/{A}/up/a"),
        (A, "read", f"lw/1/{B}/down/ack"),
        (A, "read", "#"),
        (A, "read", f"lw/1/{A}"),
        (A, "read", "lw/#"),
        (A, "read", "lw/1/+/down/ack"),
        (A, "read", f"lw/+/{A}/down/ack"),
        (A, "read", f"+/1/{A}/down/#"),
        (A, "write", f"lw/1/{A}/upper/a"),
        (A, "write", f"lw/2/{A}/up/a"),
        (A, "write", "$SYS/broker"),
        (A, "read", f"$share/g/lw/1/{B}/down/#"),
        ("ingest", "read", "#"),
        ("ingest", "write", f"lw/1/{A}/up/a"),
    ],
)
def test_nobody_may_do_anothers(user, action, topic):
    assert not may(user, action, topic)


def test_mosquitto_reads_the_same_table():
    assert acl_file().splitlines() == [
        "user ingest",
        "topic read lw/1/+/up/#",
        "topic write lw/1/+/down/#",
        "",
        "pattern write lw/1/%u/up/#",
        "pattern read lw/1/%u/down/#",
    ]


def test_who_is_shut_out_may_nothing_whatever_the_patterns_say():
    lines = acl_file(["7Z0M4QDA", "7Z0M4QDB"]).splitlines()

    assert lines[3:7] == ["user 7Z0M4QDA", "topic deny #", "user 7Z0M4QDB", "topic deny #"]
    assert lines[8:] == ["pattern write lw/1/%u/up/#", "pattern read lw/1/%u/down/#"]
