"""A tariff as a person writes it: a TOML file, read strictly."""

from cloud.billing.tariff import Tariff


def parse_tariff(data: bytes, where: str) -> Tariff:
    """The tariff of a file; raises TariffRefused, saying where and what to do."""
    raise NotImplementedError
