"""Which key signs which stretch of a gateway's chain.

A gateway that takes a new key says so under the old one, as its last word with it: `KeyAnnounced`. Its own place in the
alarm lane and the heads it names of the other lanes are a `Cut` through the chain. What lies before the cut only the
old key may have signed, however late it comes; what lies past it, only the new one. So a resend stays what it was, and
an old key that is found or copied later signs nothing that is believed.

The clock has no part in this: a chain knows before and after, a stolen clock says what the thief likes.

Refused: an announcement whose new key did not sign its proof, so that nobody can name a key he does not hold, and one
that leaves out how far the other lanes have come.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wire.codec import encode
from wire.envelope import Purpose, Signer, signed_bytes
from wire.events import KeyAnnounced, LaneHead
from wire.ids import GatewayId
from wire.keys import PublicKey
from wire.record import Link
from wire.refusals import Reason, RecordRefused
from wire.terms import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A line through all lanes of one generation: behind the last number of each that lies before it."""

    gen: int
    seqs: Mapping[Lane, int]

    def is_passed_by(self, link: Link) -> bool:
        """Whether this place lies past the cut; every place of a later generation does."""
        return link.gen > self.gen or (link.gen == self.gen and link.seq > self.seqs[link.lane])

    def earlier(self, other: "Cut | None") -> "Cut":
        """What lies before both."""
        if other is None or self.gen < other.gen:
            return self
        if other.gen < self.gen:
            return other
        return Cut(gen=self.gen, seqs={lane: min(self.seqs[lane], other.seqs[lane]) for lane in Lane})


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key, and what of the chain it signs: what lies past `after`, up to `until`; None is no bound."""

    public: PublicKey
    after: Cut | None = None
    until: Cut | None = None

    def holds_at(self, link: Link) -> bool:
        """Whether an event in this place is this key's to sign."""
        has_begun = self.after is None or self.after.is_passed_by(link)
        return has_begun and (self.until is None or not self.until.is_passed_by(link))


def announce(gateway: GatewayId, old: PublicKey, new: Signer, heads: Iterable[LaneHead]) -> KeyAnnounced:
    """What the gateway says as the last alarm under its `old` key; `heads` are where its lanes stand."""
    return KeyAnnounced(
        spki=new.public.spki,
        proof=new.sign(_proved(gateway, old.key_id, new.public.key_id)),
        heads=tuple(head for head in heads if head.lane is not Lane.ALARM),
    )


def read_announcement(said: KeyAnnounced, link: Link, old_key_id: bytes) -> tuple[PublicKey, Cut]:
    """The new key and where it begins, of what stands at `link`; raises RecordRefused for what proves nothing."""
    try:
        new = PublicKey.from_spki(said.spki)
    except ValueError as error:
        raise RecordRefused(Reason.NOT_A_RECORD, f"announced: {error}") from error
    if not new.verify(_proved(link.gateway, old_key_id, new.key_id), said.proof):
        raise RecordRefused(Reason.BAD_SIGNATURE, "whoever announced the new key does not hold it")
    seqs = {head.lane: head.seq for head in said.heads} | {Lane.ALARM: link.seq}
    if seqs.keys() != set(Lane):
        raise RecordRefused(Reason.NOT_A_RECORD, "the announcement does not say how far every lane has come")
    return new, Cut(gen=link.gen, seqs=seqs)


def _proved(gateway: GatewayId, old_key_id: bytes, new_key_id: bytes) -> bytes:
    """What the new key signs: a Sig_structure like an envelope's, without headers."""
    return signed_bytes(b"", encode([gateway, old_key_id, new_key_id]), Purpose.KEY)
