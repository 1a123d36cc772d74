"""The word about assistance, as people and programs type it."""

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from cloud.cli import main

ANA = {"id": "ana", "jurisdiction": "BR", "today": "2026-11-22", "facts": {"cadunico": True}, "expected": {"x": 1}}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run `assist` on what is typed: its status, what it printed, and its complaint."""

    def command(typed: object, *words: str) -> tuple[int, str, str]:
        data = typed if isinstance(typed, bytes) else json.dumps(typed).encode()
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
        monkeypatch.setattr("sys.argv", ["lamplight-cloud", "assist", "-", *words])
        status = main()
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return command


def of(facts: dict[str, object], **more: object) -> dict[str, object]:
    return ANA | {"facts": facts} | more


def test_what_is_missing_is_named_and_never_taken_for_a_no(run) -> None:
    status, out, _ = run(ANA)

    assert status == 0
    assert "not known yet: Social electricity tariff" in out
    assert "missing: monthly income per person, in minimum wages" in out


def test_what_is_likely_comes_with_its_amount_its_place_its_source_and_the_day_it_was_read(run) -> None:
    _, out, _ = run(of({"cadunico": True, "income_per_capita_min_wages": 0.5, "kwh": 412.5}), "--language", "pt-BR")

    assert "provável: Tarifa Social de Energia Elétrica (br-tsee)" in out
    assert "para esta casa: 80 kWh" in out
    assert "onde pedir: " in out
    assert "Lei 15.235/2025" in out
    assert "lida em 2026-11-21" in out


def test_a_number_is_taken_as_it_is_written_and_not_as_a_float_near_it(run) -> None:
    typed = b'{"jurisdiction": "BR", "today": "2026-11-22", "facts": {"cadunico": true, "bpc": false, '
    typed += b'"indigenous_or_quilombola": "no", "income_family_min_wages": 9, '
    typed += b'"income_per_capita_min_wages": 0.50000000000000000000001}}'

    _, out, _ = run(typed, "--json")

    (discount, social) = json.loads(out)[0]["programmes"]
    assert (discount["result"], social["result"]) == ("likely", "unlikely")
    assert "0.50000000000000000000001" in [condition["value"] for condition in social["conditions"]]


def test_another_day_may_be_asked_about(run) -> None:
    _, out, _ = run(of({}), "--on", "2025-12-31", "--json")

    (discount, _) = json.loads(out)[0]["programmes"]
    assert (discount["result"], discount["standing"], discount["why"]) == ("unlikely", "not_yet", ["starts 2026-01-01"])


def test_after_the_day_it_should_have_been_read_again_nothing_is_likely(run) -> None:
    facts = {"cadunico": True, "income_per_capita_min_wages": 0.4}

    _, out, _ = run(of(facts), "--on", "2027-06-01")

    assert "paused: Social electricity tariff" in out
    assert "should have been read again by 2027-05-31" in out


def test_a_narrower_place_has_its_own_limit(run) -> None:
    facts = {"household_size": 11, "income_monthly": "9418.46"}

    _, out, _ = run(of(facts, jurisdiction="US-CA"), "--json")

    liheap, lihwap = json.loads(out)[0]["programmes"]
    assert (liheap["jurisdiction"], liheap["result"]) == ("US-CA", "likely")
    assert liheap["conditions"][0]["limit"] == "9418.46"
    assert (lihwap["result"], lihwap["why"]) == ("ended", ["ended 2024-03-31"])


@pytest.mark.parametrize(("income", "percent"), [(10_500, "57.5"), (10_501, "42.5"), (21_000, "42.5")])
def test_spains_limit_grows_with_the_household(run, income: int, percent: str) -> None:
    facts = {"primary_residence": True, "contracted_kw": 4.6, "pvpc": True, "further_adults": 0, "minors": 2}
    facts |= {"income_annual": income, "minimum_pension": False, "large_family": False}

    _, out, _ = run(of(facts, jurisdiction="ES"), "--json")

    (bonus,) = json.loads(out)[0]["programmes"]
    assert (bonus["result"], bonus["discount_percent"]) == ("likely", percent)


@pytest.mark.parametrize(
    ("uc", "rfr", "amount"),
    [
        (1, 5_600, 146),
        (1, 10_999, 48),
        (1.5, 0, 240),
        (2, 0, 277),
        (2.5, 27_499, 76),
        (1.3, 8_709, 176),
        (1.3, 8_710, 113),
    ],
)
def test_frances_voucher_follows_its_scale(run, uc: float, rfr: int, amount: int) -> None:
    _, out, _ = run(of({"uc": uc, "rfr": rfr}, jurisdiction="FR"), "--json")

    (voucher,) = json.loads(out)[0]["programmes"]
    assert (voucher["result"], voucher["amount_eur"]) == ("likely", amount)


def test_where_nothing_is_known_that_is_said(run) -> None:
    _, out, _ = run(of({}, jurisdiction="PT"))

    assert "no programme is known there" in out


def test_a_utilitys_own_programmes_stand_beside_ours(run, tmp_path: Path) -> None:
    source = Path(__file__).parents[3] / "cloud/assistance/programmes/br-desconto-social.toml"
    own = source.read_text().replace('id = "br-desconto-social"', 'id = "own"').replace('"BR"', '"BR-PR"', 1)
    (tmp_path / "own.toml").write_text(own)

    _, out, _ = run(of({}, jurisdiction="BR-PR"), "--programmes", str(tmp_path), "--json")

    assert [each["programme"] for each in json.loads(out)[0]["programmes"]] == ["br-desconto-social", "br-tsee", "own"]


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"jurisdiction": "BR", "today": "2026-11-22", "facts": {"kwh": NaN}}', "NaN is no number"),
        ([7], "a case is an object (-: case 1)"),
        ({"jurisdiction": "BR"}, "no jurisdiction or no facts"),
        (of({}, jurisdiction="brazil"), "'brazil' is no jurisdiction"),
        (of({}, today="2026-02-30"), "'2026-02-30' is no day"),
        (of({}, today=None), "is no day"),
        (of({"kwh": "much"}), "'much' is not a number (ana: kwh)"),
        (of({"kwh": "1e999999999"}), "'1e999999999' is not a number (ana: kwh)"),
        (of({"kwh": "1e-999999"}), "'1e-999999' is not a number (ana: kwh)"),
        (of({"cadunico": 3}), "'3' is not yes or no"),
        ([ANA] * 10_001, "more than 10000 cases"),
    ],
)
def test_what_is_no_case_is_refused_in_one_line(run, typed: object, complaint: str) -> None:
    status, out, err = run(typed)

    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert complaint in err


def test_more_than_a_file_may_hold_is_refused(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.assist_commands.MAX_FILE_BYTES", 10)

    status, _, err = run(ANA)

    assert (status, err.count("\n")) == (2, 1)
    assert "more than 10 bytes" in err


def test_a_folder_that_is_none_is_refused(run, tmp_path: Path) -> None:
    status, _, err = run(ANA, "--programmes", str(tmp_path / "nowhere"))

    assert status == 2
    assert "no folder of at most" in err
