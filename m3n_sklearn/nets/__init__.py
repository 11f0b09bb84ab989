"""Networks: a configuration (numbers, strings, lists) goes in, a torch module comes out.

Nothing here knows scikit-learn or any file; weights travel as NumPy arrays.
"""

from __future__ import annotations

from ._multi3net import Multi3Net, build_imu_encoder, multi3net_config
from ._weights import get_weights, place_unknown_site, set_weights

__all__ = [
    "Multi3Net",
    "build_imu_encoder",
    "get_weights",
    "multi3net_config",
    "place_unknown_site",
    "set_weights",
]
