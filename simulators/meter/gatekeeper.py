"""Who is let into the meter, and as whom: nobody but the public client, a reader with a password, or one with keys.

    none       client 16 reads everything, without a word
    lls        client 17 gives a password                        client 16 sees name, clock and association only
    hls-gmac   client 1 proves that it has the keys, and so does the meter; as above, client 16 learns the counter, too

In HLS-GMAC the reader sends a challenge and its system title; the meter answers with its own, and waits. The reader
replies with its proof (an ACTION), the meter with its own. The proposal may be ciphered: then everything is.
An invocation counter is taken once and never again, over a restart too: what is kept runs ahead of what was heard.
Five failures in a row lock both doors for a minute; so does a command, for as long as it says.

Keys are exchanged by whoever is in, sealed under the master key (key transfer of the security setup). The request that
brings them is answered under the old ones; what follows is taken under either until the association ends.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from cryptography.hazmat.primitives import constant_time

from runtime.errors import InputRefused
from runtime.secret import Secret
from simulators.meter import acse, security
from simulators.meter.acse import AssociationRequest, Challenge, Conformance, Diagnostic, InitiateError, Mechanism
from simulators.meter.axdr import Cursor, NotAxdr, Value, length
from simulators.meter.misconduct import Misconduct
from simulators.meter.security import Keys, NotOpened
from simulators.moment import Moment

PUBLIC_SAP, PASSWORD_SAP, GMAC_SAP = 16, 17, 1
CHALLENGE_BYTES = 16
MIN_CHALLENGE_BYTES, MAX_CHALLENGE_BYTES = 8, 64
MAX_FAILURES = 5
LOCK_S = 60.0
# How far the counter that is kept runs ahead, so that it is written once in so many.
KEPT_AHEAD = 1_000
LAST_COUNTER = 0xFFFFFFFF
# Key numbers of the security setup; there is no broadcast here to have the key 1 for.
_KEY_NAMES = {0: "encryption", 2: "authentication"}
MAX_NEW_KEYS = 4


class Authentication(Enum):
    """How a reader who is more than the public proves who it is."""

    NONE = "none"
    LLS = "lls"
    HLS_GMAC = "hls-gmac"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the meter's maker set; `draw` gives so many unforeseeable octets."""

    authentication: Authentication = Authentication.NONE
    password: Secret | None = None
    keys: Keys | None = None
    master: Secret | None = None
    draw: Callable[[int], bytes] = bytes


@dataclass(slots=True, kw_only=True)
class Hls:
    """One reader's way through HLS-GMAC; `keys` are those it spoke under last."""

    keys: Keys
    reader_title: bytes
    reader_challenge: bytes
    own: Challenge
    is_ciphered: bool
    heard_before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """An association request that is granted: what was proposed, and how much is shown."""

    proposal: acse.Proposal
    sees_all: bool
    may_change: bool = False
    hls: Hls | None = None


class NotLetIn(Exception):
    """The request is rejected; the catcher answers with `diagnostic`."""

    def __init__(self, diagnostic: Diagnostic, error: InitiateError | None = None, *, is_for_good: bool = True) -> None:
        super().__init__(diagnostic.name)
        self.diagnostic = diagnostic
        self.error = error
        self.is_for_good = is_for_good


class StaleCounter(Exception):
    """This invocation counter was taken before: an old message, or a reader that has forgotten where it was."""


