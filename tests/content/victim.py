"""A process made to be killed: receives or checks files until its end. `victim.py receive|check CLERK PROJECT CLIENT PARTY`."""

import os
import sys
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")

import django

django.setup()

from django.utils import timezone  # noqa: E402 - needs the applications ready

from zhudang.content import checking, operations  # noqa: E402
from zhudang.content.models import CheckRequest  # noqa: E402
from zhudang.content.places import Place  # noqa: E402
from zhudang.identity.domain.roles import Role  # noqa: E402
from zhudang.identity.rights import Actor, Affiliation  # noqa: E402

task = sys.argv[1]
clerk, project, client, party = (UUID(each) for each in sys.argv[2:6])
actor = Actor(
    account_id=clerk,
    username="clerk",
    memberships=(Affiliation(party, "", Role.PARTY_CLERK),),
    clearance=1,
    authenticated=True,
)
print("ready", flush=True)
if task == "receive":
    operations.BATCH_FILES = 20
    items = (operations.Incoming(f"{n}.txt", data=os.urandom(200)) for n in range(100_000))
    operations.receive_many(
        actor=actor, items=items, place=Place(project, client, frozenset({party})), now=timezone.now()
    )
else:
    checking.BATCH_FILES = 10
    checking.check_waiting(list(CheckRequest.objects.values_list("file_id", flat=True)))
