"""The keys that sign commands, in a folder of their own: one for each role, and two for what touches keys.

    command-keys/operator.pem               has meters pinged and read
                 configurer.pem             changes settings
                 key-authority.pem          together with the other one: rotates gateways' keys
                 second-key-authority.pem   the other one; take it off this machine
                 public.toml                their public halves, which every gateway gets with its enrolment

They sign nothing but commands, and no other key of this cloud signs one. A private key may be moved elsewhere: its
public half stays, and whoever needs the key names the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused, InputRefused
from runtime.reading import read_secret
from runtime.settings import read_table
from wire.commands import Role
from wire.keys import PublicKey, SoftwareSigner

ROLES: Final[Mapping[str, Role]] = {
    "operator": Role.OPERATOR,
    "configurer": Role.CONFIGURER,
    "key_authority": Role.KEY_AUTHORITY,
    "second_key_authority": Role.KEY_AUTHORITY,
}
"""Whose key each is, by the name it has in an enrolment; the files are called so with hyphens."""


@dataclass(frozen=True, slots=True)
class CommandKeys:
    """The folder of the command keys."""

    path: Path

    @property
    def public_file(self) -> Path:
        return self.path / "public.toml"

    def file_of(self, name: str) -> Path:
        """Where the private key of this name lies, unless it was moved."""
        return self.path / f"{name.replace('_', '-')}.pem"

    def create(self) -> None:
        """Make the folder and all keys; raises EnvironmentRefused."""
        self.path.mkdir(mode=0o700)
        signers = {name: SoftwareSigner.generate() for name in ROLES}
        for name, signer in signers.items():
            write_atomically(self.file_of(name), signer.to_pem())
        text = "".join(public_key_line(name, signer.public) for name, signer in signers.items())
        write_atomically(self.public_file, text.encode(), mode=0o644)

    def public_keys(self) -> dict[str, PublicKey]:
        """The public keys by name; none where there is no such folder. Raises EnvironmentRefused."""
        if not self.path.exists():
            return {}
        try:
            table = read_table(self.public_file)
            return {name: PublicKey.from_pem(str(table[name]).encode()) for name in ROLES}
        except (OSError, ValueError, KeyError) as error:
            do = "restore it from a copy: every gateway knows who may order it anything by these keys"
            raise EnvironmentRefused("the command keys cannot be read", where=str(self.public_file), do=do) from error

    def signers(self, role: Role, elsewhere: Sequence[Path] = ()) -> tuple[SoftwareSigner, ...]:
        """Everybody who must sign for this role; `elsewhere` are files of keys that were moved.

        Raises: InputRefused for a file that is none of this role's keys, EnvironmentRefused when one is not there.
        """
        public = {name: key for name, key in self.public_keys().items() if ROLES[name] is role}
        if not public:
            do = "make them: lamplight-cloud command keys DIR --make, then a new enrolment for each gateway"
            raise EnvironmentRefused("this cloud has no command keys", where=str(self.path), do=do)
        brought = {signer.public.key_id: signer for signer in map(_read, elsewhere)}
        known = {key.key_id for key in public.values()}
        for file, key_id in zip(elsewhere, brought, strict=False):
            if key_id not in known:
                do = f"name the file of one of these: {', '.join(public)}"
                raise InputRefused(f"this key is none of the {role.name.lower()}'s", where=str(file), do=do)
        return tuple(brought.get(key.key_id) or _read(self.file_of(name)) for name, key in public.items())


def public_key_line(name: str, key: PublicKey) -> str:
    """A public key as an enrolment names it."""
    return f'{name} = """\n{key.to_pem().decode()}"""\n'


def _read(file: Path) -> SoftwareSigner:
    try:
        return SoftwareSigner.from_pem(read_secret(file))
    except FileNotFoundError as error:
        do = "name the file it was moved to: --key FILE"
        raise EnvironmentRefused("this command key is not here", where=str(file), do=do) from error
    except (OSError, ValueError) as error:
        do = "restore it from a copy, and let nobody else read it (chmod 600)"
        raise EnvironmentRefused("this command key cannot be read", where=str(file), do=do) from error
