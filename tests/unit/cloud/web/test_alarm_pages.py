"""What an operator reads of gaps, and how one is written off."""

from cloud.ingest import alarms
from cloud.ingest.alarms import Kind, Stretch
from tests.unit.cloud.web.test_pages import text_of
from wire.envelope import link_hash, parse
from wire.events import EventsDropped, GatewayStarted, JournalBegunAnew
from wire.ids import GatewayId
from wire.terms import DropReason, JournalLoss, Lane

STARTED = GatewayStarted(software="0.1.0", boot=1)


def with_a_gap(town):
    """Two events of the first home's gateway never came, and it is told."""
    gateway = town.settle_in("UP-1")
    made = [gateway.say(STARTED, subject="", at=town.clock.now()) for _ in range(4)]
    town.take([made[0], made[3]])
    about = Stretch(gateway=GatewayId(gateway.id), gen=1, lane=Lane.DIAGNOSTICS, first_seq=2, last_seq=3, missing=2)
    with town.database.transaction() as connection:
        alarms.stands(connection, Kind.GAP, about, "later ones came", town.clock.now())
    return gateway


def test_a_cloud_that_lacks_nothing_says_so(client):
    page = text_of(client.get("/alarms").text)

    assert "No alarm is open." in page
    assert "Nothing was given up or written off." in page


def test_a_gap_is_shown_with_its_home_and_what_to_do(town, client):
    with_a_gap(town)

    page = client.get("/alarms").text

    assert "2 diagnostic events missing" in text_of(page)
    assert "numbers 2 to 3" in text_of(page)
    assert 'href="/homes/UP-1"' in page
    assert "write them off" in text_of(page)


def test_a_gap_is_written_off_with_a_name_and_a_reason(town, client):
    gateway = with_a_gap(town)

    said = client.post("/alarms/1/settle", data={"who": "Ana", "reason": "the card is gone", "as": "written off"})

    page = text_of(client.get("/alarms").text)
    assert said.status_code == 303
    assert "No alarm is open." in page
    assert "2 diagnostic events: written off" in page
    assert "said by Ana · “the card is gone”" in page
    assert client.get(f"/events/{gateway.id}/1/2/4").status_code == 200


def test_nothing_is_written_off_without_a_reason(town, client):
    with_a_gap(town)

    said = client.post("/alarms/1/settle", data={"who": "Ana", "reason": "", "as": "written off"})

    assert said.status_code == 400
    assert "2 diagnostic events missing" in text_of(client.get("/alarms").text)


def test_a_hole_of_which_everything_had_come_is_not_told_as_a_loss(town, client):
    gateway = town.settle_in("UP-1")
    made = [gateway.say(STARTED, subject="", at=town.clock.now()) for _ in range(3)]
    town.take(made)
    head = link_hash(parse(made[2].payload))
    town.hear(
        gateway,
        EventsDropped(of_lane=Lane.DIAGNOSTICS, first_seq=2, last_seq=3, head=head, reason=DropReason.MISSING),
    )

    page = text_of(client.get("/alarms").text)

    assert "2 diagnostic events: gone from its journal, and it did not drop them; the cloud has all of it" in page
    assert "numbers 2 to 3 of generation 1" in page


def test_an_alarm_there_is_not_or_that_is_over_cannot_be_settled(client):
    said = client.post("/alarms/7/settle", data={"who": "Ana", "reason": "x", "as": "seen"})

    assert said.status_code == 409


def test_every_other_kind_is_told_in_words_and_seen(town, client):
    gateway = town.settle_in("UP-1")
    made = [gateway.say(STARTED, subject="", at=town.clock.now()) for _ in range(3)]
    head = link_hash(parse(made[2].payload))
    town.hear(
        gateway,
        EventsDropped(of_lane=Lane.DIAGNOSTICS, first_seq=1, last_seq=3, head=head, reason=DropReason.FULL),
    )
    gateway.lose_journal()
    town.hear(gateway, JournalBegunAnew(previous_gen=1, reason=JournalLoss.DAMAGED))
    gateway.heads.clear()
    town.hear(gateway, JournalBegunAnew(previous_gen=1, reason=JournalLoss.MISSING))

    page = text_of(client.get("/alarms").text)
    for title in (
        "3 diagnostic events given up",
        "there was no room for newer ones",
        "A gateway’s journal began anew",
        "One key speaks in two places",
        "number 1 ",
    ):
        assert title in page
    with town.database.read() as connection:
        numbers = [alarm.id for alarm in alarms.open_ones(connection, limit=10)]
    for number in numbers:
        client.post(f"/alarms/{number}/settle", data={"who": "Ana", "reason": "seen", "as": "seen"})
    assert "No alarm is open." in text_of(client.get("/alarms").text)
