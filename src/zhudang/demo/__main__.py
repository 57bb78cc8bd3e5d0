"""`python -m zhudang.demo load [URL] | accounts | smoke '{"url": …}'`, called by `zhudang demo`."""

import json
import os
import sys


def main(arguments: list[str]) -> int:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
    django.setup()
    command = arguments[0] if arguments else ""
    if command == "load":
        from zhudang.demo import loader

        if not loader.is_loaded():
            print("· 装载演示城云溪县 / loading the demo city …", flush=True)
            loader.load()
        if len(arguments) > 1:
            from zhudang.demo import people

            print(f"\n  筑档演示城 / the demo city:  {arguments[1]}\n\n{people.accounts_text()}", flush=True)
        return 0
    if command == "accounts":
        from zhudang.demo import people

        print(people.accounts_text())
        return 0
    if command == "smoke":
        from zhudang.demo import smoke

        return smoke.walk(**json.loads(arguments[1]))
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
