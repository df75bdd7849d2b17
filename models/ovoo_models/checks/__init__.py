"""What every detector and estimator promises; plug-ins run the same checks as ours.

`check_detector` and `check_estimator` raise at the first promise that is broken, `report` tells all of them, and
`ovoo-models check` prints that.
"""

from __future__ import annotations

from ovoo_models.checks.detector import CheckFailed, check_detector
from ovoo_models.checks.estimator import PROMISES, Outcome, check_estimator, report
from ovoo_models.checks.rows import normal_rows, odd_rows

__all__ = [
    "PROMISES",
    "CheckFailed",
    "Outcome",
    "check_detector",
    "check_estimator",
    "normal_rows",
    "odd_rows",
    "report",
]
