"""Limits and folders of this context, read from the settings, with defaults a county can live with."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

MIB = 1024 * 1024
GIB = 1024 * MIB


def root() -> Path:
    """The folder of uploads in progress and of stored bytes."""
    return Path(getattr(settings, "CONTENT_ROOT", "") or Path(settings.DATA) / "content")


def derivatives() -> Path:
    """The folder of previews and tiles; may be deleted at any time, they are made again."""
    return Path(getattr(settings, "DERIVATIVES_ROOT", "") or Path(settings.DATA) / "derivatives")


def working_copies() -> Path:
    """The folder of proven whole copies that are shown to people; rebuildable like all derivatives."""
    return derivatives() / "whole"


def largest_upload() -> int:
    """The largest single file taken, in bytes (Tus-Max-Size)."""
    return int(getattr(settings, "UPLOAD_MAX_BYTES", 64 * GIB))


def disk_reserve() -> int:
    """Free bytes that no upload may eat into: the database lives on the same disk in a county."""
    return int(getattr(settings, "DISK_RESERVE_BYTES", GIB))


def upload_days() -> int:
    """How long an unfinished upload is kept after its last byte."""
    return int(getattr(settings, "UPLOAD_KEPT_DAYS", 7))


def network_ceiling() -> int:
    """The highest secrecy level this network may carry."""
    return int(getattr(settings, "NETWORK_CEILING", 1))


def inline_digest_bytes() -> int:
    """Up to this size the answer to the last byte already knows the file; above it a job computes the digests."""
    return int(getattr(settings, "INLINE_DIGEST_BYTES", 32 * MIB))


def stall_seconds() -> float:
    """How long a line may be silent before its request is given up; the upload resumes at what was counted."""
    return float(getattr(settings, "UPLOAD_STALL_SECONDS", 60))
