import tomllib

import pytest

from zhudang.preservation.domain.placing import why_not_place
from zhudang.preservation.domain.policy_data import KINDS, LEVELS, read_policy
from zhudang.preservation.domain.site_facts import Kind, address_of, as_told, facts_of, from_row, read_sites
from zhudang.preservation.policy_file import OURS

PLAIN = {"code": "a", "name": "甲库", "path": "/a"}
FULL = {
    **PLAIN, "kind": "removable", "place": "县档案馆", "province": "500241", "latitude": 28.4, "longitude": 109.0,
    "seismic_zone": "长江中游", "peak_acceleration_g": 0.05, "river_basin": "长江", "power_grid": "华中", "medium": "tape",
    "operator": "本馆", "online": False, "worm": True, "label": "YX-01", "call_in_days": 180, "source": "登记表",
}  # fmt: skip


def test_what_nobody_told_is_unknown_and_nothing_is_assumed():
    facts = facts_of(PLAIN)
    assert facts.kind is Kind.FOLDER
    assert set(facts.unknown) == {
        "place", "province", "seismic_zone", "river_basin", "power_grid", "medium", "operator", "latitude", "longitude",
        "peak_acceleration_g", "worm",
    }  # fmt: skip
    assert as_told(facts) == {}


def test_facts_survive_their_row():
    facts = facts_of(FULL)
    assert facts.unknown == ()
    assert from_row(facts.code, facts.name, facts.kind, as_told(facts)) == facts


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"province": "5"}, "province"), ({"latitude": 91.0, "longitude": 1.0}, "latitude"), ({"latitude": 28.0}, "one without the other"),
        ({"kind": "cloud"}, "kind"), ({"medium": "paper"}, "medium"), ({"worm": True}, "worm"), ({"online": False}, "online"),
        ({"call_in_days": 30}, "call_in_days"), ({"seismik_zone": "x"}, "not a key"), ({"kind": "removable"}, "label"),
        ({"peak_acceleration_g": "0.05"}, "no number"), ({"path": ""}, "path"), ({"place": 3}, "no text"),
    ],
)  # fmt: skip
def test_a_wrong_fact_is_told_by_name(changed, word):
    with pytest.raises(ValueError, match=word):
        facts_of({**PLAIN, **changed})


BUCKET = {
    "code": "s",
    "name": "云上份",
    "kind": "s3",
    "endpoint": "https://s3.example.cn:8443/",
    "bucket": "yx-archive",
}


def test_a_bucket_has_an_address_instead_of_a_path():
    address = address_of({**BUCKET, "prefix": "zhudang/a", "region": "cn-south", "path_style": False})
    assert address
    assert address.text == "https://s3.example.cn:8443/yx-archive/zhudang/a"
    assert (address.key("store/0=ocfl_1.1"), address.region) == ("zhudang/a/store/0=ocfl_1.1", "cn-south")
    facts = facts_of(BUCKET)
    assert (facts.at_ingest, facts.offline) == (False, False)
    assert address_of(PLAIN) is None


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"endpoint": ""}, "endpoint: missing"), ({"bucket": None}, "bucket: missing"), ({"endpoint": "s3.example.cn"}, "no https"),
        ({"endpoint": "http://s3.example.cn"}, "this machine only"), ({"endpoint": "https://a:b@s3.example.cn"}, "credentials"),
        ({"endpoint": "https://s3.example.cn/yx"}, "no https"), ({"bucket": "YX_1"}, "no name"), ({"prefix": "/a/"}, "no prefix"),
        ({"path_style": "yes"}, "path_style"), ({"renew_days": -1}, "renew_days"), ({"retention_days": 0}, "retention_days"), ({"path": "/srv/a"}, "path"), ({"online": False}, "online"), ({"label": "x"}, "label"),
        ({"region": 3}, "no text"),
    ],
)  # fmt: skip
def test_a_wrong_address_is_told_by_name(changed, word):
    with pytest.raises(ValueError, match=word):
        facts_of({**BUCKET, **changed})


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:7480", "http://localhost:9000", "http://[::1]:9000"])
def test_without_tls_only_this_machine_is_asked(endpoint):
    assert facts_of({**BUCKET, "endpoint": endpoint})
    with pytest.raises(ValueError, match="only for a site of kind s3"):
        facts_of({**PLAIN, "bucket": "yx-archive"})


def test_a_class_cannot_go_to_buckets_alone():
    reasons = why_not_place(read_policy(ours()).classes[0], [facts_of(BUCKET)])
    assert [reason.code for reason in reasons] == ["preservation.place_offline_only"]


def test_all_faults_of_all_places_come_at_once():
    with pytest.raises(ValueError, match="site b") as told:
        read_sites([{**PLAIN, "province": "x"}, {**PLAIN, "code": "b", "kind": "x"}, PLAIN, PLAIN])
    assert "site a" in str(told.value)
    assert "named twice" in str(told.value)


def test_two_sets_cannot_bear_one_label():
    with pytest.raises(ValueError, match="on two sets"):
        read_sites([FULL, {**FULL, "code": "b"}])


def ours() -> dict:
    return tomllib.loads(OURS.read_text(encoding="utf-8"))


def test_our_policy_has_a_class_for_every_holding_and_a_source_for_every_value():
    policy = read_policy(ours())
    assert {policy.class_of(kind, level).code for kind in KINDS for level in LEVELS} == {
        "open",
        "internal",
        "classified",
    }
    assert all(source for source, _doubt in policy.sources.values())
    need = policy.classes[0]
    assert (need.copies, need.media, need.apart_km, need.apart_by, need.offline) == (3, 2, 300.0, ("seismic_zone",), 1)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda data: data["class"].pop(), "no class for"),
        (lambda data: data["class"][0].update(copies=-1), "copies is no count"),
        (lambda data: data["class"][0].update(copies=0), "copies must be one"),
        (lambda data: data["class"][0].pop("source"), "source missing"),
        (lambda data: data["class"][1].update(code="open"), "named twice"),
        (lambda data: data["class"][1].update(kinds=["box"]), "kinds are of"),
        (lambda data: data["apart"].update(by=["weather"]), "by: no list"),
        (lambda data: data.pop("apart"), r"\[apart\]: missing"),
        (lambda data: data["call_in"].update(days="x"), "no number of days"),
        (lambda data: data.pop("edition"), "edition: missing"),
        (lambda data: data.pop("class"), "none"),
    ],
)
def test_a_policy_that_says_too_little_is_refused(change, word):
    data = ours()
    change(data)
    with pytest.raises(ValueError, match=word):
        read_policy(data)
