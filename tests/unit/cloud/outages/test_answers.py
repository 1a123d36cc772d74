"""A customer's word is kept with its time, the last one of each home."""

from datetime import timedelta

from cloud.kernel.ids import UsagePointId
from cloud.outages import answers
from cloud.outages.answers import Answer
from tests.fakes_cloud import NOON, fresh_database

HOME, OTHER = UsagePointId("UP-1"), UsagePointId("UP-2")


def test_the_last_word_of_a_home_stands(tmp_path):
    first = Answer(usage_point=HOME, has_power=False, said_at=NOON)
    second = Answer(usage_point=HOME, has_power=True, said_at=NOON + timedelta(minutes=5))
    with fresh_database(tmp_path) as database:
        with database.transaction() as connection:
            answers.keep(connection, first)
            answers.keep(connection, second)

        with database.read() as connection:
            found = answers.of_homes(connection, [HOME, OTHER])

    assert found == {HOME: second}