class Gatekeeper:
    """One meter's doors. Every link asks the same one, so that a counter taken on one is taken on all."""

    def __init__(
        self,
        access: Access,
        title: bytes,
        *,
        heard: int,
        keep: Callable[[int], None],
        keep_key: Callable[[int, bytes], None] = lambda _number, _wrapped: None,
        misconduct: Misconduct | None = None,
    ) -> None:
        """`keep` and `keep_key` keep over a restart what counter was heard, and a new key as it came."""
        self.access = access
        self.misconduct = misconduct or Misconduct()
        self._keys = access.keys
        self._keep_key = keep_key
        self.title = title
        self.heard = heard
        self.failures = 0
        self._kept = heard
        self._keep = keep
        self._own_counter = 0
        self._failures_in_a_row = 0
        self._locked_until_s = 0.0

    def lock(self, until_s: float) -> None:
        """Let nobody prove anything until then, in machine seconds."""
        self._locked_until_s = until_s

    def judge(self, client_sap: int, asked: AssociationRequest, now: Moment) -> Entrance:
        """Whether this reader is let in; raises NotLetIn, StaleCounter and NotAxdr."""
        authentication = self.access.authentication
        if self.misconduct.refuses(now.mono_s):
            raise NotLetIn(Diagnostic.NO_REASON_GIVEN, is_for_good=False)
        if client_sap == PUBLIC_SAP:
            return self._public(asked)
        if (client_sap, authentication) == (PASSWORD_SAP, Authentication.LLS):
            return self._by_password(asked, now.mono_s)
        if (client_sap, authentication) == (GMAC_SAP, Authentication.HLS_GMAC):
            return self._by_keys(asked, now)
        raise NotLetIn(Diagnostic.NO_REASON_GIVEN)

    def _public(self, asked: AssociationRequest) -> Entrance:
        _check_form(asked, Mechanism.NONE, (acse.LOGICAL_NAMES_UNCIPHERED,))
        sees_all = self.access.authentication is Authentication.NONE
        return Entrance(proposal=_checked(acse.parse_proposal(asked.information)), sees_all=sees_all)

    def _by_password(self, asked: AssociationRequest, mono_s: float) -> Entrance:
        _check_form(asked, Mechanism.PASSWORD, (acse.LOGICAL_NAMES_UNCIPHERED,))
        assert self.access.password is not None
        self._check_lock(mono_s)
        if not constant_time.bytes_eq(self.access.password.reveal(), asked.value):
            raise self._failed(mono_s)
        self._failures_in_a_row = 0
        return Entrance(proposal=_checked(acse.parse_proposal(asked.information)), sees_all=True, may_change=True)

    def _by_keys(self, asked: AssociationRequest, now: Moment) -> Entrance:
        _check_form(asked, Mechanism.GMAC, (acse.LOGICAL_NAMES_UNCIPHERED, acse.LOGICAL_NAMES_CIPHERED))
        assert self._keys is not None
        self._check_lock(now.mono_s)
        if len(asked.title) != security.TITLE_BYTES or asked.title == self.title:
            raise NotLetIn(Diagnostic.CALLING_TITLE_NOT_RECOGNISED)
        if not MIN_CHALLENGE_BYTES <= len(asked.value) <= MAX_CHALLENGE_BYTES:
            raise self._failed(now.mono_s)
        self._own_counter = self._own_counter or int(now.at.timestamp())
        hls = Hls(
            keys=self._keys,
            reader_title=asked.title,
            reader_challenge=asked.value,
            own=Challenge(title=self.title, value=self.access.draw(CHALLENGE_BYTES)),
            is_ciphered=asked.context_name == acse.LOGICAL_NAMES_CIPHERED,
            heard_before=self.heard,
        )
        proposal = self._opened_proposal(hls, asked.information, now) if hls.is_ciphered else asked.information
        return Entrance(proposal=_checked(acse.parse_proposal(proposal)), sees_all=True, may_change=True, hls=hls)

    def _opened_proposal(self, hls: Hls, information: bytes, now: Moment) -> bytes:
        cursor = Cursor(information)
        if cursor.unsigned() != acse.CIPHERED_INITIATE_REQUEST:
            raise NotLetIn(Diagnostic.AUTHENTICATION_FAILURE)
        try:
            return self.unseal(hls, cursor.take(cursor.length()))
        except NotOpened:
            raise self._failed(now.mono_s) from None

    def unseal(self, hls: Hls, sealed: bytes) -> bytes:
        """What the reader protected; raises NotOpened and StaleCounter."""
        try:
            counter, plain = security.unseal(hls.keys, hls.reader_title, sealed)
        except NotOpened:
            if self._keys is None or hls.keys is self._keys:
                raise
            counter, plain = security.unseal(self._keys, hls.reader_title, sealed)
            hls.keys = self._keys
        self._take(counter, after=self.heard)
        return plain

    def seal(self, hls: Hls, plain: bytes) -> bytes:
        """Protected octets of this meter's."""
        keys = self.misconduct.keys(hls.keys)
        return self.misconduct.written(security.seal(keys, self.title, self._next_counter(), plain))

    def told_counter(self) -> int:
        """The invocation counter this meter tells whoever asks."""
        return self.misconduct.told_counter(self.heard)

    def take_keys(self, value: Value) -> None:
        """Key transfer: all of the keys in it, or none; raises TypeError, ValueError and NotOpened."""
        if not isinstance(value, tuple) or not 0 < len(value) <= MAX_NEW_KEYS:
            raise TypeError("an array of keys is wanted")
        transfer = [_wrapped_key(item) for item in value]
        keys = self._keys
        for number, wrapped in transfer:
            keys = self._with_key(keys, number, wrapped)
        self._keys = keys
        for number, wrapped in transfer:
            self._keep_key(number, wrapped)

    def remember_keys(self, new_keys: Sequence[tuple[int, bytes]]) -> None:
        """The keys it was given in an earlier life; raises InputRefused where the master key does not open them."""
        try:
            for number, wrapped in new_keys:
                self._keys = self._with_key(self._keys, number, wrapped)
        except ValueError as error:
            what = "this meter was given new keys, and they cannot be opened"
            raise InputRefused(what, where="--master-key", do="hand in the master key it had then") from error

    def _with_key(self, keys: Keys | None, number: int, wrapped: bytes) -> Keys:
        if self.access.master is None or keys is None or number not in _KEY_NAMES:
            raise ValueError("no such key, or no master key to open it")
        key = security.unwrap_key(self.access.master, wrapped)
        return replace(keys, **{_KEY_NAMES[number]: key})

    def prove(self, hls: Hls, proof: object, mono_s: float) -> bytes:
        """Check the reader's proof and give the meter's own; raises NotLetIn and StaleCounter."""
        try:
            if not isinstance(proof, bytes):
                raise NotOpened("no proof")
            counter = security.check_proof(hls.keys, hls.reader_title, proof, hls.own.value)
        except NotOpened:
            raise self._failed(mono_s) from None
        # The proof lies within a ciphered request, and may have been made before that was ciphered.
        if counter == self.heard:
            raise StaleCounter
        self._take(counter, after=hls.heard_before)
        self._failures_in_a_row = 0
        return security.prove(hls.keys, self.title, self._next_counter(), hls.reader_challenge)

    def _take(self, counter: int, *, after: int) -> None:
        if counter <= after:
            raise StaleCounter
        self.heard = max(self.heard, counter)
        if self.heard > self._kept:
            self._kept = min(self.heard + KEPT_AHEAD, LAST_COUNTER)
            self._keep(self._kept)

    def _next_counter(self) -> int:
        self._own_counter = self.misconduct.next_counter(self._own_counter)
        return self._own_counter

    def _check_lock(self, mono_s: float) -> None:
        if mono_s < self._locked_until_s:
            raise NotLetIn(Diagnostic.AUTHENTICATION_FAILURE, is_for_good=False)

    def _failed(self, mono_s: float) -> NotLetIn:
        self.failures += 1
        self._failures_in_a_row += 1
        if self._failures_in_a_row == MAX_FAILURES:
            self._failures_in_a_row = 0
            self.lock(mono_s + LOCK_S)
        return NotLetIn(Diagnostic.AUTHENTICATION_FAILURE)


