"""One post and its three ends, at a real server that misbehaves on command."""

import base64
import hashlib
import hmac

import pytest

from cloud.outward import address
from cloud.outward.post import NotNow, Poster, Refused, Taken
from runtime.errors import SettingsError
from runtime.secret import Secret
from tests.certificates import make_authority
from tests.fakes_outward import receiving
from tests.waiting import SURELY_S

KEY = bytes(range(32))
EVENT_ID = "B9X7HK54/1/0/1"
BODY = b'{"source":"urn:lamplight:gateway:B9X7HK54","id":"B9X7HK54/1/0/1"}'
AT_S = 1_795_284_002


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def poster():
    made = []

    def make(receiver, *, timeout_s=SURELY_S, ca_file=None):
        made.append(Poster(address.parse(receiver.url), [Secret(KEY)], timeout_s, ca_file))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_post_arrives_as_a_signed_cloudevent(poster, receiver):
    ending = poster(receiver).post(EVENT_ID, BODY, AT_S)

    assert ending == Taken(status=204)
    ((headers, body),) = receiver.posts
    signed = hmac.new(KEY, f"{EVENT_ID}.{AT_S}.".encode() + body, hashlib.sha256).digest()
    assert body == BODY
    assert receiver.paths == ["/events?from=lamplight"]
    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == (EVENT_ID, str(AT_S))
    assert headers["webhook-signature"] == "v1," + base64.b64encode(signed).decode()


def test_posts_share_one_connection(poster, receiver):
    post = poster(receiver).post

    endings = [post(EVENT_ID, BODY, AT_S) for _ in range(3)]

    assert endings == [Taken(status=204)] * 3
    assert receiver.connections == 1


def test_a_kept_connection_that_was_closed_meanwhile_is_opened_anew(poster, receiver):
    post = poster(receiver).post
    receiver.commands.extend([200, "hang up", 200])

    endings = [post(EVENT_ID, BODY, AT_S) for _ in range(2)]

    assert endings == [Taken(status=200)] * 2
    assert receiver.connections == 2


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_yes_is_a_yes(poster, receiver, status):
    receiver.commands.append(status)

    assert poster(receiver).post(EVENT_ID, BODY, AT_S) == Taken(status=status)


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_a_no_to_this_event_is_a_refusal(poster, receiver, status):
    receiver.commands.append(status)

    ending = poster(receiver).post(EVENT_ID, BODY, AT_S)

    assert isinstance(ending, Refused)
    assert ending.reason.startswith(str(status))


@pytest.mark.parametrize("status", [401, 403, 404, 410, 415, 429, 503])
def test_a_no_to_everybody_is_waited_for(poster, receiver, status):
    receiver.commands.append(status)

    ending = poster(receiver).post(EVENT_ID, BODY, AT_S)

    assert isinstance(ending, NotNow)
    assert not ending.stumbles


def test_a_failure_of_the_receiver_may_be_about_this_event(poster, receiver):
    receiver.commands.append(500)

    ending = poster(receiver).post(EVENT_ID, BODY, AT_S)

    assert isinstance(ending, NotNow)
    assert ending.stumbles


@pytest.mark.parametrize(("said", "heard_s"), [("120", 120), ("-1", 0), ("soon", 0), ("9" * 40, 0), ("٣", 0)])
def test_the_pause_a_receiver_asks_for_is_heard_when_it_is_one(poster, receiver, said, heard_s):
    receiver.commands.append(429)
    receiver.answer_headers["Retry-After"] = said.encode().decode("latin-1")

    ending = poster(receiver).post(EVENT_ID, BODY, AT_S)

    assert isinstance(ending, NotNow)
    assert ending.after_s == heard_s


def test_a_redirect_is_followed_nowhere(poster, receiver):
    receiver.commands.append("redirect")

    ending = poster(receiver).post(EVENT_ID, BODY, AT_S)

    assert isinstance(ending, NotNow)
    assert "redirect" in ending.reason
    assert receiver.paths == ["/events?from=lamplight"]


@pytest.mark.parametrize("command", ["be silent", "trickle"])
def test_no_slowness_outlasts_the_deadline(poster, receiver, command):
    receiver.commands.append(command)

    ending = poster(receiver, timeout_s=0.2).post(EVENT_ID, BODY, AT_S)

    assert ending == NotNow(reason="no answer within 0.2 s")


@pytest.mark.parametrize("command", ["hang up", "lose", "talk nonsense"])
def test_an_answer_that_is_none_is_waited_for(poster, receiver, command):
    receiver.commands.append(command)

    ending = poster(receiver).post(EVENT_ID, BODY, AT_S)

    assert isinstance(ending, NotNow)


def test_an_answer_without_an_end_is_a_yes_of_which_little_is_read(poster, receiver):
    receiver.commands.extend(["talk on", 204])
    post = poster(receiver).post

    assert post(EVENT_ID, BODY, AT_S) == Taken(status=200)
    assert post(EVENT_ID, BODY, AT_S) == Taken(status=204)


def test_a_receiver_that_is_gone_is_waited_for(poster, receiver):
    gone = Poster(address.parse("http://127.0.0.1:1/"), [Secret(KEY)], 30.0)

    ending = gone.post(EVENT_ID, BODY, AT_S)

    assert isinstance(ending, NotNow)
    assert "refused" in ending.reason.lower()


def test_what_a_receiver_says_is_made_printable_and_short(poster, receiver):
    receiver.commands.append("talk nonsense")

    ending = poster(receiver).post(EVENT_ID, BODY, AT_S)

    assert isinstance(ending, NotNow)
    assert ending.reason.isprintable()
    assert len(ending.reason) <= 200


def test_an_encrypted_post_goes_to_whom_the_authority_vouches_for(poster, tmp_path):
    authority = make_authority(tmp_path)

    with receiving(authority.server) as receiver:
        ending = poster(receiver, ca_file=authority.ca_file).post(EVENT_ID, BODY, AT_S)

    assert ending == Taken(status=204)


def test_a_receiver_nobody_vouches_for_gets_nothing(poster, tmp_path):
    authority = make_authority(tmp_path)

    with receiving(authority.server) as receiver:
        ending = poster(receiver).post(EVENT_ID, BODY, AT_S)

    assert isinstance(ending, NotNow)
    assert "certificate" in ending.reason
    assert receiver.posts == []


def test_the_authoritys_vouching_holds_for_its_name_alone(poster, tmp_path):
    authority = make_authority(tmp_path)

    with receiving(authority.server) as receiver:
        receiver.url = receiver.url.replace("localhost", "127.0.0.1")
        ending = poster(receiver, ca_file=authority.ca_file).post(EVENT_ID, BODY, AT_S)

    assert isinstance(ending, NotNow)
    assert receiver.posts == []


def test_certificates_that_are_none_are_told_before_anything_starts(tmp_path):
    (tmp_path / "ca.pem").write_text("nothing")

    with pytest.raises(SettingsError, match="cannot be read"):
        Poster(address.parse("https://oms.example/"), [Secret(KEY)], 1.0, tmp_path / "ca.pem")
