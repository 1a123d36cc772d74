"""An order to change the key is answered with the key and the place where it begins."""

import threading

from gateway.service.key_orders import KeyOrders
from wire.commands import RotateKey
from wire.terms import CommandOutcome


def test_the_answer_names_the_key_and_where_it_begins() -> None:
    answer = KeyOrders(lambda: ("0d1f0a6c2be97733", 118)).rotate(RotateKey(), threading.Event())

    assert answer.outcome is CommandOutcome.DONE
    assert answer.detail == "key 0d1f0a6c2be97733 signs what comes after alarm 118"
