"""Detectors of abnormal signals: multivariate and single."""
