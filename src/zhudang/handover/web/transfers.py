"""Transfers: proposed, counted, received; certificates."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from zhudang.documents.city import letterhead
from zhudang.documents.operations import verify_address, write_day
from zhudang.documents.render import qr_svg
from zhudang.handover import operations, queries, words
from zhudang.handover.web.common import actor_of, identifier, try_act, whole
from zhudang.identity.web.decorators import act_required
from zhudang.shared.refusals import Forbidden, Refusal
from zhudang.shared.web import exports, lists
from zhudang.shared.web import refusal as refusals


@require_safe
@act_required("handover.transfer.read")
def queue(request: HttpRequest) -> HttpResponseBase:
    """The transfers an actor may know of; `?state=`, `?export=`."""
    actor = actor_of(request)
    state = lists.read_state(request, filters=("state",))
    everything = queries.transfers(actor)
    wanted = state.filters.get("state", "")
    rows = [
        row
        for row in everything
        if (not wanted or row.state == wanted) and state.q in f"{row.number}{row.project_name}"
    ]
    if asked := exports.wanted_format(request):
        heads = [
            _("移交号"),
            _("项目"),
            _("建设单位"),
            _("方式"),
            _("状态"),
            _("案卷"),
            _("提出"),
            _("接收"),
            _("凭证号"),
        ]
        lines = [
            (
                row.number, row.project_name, row.client_name, str(words.MODES[row.mode]), str(words.TRANSFER_STATES[row.state]), row.volumes,
                row.proposed_at, row.received_at, row.certificate.number if row.certificate else "",
            )
            for row in rows
        ]  # fmt: skip
        return exports.list_file(asked, _("移交"), heads, lines)
    page = lists.take_page(
        rows,
        state,
        lambda row: (row, words.TRANSFER_STATES[row.state], words.TRANSFER_MARKS[row.state], words.MODES[row.mode]),
    )
    counts = {code: sum(1 for row in everything if row.state == code) for code in words.TRANSFER_STATES}
    context = {
        "page": page, "state": state, "total": len(everything), "awaiting": queries.awaiting_transfer(actor),
        "chips": [(code, word, counts[code], words.TRANSFER_MARKS[code]) for code, word in words.TRANSFER_STATES.items()], "counts": counts,
    }  # fmt: skip
    return render(request, "handover/transfers.html", context)


@require_POST
@act_required("handover.transfer.propose")
def propose(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """POST `handed_by`, `responsible`: hand over what was accepted."""
    try:
        transfer_id = operations.propose_transfer(
            actor=actor_of(request), application_id=application_id, handed_by=request.POST.get("handed_by", ""),
            responsible=request.POST.get("responsible", ""), now=timezone.now(),
        )  # fmt: skip
    except Forbidden:
        raise
    except Refusal as refusal:
        refusals.tell(request, refusal)
        return redirect("handover:application", application_id)
    return redirect("handover:transfer", transfer_id)


@require_safe
@act_required("handover.transfer.read")
def transfer(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """One transfer: volumes as listed and as counted, what was proven since."""
    page = queries.transfer_page(actor_of(request), transfer_id)
    row = page.row
    context = {
        "page": page, "word": words.TRANSFER_STATES[row.state], "mark": words.TRANSFER_MARKS[row.state], "mode": words.MODES[row.mode],
        "next_count": next((count for count in page.counts if not count.done), None),
    }  # fmt: skip
    return render(request, "handover/transfer.html", context)


@require_POST
@act_required("handover.transfer.receive")
def begin(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """POST `revision`: arrange, give codes, lay out the count."""

    def act() -> None:
        operations.begin_receiving(
            actor=actor_of(request),
            transfer_id=transfer_id,
            revision=whole(request.POST.get("revision", "")),
            now=timezone.now(),
        )

    return try_act(request, act, _("案卷已编档号、总登记号，请逐卷清点。"), "handover:transfer", transfer_id)


@require_POST
@act_required("handover.transfer.count")
def count(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """POST `volume`, `records`, `text_pages`, `drawing_sheets`, `photos`, `others`, `stamps_sampled`, `absent` (yes), `note`.

    With `as_listed=yes` the numbers of the catalogue are taken as counted: for one who has just counted and found them so.
    """
    sent = request.POST
    volume_id = identifier(sent.get("volume", ""))
    names = ("records", "text_pages", "drawing_sheets", "photos", "others")
    numbers = {name: whole(sent.get(name, "")) for name in names}
    if sent.get("as_listed") == "yes":
        page = queries.transfer_page(actor_of(request), transfer_id)
        row = next((each for each in page.counts if each.volume.id == volume_id), None)
        if row:
            numbers = dict(zip(names, row.listed, strict=True))

    def act() -> None:
        operations.count_volume(
            actor=actor_of(request), transfer_id=transfer_id, volume_id=volume_id or transfer_id, **numbers,
            stamps_sampled=whole(sent.get("stamps_sampled", "")) or 0, absent=sent.get("absent") == "yes", note=sent.get("note", ""),
            now=timezone.now(),
        )  # fmt: skip

    return try_act(request, act, _("这一卷已清点。"), "handover:transfer", transfer_id)


@require_POST
@act_required("handover.transfer.receive")
def receive(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """POST `revision`: receive what was counted."""

    def act() -> None:
        operations.receive_transfer(
            actor=actor_of(request),
            transfer_id=transfer_id,
            revision=whole(request.POST.get("revision", "")),
            now=timezone.now(),
        )

    return try_act(
        request, act, _("已接收。正在写入各存储地并读回核验，存妥后自动发给凭证。"), "handover:transfer", transfer_id
    )


@require_POST
@act_required("handover.certificate.issue")
def certify(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """POST, no fields: issue the certificate where it was not issued by itself."""

    def act() -> None:
        operations.issue_certificate(actor=actor_of(request), transfer_id=transfer_id, now=timezone.now())

    return try_act(request, act, _("凭证已签发。"), "handover:transfer", transfer_id)


@require_safe
@act_required("handover.certificate.read")
def certificate(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """The certificate as it is printed."""
    page = queries.certificate_page(actor_of(request), certificate_id)
    code = str(page.printed["check_code"])
    context = {
        "page": page, "printed": page.printed, "spaced_code": f"{code[:4]} {code[4:]}", "qr": qr_svg(verify_address(code)),
        "issued_on": write_day(page.printed["issued_at"]), "verify_url": verify_address(),
        "seal_line": letterhead().seal_line,
    }  # fmt: skip
    return render(request, "handover/certificate.html", context)
