"""Fits the models of an asset from its history: the only place that imports numpy and scikit-learn (extra `train`)."""

from __future__ import annotations

from ovoo_models.train.fit import fit, fit_frames
from ovoo_models.train.history import History, frames_of
from ovoo_models.train.parts import Checkpoint
from ovoo_models.train.progress import Progress

__all__ = ["Checkpoint", "History", "Progress", "fit", "fit_frames", "frames_of"]
