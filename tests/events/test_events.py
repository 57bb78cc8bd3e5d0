"""Events: written with the act, delivered once after it, failures visible; messages and works."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from identity.identity_support import PASSWORD, archive, organisation, person
from zhudang.audit.models import Entry
from zhudang.events import operations, queries, work
from zhudang.events.models import Delivery, Event, Work
from zhudang.identity.domain.roles import Role
from zhudang.identity.rights import SYSTEM
from zhudang.shared.refusals import NotFound

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[operations.Happened]:
    """Two handlers of one kind; the second fails as long as `failing` is in the event's data."""
    seen: list[operations.Happened] = []

    def first(event: operations.Happened) -> None:
        seen.append(event)

    def second(event: operations.Happened) -> None:
        organisation_name = f"made by {event.id}"
        operations.tell(kind=organisation_name[:80], at=event.at, account_id=uuid4())
        if event.data.get("failing"):
            raise ValueError("the cabinet is locked")

    monkeypatch.setitem(operations._HANDLERS, "test.happened", {"first": first, "second": second})
    return seen


def publish(**data: object) -> UUID:
    return operations.publish(kind="test.happened", subject=f"test.thing:{uuid4()}", data=data, at=NOW)


def test_an_event_and_its_jobs_stand_or_fall_with_the_act(heard, run_jobs) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        publish()
        raise RuntimeError
    assert not Event.objects.exists() and run_jobs() == 0


def test_every_handler_gets_the_event_once(heard, run_jobs) -> None:
    event_id = publish(count=3)
    assert heard == []
    assert run_jobs() == 2
    assert [(e.id, e.data) for e in heard] == [(event_id, {"count": 3})]
    assert not operations.deliver_event(event_id=event_id, handler="first", now=NOW)
    assert len(heard) == 1


def test_a_handler_that_fails_leaves_nothing_half_done_and_is_shown(heard, run_jobs) -> None:
    event_id = publish(failing=True)
    assert operations.deliver_event(event_id=event_id, handler="first", now=NOW)
    with pytest.raises(ValueError):
        operations.deliver_event(event_id=event_id, handler="second", now=NOW)
    (failure,) = [queries.failure_row(row) for row in queries.failures()]
    assert (failure.handler, failure.attempts, failure.failure) == ("second", 1, "ValueError: the cabinet is locked")
    assert not queries.Message.objects.exists()
    Event.objects.filter(id=event_id).update(data={})
    operations.deliver_again(Delivery.objects.get(handler="second").id)
    run_jobs()
    assert not queries.failures().exists() and queries.Message.objects.count() == 1


def test_failed_deliveries_are_tried_again_with_growing_pauses() -> None:
    from zhudang.events.jobs import deliver

    strategy = deliver.retry_strategy
    assert strategy and strategy.max_attempts == 12 and strategy.exponential_wait == 2


def test_a_message_reaches_the_organisations_members_by_role_and_nobody_else() -> None:
    one, other = organisation(), organisation()
    clerk, manager = person(Role.PARTY_CLERK, at=one), person(Role.CLIENT_MANAGER, at=one)
    stranger = person(Role.PARTY_CLERK, at=other)
    operations.tell(kind="handover.notice_issued", organisation_id=one, at=NOW, data={"number": "1"})
    operations.tell(kind="handover.only_managers", organisation_id=one, roles=[Role.CLIENT_MANAGER], at=NOW)
    operations.tell(kind="handover.personal", account_id=clerk.account_id, at=NOW)
    assert [queries.unread_count(a) for a in (clerk, manager, stranger)] == [2, 2, 0]


def test_reading_is_personal() -> None:
    one = organisation()
    first, second = person(Role.PARTY_CLERK, at=one), person(Role.PARTY_CLERK, at=one)
    message = operations.tell(kind="handover.notice_issued", organisation_id=one, at=NOW)
    assert operations.mark_read(account_id=first.account_id, message_ids=[message], now=NOW) == 1
    assert operations.mark_read(account_id=first.account_id, message_ids=[message], now=NOW) == 0
    assert queries.unread_count(first) == 0 and queries.unread_count(second) == 1


