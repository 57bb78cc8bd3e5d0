"""The product's own application, with one project in place of the registry, for tests that need a real server."""

import os
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from zhudang.content import places  # noqa: E402 - needs the applications ready

_PROJECT, _CLIENT, _PARTY = (UUID(each) for each in os.environ["LIVE_PLACE"].split(","))
places.register(
    lambda project, unit: places.Place(_PROJECT, _CLIENT, frozenset({_PARTY})) if project == _PROJECT else None
)
