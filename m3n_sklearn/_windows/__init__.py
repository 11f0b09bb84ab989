"""Windows, the multi-modal X, and what becomes one."""

from ._columns import MODALITIES as MODALITIES
from ._convert import as_windows
from ._convert import refuse_ragged as refuse_ragged
from ._windows import Windows
from ._windows import check_finite as check_finite
from ._windows import tell as tell
from ._windows import told as told

__all__ = ["Windows", "as_windows"]
