"""What a utility decides about assistance: where its homes are, and how old a fact may be that decides."""

from dataclasses import dataclass
from pathlib import Path

from cloud.assistance.programme import parse_jurisdiction
from runtime.errors import InputRefused, SettingsError
from runtime.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistanceSettings:
    """Which programmes are looked at, and for whom."""

    jurisdiction: str = setting("", help="where the homes are, as in BR, US-CA or BR-PR-UTILITY; empty: offer nothing")
    programmes: Path | None = setting(None, help="a folder of the utility's own programmes (*.toml), besides ours")
    facts_good_for_days: int = setting(
        730, help="what was told of a household longer ago than this is asked again, not used", minimum=1, maximum=3_660
    )

    def check(self) -> None:
        """Raise SettingsError for a jurisdiction that is none."""
        try:
            parse_jurisdiction(self.jurisdiction or "BR")
        except InputRefused as refused:
            raise SettingsError(refused.what, where="assistance.jurisdiction", do=refused.do) from refused
