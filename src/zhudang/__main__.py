"""`python -m zhudang …` is the same as `zhudang …`."""

from zhudang.cli.main import run

if __name__ == "__main__":
    run()
