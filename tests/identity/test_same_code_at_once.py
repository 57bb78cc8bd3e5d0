"""Two people enter one organisation at the same moment."""

from __future__ import annotations

from registry.makers import NOW
from registry.test_two_people import at_once
from zhudang.identity import operations
from zhudang.identity.models import Organisation
from zhudang.identity.rights import SYSTEM


def test_the_same_code_entered_at_once_is_one_organisation_and_one_refusal(committed_db):
    def enter():
        return operations.register_organisation(actor=SYSTEM, name="云溪置业", code="91500241MA5U00003W", now=NOW)

    found = at_once(enter, enter, enter)
    refused = [one for one in found if isinstance(one, operations.CannotRegister)]
    assert [reason.code for one in refused for reason in one.reasons] == ["identity.code_taken"] * 2
    assert Organisation.objects.count() == 1
