"""Who comes into a meter with locks, who does not, and with which words of the standard he is turned away."""

import pytest

from runtime.secret import Secret
from simulators.meter import acse, gatekeeper, security
from simulators.meter.security import Keys
from tests.fakes_access import AUTH_KEY, BY_PASSWORD, GmacReader, aarq, by_keys, diagnostic, locked_server
from tests.fakes_simulators import ASSOCIATE, NOW, a_life, moment

GET_ENERGY = bytes.fromhex("c001c1 0003 0100010800ff 02 00")
GET_CLOCK = bytes.fromhex("c001c1 0008 0000010000ff 02 00")
GET_COUNTER = bytes.fromhex("c001c1 0001 00002b0100ff 02 00")
GET_LOAD_PROFILE = bytes.fromhex("c001c1 0007 0100630100ff 02 00")
RELEASE = bytes.fromhex("6200")
ACCEPTED, REJECTED, TRY_LATER = 0, 1, 2
FAILURE, REQUIRED, NOT_RECOGNISED = 13, 14, 11


@pytest.fixture
def reader() -> GmacReader:
    server, _ = locked_server(a_life(), by_keys())
    return GmacReader(server)


def let_in(reader: GmacReader) -> GmacReader:
    reader.call()
    assert reader.ask(reader.proof())[:6].hex() == "c701c1000100"
    return reader


class TestThePublic:
    def test_reads_what_it_takes_to_come_in_and_no_more(self) -> None:
        server, _ = locked_server(a_life(), by_keys(), heard=41)
        server.answer(16, ASSOCIATE, moment())

        assert server.answer(16, GET_COUNTER, moment()).hex() == "c401c1000600000029"
        assert server.answer(16, GET_CLOCK, moment())[3] == 0
        assert server.answer(16, GET_ENERGY, moment()).hex() == "c401c10103"

    def test_comes_in_nowhere_else(self) -> None:
        server, _ = locked_server(a_life(), BY_PASSWORD)

        assert diagnostic(server.answer(17, ASSOCIATE, moment())) == (REJECTED, REQUIRED)
        assert diagnostic(server.answer(1, ASSOCIATE, moment())) == (REJECTED, 1)


class TestByPassword:
    def test_the_right_password_opens_everything(self) -> None:
        server, _ = locked_server(a_life(), BY_PASSWORD)

        aare = server.answer(17, aarq(mechanism=1, value=b"open sesame"), moment())

        assert diagnostic(aare) == (ACCEPTED, 0)
        assert server.answer(17, GET_ENERGY, moment())[3] == 0

    @pytest.mark.parametrize("password", [b"", b"open sesam", b"open sesame ", b"Open sesame"])
    def test_any_other_is_an_authentication_failure(self, password: bytes) -> None:
        server, keeper = locked_server(a_life(), BY_PASSWORD)

        aare = server.answer(17, aarq(mechanism=1, value=password), moment())

        assert diagnostic(aare) == (REJECTED, FAILURE)
        assert (server.is_associated, keeper.failures) == (False, 1)

    def test_keys_are_no_password(self) -> None:
        server, _ = locked_server(a_life(), BY_PASSWORD)

        assert diagnostic(server.answer(17, aarq(mechanism=5, value=bytes(8)), moment())) == (REJECTED, NOT_RECOGNISED)

    def test_five_failures_lock_the_door_for_a_minute_against_the_right_one_too(self) -> None:
        server, _ = locked_server(a_life(), BY_PASSWORD)
        wrong, right = aarq(mechanism=1, value=b"wrong"), aarq(mechanism=1, value=b"open sesame")
        for _ in range(5):
            server.answer(17, wrong, moment(1_000.0))

        assert diagnostic(server.answer(17, right, moment(1_059.0))) == (TRY_LATER, FAILURE)
        assert diagnostic(server.answer(17, right, moment(1_060.0))) == (ACCEPTED, 0)


