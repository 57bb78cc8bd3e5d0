"""Handover's register of a project as the store keeps it: notices, deliveries, reviews, opinions, certificates."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from zhudang.filing import holdings as filing
from zhudang.handover.models import (
    Application,
    Certificate,
    ClockStop,
    Commitment,
    Delivery,
    DeliveryItem,
    Notice,
    NoticeReceipt,
    Opinion,
    RectificationList,
    ReviewItem,
    SampleNote,
    Transfer,
    VolumeCount,
)
from zhudang.shared.holdings import Description, Register, Row, describe_all, restore_all

NOTICE = Register("handover.notice", Notice)
NOTICE_RECEIPT = Register("handover.notice_receipt", NoticeReceipt)
DELIVERY = Register("handover.delivery", Delivery)
DELIVERY_ITEM = Register("handover.delivery_item", DeliveryItem)
APPLICATION = Register("handover.application", Application)
APPLICATION_UNIT_WORK = Register(
    "handover.application_unit_work", Application.unit_works.through, without=frozenset({"id"}), lasting=True
)
CLOCK_STOP = Register("handover.clock_stop", ClockStop)
REVIEW_ITEM = Register("handover.review_item", ReviewItem)
SAMPLE_NOTE = Register("handover.sample_note", SampleNote)
RECTIFICATION = Register("handover.rectification_list", RectificationList)
OPINION = Register("handover.opinion", Opinion)
COMMITMENT = Register("handover.commitment", Commitment)
TRANSFER = Register("handover.transfer", Transfer)
VOLUME_COUNT = Register("handover.volume_count", VolumeCount)
CERTIFICATE = Register("handover.certificate", Certificate)
REGISTERS = (
    NOTICE, NOTICE_RECEIPT, DELIVERY, DELIVERY_ITEM, APPLICATION, APPLICATION_UNIT_WORK, CLOCK_STOP, REVIEW_ITEM,
    SAMPLE_NOTE, RECTIFICATION, OPINION, COMMITMENT, TRANSFER, VOLUME_COUNT, CERTIFICATE,
)  # fmt: skip


def describe(project_id: UUID) -> Description:
    """Describe a project's way into the archive; lines about records that are not in it stay with the backup."""
    kept = filing.RECORD.model.objects.of_project(project_id).filter(state__in=filing.IN_THE_ARCHIVE)
    volumes = kept.values("volume_id")
    applications = Application.objects.filter(project_id=project_id)
    return describe_all(
        (
            (NOTICE, Notice.objects.filter(project_id=project_id)),
            (NOTICE_RECEIPT, NoticeReceipt.objects.filter(notice__project_id=project_id)),
            (DELIVERY, Delivery.objects.filter(project_id=project_id)),
            (DELIVERY_ITEM, DeliveryItem.objects.filter(delivery__project_id=project_id, record__in=kept)),
            (APPLICATION, applications),
            (APPLICATION_UNIT_WORK, _links(applications)),
            (CLOCK_STOP, ClockStop.objects.filter(application__in=applications)),
            (REVIEW_ITEM, _review_items(applications, kept)),
            (SAMPLE_NOTE, SampleNote.objects.filter(application__in=applications)),
            (RECTIFICATION, RectificationList.objects.filter(application__in=applications)),
            (OPINION, Opinion.objects.filter(project_id=project_id)),
            (COMMITMENT, Commitment.objects.filter(project_id=project_id)),
            (TRANSFER, Transfer.objects.filter(project_id=project_id)),
            (VOLUME_COUNT, VolumeCount.objects.filter(transfer__project_id=project_id, volume__in=volumes)),
            (CERTIFICATE, Certificate.objects.filter(project_id=project_id)),
        )
    )


def restore(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring the register of a project back."""
    return restore_all(REGISTERS, described)


def _links(applications: Any) -> Any:
    return APPLICATION_UNIT_WORK.model.objects.filter(application__in=applications)


def _review_items(applications: Any, kept: Any) -> Any:
    items = ReviewItem.objects.filter(application__in=applications)
    return items.filter(record__in=kept) | items.filter(record__isnull=True)
