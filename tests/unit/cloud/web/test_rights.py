"""Every route is closed to whoever has no rights, and every answer says how it may be used."""

import re

import pytest
from starlette.routing import Mount, Route

from cloud.kernel.access import COOKIE_NAME
from cloud.web.app import create_app
from tests.fakes_web import TOKEN

DECISIONS = {
    "/messages/{number}/decide": {"turn": "sent_again"},
    "/homes/{usage_point}/close": {"who": "Op", "reason": "x"},
    "/alarms/{number}/settle": {"who": "Op", "reason": "x", "as": "seen"},
}
FOR_CUSTOMERS = {  # test_customer_pages and test_wish_pages try these
    "/you/{token}",
    "/you/{token}/live",
    "/you/{token}/answer",
    "/you/{token}/wishes",
    "/stop/{token}",
}
OPEN = {"/healthz", "/enter", "/static"}
FOR_PEOPLE = [
    "/",
    "/homes",
    "/homes/UP-1",
    "/outages",
    "/outages/T-1-1",
    "/events/ABCDEFGH/1/0/1",
    "/bills",
    "/alarms",
    "/commands",
    "/quarantine",
    "/docs",
    "/no/such/page",
]
FOR_PROGRAMS = [
    "/api/v1/usage-points",
    "/api/v1/usage-points/UP-1",
    "/api/v1/usage-points/UP-1/bills",
    "/api/v1/usage-points/UP-1/outlook",
    "/api/v1/events",
    "/api/v1/events/ABCDEFGH/1/0/1",
    "/api/v1/cases",
    "/api/v1/outages",
    "/api/v1/outages/T-1-1",
    "/api/v1/messages",
    "/api/v1/commands",
    "/api/v1/quarantine",
    "/api/v1/no-such-thing",
    "/openapi.json",
    "/live",
]


def paths_of(app):
    """The paths of every route the application has, with something in place of their parameters."""
    found = set()
    waiting = list(app.routes)
    while waiting:
        route = waiting.pop()
        waiting.extend(getattr(getattr(route, "original_router", None), "routes", []))
        found |= {route.path} if isinstance(route, Route | Mount) or hasattr(route, "path") else set()
    return found - {""}


def test_every_route_there_is_is_tried_below(lived_in):
    paths = paths_of(create_app(lived_in.services()))

    templates = {path.replace("UP-1", "{usage_point}") for path in FOR_PEOPLE + FOR_PROGRAMS}
    templates = {path.replace("ABCDEFGH/1/0/1", "{gateway}/{gen}/{lane}/{seq}") for path in templates}

    assert len(paths) > 10
    templates = {path.replace("T-1-1", "{outage}") for path in templates}
    assert paths - OPEN - FOR_CUSTOMERS - templates == set(DECISIONS)


@pytest.mark.parametrize("path", FOR_PEOPLE)
def test_people_without_rights_are_led_to_the_entrance(stranger, path):
    answer = stranger.get(path)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/enter")
    assert "Laranjeiras" not in answer.text


@pytest.mark.parametrize("path", FOR_PROGRAMS)
def test_programs_without_rights_are_told_how_to_get_them(stranger, path):
    answer = stranger.get(path)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["do"].startswith("send 'Authorization: Bearer")


@pytest.mark.parametrize(("path", "form"), DECISIONS.items())
def test_a_decision_without_rights_changes_nothing(stranger, path, form):
    answer = stranger.post(path.format(number=1, usage_point="UP-2"), data=form)

    assert (answer.status_code, answer.headers["location"]) == (303, "/enter")


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic dXNlcjpw", "Bearer", "", f"Token {TOKEN}"])
def test_a_wrong_token_is_no_token(stranger, header):
    assert stranger.get("/api/v1/cases", headers={"Authorization": header}).status_code == 401


@pytest.mark.parametrize("cookie", [f"{COOKIE_NAME}=wrong", f"{COOKIE_NAME}={TOKEN}", "=;,", f"{COOKIE_NAME}"])
def test_a_wrong_cookie_is_no_cookie_and_the_token_itself_is_none(stranger, cookie):
    assert stranger.get("/api/v1/cases", headers={"Cookie": cookie}).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/enter", "/static/lamplight.css", "/static/live.js", "/static/lamp.svg"])
def test_what_shows_no_home_is_open(stranger, path):
    assert stranger.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fsettings.py"])