class TestByKeys:
    @pytest.mark.parametrize("is_ciphered", [True, False])
    def test_each_proves_to_the_other_that_it_has_the_keys(self, reader: GmacReader, is_ciphered: bool) -> None:
        reader.is_ciphered = is_ciphered
        aare = reader.call()
        answer = reader.ask(reader.proof())

        assert diagnostic(aare) == (ACCEPTED, REQUIRED)
        assert answer[:8].hex() == "c701c10001000911"
        security.check_proof(reader.keys, b"LMP00001", answer[8:], reader.challenge)
        assert reader.ask(GET_ENERGY)[3] == 0
        assert reader.server.is_associated

    def test_nothing_is_heard_before_the_proof(self, reader: GmacReader) -> None:
        reader.call()

        assert reader.ask(GET_ENERGY).hex() == "d80101"
        assert reader.ask(reader.proof()).hex() == "d80101"

    @pytest.mark.parametrize(
        "keys",
        [
            Keys(encryption=Secret(bytes(16)), authentication=Secret(AUTH_KEY)),
            Keys(encryption=Secret(bytes(range(16))), authentication=Secret(bytes(16))),
        ],
    )
    def test_a_wrong_key_is_an_authentication_failure(self, reader: GmacReader, keys: Keys) -> None:
        reader.keys = keys

        assert diagnostic(reader.call()) == (REJECTED, FAILURE)

    def test_a_wrong_key_is_found_out_by_its_proof_where_nothing_is_ciphered(self, reader: GmacReader) -> None:
        reader.is_ciphered, reader.keys = False, Keys(encryption=Secret(bytes(16)), authentication=Secret(AUTH_KEY))
        reader.call()

        assert reader.ask(reader.proof()).hex() == "c701c10300"
        assert reader.ask(GET_ENERGY).hex() == "d80101"

    def test_a_proof_of_an_earlier_challenge_proves_nothing(self, reader: GmacReader) -> None:
        reader.call()
        old = reader.meter_challenge
        reader.call()
        reader.meter_challenge = old

        assert reader.ask(reader.proof()).hex() == "c701c10300"

    @pytest.mark.parametrize("title", [b"", b"LMP00001", b"seven!!", b"nine!!!!!"])
    def test_a_reader_without_a_title_of_its_own_is_turned_away(self, reader: GmacReader, title: bytes) -> None:
        reader.is_ciphered, reader.title = False, title

        assert diagnostic(reader.call()) == (REJECTED, 3)

    @pytest.mark.parametrize("length", [0, 7, 65])
    def test_a_challenge_too_short_or_too_long_is_a_failure(self, reader: GmacReader, length: int) -> None:
        reader.is_ciphered, reader.challenge = False, bytes(length)

        assert diagnostic(reader.call()) == (REJECTED, FAILURE)

    def test_a_proposal_in_clear_is_none_where_it_is_to_be_ciphered(self, reader: GmacReader) -> None:
        request = aarq(mechanism=5, value=bytes(8), title=reader.title, context=3)

        assert diagnostic(reader.server.answer(1, request, moment())) == (REJECTED, FAILURE)

    def test_what_is_sent_in_clear_is_refused_where_everything_is_ciphered(self, reader: GmacReader) -> None:
        let_in(reader)

        assert reader.server.answer(1, GET_ENERGY, moment()).hex() == "d80101"

    def test_what_is_ciphered_is_refused_where_nothing_is(self, reader: GmacReader) -> None:
        reader.is_ciphered = False
        let_in(reader)
        reader.is_ciphered = True

        assert reader.ask(GET_ENERGY).hex() == "d80101"

    def test_it_is_released_in_clear_or_ciphered(self, reader: GmacReader) -> None:
        assert let_in(reader).ask(RELEASE)[0] == acse.RLRE
        assert let_in(reader).server.answer(1, RELEASE, moment())[0] == acse.RLRE

    def test_long_answers_fit_the_pdu_with_their_protection(self, reader: GmacReader) -> None:
        let_in(reader)
        request = gatekeeper.wrapped(reader.title, reader.seal(GET_LOAD_PROFILE))

        assert 1_000 < len(reader.server.answer(1, request, moment())) <= 1_024


class TestCounters:
    def test_what_was_said_once_is_not_heard_again(self, reader: GmacReader) -> None:
        let_in(reader)
        request = gatekeeper.wrapped(reader.title, reader.seal(GET_ENERGY))

        assert reader.server.answer(1, request, moment())[0] == gatekeeper.GENERAL_GLO_CIPHERING
        assert reader.server.answer(1, request, moment()).hex() == "d80106" + f"{reader.counter - 1:08x}"

    def test_a_reader_that_has_forgotten_its_counter_is_told_the_meters(self) -> None:
        server, keeper = locked_server(a_life(), by_keys(), heard=500)

        assert GmacReader(server, counter=500).call().hex() == "d80106000001f4"
        assert diagnostic(GmacReader(server, counter=501).call()) == (ACCEPTED, REQUIRED)
        assert keeper.heard == 501

    def test_a_proof_with_the_counter_of_its_own_request_gives_the_key_away_and_is_refused(
        self, reader: GmacReader
    ) -> None:
        reader.call()

        assert reader.ask(reader.proof(reader.counter))[:3].hex() == "d80106"

    def test_a_proof_of_before_the_association_is_refused(self) -> None:
        server, _ = locked_server(a_life(), by_keys(), heard=500)
        reader = GmacReader(server, counter=501)
        reader.call()

        assert reader.ask(reader.proof(500))[:3].hex() == "d80106"

    def test_the_meters_own_counters_are_each_another(self, reader: GmacReader) -> None:
        let_in(reader)

        counters = [
            security.counter_of(gatekeeper.unwrapped(answer)[1])
            for _ in range(3)
            for answer in [reader.server.answer(1, gatekeeper.wrapped(b"", reader.seal(GET_CLOCK)), moment())]
        ]

        assert counters == sorted(set(counters))
        assert counters[0] > NOW.timestamp()

    def test_a_restart_forgets_no_counter_and_writes_seldom(self) -> None:
        kept: list[int] = []
        server, _ = locked_server(a_life(), by_keys(), keep=kept.append)
        let_in(GmacReader(server))
        last = GmacReader(server, counter=0xFFFF_FF00)
        let_in(last)

        assert kept == [1 + gatekeeper.KEPT_AHEAD, gatekeeper.LAST_COUNTER]
