"""`import`, `grid` and `customer-link`: what the utility hands in, and what it can look at."""

import pytest

from cloud.cli import _run
from tests.fakes_cloud import METER
from tests.unit.cloud.commands.typed import answer, refusal


@pytest.fixture
def lived_in(state, tmp_path, capsys):
    file = tmp_path / "customers.csv"
    heading = "usage_point,meter,customer,name,email,language,time_zone,address"
    file.write_text(
        f"{heading}\nUP-1,{METER},C-1,Ana,ana@example.org,pt-BR,America/Sao_Paulo,Rua 1\n", encoding="utf-8"
    )
    answer(capsys, "import", state.path, file)
    return state


def test_a_customers_link_is_printed(lived_in, capsys):
    told = answer(capsys, "customer-link", lived_in.path, "UP-1")

    address, token = told["link"].split("/you/")
    assert (told["customer"], address) == ("C-1", "http://127.0.0.1:8080")
    assert lived_in.customer_links().customer_of(token) == "C-1"


def test_new_keys_end_every_link_of_customers(lived_in, capsys):
    link = answer(capsys, "customer-link", lived_in.path, "UP-1")["link"]

    assert _run(["new-token", str(lived_in.path), "--customers"]) == 0

    assert lived_in.customer_links().customer_of(link.partition("/you/")[2]) is None


def test_a_home_without_a_customer_has_no_link(state, capsys):
    assert "no customer is known at 'UP-9'" in refusal(capsys, "customer-link", state.path, "UP-9")


def test_a_customer_file_that_is_not_there_is_refused(state, tmp_path, capsys):
    assert "cannot read the file" in refusal(capsys, "import", state.path, tmp_path / "nowhere.csv")


def test_an_imported_grid_is_shown_as_it_was_understood(state, tmp_path, capsys):
    heading = "id,kind,parent,phases,meter,customer,name,email,language,time_zone,address"
    home = "UP-1,usage_point,T-1,A,LMP1,C-1,Ana Souza,ana@example.com,pt-BR,America/Sao_Paulo,Rua 1"
    (tmp_path / "grid.csv").write_text(f"{heading}\nF-1,feeder,,ABC,,,,,,,\nT-1,transformer,F-1,ABC,,,,,,,\n{home}\n")
    shown = ["grid", str(state.path)]
    _run(shown)
    _run(["import", str(state.path), str(tmp_path / "grid.csv")])

    _run(shown)

    assert capsys.readouterr().out.splitlines() == [
        "no feeder is known",
        "1 feeder, 1 transformer, 1 usage point, 1 customer imported",
        "F-1  feeder  ABC",
        "  T-1  transformer  ABC",
        "    UP-1  A",
    ]
    (tree,) = answer(capsys, *shown)
    assert tree["feeder"] == "F-1"
    assert tree["devices"][1] == {"id": "T-1", "kind": "transformer", "parent": "F-1", "phases": "ABC"}
    assert tree["usage_points"] == [{"id": "UP-1", "parent": "T-1", "phases": "A"}]
