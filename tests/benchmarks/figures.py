"""What a benchmark hands to another program: `--json FILE` writes its figures by name."""

import argparse
import json
from pathlib import Path


def add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, help="also write the figures into this file")


def write(given: argparse.Namespace, figures: dict[str, float]) -> None:
    if given.json is not None:
        given.json.write_text(json.dumps(figures))
