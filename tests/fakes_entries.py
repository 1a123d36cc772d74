"""A meter whose load profile is asked for by the numbers of its entries as well, and that may refuse either way."""

from tests import fakes_axdr
from tests.fakes_meter import LOAD_PROFILE, FakeMeter, array, u32
from tests.fakes_meter_session import long_meter

RANGE, ENTRY = "0101", "0102"  # how the two selections begin, behind the attribute
WHERE_SELECTION_BEGINS = 24


class EntryMeter(FakeMeter):
    """One with numbered entries, which may refuse a selection."""

    def __init__(self, rows, *, refuses=()):
        super().__init__(objects=long_meter(rows) | {LOAD_PROFILE.sibling(7): u32(rows)}, answer_to=self._selected)
        self._refuses = refuses

    def _selected(self, apdu):
        selection = apdu.hex()[WHERE_SELECTION_BEGINS:]
        if not apdu.hex().startswith("c001c10007") or not selection.startswith((RANGE, ENTRY)):
            return None
        if selection.startswith(self._refuses):
            return bytes.fromhex("c401c1010d")
        if selection.startswith(RANGE):
            return None
        first, last = int(selection[10:18], 16), int(selection[20:28], 16)
        chosen = array(*self.objects[LOAD_PROFILE].items()[first - 1 : last])
        return self._whole_or_first_block(1, b"\x00" + fakes_axdr.encode(chosen))

    def selections(self):
        return [
            request.hex()[WHERE_SELECTION_BEGINS:][:4]
            for request in self.requests
            if request.hex().startswith("c001c10007") and len(request) > 13
        ]
