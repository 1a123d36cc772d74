"""The cloud's own certificates are looked after while it runs."""

import logging
import threading

from cloud.broker.folder import BrokerFolder
from cloud.broker.tender import Tender
from tests.fakes_cloud import NOON, HandClock


def test_it_looks_at_once_and_ends_when_told(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    stop, looked = threading.Event(), []

    def tend(now):
        looked.append(now)
        stop.set()
        return True

    Tender(tend=tend, broker=BrokerFolder(tmp_path), clock=HandClock()).run(stop)

    assert looked == [NOON]
    assert "own_certificates_renewed broker_told=False" in caplog.text


def test_it_waits_to_be_woken_and_looks_again(tmp_path):
    stop, looked = threading.Event(), []

    def tend(now):
        looked.append(now)
        stop.set() if len(looked) == 2 else tender.wake()
        return False

    tender = Tender(tend=tend, broker=BrokerFolder(tmp_path), clock=HandClock())
    tender.run(stop)

    assert len(looked) == 2
