"""Signing keys in a token behind PKCS#11: an HSM, a smart card, a secure element, or SoftHSM on a bench.

The token is found by its label, opened with a PIN that lies in a file of its owner's, and makes the key itself:
sensitive, not extractable, for signing alone. A key is found again by its public half among those of our label. The
session is opened when it is needed and given up when the token says no, so that one that was pulled out and put back
is used again without a restart.

This is the one module that loads python-pkcs11, and a module of the token's maker with it: into this very process.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import PinIncorrect, PinLocked, PKCS11Error, UserAlreadyLoggedIn
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

from gateway.adapters.hardware_key import HardwareSigner
from gateway.core.errors import KeyUnavailable
from runtime.errors import EnvironmentRefused
from runtime.secret import Secret
from wire.envelope import Signer
from wire.keys import PublicKey

WORD: Final = "pkcs11"
LABEL: Final = "lamplight"
_ID_BYTES: Final = 16
_HALF: Final = 32
_DO: Final = "check that the token is there (pkcs11-tool --list-slots), its label and its PIN"
_SIGNS_ONLY = {
    Attribute.SIGN: True,
    Attribute.DECRYPT: False,
    Attribute.UNWRAP: False,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
}
_VERIFIES_ONLY = {Attribute.VERIFY: True, Attribute.ENCRYPT: False, Attribute.WRAP: False}


class Pkcs11Keys:
    """The keys of one token. For any number of threads."""

    def __init__(self, module: Path, token: str, pin: Secret) -> None:
        """`token` is its label."""
        self._module = module
        self._token = token
        self._pin = pin
        self._lock = threading.Lock()
        self._session: pkcs11.Session | None = None
        self._keys: dict[PublicKey, Any] = {}  # of this session

    def make(self) -> Signer:
        """A new key, kept in the token."""
        with self._opened() as session:
            curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
            parameters = session.create_domain_parameters(KeyType.EC, curve, local=True)
            public, _ = parameters.generate_keypair(
                store=True,
                label=LABEL,
                id=os.urandom(_ID_BYTES),
                public_template=_VERIFIES_ONLY,
                private_template=_SIGNS_ONLY,
            )
            made = PublicKey.from_spki(encode_ec_public_key(public))
        return self.signer(made)

    def signer(self, public: PublicKey) -> Signer:
        """The key with this public half; raises EnvironmentRefused where the token has none such."""
        with self._opened() as session:
            if self._held(session, public) is None:
                do = "it was made in another token, or this one was cleared: the gateway needs a new folder and name"
                what = f"the token does not hold key {public.key_id.hex()}"
                raise EnvironmentRefused(what, where=self._where, do=do)

        def sign_digest(digest: bytes) -> tuple[int, int]:
            with self._opened() as session:
                key = self._held(session, public)
                if key is None:
                    raise KeyUnavailable("the token no longer holds the key", where=self._where, do=_DO)
                signature = key.sign(digest, mechanism=Mechanism.ECDSA)
            return int.from_bytes(signature[:_HALF]), int.from_bytes(signature[_HALF:])

        return HardwareSigner(public, sign_digest, self._where)

    def forget(self, public: PublicKey) -> None:
        """Erase the key, if it is there."""
        with self._opened() as session:
            self._keys.clear()
            for half in (self._private(session, public), self._public(session, public)):
                if half is not None:
                    half.destroy()

    @property
    def _where(self) -> str:
        return f"token {self._token!r} of {self._module}"

    def _held(self, session: pkcs11.Session, public: PublicKey) -> Any:
        """The private half, looked for once in a session."""
        if public not in self._keys and (found := self._private(session, public)) is not None:
            self._keys[public] = found
        return self._keys.get(public)

    def _public(self, session: pkcs11.Session, public: PublicKey) -> pkcs11.PublicKey | None:
        wanted = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.KEY_TYPE: KeyType.EC, Attribute.LABEL: LABEL}
        found = [key for key in session.get_objects(wanted) if isinstance(key, pkcs11.PublicKey)]
        return next((key for key in found if encode_ec_public_key(key) == public.spki), None)

    def _private(self, session: pkcs11.Session, public: PublicKey) -> Any:
        half = self._public(session, public)
        if half is None:
            return None
        wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: half[Attribute.ID]}
        found = list(session.get_objects(wanted))  # to its end, or the session goes on searching
        return found[0] if found else None

    @contextmanager
    def _opened(self) -> Iterator[pkcs11.Session]:
        """The session, to one thread at a time; raises KeyUnavailable, and the next call then opens another."""
        with self._lock:
            try:
                if self._session is None:
                    self._session = self._open()
                yield self._session
            except PKCS11Error as error:
                self._give_up()
                what = f"the token does not answer: {type(error).__name__}"
                raise KeyUnavailable(what, where=self._where, do=_DO) from error

    def _open(self) -> pkcs11.Session:
        try:
            library = pkcs11.lib(str(self._module))
        except PKCS11Error as error:
            do = "name the module of the token's maker, as /usr/lib/softhsm/libsofthsm2.so, in signing.pkcs11_module"
            raise EnvironmentRefused("the module cannot be used", where=str(self._module), do=do) from error
        token = library.get_token(token_label=self._token)
        try:
            return token.open(rw=True, user_pin=self._pin.reveal().decode())
        except UserAlreadyLoggedIn:  # a login is the whole process's
            return token.open(rw=True)
        except (PinIncorrect, PinLocked) as error:
            do = "correct it in signing.pkcs11_pin_file; a token locks itself after a few wrong ones"
            raise EnvironmentRefused("the token does not take the PIN", where=self._where, do=do) from error

    def _give_up(self) -> None:
        session, self._session = self._session, None
        self._keys.clear()
        if session is not None:
            with suppress(PKCS11Error):
                session.close()
