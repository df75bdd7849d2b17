# Sums run in eight lanes and fold in one fixed tree, so that kernel, twin and every compiler agree bit for bit.

cdef inline double fold8(double* acc) noexcept nogil:
    return ((acc[0] + acc[4]) + (acc[2] + acc[6])) + ((acc[1] + acc[5]) + (acc[3] + acc[7]))


cdef inline double dot8(const double* a, const double* b, Py_ssize_t n) noexcept nogil:
    cdef double acc[8]
    cdef Py_ssize_t k, lane
    for lane in range(8):
        acc[lane] = 0.0
    for k in range(0, n - 7, 8):
        for lane in range(8):
            acc[lane] += a[k + lane] * b[k + lane]
    k = n - n % 8
    for lane in range(n - k):
        acc[lane] += a[k + lane] * b[k + lane]
    return fold8(acc)


cdef inline double power_n(double base, long long n) noexcept nogil:
    # base ** n by squaring: multiplications only, so the result does not depend on the C library
    cdef double result = 1.0
    while n > 0:
        if n & 1:
            result *= base
        base *= base
        n >>= 1
    return result


cdef inline double clip(double x, double bound) noexcept nogil:
    if x > bound:
        return bound
    if x < -bound:
        return -bound
    return x
