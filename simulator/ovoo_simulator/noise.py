"""Random numbers that are pure functions of (key, time): the same whether asked one by one or a million at once.

A stateful generator would make the live second and the batch differ, and two assets depend on each other's order.
The hash is the finaliser of SplitMix64 (Steele, Lea, Flood 2014), vectorised over unsigned 64-bit arrays.
"""

from __future__ import annotations

import functools
import hashlib
import math

import numpy as np

from ovoo_simulator.arrays import FloatArray, IntArray, Uint64Array

__all__ = ["key_of", "mix64", "normal", "smooth", "uniform"]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_SHORT = np.uint64(0xFFFF)
_UNIT = 2.0**-53
_NORMAL_SCALE = math.sqrt(12.0 / 8.0) / 65536.0
_NORMAL_MEAN = 8 * 65535 / 2.0


@functools.lru_cache(maxsize=65536)
def key_of(*parts: str | int) -> int:
    """A 64-bit key from names and numbers; different parts give unrelated keys."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def mix64(values: Uint64Array) -> Uint64Array:
    """The SplitMix64 finaliser: a bijection of 64-bit words whose output bits look independent."""
    mixed = values + _STEP
    mixed ^= mixed >> np.uint64(30)
    mixed *= _FIRST
    mixed ^= mixed >> np.uint64(27)
    mixed *= _SECOND
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _words(key: int, ticks: IntArray, lane: int) -> Uint64Array:
    salted = np.uint64((key + lane * int(_STEP)) & 0xFFFFFFFFFFFFFFFF)
    return mix64(mix64(np.ascontiguousarray(ticks, dtype=np.int64).view(np.uint64)) ^ salted)


def uniform(key: int, ticks: IntArray) -> FloatArray:
    """Independent numbers in [0, 1), one for each tick."""
    return (_words(key, ticks, 0) >> np.uint64(11)).astype(np.float64) * _UNIT


def normal(key: int, ticks: IntArray) -> FloatArray:
    """Independent numbers of mean 0 and variance 1 within +-4.9, one for each tick.

    The sum of eight 16-bit uniforms (Irwin-Hall): integer arithmetic, so equal on every machine and for every
    array length; bounded as a real sensor's noise is.
    """
    total = np.zeros(np.shape(ticks), dtype=np.uint64)
    for lane in (1, 2):
        words = _words(key, ticks, lane)
        for shift in (0, 16, 32, 48):
            total += (words >> np.uint64(shift)) & _SHORT
    result: FloatArray = (total.astype(np.float64) - _NORMAL_MEAN) * _NORMAL_SCALE
    return result


def smooth(key: int, seconds: FloatArray, period_s: float) -> FloatArray:
    """A slow random process of mean 0 and variance 1 that changes over about `period_s` seconds, > 0.

    Normal numbers stand on a lattice of `period_s`; between them a smooth step, rescaled so that the variance stays 1.
    """
    position = seconds / period_s
    index = np.floor(position)
    part = position - index
    weight = part * part * (3.0 - 2.0 * part)
    lattice = index.astype(np.int64)
    blend = (1.0 - weight) * normal(key, lattice) + weight * normal(key, lattice + 1)
    return blend / np.sqrt((1.0 - weight) ** 2 + weight**2)
