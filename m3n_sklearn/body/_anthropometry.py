"""Body dimensions by sex, as fractions of stature.

All measures are means of the 2012 anthropometric survey of the U.S. Army (ANSUR II: 4082 men,
1986 women, a work of the U.S. government in the public domain), divided by the mean stature of
the same sex. Names are those of the survey.

References
----------
C. C. Gordon et al., "2012 Anthropometric Survey of U.S. Army Personnel: Methods and Summary
Statistics", Technical Report NATICK/TR-15/007, 2014.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["MEAN_STATURE", "SEXES", "measures"]

SEXES = ("neutral", "male", "female")

_MEAN_STATURE_MM = {"male": 1756.2, "female": 1628.5}

# mean over the survey in mm: (male, female)
_MEANS_MM = {
    "acromialheight": (1440.7, 1335.1),
    "acromionradialelength": (335.2, 311.2),
    "anklecircumference": (229.3, 215.7),
    "balloffootlength": (200.9, 182.1),
    "biacromialbreadth": (415.7, 365.3),
    "bicepscircumferenceflexed": (358.1, 305.6),
    "bicristalbreadth": (275.4, 273.3),
    "buttockdepth": (245.8, 232.9),
    "buttockheight": (887.9, 833.7),
    "calfcircumference": (392.3, 373.3),
    "cervicaleheight": (1517.3, 1395.7),
    "chestbreadth": (289.4, 269.3),
    "chestdepth": (253.8, 247.4),
    "chestheight": (1291.1, 1171.6),
    "crotchheight": (845.9, 782.3),
    "footbreadthhorizontal": (101.9, 92.7),
    "footlength": (271.2, 246.3),
    "forearmcircumferenceflexed": (310.1, 264.1),
    "handbreadth": (88.3, 78.2),
    "handcircumference": (212.3, 186.6),
    "handlength": (193.3, 181.1),
    "headbreadth": (154.3, 147.8),
    "headlength": (199.5, 189.8),
    "hipbreadth": (345.7, 353.8),
    "iliocristaleheight": (1061.6, 995.7),
    "lateralfemoralepicondyleheight": (491.7, 465.9),
    "lateralmalleolusheight": (72.9, 62.7),
    "lowerthighcircumference": (409.3, 400.7),
    "neckcircumference": (397.6, 329.8),
    "neckcircumferencebase": (434.6, 371.2),
    "palmlength": (116.5, 108.7),
    "radialestylionlength": (267.9, 241.3),
    "suprasternaleheight": (1438.6, 1329.7),
    "tenthribheight": (1120.7, 1056.3),
    "thighcircumference": (625.1, 616.1),
    "tragiontopofhead": (131.1, 126.5),
    "trochanterionheight": (900.9, 845.4),
    "waistbreadth": (326.4, 299.9),
    "waistdepth": (237.8, 213.0),
    "waistheightomphalion": (1056.5, 980.1),
    "wristcircumference": (175.9, 154.8),
}

MEAN_STATURE: Mapping[str, float] = MappingProxyType(
    {
        "male": _MEAN_STATURE_MM["male"] / 1000,
        "female": _MEAN_STATURE_MM["female"] / 1000,
        "neutral": sum(_MEAN_STATURE_MM.values()) / 2000,
    }
)
"""Mean stature in m."""


def measures(sex: str) -> dict[str, float]:
    """Dimensions as fractions of stature; neutral is the mean of both sexes' fractions."""
    male = {key: mm[0] / _MEAN_STATURE_MM["male"] for key, mm in _MEANS_MM.items()}
    female = {key: mm[1] / _MEAN_STATURE_MM["female"] for key, mm in _MEANS_MM.items()}
    if sex == "neutral":
        return {key: (male[key] + female[key]) / 2 for key in _MEANS_MM}
    return male if sex == "male" else female
