"""How an association is made: who we are, what both can do, and in HLS each side's proof that it has the keys.

A proof the meter does not take is SecretRefused, and is not offered twice. Whether the meter has the keys as well is
found out before anything it says is believed.
"""

from gateway.adapters import dlms_library  # noqa: F401 - before dlms-cosem

# isort: split
from dlms_cosem import cosem, dlms_data, enumerations, state
from dlms_cosem.protocol import xdlms
from dlms_cosem.protocol.xdlms.conformance import Conformance

from gateway.adapters.dlms_dialogue import Dialogue
from gateway.adapters.dlms_security import TITLE_BYTES, Identity
from gateway.core.dlms import association
from gateway.core.dlms.association import Associated, Rejected
from gateway.core.dlms.ciphered import Ciphering
from gateway.core.dlms.get_response import ServiceRefused
from gateway.core.errors import MeterRefused, SecretRefused, Undecodable
from gateway.core.meter_access import Authentication, ProfileAccess

MAX_PDU_BYTES = 0xFFFF
_ASSOCIATION, _REPLY_TO_HLS = cosem.Obis(0, 0, 40, 0, 0), 1
_DO_SECRETS = "check the secret with the utility, then hand it in anew; another attempt may lock the meter"


def proposal(access: ProfileAccess, *, may_change: bool) -> Conformance:
    """What we offer to use; setting and acting only where that is what we come for."""
    return Conformance(
        general_protection=access.is_ciphered and access.ciphering is not Ciphering.SERVICE,
        general_block_transfer=True,
        action=may_change or access.authentication is Authentication.HLS_GMAC,
        set=may_change,
        block_transfer_with_set_or_write=may_change,
        get=True,
        selective_access=True,
        multiple_references=True,
        block_transfer_with_get_or_read=True,
        delta_value_encoding=True,
    )


class Handshake:
    """One attempt to be let in."""

    def __init__(self, dialogue: Dialogue, access: ProfileAccess, identity: Identity, where: str) -> None:
        self._dialogue, self._connection = dialogue, dialogue.connection
        self._access, self._counter, self._where = access, identity.counter, where

    def make(self) -> None:
        """Raises MeterUnread, Undecodable."""
        request = self._connection.get_aarq()
        if self._access.authentication is not Authentication.HLS_GMAC:
            request.system_title = None  # only keys need one, and some meters refuse what they do not need
        response = association.parse(self._dialogue.ask_plainly(request))
        if isinstance(response, ServiceRefused):
            raise self._service_refused(response.reason)
        if isinstance(response, Rejected):
            raise self._turned_away(response)
        self._take_agreement(response)
        if self._access.authentication is Authentication.HLS_GMAC:
            self._exchange_proofs(response)
        self._connection.state.current_state = state.READY

    def _turned_away(self, rejected: Rejected) -> MeterRefused:
        if self._is_locked_out(rejected):
            return self._secret_refused(rejected.reason)
        if rejected.is_for_now:
            return self._dialogue.held(f"the meter refuses the association: {rejected.reason}")
        return self._rejected(rejected.reason)

    def _is_locked_out(self, rejected: Rejected) -> bool:
        return rejected.is_about_secrets and self._access.authentication is not Authentication.NONE

    def _take_agreement(self, response: Associated) -> None:
        connection = self._connection
        connection.meter_system_title = response.title
        sealed = association.opened_initiate(response.information)
        if (sealed is not None) is not self._access.is_ciphered:
            raise self._dialogue.refused("the meter answers in another protection than was asked for")
        if self._access.is_ciphered and len(response.title) != TITLE_BYTES:
            raise self._dialogue.garbled("the meter ciphers and does not tell its system title")
        try:
            information = response.information if sealed is None else connection.open(sealed)
        except Undecodable as error:
            raise self._secret_refused(error.what) from None
        agreement = association.parse_agreement(information)
        connection.conformance = Conformance.from_bytes(b"\x00" + agreement.conformance)
        connection.max_pdu_size = agreement.max_pdu_bytes or MAX_PDU_BYTES
        connection.names_service = self._access.ciphering is Ciphering.SERVICE or (
            self._access.ciphering is Ciphering.AS_AGREED and not connection.conformance.general_protection
        )

    def _exchange_proofs(self, response: Associated) -> None:
        """Prove that we have the keys, and see that the meter has them, too."""
        connection = self._connection
        if not response.wants_proof or len(response.title) != TITLE_BYTES or not response.challenge:
            raise self._dialogue.refused("the meter does not ask for our proof, and gives none of its own")
        connection.meter_to_client_challenge = response.challenge
        with self._dialogue.own_trouble():
            proof = connection.authentication.hls_generate_reply_data(connection)
        method = cosem.CosemMethod(enumerations.CosemInterface.ASSOCIATION_LN, _ASSOCIATION, _REPLY_TO_HLS)
        data = dlms_data.OctetStringData(proof).to_bytes()
        connection.state.current_state = state.SHOULD_SEND_HLS_SEVER_CHALLENGE_RESULT
        answer = self._dialogue.ask(xdlms.ActionRequestNormal(cosem_method=method, data=data))
        returned = association.parse_proof(answer)
        if isinstance(returned, ServiceRefused):
            raise self._service_refused(returned.reason)
        if not connection.authentication.hls_meter_data_is_valid(returned, connection):
            raise self._dialogue.refused(
                "the meter does not prove that it has the keys: it may not be the meter it says it is"
            )

    def _rejected(self, reason: str) -> MeterRefused:
        return self._dialogue.refused(f"the meter refuses the association: {reason}")

    def _service_refused(self, reason: str) -> MeterRefused:
        if self._access.authentication is not Authentication.HLS_GMAC:
            return self._rejected(reason)
        if "invocation-counter-error" in reason:  # the key is right, and another reader has used it meanwhile
            self._counter.doubt()
            return self._dialogue.refused("our invocation counter is behind the meter's; it is learnt anew")
        return self._secret_refused(reason)

    def _secret_refused(self, reason: str) -> SecretRefused:
        what = "password" if self._access.authentication is Authentication.LLS else "keys"
        return SecretRefused(f"the meter does not take our {what}: {reason}", where=self._where, do=_DO_SECRETS)
