# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Products of readings, factors of small matrices. Twin: _balance_kernels_py, whose pages hold for these too."""

from libc.math cimport sqrt

from ovoo_models._lanes cimport dot8


def gram_rows(const double[::1] values, Py_ssize_t width, Py_ssize_t n, double[::1] products):
    cdef Py_ssize_t i, j, k, used = 0, side = width + 1
    cdef double x
    cdef bint whole
    if width < 1 or values.shape[0] < n * width or products.shape[0] < side * side:
        raise ValueError("values or products are too short")
    with nogil:
        for i in range(n):
            whole = True
            for j in range(width):
                if not (values[i * width + j] - values[i * width + j] == 0.0):
                    whole = False
                    break
            if not whole:
                continue
            used += 1
            for j in range(width):
                x = values[i * width + j]
                for k in range(j + 1):
                    products[j * side + k] = products[j * side + k] + x * values[i * width + k]
                products[width * side + j] = products[width * side + j] + x
            products[width * side + width] = products[width * side + width] + 1.0
        for j in range(side):
            for k in range(j):
                products[k * side + j] = products[j * side + k]
    return used


def cholesky(double[::1] a, Py_ssize_t n):
    cdef Py_ssize_t i, j, failed = -1
    cdef double x
    if n < 1 or a.shape[0] < n * n:
        raise ValueError("the matrix is shorter than n rows")
    with nogil:
        for i in range(n):
            for j in range(i):
                x = a[i * n + j] - dot8(&a[i * n], &a[j * n], j)
                a[i * n + j] = x / a[j * n + j]
            x = a[i * n + i] - dot8(&a[i * n], &a[i * n], i)
            if not (x > 0.0):
                failed = i
                break
            a[i * n + i] = sqrt(x)
            for j in range(i + 1, n):
                a[i * n + j] = 0.0
    return failed


def inverse_of(const double[::1] factor, Py_ssize_t n, double[::1] work, double[::1] out):
    cdef Py_ssize_t i, j, k
    if n < 1 or min(factor.shape[0], work.shape[0], out.shape[0]) < n * n:
        raise ValueError("a matrix is shorter than n rows")
    with nogil:
        for j in range(n):
            for i in range(j):
                work[j * n + i] = 0.0
            work[j * n + j] = 1.0 / factor[j * n + j]
            for i in range(j + 1, n):
                work[j * n + i] = -dot8(&factor[i * n + j], &work[j * n + j], i - j) / factor[i * n + i]
        for j in range(n):
            for k in range(j, n):
                out[j * n + k] = dot8(&work[j * n + k], &work[k * n + k], n - k)
                out[k * n + j] = out[j * n + k]


def row_products(const double[::1] a, const double[::1] b, Py_ssize_t rows_a, Py_ssize_t rows_b, Py_ssize_t width,
                 double[::1] out):
    cdef Py_ssize_t i, j
    if width < 1 or rows_a < 1 or rows_b < 1:
        raise ValueError("a matrix is empty")
    if a.shape[0] < rows_a * width or b.shape[0] < rows_b * width or out.shape[0] < rows_a * rows_b:
        raise ValueError("a matrix is shorter than its rows")
    with nogil:
        for i in range(rows_a):
            for j in range(rows_b):
                out[i * rows_b + j] = dot8(&a[i * width], &b[j * width], width)
