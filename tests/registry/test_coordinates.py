"""Coordinates as surveyors write them; figures computed with PROJ stand in domain/identifiers.md."""

from __future__ import annotations

import pytest

from zhudang.registry.domain.coordinates import GAUSS_3_MERIDIAN, GAUSS_3_ZONE, LON_LAT, read_position, zone_of


@pytest.mark.parametrize(
    ("system", "easting", "zone"), [(GAUSS_3_MERIDIAN, 597952.961, 36), (GAUSS_3_ZONE, 36597952.961, None)]
)
def test_a_gauss_pair_is_read_as_longitude_and_latitude(system, easting, zone):
    position, reasons = read_position(system, 3148719.385, easting, zone=zone)
    assert reasons == []
    assert (round(position.lon, 7), round(position.lat, 7)) == (109.0, 28.45)


def codes(*args, **kwargs):
    return [reason.code for reason in read_position(*args, **kwargs)[1]]


def test_swapped_axes_are_noticed_in_every_form():
    assert codes(LON_LAT, 28.45, 109.0) == ["registry.axes_swapped"]
    assert codes(GAUSS_3_MERIDIAN, 597952.961, 3148719.385, zone=36) == ["registry.axes_swapped"]


def test_a_zone_that_does_not_fit_the_easting_is_refused():
    assert codes(GAUSS_3_ZONE, 3148719.385, 36597952.961, zone=35) == ["registry.zone_differs"]
    assert codes(GAUSS_3_MERIDIAN, 3148719.385, 597952.961) == ["registry.zone_missing"]
    assert codes(GAUSS_3_MERIDIAN, 3148719.385, 36597952.961, zone=36) == ["registry.easting_implausible"]


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("xian80", "registry.xian80_refused"),
        ("beijing54", "registry.beijing54_refused"),
        ("gcj02", "registry.gcj02_refused"),
    ],
)
def test_older_and_shifted_systems_are_refused_not_guessed(system, code):
    assert codes(system, 3148719.0, 597952.0) == [code]


def test_half_a_coordinate_and_a_far_one_are_refused():
    assert codes(LON_LAT, 109.0, None) == ["registry.half_a_coordinate"]
    assert codes(LON_LAT, 2.35, 48.86) == ["registry.outside_china"]
    assert read_position(LON_LAT, None, None) == (None, [])


def test_the_zone_of_a_longitude_is_the_nearest_third_meridian():
    assert zone_of(109.0) == 36
