"""What programs get: the same knowledge, its sources, and an honest no."""

import re

import pytest

from cloud.kernel.errors import DatabaseBusy, DatabaseUnusable
from cloud.web.app import create_app
from tests.fakes_web import TOKEN, Browser

BEARER = {"Authorization": f"Bearer {TOKEN}"}
LISTS = [
    "/api/v1/usage-points",
    "/api/v1/events",
    "/api/v1/cases",
    "/api/v1/messages",
    "/api/v1/commands",
    "/api/v1/quarantine",
]


class TestUsagePoints:
    def test_a_dark_home_says_since_when_and_by_what(self, lived_in, visitor):
        state = visitor.get("/api/v1/usage-points/UP-2").json()["state"]

        assert state["standing"] == "out"
        assert state["since"] == "2026-11-21T23:43:02Z"
        assert state["proven_by"] == [f"{lived_in.gateways['UP-2'].id}/1/0/2"]
        assert state["age_s"] == 0

    def test_registers_carry_unit_instant_and_source(self, lived_in, visitor):
        registers = visitor.get("/api/v1/usage-points/UP-1").json()["registers"]

        assert registers[0] == {
            "quantity": "energy_import_wh",
            "value": 12_345_678,
            "unit": "Wh",
            "as_of": "2026-11-21T23:00:00Z",
            "source": f"{lived_in.gateways['UP-1'].id}/1/1/8",
        }

    def test_the_open_case_stands_beside_the_home(self, visitor):
        assert visitor.get("/api/v1/usage-points/UP-2").json()["open_case"]["name"] == "UP-2-1"
        assert visitor.get("/api/v1/usage-points/UP-1").json()["open_case"] is None

    def test_homes_come_in_pages(self, visitor):
        first = visitor.get("/api/v1/usage-points?limit=1").json()
        second = visitor.get(f"/api/v1/usage-points?limit=1&after={first['next']}").json()

        assert [home["id"] for home in first["usage_points"] + second["usage_points"]] == ["UP-1", "UP-2"]
        assert second["next"] is None


class TestEvents:
    def test_following_meets_every_event_once_in_order(self, visitor):
        arrivals, cursor = [], 0
        while page := visitor.get(f"/api/v1/events?after={cursor}&limit=3").json()["events"]:
            arrivals += [event["arrival"] for event in page]
            cursor = arrivals[-1]

        assert arrivals == list(range(1, len(arrivals) + 1))
        assert len(arrivals) > 10

    def test_leafing_back_meets_the_same(self, visitor):
        arrivals, cursor = [], 2**53 - 1
        while cursor is not None:
            page = visitor.get(f"/api/v1/events?before={cursor}&limit=4").json()
            arrivals += [event["arrival"] for event in page["events"]]
            cursor = page["next"]

        assert arrivals == list(range(len(arrivals), 0, -1))

    def test_those_of_one_home_or_one_gateway_can_be_asked_for(self, lived_in, visitor):
        gateway = lived_in.gateways["UP-2"].id
        of_home = visitor.get("/api/v1/events?usage_point=UP-2").json()["events"]

        assert [event["name"] for event in of_home] == ["InterruptionAssessed", "SupplyLost"]
        assert visitor.get(f"/api/v1/events?gateway={gateway}").json()["events"] == of_home
        assert visitor.get(f"/api/v1/events?usage_point=UP-1&gateway={gateway}").json()["events"] == []

    def test_one_event_comes_with_its_proof(self, lived_in, visitor):
        gateway = lived_in.gateways["UP-1"].id

        first = visitor.get(f"/api/v1/events/{gateway}/1/0/1").json()
        second = visitor.get(f"/api/v1/events/{gateway}/1/0/2").json()

        assert (second["is_verified"], second["is_linked"], second["receipted_to"]) == (True, True, 3)
        assert second["prev"] == first["hash"]
        assert second["facts"]["cause"] == "supply_interrupted"
        assert bytes.fromhex(second["envelope"]).startswith(b"\xd2\x84")


