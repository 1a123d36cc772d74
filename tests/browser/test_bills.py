"""Bills as people meet them: hers on a telephone by day, the operator's at a desk by night."""

from collections.abc import Iterator

import pytest

from cloud.kernel.ids import CustomerId
from tests.browser.conftest import served
from tests.browser.test_pages import NARROW_LIGHT, WIDE_DARK, looked_at
from tests.fakes_web import Town, a_town
from tests.fakes_web_bills import keep_bills


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, str]]:
    """A home with a running bill, and a last one that is explained. Look, and change nothing."""
    with a_town(tmp_path_factory.mktemp("billed"), is_open=True) as town:
        town.settle_in("UP-1")
        keep_bills(town)
        with served(town) as address:
            yield town, address


def test_her_bill_is_accessible_and_fits_with_everything_laid_open(billed, screen):
    town, address = billed

    seen = looked_at(screen, NARROW_LIGHT, f"{address}/you/{town.links.token_for(CustomerId('C-1'))}")

    assert seen == ([], 0)
    assert screen.get_by_role("img", name="R$ 126,18 a mais que a conta anterior").is_visible()


def test_an_operator_s_view_of_bills_is_accessible_and_fits(billed, screen):
    _, address = billed

    assert looked_at(screen, WIDE_DARK, f"{address}/homes/UP-1") == ([], 0)
