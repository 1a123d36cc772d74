"""What was ordered of gateways, as people and programs see it."""

from datetime import timedelta

from cloud.edge import store
from cloud.edge.store import Ordered
from wire.commands import Role
from wire.ids import GatewayId
from wire.terms import CommandOutcome

GATEWAY = GatewayId("7Z0M4QDA")


def order(town, number=1, operation="ping-meter LMP1"):
    now = town.clock.now()
    ordered = Ordered(
        gateway=GATEWAY,
        number=number,
        id=bytes([number]) * 16,
        operation=operation,
        actor="ana <script>",
        role=Role.OPERATOR,
        ordered_at=now,
        expires_at=now + timedelta(minutes=5),
        sealed=b"",
        said=0,
        say_at=now,
    )
    with town.database.transaction() as connection:
        store.add(connection, ordered)
    return ordered


def answer(town, ordered):
    with town.database.transaction() as connection:
        store.answer(
            connection,
            GATEWAY,
            ordered.id,
            outcome=CommandOutcome.DONE,
            detail="the meter answers",
            took_ms=7,
            answered_at=town.clock.now(),
        )


def test_nothing_was_ordered_at_first(client):
    assert "Nothing was ordered." in client.get("/commands").text
    assert client.get("/api/v1/commands").json() == {"commands": []}


def test_an_order_is_shown_with_who_gave_it_and_what_became_of_it(town, client):
    answer(town, order(town))

    page = client.get("/commands").text

    assert "<strong>done</strong>: the meter answers" in page
    assert "ordered by ana &lt;script&gt; as operator" in page


def test_programs_get_the_last_first_and_as_many_as_they_ask_for(town, client):
    order(town, 1)
    town.clock.go_on(1)
    order(town, 2, "rotate-key")

    (last,) = client.get("/api/v1/commands?limit=1").json()["commands"]

    assert (last["operation"], last["standing"], last["said"]) == ("rotate-key", "waiting", 0)
