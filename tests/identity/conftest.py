"""Signing in is tried hundreds of times here: a cheap digest stands in for Argon2, which has a test of its own."""

import pytest


@pytest.fixture(autouse=True)
def cheap_passwords(request: pytest.FixtureRequest, settings) -> None:
    if "real_passwords" not in request.fixturenames:
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def real_passwords() -> None:
    """Keep the product's own hasher."""