def start(actor, total: int | None = 100) -> UUID:
    return work.start(kind="content.check_again", subject="test:1", actor=actor, total=total, now=NOW)


def test_rate_and_time_left_are_counted_and_never_guessed() -> None:
    clerk = person(Role.PARTY_CLERK, at=organisation())
    work_id = start(clerk)
    page = queries.work_page(clerk, work_id)
    assert (page.state, page.per_second, page.left) == ("waiting", None, None)
    work.advance(work_id, 0, now=NOW)
    work.advance(work_id, 20, "第 20 件", now=NOW + timedelta(seconds=10))
    page = queries.work_page(clerk, work_id)
    assert (page.done, page.per_second, page.left, page.note) == (20, 2.0, timedelta(seconds=40), "第 20 件")


def test_a_work_ends_once_and_says_how() -> None:
    clerk = person(Role.PARTY_CLERK, at=organisation())
    work_id = start(clerk)
    work.advance(work_id, 100, now=NOW)
    work.finish(work_id, "done", {"link": "/x/", "files": 3}, now=NOW)
    work.finish(work_id, "failed", {"reason": "late"}, now=NOW)
    work.advance(work_id, 5, now=NOW)
    page = queries.work_page(clerk, work_id)
    assert (page.state, page.link, page.done, page.result) == ("done", "/x/", 100, {"files": 3})


def test_its_owner_asks_it_to_stop_and_the_log_keeps_it() -> None:
    clerk = person(Role.PARTY_CLERK, at=organisation())
    work_id = start(clerk)
    assert work.ask_to_cancel(actor=clerk, work_id=work_id, now=NOW)
    assert work.is_cancelled(work_id) and not work.ask_to_cancel(actor=clerk, work_id=work_id, now=NOW)
    assert Entry.objects.get(act="events.work.cancel_asked").actor == clerk.username
    with pytest.raises(work.Cancelled):
        work.advance_or_stop(work_id, 1, now=NOW)


def test_a_work_is_known_to_its_owner_the_organisation_and_for_the_system_to_the_archive() -> None:
    one = organisation()
    clerk, colleague, stranger = (
        person(Role.PARTY_CLERK, at=one),
        person(Role.PARTY_CLERK, at=one),
        person(Role.PARTY_CLERK, at=organisation()),
    )
    keeper = person(Role.KEEPER, at=archive())
    own, systems = start(clerk), start(SYSTEM)
    assert queries.work_page(colleague, own).id == own and queries.work_page(keeper, systems).id == systems
    for reader, work_id in ((stranger, own), (keeper, own), (clerk, systems)):
        with pytest.raises(NotFound):
            queries.work_page(reader, work_id)


def test_the_pages_of_inbox_and_work(client: Client, settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    one = organisation()
    clerk = person(Role.PARTY_CLERK, at=one, username="zhang")
    client.post("/login/", {"username": "zhang", "password": PASSWORD})
    message = operations.tell(kind="test.unknown", organisation_id=one, at=NOW, link="/account/")
    work_id = start(clerk)
    page = client.get("/inbox/").content.decode()
    assert "test.unknown" in page and "未读" in page
    assert client.get(f"/inbox/{message}/").headers["Location"] == "/account/"
    assert "全部标为已读" not in client.get("/inbox/").content.decode()
    shown = client.get(f"/work/{work_id}/").content.decode()
    assert f'hx-get="/work/{work_id}/progress/"' in shown
    client.post(f"/work/{work_id}/cancel/")
    assert Work.objects.get(id=work_id).cancel_asked_at
    work.finish(work_id, "cancelled", now=NOW)
    ended = client.get(f"/work/{work_id}/progress/").content.decode()
    assert "hx-get" not in ended and "已取消" in ended
    assert client.get(f"/work/{uuid4()}/").status_code == 404
    assert client.get("/work/failures/").status_code == 403
