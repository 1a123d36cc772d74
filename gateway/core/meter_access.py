"""How a meter lets us in: what its profile says of that, and the secrets that fit; they show themselves in no repr.

The secrets are not the profile's, which is one for every meter of a model, and stand in no settings: a person hands
them in for one meter, and they are kept sealed. A profile that asks for none takes none, so that nobody believes a line
to be protected that is not.
"""

from dataclasses import dataclass, replace
from enum import Enum

from gateway.core.dlms.ciphered import Ciphering
from gateway.core.dlms.link import PUBLIC_CLIENT
from gateway.core.dlms.obis import Attribute, Obis
from runtime.errors import InputRefused
from runtime.secret import Secret
from runtime.settings import setting

_DATA_CLASS = 1


class Authentication(Enum):
    """How we prove who we are, by the name in a profile."""

    NONE = "none"
    LLS = "lls"
    HLS_GMAC = "hls-gmac"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationSettings:
    """As whom we come, and how that is proved."""

    client_sap: int = setting(
        PUBLIC_CLIENT, help="our service access point; 16 is the public client", minimum=1, maximum=127
    )
    authentication: str = setting(
        "none",
        help="what proves it: nothing, a password (lls), or that both have the keys (hls-gmac)",
        choices=tuple(kind.value for kind in Authentication),
    )
    ciphered: bool = setting(True, help="with hls-gmac: whether every request and answer is ciphered as well (suite 0)")
    ciphering: str = setting(
        "as-agreed",
        help="with hls-gmac: the form of ciphered requests; as agreed is general-glo where the meter takes it, "
        "and else each service's own",
        choices=tuple(kind.value for kind in Ciphering),
    )
    counter_obis: str = setting(
        "0.0.43.1.0.255", help="with hls-gmac: where the public client reads the last invocation counter"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileAccess:
    """The same, read and checked."""

    client_sap: int
    authentication: Authentication
    is_ciphered: bool
    counter: Attribute
    ciphering: Ciphering = Ciphering.AS_AGREED

    @classmethod
    def of(cls, settings: AssociationSettings) -> "ProfileAccess":
        """From the file's settings; raises Undecodable for a code that is none."""
        authentication = Authentication(settings.authentication)
        return cls(
            client_sap=settings.client_sap,
            authentication=authentication,
            is_ciphered=settings.ciphered and authentication is Authentication.HLS_GMAC,
            counter=Attribute(class_id=_DATA_CLASS, obis=Obis.parse(settings.counter_obis), index=2),
            ciphering=Ciphering(settings.ciphering),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSecrets:
    """What opens one meter: nothing, a password, or an encryption and an authentication key."""

    password: Secret | None = None
    key: Secret | None = None
    auth_key: Secret | None = None

    @property
    def authentication(self) -> Authentication:
        """What these are for; raises InputRefused for a set that is for nothing."""
        match (self.password, self.key, self.auth_key):
            case (None, None, None):
                return Authentication.NONE
            case (Secret(), None, None):
                return Authentication.LLS
            case (None, Secret(), Secret()):
                return Authentication.HLS_GMAC
        raise InputRefused("a meter takes a password, or two keys", do="give --password, or --key and --auth-key")

    def for_asking(self, wanted: Authentication) -> "MeterSecrets":
        """Those of them that asking the meter takes: keys may be there for what it pushes alone."""
        return self if wanted is Authentication.HLS_GMAC else replace(self, key=None, auth_key=None)

    def check(self, wanted: Authentication, profile: str, *, pushes: bool = False) -> None:
        """Raises InputRefused where a profile asks for other secrets than these.

        A meter that `pushes` may have keys for that, the encryption key alone among them.
        """
        if pushes and self.auth_key is not None and self.key is None:
            raise InputRefused("an authentication key opens nothing by itself", where=profile, do="give --key as well")
        given = (self.for_asking(wanted) if pushes else self).authentication
        if given is wanted:
            return
        options = {
            Authentication.NONE: "no secret",
            Authentication.LLS: "--password",
            Authentication.HLS_GMAC: "--key and --auth-key",
        }
        do = "choose another profile, or set `authentication` under [association] in one of your own"
        if given is Authentication.NONE:
            do = f"give {options[wanted]}, each as file:PATH, env:NAME or -"
        what = f"this profile proves itself by {wanted.value} and takes {options[wanted]}"
        raise InputRefused(what, where=profile, do=do)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyExchange:
    """New keys of a meter, and the same wrapped for the meter under its master key, which a gateway does not have."""

    key: Secret
    auth_key: Secret
    wrapped_key: Secret
    wrapped_auth_key: Secret

    @property
    def secrets(self) -> MeterSecrets:
        """What opens the meter once it has taken them."""
        return MeterSecrets(key=self.key, auth_key=self.auth_key)
