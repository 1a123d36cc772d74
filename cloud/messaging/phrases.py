"""Parts of sentences that a fact chooses between: its value is a key here, and never shown itself."""

from collections.abc import Mapping
from typing import Final

from cloud.kernel.i18n import Language

PHRASES: Final[Mapping[str, Mapping[Language, str]]] = {
    # In which hours or days more was drawn than usual; follows a figure of energy.
    "sustained": {
        Language.EN: "within one day",
        Language.PT_BR: "em um dia",
        Language.ES: "en un día",
        Language.FR: "en une journée",
    },
    "base_load": {
        Language.EN: "per hour when your home is quiet",
        Language.PT_BR: "por hora nos momentos mais calmos da casa",
        Language.ES: "por hora en los momentos más tranquilos de la casa",
        Language.FR: "par heure aux moments les plus calmes",
    },
}