def test_the_static_folder_leads_nowhere_else(stranger, path):
    assert stranger.get(path).status_code in {303, 404}


class TestHostNames:
    @pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "a b", "testserver@evil.example"])
    def test_a_foreign_name_is_refused_even_with_the_token(self, visitor, host):
        answer = visitor.get("/api/v1/cases", headers={"Host": host})

        assert answer.status_code == 421

    @pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080", "TESTSERVER"])
    def test_our_own_names_are_known(self, visitor, host):
        assert visitor.get("/api/v1/cases", headers={"Host": host}).status_code == 200


class TestEntering:
    def test_the_token_opens_and_leads_back(self, stranger):
        answer = stranger.post("/enter", data={"token": f" {TOKEN}\n", "next": "/homes/UP-1?days=7"})

        cookie = answer.headers["set-cookie"]
        assert (answer.status_code, answer.headers["location"]) == (303, "/homes/UP-1?days=7")
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie

    def test_who_has_entered_may_look(self, lived_in, stranger):
        cookie = lived_in.services().access.cookie_for(TOKEN)

        answer = stranger.get("/homes/UP-1", headers={"Cookie": f"{COOKIE_NAME}={cookie}"})

        assert answer.status_code == 200

    def test_a_wrong_token_is_told_so(self, stranger):
        answer = stranger.post("/enter", data={"token": "guess"})

        assert answer.status_code == 403
        assert "That is not the token" in answer.text
        assert "set-cookie" not in answer.headers

    @pytest.mark.parametrize("wanted", ["https://evil.example", "//evil.example", "/\\evil", "javascript:x", "/a\n/b"])
    def test_the_way_back_never_leads_away(self, stranger, wanted):
        answer = stranger.post("/enter", data={"token": TOKEN, "next": wanted})

        assert answer.headers["location"] == "/"

    def test_the_way_in_remembers_what_was_wanted(self, stranger):
        answer = stranger.get("/homes/UP-1?days=7")

        assert answer.headers["location"] == "/enter?next=/homes/UP-1%3Fdays%3D7"
        assert 'value="/homes/UP-1?days=7"' in stranger.get(answer.headers["location"]).text

    @pytest.mark.parametrize(
        ("kind", "body", "status"),
        [
            ("application/json", b"{}", 415),
            ("application/x-www-form-urlencoded", b"\xff\xfe", 400),
            ("application/x-www-form-urlencoded", b"a=1&" * 50, 400),
            ("application/x-www-form-urlencoded", b"x" * 20_000, 413),
        ],
    )
    def test_a_form_that_is_none_is_refused(self, stranger, kind, body, status):
        answer = stranger.post("/enter", content=body, headers={"Content-Type": kind})

        assert answer.status_code == status


class TestForeignForms:
    @pytest.mark.parametrize(
        "headers",
        [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}],
    )
    def test_a_form_of_another_site_is_refused(self, visitor, headers):
        answer = visitor.post("/messages/1/decide", data={"turn": "sent_again"}, headers=headers)

        assert answer.status_code == 403

    @pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {}])
    def test_our_own_form_comes_through(self, visitor, headers):
        answer = visitor.post("/messages/999/decide", data={"turn": "sent_again"}, headers=headers)

        assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/", "/homes/UP-1", "/homes/none", "/api/v1/cases", "/enter", "/static/live.js"])
def test_every_answer_forbids_what_we_do_not_need(visitor, path):
    headers = visitor.get(path).headers

    policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert set(policy.values()) == {"'none'", "'self'"}
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/homes/UP-1", "/homes/none", "/docs", "/quarantine", "/enter"])
def test_no_page_holds_a_script_a_style_or_a_handler_of_its_own(visitor, path):
    page = visitor.get(path).text

    assert page.count("<script") == page.count('<script src="/static/live.js" defer></script>') == 1
    assert "<style" not in page
    assert "style=" not in page
    assert not re.search(r"<[^>]* on[a-z]+=", page)
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_a_refused_host_gets_the_headers_too(visitor):
    headers = visitor.get("/", headers={"Host": "evil.example"}).headers

    assert "content-security-policy" in headers


def test_a_method_nobody_serves_is_told_which_are(visitor):
    answer = visitor.request("DELETE", "/api/v1/cases")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert set(answer.json()) == {"what", "where", "do"}