class TestMessages:
    def test_every_figure_is_where_it_says_and_has_its_source(self, visitor):
        messages = visitor.get("/api/v1/messages").json()["messages"]

        assert [message["template"] for message in messages] == ["power_back", "power_out"]
        figures = [(message, figure) for message in messages for figure in message["figures"]]
        assert len(figures) > 10
        assert all(message[f["part"]][f["start"] : f["end"]] == f["text"] for message, f in figures)
        assert all(figure["sources"] and figure["as_of"] for _, figure in figures)

    def test_no_digit_of_a_message_is_without_a_source(self, visitor):
        for message in visitor.get("/api/v1/messages").json()["messages"]:
            for part in ("subject", "text"):
                covered = {at for f in message["figures"] if f["part"] == part for at in range(f["start"], f["end"])}
                digits = {found.start() for found in re.finditer(r"\d", message[part])}
                assert digits <= covered

    def test_a_duration_is_told_in_milliseconds(self, visitor):
        figures = visitor.get("/api/v1/messages").json()["messages"][0]["figures"]

        assert next(f["value"] for f in figures if f["fact"] == "out_for") == 42 * 60_000
        assert next(f["value"] for f in figures if f["fact"] == "began_at") == "2026-11-21T23:00:00.000Z"

    def test_to_whom_in_which_language_and_what_became_of_it(self, visitor):
        message = visitor.get("/api/v1/messages?usage_point=UP-1&state=delivered").json()["messages"][-1]

        told = {name: message[name] for name in ("template", "language", "to", "state", "case", "channel")}
        assert told == {
            "template": "power_out",
            "language": "pt-BR",
            "to": "home1@example.org",
            "state": "delivered",
            "case": "UP-1-1",
            "channel": "email",
        }
        assert message["message_id"].endswith("@utility.example>")

    def test_only_those_in_a_state(self, visitor):
        assert visitor.get("/api/v1/messages?state=unknown").json() == {"messages": [], "next": None}


def test_cases_are_complete(lived_in, visitor):
    cases = visitor.get("/api/v1/cases").json()["cases"]

    closed = next(case for case in cases if case["name"] == "UP-1-1")
    assert [case["usage_point"] for case in cases] == ["UP-2", "UP-1"]
    assert (closed["state"], closed["end"], closed["grade"], closed["stage"]) == (
        "closed",
        "restored",
        "strong",
        "confirmed",
    )
    assert closed["returned"]["lowest_mv"] == 228_900
    assert closed["evidence"][0] == {"kind": "supply_sense", "value": 0, "age_ms": 200}
    assert closed["end_by"] == f"{lived_in.gateways['UP-1'].id}/1/0/3"


def test_the_quarantine_counts_by_reason_and_shows_first_bytes(visitor):
    page = visitor.get("/api/v1/quarantine").json()

    assert page["counts"] == {"unknown key": 1}
    assert page["refused"][0]["raw"].startswith("d284")


class TestHostileRequests:
    @pytest.mark.parametrize("path", LISTS)
    @pytest.mark.parametrize("limit", ["0", "-1", "201", "9" * 40, "x", "%00", "1e3", ""])
    def test_a_limit_out_of_bounds_is_a_422(self, visitor, path, limit):
        answer = visitor.get(f"{path}?limit={limit}")

        assert answer.status_code == 422
        assert answer.json()["where"] == "query: limit"

    @pytest.mark.parametrize("name", ["%00", "a%00b", "x" * 33, "%ff", "%F0%9F%92%A1", "a%20b", "-a", "a%0A", "..%2f"])
    def test_a_name_that_cannot_be_is_refused(self, visitor, name):
        assert visitor.get(f"/api/v1/usage-points/{name}").status_code in {404, 422}
        assert visitor.get(f"/api/v1/cases?usage_point={name}").status_code == 422

    @pytest.mark.parametrize(
        "place", ["1/0/99999999999999999999", "99999999999/0/1", "1/3/1", "1/-1/1", "1/0/0", "x/0/1", "%00/0/1"]
    )
    def test_a_place_no_chain_has_is_refused(self, visitor, place):
        assert visitor.get(f"/api/v1/events/ABCDEFGH/{place}").status_code == 422

    @pytest.mark.parametrize(
        "query", ["before=9007199254740992", "after=-1", "after=x", "gateway=abc", "gateway=ABCDEFGH%00", "before="]
    )
    def test_a_cursor_that_cannot_be_is_refused(self, visitor, query):
        assert visitor.get(f"/api/v1/events?{query}").status_code == 422

    @pytest.mark.parametrize(
        "path", ["/api/v1/usage-points/none", "/api/v1/events/ABCDEFGH/1/0/1", "/api/v1/nothing", "/api/"]
    )
    def test_what_does_not_exist_says_what_to_do(self, visitor, path):
        answer = visitor.get(path)

        assert answer.status_code == 404
        assert answer.json()["do"]

    def test_a_cursor_beyond_everything_finds_nothing(self, visitor):
        assert visitor.get("/api/v1/events?after=9007199254740991").json() == {"events": [], "next": None}


