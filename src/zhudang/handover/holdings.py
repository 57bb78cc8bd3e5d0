"""Handover's register of a project as the store keeps it: notices, deliveries, reviews, opinions, certificates."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db.models import Q

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
    kept = Q(record__state__in=filing.IN_THE_ARCHIVE, record__withdrawn_at__isnull=True)
    volumes = filing.volumes_in_the_archive(project_id)
    applications = set(Application.objects.filter(project_id=project_id).values_list("id", flat=True))
    return describe_all(
        (
            (NOTICE, Notice.objects.filter(project_id=project_id)),
            (NOTICE_RECEIPT, NoticeReceipt.objects.filter(notice__project_id=project_id)),
            (DELIVERY, Delivery.objects.filter(project_id=project_id)),
            (DELIVERY_ITEM, DeliveryItem.objects.filter(kept, delivery__project_id=project_id)),
            (APPLICATION, Application.objects.filter(id__in=applications)),
            (APPLICATION_UNIT_WORK, APPLICATION_UNIT_WORK.model.objects.filter(application_id__in=applications)),
            (CLOCK_STOP, ClockStop.objects.filter(application_id__in=applications)),
            (REVIEW_ITEM, ReviewItem.objects.filter(kept | Q(record__isnull=True), application_id__in=applications)),
            (SAMPLE_NOTE, SampleNote.objects.filter(application_id__in=applications)),
            (RECTIFICATION, RectificationList.objects.filter(application_id__in=applications)),
            (OPINION, Opinion.objects.filter(project_id=project_id)),
            (COMMITMENT, Commitment.objects.filter(project_id=project_id)),
            (TRANSFER, Transfer.objects.filter(project_id=project_id)),
            (VOLUME_COUNT, VolumeCount.objects.filter(transfer__project_id=project_id, volume_id__in=volumes)),
            (CERTIFICATE, Certificate.objects.filter(project_id=project_id)),
        )
    )


def restore(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring the register of a project back."""
    return restore_all(REGISTERS, described)
