"""The map: rights before counting, exact rectangles, a base that is replaced as a whole."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from registry.makers import NOW, actor_of, make_client, make_project, make_unit
from zhudang.atlas import operations, queries
from zhudang.atlas.domain.geometry import Box, draw_point, load, morton_of, read_box, read_geojson
from zhudang.atlas.models import Feature
from zhudang.events.operations import publish
from zhudang.identity.domain.roles import Role
from zhudang.identity.rights import ANONYMOUS, SYSTEM
from zhudang.registry import operations as registry

TOWN = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "properties": {"layer": "boundary", "name": "云溪县城"},
         "geometry": {"type": "Polygon", "coordinates": [[[108.98, 28.42], [109.05, 28.42], [109.05, 28.47], [108.98, 28.47], [108.98, 28.42]]]}},
        {"type": "Feature", "properties": {"layer": "road", "name": "滨河路", "grade": 2},
         "geometry": {"type": "LineString", "coordinates": [[108.99, 28.43], [109.04, 28.46]]}},
    ],
}  # fmt: skip


@given(st.floats(73, 135), st.floats(3, 54))
def test_a_point_survives_its_row(lon, lat):
    drawn = draw_point(lon, lat)
    assert (load(drawn.wkb).x, load(drawn.wkb).y) == (lon, lat)
    assert drawn.box == Box(lon, lat, lon, lat)
    assert 0 <= drawn.morton < 1 << 53


def test_neighbours_lie_near_each_other_on_the_curve():
    here = morton_of(109.0, 28.45)
    assert abs(morton_of(109.00001, 28.45001) - here) < abs(morton_of(109.3, 28.9) - here)


@pytest.mark.parametrize("text", ["", "1,2,3", "a,b,c,d", "109,28,108,29", "0,0,999,1", "nan,0,1,1"])
def test_what_is_no_rectangle_is_told(text):
    assert read_box(text) is None


def test_a_geometry_that_crosses_itself_or_lies_elsewhere_is_refused():
    bow = {"type": "Polygon", "coordinates": [[[109, 28], [110, 29], [110, 28], [109, 29], [109, 28]]]}
    assert [r.code for r in read_geojson(bow)[1]] == ["atlas.geometry_crosses_itself"]
    assert [r.code for r in read_geojson({"type": "Point", "coordinates": [2.3, 48.8]})[1]] == [
        "registry.outside_china"
    ]
    assert [r.code for r in read_geojson({"type": "Pint"})[1]] == ["atlas.geometry_unread"]


@pytest.mark.django_db
class TestMap:
    def test_a_project_with_a_place_is_drawn_and_follows_its_registration(self):
        project = make_project(client_id=make_client(), lon=109.0, lat=28.45)
        assert operations.index_project(project, now=NOW)
        registry.describe_project(actor=SYSTEM, project_id=project, now=NOW, lon=109.01, lat=28.46)
        operations.index_project(project, now=NOW)
        feature = Feature.objects.get()
        assert (feature.box.west, feature.box.south) == (109.01, 28.46)
        registry.describe_project(actor=SYSTEM, project_id=project, now=NOW, lon=None, lat=None)
        assert not operations.index_project(project, now=NOW)
        assert not Feature.objects.exists()

    def test_the_events_of_the_registry_reach_the_map(self, run_jobs):
        project = make_project(client_id=make_client(), lon=109.0, lat=28.45)
        structure = registry.register_structure(
            actor=SYSTEM, name="云溪大桥", kind="bridge", lon=109.006, lat=28.44, now=NOW
        )
        run_jobs()
        assert set(Feature.objects.values_list("project_id", "structure_id")) == {(project, None), (None, structure)}

    def test_after_a_rebuild_from_the_store_everything_is_drawn_again(self, run_jobs):
        make_project(client_id=make_client(), lon=109.0, lat=28.45)
        run_jobs()
        Feature.objects.all().delete()
        publish(kind="preservation.rebuilt", subject="preservation.store:all", data={}, at=NOW)
        run_jobs()
        assert Feature.objects.count() == 1

    def test_what_may_not_be_known_is_in_no_feature_list_count_or_extent(self):
        client, other = make_client(), make_client("别家")
        own = make_project(client_id=client, lon=109.0, lat=28.45)
        make_project(client_id=other, lon=109.1, lat=28.5, code="2403-990241-48-01-000002", name="别家的楼")
        make_project(client_id=client, lon=109.2, lat=28.5, code="2403-990241-48-01-000003", name="秘密", level=2)
        operations.index_all(now=NOW)
        clerk = actor_of(Role.CLIENT_CLERK, client)
        drawn = queries.things_in(clerk, None)["features"]
        assert [feature["properties"]["subject"] for feature in drawn] == [str(own)]
        assert queries.count_places(clerk).total == 1
        assert queries.extent(clerk).east == 109.0
        assert queries.things_in(ANONYMOUS, None)["features"] == []
        assert queries.extent(ANONYMOUS) is None

    def test_a_pipeline_is_shown_to_no_stranger_even_when_its_project_is_open(self):
        client = make_client()
        pipe = make_project(client_id=client, lon=109.0, lat=28.45, kind="pipeline", level=0)
        road = make_project(
            client_id=client, lon=109.0, lat=28.45, kind="road", level=0, code="2403-990241-48-01-000002"
        )
        for project in (pipe, road):
            registry.classify_project(actor=SYSTEM, project_id=project, level=0, is_open=True, now=NOW)
        operations.index_all(now=NOW)
        seen = [feature["properties"]["subject"] for feature in queries.things_in(ANONYMOUS, None)["features"]]
        assert seen == [str(road)]

    def test_a_structure_is_known_to_the_parties_of_its_works(self):
        client = make_client()
        structure = registry.register_structure(
            actor=SYSTEM, name="综合楼", kind="building", lon=109.0, lat=28.45, now=NOW
        )
        operations.index_all(now=NOW)
        clerk = actor_of(Role.CLIENT_CLERK, client)
        assert queries.count_places(clerk).total == 0
        make_unit(make_project(client_id=client), structure_id=structure)
        assert queries.count_places(clerk).by_layer == {"structure": 1}

    def test_a_rectangle_is_tested_exactly_not_only_by_boxes(self):
        operations.load_base_map(collection=TOWN, source="云溪县城", now=NOW)
        beside = Box(109.03, 28.431, 109.035, 28.433)
        names = [f["properties"]["name"] for f in queries.base_in(SYSTEM, beside, layers=["road"])["features"]]
        assert Feature.objects.filter(layer="road", box__overlaps=beside).count() == 1
        assert names == []

    def test_the_base_is_replaced_as_a_whole_or_not_at_all(self):
        assert operations.load_base_map(collection=TOWN, source="云溪县城", now=NOW) == 2
        assert operations.load_base_map(collection=TOWN, source="云溪县城", now=NOW) == 2
        assert Feature.objects.count() == 2
        broken = {"features": [*TOWN["features"], {"properties": {"layer": "moon"}}, {"properties": {"layer": "road"}}]}
        with pytest.raises(operations.CannotLoad) as refused:
            operations.load_base_map(collection=broken, source="云溪县城", now=NOW)
        assert [reason.data["number"] for reason in refused.value.reasons] == [3, 4]
        assert Feature.objects.count() == 2

    def test_the_index_answers_rectangles(self):
        operations.load_base_map(collection=TOWN, source="云溪县城", now=NOW)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("EXPLAIN SELECT id FROM atlas_feature WHERE box && '((109,28.4),(109.1,28.5))'::box")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "atlas_feature_box" in plan

    def test_coordinates_are_written_to_a_tenth_of_a_metre(self):
        make_project(client_id=make_client(), lon=109.123456789, lat=28.45)
        operations.index_all(now=NOW)
        found = queries.things_in(SYSTEM, None)
        assert json.loads(json.dumps(found))["features"][0]["geometry"]["coordinates"] == [109.123457, 28.45]