def _wrapped_key(item: Value) -> tuple[int, bytes]:
    match item:
        case (int(number), bytes(wrapped)):
            return number, wrapped
    raise TypeError("a key is its number and its sealed octets")


GENERAL_GLO_CIPHERING = 0xDB
# glo-get, glo-set and glo-action: each service has a tag of its own when it is ciphered, and so has its answer.
GLO_REQUESTS = {0xC8: 0xC0, 0xC9: 0xC1, 0xCB: 0xC3}
_GLO_ANSWERS = {0xC4: 0xCC, 0xC5: 0xCD, 0xC7: 0xCF}


def wrapped(title: bytes, sealed: bytes) -> bytes:
    """general-glo-ciphering: whose octets these are, and the octets."""
    return bytes((GENERAL_GLO_CIPHERING,)) + length(len(title)) + title + length(len(sealed)) + sealed


def has_service_form(answer: bytes) -> bool:
    """Whether an answer has a ciphered form of its own."""
    return answer[:1] != b"" and answer[0] in _GLO_ANSWERS


def wrapped_by_service(sealed: bytes, answer_tag: int) -> bytes:
    """The same in the service's own form, which names nobody."""
    return bytes((_GLO_ANSWERS[answer_tag],)) + length(len(sealed)) + sealed


def unwrapped_by_service(apdu: bytes) -> bytes:
    """The protected octets of glo-get, glo-set or glo-action; raises NotAxdr."""
    cursor = Cursor(apdu)
    cursor.take(1)
    sealed = cursor.take(cursor.length())
    if not cursor.is_at_end:
        raise NotAxdr("octets are left over")
    return sealed


def unwrapped(apdu: bytes) -> tuple[bytes, bytes]:
    """The title and the protected octets of general-glo-ciphering; raises NotAxdr."""
    cursor = Cursor(apdu)
    cursor.take(1)
    title, sealed = cursor.take(cursor.length()), cursor.take(cursor.length())
    if not cursor.is_at_end:
        raise NotAxdr("octets are left over")
    return title, sealed


def _check_form(asked: AssociationRequest, mechanism: Mechanism, contexts: tuple[bytes, ...]) -> None:
    if asked.context_name not in contexts:
        raise NotLetIn(Diagnostic.APPLICATION_CONTEXT_NOT_SUPPORTED)
    if asked.mechanism == Mechanism.NONE != mechanism:
        raise NotLetIn(Diagnostic.AUTHENTICATION_REQUIRED)
    if asked.mechanism != mechanism:
        raise NotLetIn(Diagnostic.AUTHENTICATION_MECHANISM_NOT_RECOGNISED)


def _checked(proposal: acse.Proposal) -> acse.Proposal:
    if proposal.dlms_version < acse.DLMS_VERSION:
        raise NotLetIn(Diagnostic.NO_REASON_GIVEN, InitiateError.DLMS_VERSION_TOO_LOW)
    if not proposal.conformance & Conformance.GET:
        raise NotLetIn(Diagnostic.NO_REASON_GIVEN, InitiateError.INCOMPATIBLE_CONFORMANCE)
    # Zero means "any size".
    if 0 < proposal.max_pdu_bytes < acse.MIN_PDU_BYTES:
        raise NotLetIn(Diagnostic.NO_REASON_GIVEN, InitiateError.PDU_SIZE_TOO_SHORT)
    return proposal
