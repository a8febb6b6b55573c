"""Judges of the compiler stand beside their tests."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent)]
