"""Coming in: lock-out that reveals nothing, passwords, one-time codes, sessions that end."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.test import Client
from django.utils import timezone

from identity.identity_support import NOW, PASSWORD, account, codes, person
from zhudang.audit.models import Entry
from zhudang.identity import operations, signing_in
from zhudang.identity.domain import passwords
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account, SignIn
from zhudang.identity.rights import SYSTEM
from zhudang.identity.signing_in import CannotSetPassword, CannotSignIn, Visitor
from zhudang.shared.refusals import Forbidden

pytestmark = pytest.mark.django_db
VISITOR = Visitor("10.0.0.8", "Firefox")


def enter(username: str, password: str, now=NOW) -> Account:
    return signing_in.check_credentials(username=username, password=password, visitor=VISITOR, now=now)


def refused(username: str, password: str, now=NOW) -> tuple[str, object]:
    with pytest.raises(CannotSignIn) as refusal:
        enter(username, password, now)
    (reason,) = refusal.value.reasons
    return reason.code, reason.data.get("left", reason.data.get("minutes"))


def test_the_fifth_failure_locks_for_half_an_hour_and_says_so_clearly() -> None:
    account("zhang")
    told = [refused("zhang", "wrong", NOW + timedelta(seconds=n)) for n in range(5)]
    assert told == [
        ("identity.login_wrong", 4),
        ("identity.login_wrong", 3),
        ("identity.login_wrong", 2),
        ("identity.login_wrong", 1),
        ("identity.login_locked", 30),
    ]
    assert refused("zhang", PASSWORD, NOW + timedelta(minutes=20))[0] == "identity.login_locked"
    assert enter("zhang", PASSWORD, NOW + timedelta(minutes=31)).username == "zhang"


def test_a_login_that_does_not_exist_is_answered_exactly_like_one_that_does() -> None:
    account("zhang")
    assert [refused("zhang", "wrong") for _ in range(7)] == [refused("nobody", "wrong") for _ in range(7)]


def test_a_closed_account_is_answered_like_a_wrong_password() -> None:
    one = account("zhang")
    operations.disable_account(actor=SYSTEM, account_id=one, reason="调离", now=NOW)
    assert refused("zhang", PASSWORD) == ("identity.login_wrong", 4)


def test_signing_in_clears_the_failures_before_it() -> None:
    account("zhang")
    for _ in range(4):
        refused("zhang", "wrong")
    enter("Zhang ", PASSWORD)
    assert refused("zhang", "wrong") == ("identity.login_wrong", 4)


def test_failures_and_lock_stand_in_the_log_without_the_password() -> None:
    one = account("zhang")
    for _ in range(5):
        refused("zhang", "Secret-word-9")
    entries = Entry.objects.filter(subject=f"identity.account:{one}", act__startswith="identity.login")
    assert [e.act for e in entries] == ["identity.login.failed"] * 4 + ["identity.login.locked"]
    assert "Secret-word-9" not in str([e.data for e in Entry.objects.all()])


def test_the_security_administrator_unlocks() -> None:
    one = account("zhang")
    for _ in range(5):
        refused("zhang", "wrong")
    with pytest.raises(Forbidden):
        signing_in.unlock(actor=person(Role.SYSTEM_ADMIN), account_id=one, now=NOW)
    signing_in.unlock(actor=person(Role.SECURITY_ADMIN), account_id=one, now=NOW)
    assert enter("zhang", PASSWORD).username == "zhang"


@pytest.mark.parametrize(
    "password, reasons",
    [
        ("Ab1", ["identity.password_short"]),
        ("abcdefgh1", ["identity.password_classes"]),
        ("abc", ["identity.password_short", "identity.password_classes"]),
        ("xZhang-2026", ["identity.password_contains_login"]),
        ("Ab1" * 60, ["identity.password_long"]),
        ("abcdef12密", []),
        ("Blue-sky-7", []),
    ],
)
def test_a_password_is_refused_with_every_reason(password: str, reasons: list[str]) -> None:
    assert [r.code for r in passwords.why_not_password(password, username="zhang")] == reasons


def change(actor, old: str, new: str, again: str = "") -> None:
    signing_in.change_password(actor=actor, old=old, new=new, again=again or new, session_key="", now=NOW)


def test_the_last_five_passwords_are_not_used_again() -> None:
    someone = person(Role.KEEPER)
    used = [PASSWORD, *(f"Blue-sky-{n}" for n in range(1, 5))]
    for old, new in pairwise(used):
        change(someone, old, new)
    with pytest.raises(CannotSetPassword) as refusal:
        change(someone, used[-1], PASSWORD)
    assert codes(refusal) == ["identity.password_used_before"]
    change(someone, used[-1], "Green-sea-1")
    change(someone, "Green-sea-1", PASSWORD)


def test_a_wrong_old_password_and_a_typing_slip_are_told_together() -> None:
    with pytest.raises(CannotSetPassword) as refusal:
        change(person(Role.KEEPER), "wrong", "Blue-sky-1", "Blue-sky-2")
    assert codes(refusal) == ["identity.password_old_wrong", "identity.password_not_repeated"]


def redeem(username: str, code: str, new: str = "Blue-sky-1", now=NOW) -> None:
    signing_in.redeem_reset_code(username=username, code=code, new=new, again=new, visitor=VISITOR, now=now)


def test_a_one_time_code_sets_a_password_once() -> None:
    one = account("zhang", password=None)
    security = person(Role.SECURITY_ADMIN)
    code = signing_in.issue_reset_code(actor=security, account_id=one, now=NOW)
    with pytest.raises(CannotSetPassword):
        redeem("zhang", code, "short")
    redeem("zhang", code)
    assert enter("zhang", "Blue-sky-1").id == one
    with pytest.raises(CannotSignIn):
        redeem("zhang", code, "Blue-sky-2")
    assert code not in str([e.data for e in Entry.objects.all()])


def test_a_code_ends_after_a_day_and_when_another_is_issued() -> None:
    one, security = account("zhang"), person(Role.SECURITY_ADMIN)
    first = signing_in.issue_reset_code(actor=security, account_id=one, now=NOW)
    second = signing_in.issue_reset_code(actor=security, account_id=one, now=NOW)
    with pytest.raises(CannotSignIn):
        redeem("zhang", first)
    with pytest.raises(CannotSignIn):
        redeem("zhang", second, now=NOW + timedelta(hours=25))
    assert enter("zhang", PASSWORD).id == one


def test_guessing_codes_locks_like_guessing_passwords() -> None:
    account("zhang")
    for _ in range(5):
        with pytest.raises(CannotSignIn):
            redeem("zhang", "nonsense")
    assert refused("zhang", PASSWORD)[0] == "identity.login_locked"


def test_neither_administrator_alone_can_enter_as_another() -> None:
    one = account("zhang")
    with pytest.raises(Forbidden):
        signing_in.issue_reset_code(actor=person(Role.SYSTEM_ADMIN), account_id=one, now=NOW)
    with pytest.raises(Forbidden):
        operations.create_account(actor=person(Role.SECURITY_ADMIN), username="li", name="李", now=NOW)


def test_a_password_used_too_long_must_be_changed_first() -> None:
    one = operations.create_account(actor=SYSTEM, username="zhang", name="张三", password="Blue-sky-1", now=NOW)
    Account.objects.filter(id=one).update(must_change_password=False)
    assert not enter("zhang", "Blue-sky-1", NOW + timedelta(days=89)).must_change_password
    assert enter("zhang", "Blue-sky-1", NOW + timedelta(days=91)).must_change_password


# ── through the pages ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=False)


def sign_in(browser: Client, username: str, password: str = PASSWORD, **more: str):
    return browser.post("/login/", {"username": username, "password": password, **more})


def test_the_page_lets_in_and_leads_on_to_where_one_wanted(browser: Client) -> None:
    someone = person(Role.SYSTEM_ADMIN, username="zhang")
    assert browser.get("/people/").headers["Location"] == "/login/?next=%2Fpeople%2F"
    answer = sign_in(browser, "zhang", next="/people/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/people/")
    assert browser.get("/people/").status_code == 200
    assert SignIn.objects.get(account_id=someone.account_id).browser == ""


def test_the_way_on_never_leaves_the_house(browser: Client) -> None:
    person(Role.KEEPER, username="zhang")
    assert sign_in(browser, "zhang", next="https://evil.example/").headers["Location"] == "/"
    assert sign_in(browser, "zhang", next="//evil.example/").headers["Location"] == "/"


def test_a_wrong_password_is_told_on_the_page(browser: Client) -> None:
    account("zhang")
    answer = sign_in(browser, "zhang", "wrong")
    assert answer.status_code == 422 and "再错 4 次将锁定 30 分钟" in answer.content.decode()


def test_an_idle_session_ends_and_says_so(browser: Client, settings) -> None:
    settings.IDLE_MINUTES = 15
    person(Role.SYSTEM_ADMIN, username="zhang")
    sign_in(browser, "zhang")
    session = browser.session
    session["seen_at"] = (timezone.now() - timedelta(minutes=14)).isoformat()
    session.save()
    assert browser.get("/people/").status_code == 200
    session = browser.session
    session["seen_at"] = (timezone.now() - timedelta(minutes=16)).isoformat()
    session.save()
    answer = browser.get("/people/")
    assert answer.headers["Location"] == "/login/?next=%2Fpeople%2F&idle=1"
    assert "久未操作" in browser.get(answer.headers["Location"]).content.decode()
    assert SignIn.objects.get().end_reason == "idle"


def test_a_page_that_asks_by_itself_keeps_no_session_alive(browser: Client, settings) -> None:
    settings.IDLE_MINUTES = 15
    person(Role.SYSTEM_ADMIN, username="zhang")
    sign_in(browser, "zhang")
    long_ago = (timezone.now() - timedelta(minutes=10)).isoformat()
    session = browser.session
    session["seen_at"] = long_ago
    session.save()
    browser.get("/people/", headers={"X-Zhudang-Poll": "1"})
    assert browser.session["seen_at"] == long_ago
    browser.get("/people/")
    assert browser.session["seen_at"] > long_ago


def test_the_first_sign_in_must_set_a_password_before_anything_else(browser: Client) -> None:
    made = operations.make_first_administrators(archive_name="云溪县城建档案馆", now=NOW)[0]
    sign_in(browser, made.username, made.password)
    assert browser.get("/people/").headers["Location"] == "/account/password/"
    given = {"old": made.password, "new": "Blue-sky-1", "again": "Blue-sky-1"}
    assert browser.post("/account/password/", given).status_code == 302
    assert browser.get("/people/").status_code == 200


def test_a_changed_password_ends_the_sessions_elsewhere_and_keeps_this_one(browser: Client) -> None:
    person(Role.SYSTEM_ADMIN, username="zhang")
    elsewhere = Client()
    sign_in(browser, "zhang")
    sign_in(elsewhere, "zhang")
    browser.post("/account/password/", {"old": PASSWORD, "new": "Blue-sky-1", "again": "Blue-sky-1"})
    assert browser.get("/people/").status_code == 200
    assert elsewhere.get("/people/").status_code == 302
    page = browser.get("/account/").content.decode()
    assert page.count("这里") == 1


def test_one_ends_the_own_session_on_another_machine_and_nobody_elses(browser: Client) -> None:
    person(Role.KEEPER, username="zhang")
    person(Role.KEEPER, username="liming")
    elsewhere, stranger = Client(), Client()
    sign_in(elsewhere, "zhang")
    theirs = SignIn.objects.get()
    sign_in(stranger, "liming")
    assert stranger.post(f"/account/sessions/{theirs.id}/end/").status_code == 404
    assert elsewhere.get("/account/").status_code == 200
    sign_in(browser, "zhang")
    assert browser.post(f"/account/sessions/{theirs.id}/end/").status_code == 302
    assert elsewhere.get("/account/").status_code == 302


def test_the_security_administrator_hands_over_a_code_that_stands_on_one_answer_only(browser: Client) -> None:
    one = account("wang", password=None)
    person(Role.SECURITY_ADMIN, username="zhang")
    sign_in(browser, "zhang")
    first = browser.post(f"/people/{one}/reset/")
    assert first.status_code == 200 and "no-store" in first.headers["Cache-Control"]
    assert "一次性码" in first.content.decode()
    again = browser.get(f"/people/{one}/").content.decode()
    assert "只显示这一次" not in again


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_of_people_and_organisations_is_drawn(browser: Client, language: str) -> None:
    from identity.identity_support import organisation

    one, place = account("wang"), organisation("甲公司", code="91500241MA5U00009F")
    person(Role.SYSTEM_ADMIN, username="sys")
    person(Role.SECURITY_ADMIN, username="sec")
    for who in ("sys", "sec"):
        browser.cookies.clear()
        browser.cookies["django_language"] = language
        sign_in(browser, who)
        for path in (
            "/people/",
            "/people/?q=wang&state=active&sort=-name",
            f"/people/{one}/",
            "/organisations/",
            f"/organisations/{place}/",
            "/account/",
            "/account/password/",
        ):
            assert browser.get(path).status_code == 200, path
        assert browser.get("/people/?export=csv").status_code == 200
        assert browser.get("/organisations/?export=xlsx").status_code == 200
    assert browser.get("/people/new/").status_code == 403
