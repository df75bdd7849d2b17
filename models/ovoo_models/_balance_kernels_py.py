"""Products of readings and factors of small matrices in plain Python: the digits of _balance_kernels.pyx.

Matrices are row-major columns of doubles.
"""

from __future__ import annotations

import math
from array import array

from ovoo_models._lanes_py import dot8

__all__ = ["cholesky", "gram_rows", "inverse_of", "row_products"]


def gram_rows(values: array[float], width: int, n: int, products: array[float]) -> int:
    """Add the products of every two readings of a row, with a last reading of 1, to `products` ((width + 1)^2 cells).

    Rows with a NaN or an infinite reading are left out; the number of the others is given.
    """
    side, used = width + 1, 0
    for i in range(n):
        row = values[i * width : (i + 1) * width]
        if not all(math.isfinite(x) for x in row):
            continue
        used += 1
        for j, x in enumerate(row):
            at = j * side
            for k in range(j + 1):
                products[at + k] = products[at + k] + x * row[k]
            products[width * side + j] = products[width * side + j] + x
        products[width * side + width] = products[width * side + width] + 1.0
    for j in range(side):
        for k in range(j):
            products[k * side + j] = products[j * side + k]
    return used


def cholesky(a: array[float], n: int) -> int:
    """The lower factor of a symmetric matrix in its place; -1, or the row at which it is not positive definite."""
    for i in range(n):
        for j in range(i):
            x = a[i * n + j] - dot8(a, a, j, i * n, j * n)
            a[i * n + j] = x / a[j * n + j]
        x = a[i * n + i] - dot8(a, a, i, i * n, i * n)
        if not x > 0.0:
            return i
        a[i * n + i] = math.sqrt(x)
        for j in range(i + 1, n):
            a[i * n + j] = 0.0
    return -1


def inverse_of(factor: array[float], n: int, work: array[float], out: array[float]) -> None:
    """The inverse of the matrix whose lower factor is given; `work` takes the inverse of the factor, a column a row."""
    for j in range(n):
        for i in range(j):
            work[j * n + i] = 0.0
        work[j * n + j] = 1.0 / factor[j * n + j]
        for i in range(j + 1, n):
            work[j * n + i] = -dot8(factor, work, i - j, i * n + j, j * n + j) / factor[i * n + i]
    for j in range(n):
        for k in range(j, n):
            out[j * n + k] = dot8(work, work, n - k, j * n + k, k * n + k)
            out[k * n + j] = out[j * n + k]


def row_products(a: array[float], b: array[float], rows_a: int, rows_b: int, width: int, out: array[float]) -> None:
    """out = A B': the inner product of every row of `a` with every row of `b`."""
    for i in range(rows_a):
        for j in range(rows_b):
            out[i * rows_b + j] = dot8(a, b, width, i * width, j * width)
