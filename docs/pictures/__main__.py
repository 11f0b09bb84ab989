"""Draw the pictures that are named, or all."""

from __future__ import annotations

import importlib
import sys

ALL = (
    "chain",
    "cutting",
    "strategies",
    "ensemble",
    "hmm_path",
    "allan",
    "body_sensors",
    "corpus_balance",
)

for name in sys.argv[1:] or ALL:
    importlib.import_module(f"docs.pictures.{name}").main()
    print(name)
