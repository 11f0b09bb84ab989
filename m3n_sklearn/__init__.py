"""Human activity recognition from a wrist IMU when labels are scarce."""

from __future__ import annotations

__version__ = "0.1.0"
