"""Networks: a configuration (numbers, strings, lists) goes in, a torch module comes out.

Nothing here knows scikit-learn or any file; weights travel as NumPy arrays.
"""

from __future__ import annotations

from ._encoders import ConvImuEncoder as ConvImuEncoder
from ._multi3net import Multi3Net as Multi3Net
from ._multi3net import get_weights as get_weights
from ._multi3net import multi3net_config as multi3net_config
from ._multi3net import place_unknown_site as place_unknown_site
from ._multi3net import set_weights as set_weights
from ._recognizers import ImuClassifier as ImuClassifier
from ._recognizers import build_classifier as build_classifier

__all__ = []
