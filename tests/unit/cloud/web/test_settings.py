"""A page that shows homes does not lie open by mistake."""

from pathlib import Path

import pytest

from cloud.web.settings import WebSettings
from runtime.errors import SettingsError


@pytest.mark.parametrize(
    "settings",
    [
        WebSettings(),
        WebSettings(open_to_all=True),
        WebSettings(listen="::1", open_to_all=True),
        WebSettings(listen="0.0.0.0", certificate_file=Path("c.pem"), key_file=Path("k.pem")),
    ],
)
def test_what_stays_on_this_machine_or_speaks_tls_is_fine(settings):
    settings.check()


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        (WebSettings(listen="0.0.0.0"), "web.listen"),
        (WebSettings(listen="0.0.0.0", open_to_all=True), "web.open_to_all"),
        (WebSettings(certificate_file=Path("c.pem")), "web.certificate_file, web.key_file"),
        (WebSettings(public_url="power.example"), "web.public_url"),
    ],
)
def test_what_would_show_a_home_to_a_network_is_refused(settings, where):
    with pytest.raises(SettingsError) as refused:
        settings.check()

    assert refused.value.where == where
    assert refused.value.do


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        (WebSettings(), "http://127.0.0.1:8080"),
        (WebSettings(listen="::1", port=80), "http://[::1]:80"),
        (WebSettings(port=0, public_url="https://power.example/"), "https://power.example"),
    ],
)
def test_customers_reach_the_page_where_it_listens_unless_told_otherwise(settings, address):
    settings.check()

    assert settings.address == address


def test_a_port_that_is_not_chosen_yet_is_no_address():
    with pytest.raises(SettingsError):
        WebSettings(port=0).address  # noqa: B018 - asking is what is tried