class FailingDatabase:
    """A database that refuses as it was told to."""

    def __init__(self, error):
        self.error = error

    def read(self):
        raise self.error


@pytest.fixture
def broken(lived_in, request):
    services = lived_in.services()
    object.__setattr__(services, "database", FailingDatabase(request.param))
    with Browser(create_app(services), headers=BEARER) as made:
        yield made


@pytest.mark.parametrize("broken", [DatabaseBusy("x"), DatabaseUnusable("secret", where="/var/x")], indirect=True)
@pytest.mark.parametrize("path", ["/api/v1/cases", "/", "/homes/UP-1"])
def test_a_database_that_cannot_serve_is_a_503_that_tells_nothing_of_the_machine(broken, path):
    answer = broken.get(path)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "/var/x" not in answer.text


@pytest.mark.parametrize("broken", [DatabaseBusy("x")], indirect=True)
def test_health_tells_that_the_database_is_not(broken):
    answer = broken.get("/healthz")

    assert (answer.status_code, answer.json()) == (503, {"status": "degraded", "parts": {"database": False}})


def test_health_is_well_when_every_part_is(stranger):
    assert stranger.get("/healthz").json() == {"status": "ok", "parts": {"database": True}}


@pytest.fixture(scope="module")
def description(visitor):
    return visitor.get("/openapi.json").json()


class TestDescription:
    def test_it_is_openapi_3_1_and_names_every_route(self, description):
        assert description["openapi"].startswith("3.1")
        assert {"/healthz", *LISTS, "/api/v1/usage-points/{usage_point}"} <= set(description["paths"])

    def test_every_reference_leads_somewhere(self, description):
        names = set(re.findall(r"#/components/schemas/(\w+)", str(description)))

        assert names == set(description["components"]["schemas"])

    def test_every_route_documents_its_errors_with_the_one_model(self, description):
        operations = [
            (path, operation["responses"])
            for path, methods in description["paths"].items()
            for operation in methods.values()
            if path.startswith("/api/")
        ]

        for _, responses in operations:
            assert {"200", "401", "421", "422", "503"} <= set(responses)
            errors = [said for status, said in responses.items() if status != "200"]
            models = {said["content"]["application/json"]["schema"]["$ref"] for said in errors}
            assert models == {"#/components/schemas/Problem"}

    def test_every_parameter_is_bounded_and_described(self, description):
        parameters = [
            parameter
            for methods in description["paths"].values()
            for operation in methods.values()
            for parameter in operation.get("parameters", [])
        ]

        bounds = {"maximum", "pattern", "$ref"}
        for parameter in parameters:
            forms = [parameter["schema"], *parameter["schema"].get("anyOf", [])]
            assert any(bounds & set(form) for form in forms), parameter["name"]
            assert parameter["description"]

    def test_it_asks_for_the_token(self, description):
        assert description["components"].get("securitySchemes") or "Bearer" in description["info"]["description"]

    def test_there_is_no_page_that_asks_a_foreign_host(self, visitor):
        assert visitor.get("/redoc").status_code == 404
        assert "cdn" not in visitor.get("/docs").text
