"""The supervised process (`python -m zhudang.cli '<plan as JSON>'`); people use `zhudang serve`."""

import sys

from zhudang.cli.supervisor import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
