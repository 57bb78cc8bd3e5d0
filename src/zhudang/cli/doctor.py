"""`zhudang doctor`: examine the installation, part by part; exit 1 when something is ill."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from zhudang.shared.both_languages import in_both

LOW_DISK_SHARE = 0.05
LOW_DISK_BYTES = 5 * 1024**3


@dataclass(frozen=True)
class Result:
    """One part examined. verdict: well | attention | ill | absent (not installed, and said so)."""

    part: str
    verdict: str
    said: str


def run() -> int:
    """Print one line a part; 0 when nothing is ill."""
    signs = {"well": "✓", "attention": "!", "ill": "✗", "absent": "–"}
    worst = 0
    for examine in (
        disk,
        clock,
        fonts,
        database,
        guards,
        log_tail,
        worker,
        clamav,
        archives,
        calendar,
        sites,
        buckets,
        rounds,
        copies,
        holding_keys,
        disposals,
    ):
        for result in _safely(examine):
            print(f"{signs[result.verdict]} {result.part:<22} {result.said}")
            worst = max(worst, int(result.verdict == "ill"))
    return worst


def _safely(examine: Callable[[], Iterator[Result]]) -> Iterator[Result]:
    try:
        yield from examine()
    except Exception as error:  # an examination that fails is itself a finding
        yield Result(
            examine.__name__, "ill", f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        )


def disk() -> Iterator[Result]:
    places = {"数据 data": settings.DATA} | {f"存储地 site {site['code']}": Path(site["path"]) for site in _at_hand()}
    for name, path in places.items():
        existing = path
        while not existing.exists():
            existing = existing.parent
        usage = shutil.disk_usage(existing)
        low = usage.free < LOW_DISK_BYTES or usage.free < LOW_DISK_SHARE * usage.total
        yield Result(
            f"磁盘 {name}",
            "attention" if low else "well",
            f"{usage.free / 1024**3:.1f} GiB 可用 free, 共 of {usage.total / 1024**3:.1f}",
        )


def _at_hand() -> list[dict[str, Any]]:
    """The folders that are always there: at a removable set's path may be nothing, or somebody else's disk."""
    return [site for site in settings.SITES if (site.get("kind") or "folder") == "folder"]


def clock() -> Iterator[Result]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        apart = abs(float(cursor.fetchone()[0]) - time.time())
    yield Result(
        "时钟 clock",
        "well" if apart < 2 else "ill",
        f"与数据库相差 apart from the database by {apart:.2f} s; {timezone.localtime():%Y-%m-%d %H:%M %Z}",
    )
    newest = Path(__file__).stat().st_mtime
    if time.time() < newest - 86400:
        yield Result("时钟 clock", "ill", "早于程序文件的日期 / the clock is before the date of the program itself")


def fonts() -> Iterator[Result]:
    from zhudang.documents import render

    found = sorted(path.name for path in Path(render.__file__).with_name("fonts").glob("*.ttf"))
    yield Result(
        "字体 fonts",
        "well" if found else "ill",
        f"{len(found)} 个 TTF" if found else "缺少中文字体；运行 ./dev setup / no Chinese fonts",
    )


def database() -> Iterator[Result]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_user, pg_database_size(current_database())")
        version, user, size = cursor.fetchone()
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        superuser = cursor.fetchone()[0]
    yield Result(
        "数据库 database",
        "ill" if superuser else "well",
        f"PostgreSQL {version}, {user}, {size / 1024**2:.0f} MiB"
        + ("，应用以超级用户连接 / connects as superuser" if superuser else ""),
    )
    if int(str(version).split(".")[0]) < 15:
        yield Result("数据库 database", "ill", "需要 15 以上 / 15 or newer is needed")


def log_tail() -> Iterator[Result]:
    """Whether what is written to the log is sealed: until then it can be taken away without a trace."""
    from zhudang.audit import queries
    from zhudang.audit.verification import SLOW_SEALING

    waiting, since = queries.tail()
    if since and timezone.now() - since > SLOW_SEALING:
        said = f"{waiting} 条自 {timezone.localtime(since):%Y-%m-%d %H:%M} 没有封存，后台没有运行，或有人占着锁 entries not sealed since then"
        yield Result("日志待封 log tail", "ill", said)
    else:
        yield Result("日志待封 log tail", "well", f"{waiting} 条 entries")


def guards() -> Iterator[Result]:
    """Whether the database still refuses what it must: rights of our own role, and triggers nobody took away or switched off."""
    from zhudang.audit import grants as audit
    from zhudang.preservation import grants as preservation

    added = [*audit.APPEND_ONLY, *preservation.APPEND_ONLY]
    forbidden = [(table, right) for table in added for right in ("UPDATE", "DELETE", "TRUNCATE")]
    forbidden += [(table, right) for table in preservation.NEVER_DELETED for right in ("DELETE", "TRUNCATE")]
    wanted = {f"{table}_{what}" for table in audit.APPEND_ONLY for what in ("no_change", "no_truncate")}
    wanted |= {*preservation.TRIGGERS}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')")
        lacking = wanted - {name for (name,) in cursor.fetchall()}
        cursor.execute(
            "SELECT t, r FROM unnest(%s::text[], %s::text[]) AS x(t, r) WHERE has_table_privilege(current_user, t, r)",
            [[table for table, _ in forbidden], [right for _, right in forbidden]],
        )
        allowed = [f"{right} {table}" for table, right in cursor.fetchall()]
    part = "数据库把关 guards"
    if wrong := [*sorted(lacking), *allowed]:
        said = f"少了触发器或多了权限，有人动过 triggers lacking, or rights too many: {', '.join(wrong[:8])}"
        yield Result(part, "ill", said)
    else:
        yield Result(
            part, "well", f"{len(wanted)} 个触发器在 triggers there, 日志与名册不可改 log and lists cannot be changed"
        )


def worker() -> Iterator[Result]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'"
        )
        alive = cursor.fetchone()[0]
        cursor.execute(
            "SELECT count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'failed') FROM procrastinate_jobs"
        )
        waiting, failed = cursor.fetchone()
    yield Result(
        "后台 worker",
        "well" if alive else "attention",
        f"{alive} 个在运行 running, {waiting} 件等待 waiting, {failed} 件失败 failed",
    )


def clamav() -> Iterator[Result]:
    from zhudang.checks.malware import Scanner

    address = settings.CHECKS.clamd
    if not address:
        yield Result(
            "查毒 ClamAV",
            "absent",
            "未设置 ZHUDANG_CLAMD；病毒项一律记为未检测 / not configured: malware stays «not checked»",
        )
        return
    yield Result("查毒 ClamAV", "well", Scanner(address).version())


def archives() -> Iterator[Result]:
    from zhudang.checks import rarlib
    from zhudang.checks.rules import NOT_CHECKED

    version = rarlib.version()
    if version:
        yield Result("压缩包 RAR", "well", f"libarchive {version}")
    else:
        yield Result("压缩包 RAR", "absent", " / ".join(NOT_CHECKED["no_rar_reader"]))


def calendar() -> Iterator[Result]:
    from zhudang.registry import queries

    year = timezone.localdate().year
    for wanted in (year, year + 1):
        published = queries.calendar_year_published(wanted)
        verdict = "well" if published else "attention"
        yield Result(
            f"日历 calendar {wanted}",
            verdict,
            "节假日已载入 / holidays loaded"
            if published
            else "节假日未公布，按周一至周五计 / not yet published: weekdays count",
        )


def sites() -> Iterator[Result]:
    from zhudang.preservation import words
    from zhudang.preservation.sites import another_there, places

    astray = {place.code: another_there(place) for place in places() if place.carries}
    lost = {place.code for place in places() if place.root is None}
    for site in _at_hand():
        folder = Path(site["path"])
        if site["code"] in astray:
            yield Result(
                f"存储地 site {site['code']}", "ill", in_both(partial(words.sentence, astray[site["code"]]), " / ")
            )
            continue
        if site["code"] in lost:
            said = f"{site['name']}：{folder} 里没有保存库（未挂载或已丢失），或与另一处是同一个文件夹 / no store there (not mounted, or lost), or another site's folder"
            yield Result(f"存储地 site {site['code']}", "ill", said)
            continue
        try:
            probe = folder / ".doctor"
            probe.write_bytes(b"x")
            probe.unlink()
            yield Result(f"存储地 site {site['code']}", "well", f"{site['name']}：可写 writable")
        except OSError as error:
            yield Result(f"存储地 site {site['code']}", "ill", f"{site['name']}：{error.strerror}")
    devices = {Path(site["path"]).stat().st_dev for site in _at_hand() if Path(site["path"]).exists()}
    if len(_at_hand()) > 1 and len(devices) < 2:
        yield Result(
            "存储地 sites",
            "attention",
            "两处在同一块盘上，只防误删，不防盘坏 / on one disk: guards against slips, not against its loss",
        )


def buckets() -> Iterator[Result]:
    """Whether every bucket answers, keeps us from deleting (tried), has credentials of its own, and lags nowhere."""
    from zhudang.preservation import far_copies, policy_words, site_queries, words
    from zhudang.preservation.bucket import credentials
    from zhudang.preservation.bucket.client import BucketFull, BucketUnreachable
    from zhudang.preservation.sites import meet, places

    now, known = timezone.now(), {}
    for place in (place for place in places(now) if place.facts.kind == "s3"):
        part = f"对象存储 {place.code}"
        try:
            known[place.code] = credentials.read(place.code).access_key
        except credentials.CredentialsUnusable as refusal:
            yield Result(part, "ill", in_both(partial(words.sentence, refusal.reasons[0]), " / "))
            continue
        met = meet(place, now)
        if met.bucket is None or not met.reached:
            (row,) = [row for row in site_queries.site_rows(now) if row.code == place.code]
            yield Result(part, "ill", f"{place.address}：连不上，或不让读写 no answer: {row.contact.get('problem')}")
            continue
        try:
            proof = far_copies.prove_deletion(met, met.bucket, now)
        except (BucketUnreachable, BucketFull) as trouble:
            yield Result(part, "ill", f"{place.name}：写不进去 cannot be written to: {trouble}")
        else:
            verdict = "well" if proof.nothing_lost else "attention"
            promise = in_both(partial(policy_words.promise, place.facts, proof), " / ")
            yield Result(part, verdict, f"{place.name}：{promise}")
            if policy_words.otherwise(proof):
                said = in_both(partial(policy_words.all_otherwise, proof), " / ")
                yield Result(part, "attention", said)
        yield from retention(met, now)
        (row,) = [row for row in site_queries.site_rows(now) if row.code == place.code]
        if row.overdue(now):
            yield Result(part, "attention", "太久没有补齐 / has lacked something for too long")
    shared = sorted(code for code, key in known.items() if list(known.values()).count(key) > 1)
    if shared:
        yield Result(
            "对象存储", "attention", f"凭据相同，一把钥匙开几处 / one key opens several sites: {', '.join(shared)}"
        )


def retention(place: Any, now: datetime) -> Iterator[Result]:
    """Until when a bucket keeps from everybody what it holds, and its witness of the log, where it does."""
    from zhudang.preservation import policy_words, retention

    for kept in retention.standings(place, now):
        told = in_both(partial(policy_words.retention, kept), " / ")
        yield Result(f"对象存储 {place.code}", "attention" if kept.is_open else "well", told)


def rounds() -> Iterator[Result]:
    """Whether the continuous audit keeps up at every place."""
    from zhudang.preservation import site_queries

    for site in site_queries.site_rows(timezone.now()):
        if site.facts.offline:
            continue
        late = site.copies - site.round.in_time
        part = f"轮流核验 {site.code}"
        if not site.round.keeps_up:
            said = "按设定的速度和时段读不过来 / too slow, or too few hours: see read_megabytes_per_second, read_hours"
            yield Result(part, "attention", said)
        elif late:
            yield Result(part, "attention", f"{late} 份超过 {site.round.rhythm.days} 天没有读过 / not read in time")
        elif site.copies:
            yield Result(part, "well", f"{site.copies} 份都在 {site.round.rhythm.days} 天内读过 / all read in time")


def versions() -> Iterator[Result]:
    """Which objects will soon be succeeded for their many versions, which were, and whether those name their successors."""
    from zhudang.preservation import keeping
    from zhudang.preservation.domain.batching import NEARLY_FULL
    from zhudang.preservation.models import ArchivalObject

    most, part = keeping.limits().versions, "对象版本 versions"
    near = ArchivalObject.objects.filter(newest=True, version__gte=most - NEARLY_FULL).count()
    if near:
        said = (
            f"{near} 个对象接近 {most} 版，写满时自动建后续对象 / will be continued by a successor of their own accord"
        )
        yield Result(part, "well", said)
    older = ArchivalObject.objects.filter(newest=False)
    if open_ended := older.filter(successor=None).count():
        said = f"{open_ended} 个对象还没有写明已建的后续对象，下次入库时再写 / do not name their successor yet"
        yield Result(part, "attention", said)
    elif succeeded := older.count():
        yield Result(part, "well", f"{succeeded} 个对象已由后续对象接续 / were continued by a successor")


def copies() -> Iterator[Result]:
    """Whether every holding class has the copies it needs, and which removable sets are due to be called in."""
    from zhudang.identity.rights import SYSTEM
    from zhudang.preservation import compliance, site_queries
    from zhudang.preservation.domain.placing import Shown

    on = compliance.ground(timezone.now(), timezone.localdate())
    for row in compliance.class_rows(SYSTEM, on):
        part = f"副本要求 {row.need.code}"
        counts = ", ".join(f"{number} {shown}" for shown, number in sorted(row.counts.items()) if number)
        if not row.holdings:
            yield Result(part, "absent", "没有馆藏 no holdings")
            continue
        if row.shown in {Shown.UNKNOWN, Shown.NOT_MET, Shown.OVERDUE}:
            wrong = [each.requirement for each in row.requirements if each.shown not in {Shown.MET, Shown.PLANNED}]
            yield Result(part, "attention", f"{', '.join(wrong)}（{counts}）；/preservation/policy/")
        elif row.shown is Shown.PLANNED and row.plan:
            yield Result(part, "attention", f"按计划补救，至 being remedied, until {row.plan.until}（{counts}）")
        else:
            yield Result(part, "well", f"达到 met（{counts}）")
    for site in site_queries.site_rows(timezone.now()):
        if site.facts.offline:
            verdict = "attention" if site.overdue(timezone.now()) else "well"
            said = "接在机器上 connected" if site.reachable else "离线 offline"
            yield Result(f"离线份 {site.code}", verdict, f"{said}，下次调回 next call-in {site.next_call_in:%Y-%m-%d}")


def disposals() -> Iterator[Result]:
    """Whether what counts as destroyed is as the log says, and where bytes are still owed or an execution halted."""
    from zhudang.preservation.disposal import checking, queries
    from zhudang.preservation.disposal.models import DisposalCase

    if forged := list(checking.check()):
        codes = ", ".join(sorted({finding.code for finding in forged}))
        yield Result("鉴定销毁 disposal", "ill", f"{len(forged)} 处与日志不符 not as logged: {codes}; zhudang verify")
    for case in DisposalCase.objects.filter(state="executing").exclude(halted_because={}):
        yield Result(f"鉴定销毁 {case.number}", "attention", "执行停着 the execution halted: /preservation/disposal/")
    for owed in queries.owed():
        said = f"{owed.place}：{owed.volumes} 卷待销毁 volumes still held since {owed.since:%Y-%m-%d}, due {owed.due}"
        if owed.bucket:
            left = "没看清 not seen" if owed.left is None else f"{owed.left} 项 keys left"
            said += f"；{left}，zhudang site owed --site {owed.place.removeprefix('site:')}"
        yield Result(f"鉴定销毁 {owed.number}", "ill" if owed.overdue else "attention", said)


def holding_keys() -> Iterator[Result]:
    """Whether encrypted holdings can be opened, and will be when the working key is lost."""
    from zhudang.preservation import words
    from zhudang.preservation.keys.standing import standing

    told = standing(timezone.now())
    for reason in told.reasons:
        yield Result("密钥 keys", "ill", in_both(partial(words.sentence, reason), " / "))
    if told.register is None:
        if not told.reasons:
            yield Result("密钥 keys", "attention", "没有恢复密钥，不加密 / no recovery key: zhudang keys ceremony")
        return
    if told.unfinished:
        yield Result("密钥 keys", "attention", "轮换没有做完 / a rotation is unfinished: zhudang keys rotate")
    if told.trial_due:
        said = f"份额自 {told.last_trial:%Y-%m-%d} 没有试过 / shares not tried since: zhudang keys recover --trial"
        yield Result("密钥 keys", "attention", said)
    if told.exposed:
        said = f"{told.exposed} 个该加密的对象含明文（以前存的）/ kept before, hold plain bytes"
        yield Result("密钥 keys", "attention", said)
    for place in told.places:
        if place.state in {"stale", "lacking", "changed", "missing"}:
            yield Result(
                f"密钥 keys {place.code}",
                "ill" if place.state in {"changed", "missing"} else "attention",
                in_both(partial(words.KEY_PLACES.__getitem__, place.state), " / "),
            )
    if not (told.reasons or told.unfinished or told.trial_due):
        split = told.register.recovery
        yield Result("密钥 keys", "well", f"恢复密钥 recovery key {split.needed}/{len(split.holders)}")
