# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Efficiencies of equipment and their uncertainty. Twin: _equipment_kernels_py, whose pages hold for these too."""

from libc.math cimport fabs, sqrt

from ovoo_models import _equipment_kernels_py as _twin

cdef enum:
    PUMP = 1
    FAN = 2
    COMPRESSOR = 3
    BOILER = 4
    CHILLER = 5
    EXCHANGER = 6
    MOTOR = 7
    BELT = 8
    MAIN_FAN = 9
    PASTEURISER = 10
    DRYER = 11
    BOILER_DIRECT = 12
    OK = 0
    ABOVE_ONE = 100
    MISSING = 200
    UNDEFINED = 201
    MOST = 8

KINDS = _twin.KINDS
cdef double NAN = float("nan")
cdef double GRAVITY = 9.80665, ZERO_C = 273.15
cdef int[13] COUNT
for _k in range(13):
    COUNT[_k] = KINDS[_k]

cdef struct Pair:
    double value, ratio

cdef struct Found:
    double value, sigma, ratio, ratio_sigma
    unsigned char code


cdef inline double _over(double a, double b) noexcept nogil:
    return a / b if b != 0.0 else NAN


cdef double _ln(double r) noexcept nogil:
    cdef double q, z, w
    if not r > 0.0:
        return NAN
    q = sqrt(sqrt(sqrt(r)))
    z = (q - 1.0) / (q + 1.0)
    w = z * z
    return 16.0 * z * (1.0 + w * (1.0 / 3.0 + w * (1.0 / 5.0 + w * (1.0 / 7.0 + w / 9.0))))


cdef double _mean_difference(double a, double b) noexcept nogil:
    cdef double middle, apart
    if not (a > 0.0 and b > 0.0):
        return NAN
    middle = 0.5 * (a + b)
    apart = a - b
    if fabs(apart) < 1e-3 * middle:
        return middle - apart * apart / (12.0 * middle)
    return apart / _ln(a / b)


cdef Pair _pair(int kind, const double* x) noexcept nogil:
    cdef Pair out
    cdef double a
    if kind == PUMP:
        out.value = _over(x[0] / 3600.0 * ((x[2] - x[1]) + x[4] * GRAVITY * x[3] * 1e-3), x[5] * x[6])
        out.ratio = out.value
    elif kind == FAN:
        out.value = _over(x[0] * x[1] * x[2] * 1e-3, x[3] * x[4])
        out.ratio = out.value
    elif kind == COMPRESSOR:
        a = _over(x[1] * x[2], x[4]) * _over(x[5] + ZERO_C, x[3] + ZERO_C)
        out.value = _over(x[0], a)
        out.ratio = _over(x[4] / 60.0 * _ln(_over(x[6], x[4])), out.value)
    elif kind == BOILER:
        out.value = 1.0 - ((x[1] - x[2]) * (_over(x[3], 21.0 - x[0]) + x[4]) + x[5]) * 0.01
        out.ratio = out.value
    elif kind == CHILLER:
        out.value = _over(x[0] / 3600.0 * x[3] * x[4] * (x[1] - x[2]), x[5])
        out.ratio = out.value * (x[6] - x[2]) / (x[2] + ZERO_C) if x[6] > x[2] else 0.0
    elif kind == EXCHANGER:
        a = x[0] * x[1] * (x[2] - x[3])
        out.value = _over(a, _mean_difference(x[2] - x[5], x[3] - x[4]))
        out.ratio = _over(x[2] - x[3], x[2] - x[4])
    elif kind == MOTOR:
        out.value = _over(x[0] * x[2], x[1])
        out.ratio = x[2]
    elif kind == BELT:
        a = x[1] * GRAVITY * x[3] / 3600.0
        out.value = _over(x[0], x[1] * x[2])
        out.ratio = _over(a, x[0]) if x[3] > 0.0 else 0.0
    elif kind == MAIN_FAN:
        a = _over(x[0], x[2])
        out.value = _over(x[0] * (x[1] + 0.5 * x[3] * a * a) * 1e-3, x[4] * x[5])
        out.ratio = out.value
    elif kind == PASTEURISER:
        out.value = _over(x[1] - x[0], x[2] - x[0])
        out.ratio = out.value
    elif kind == DRYER:
        out.value = _over(x[0] + x[1], _over(x[2] * (x[3] - x[4]), 100.0 - x[4]))
        out.ratio = 0.0
    else:
        out.value = _over(x[0] * (x[1] - x[2]), x[3] * x[4])
        out.ratio = out.value
    return out


cdef int _bounds(const double* x, const double* low, const double* high, int m) noexcept nogil:
    cdef int i
    for i in range(m):
        if x[i] != x[i]:
            return MISSING
    for i in range(m):
        if not (low[i] <= x[i] <= high[i]):
            return 1 + i
    return OK


cdef Found _one(int kind, const double* x, const double* u, const double* low, const double* high,
                double* parts) noexcept nogil:
    cdef int m = COUNT[kind], i
    cdef double[MOST] each
    cdef double total = 0.0, ratio_total = 0.0, half
    cdef Pair here, above, below
    cdef Found out
    out.value = out.sigma = out.ratio = out.ratio_sigma = NAN
    out.code = _bounds(x, low, high, m)
    if out.code:
        return out
    here = _pair(kind, x)
    for i in range(m):
        each[i] = x[i]
    for i in range(m):
        if u[i] == 0.0:
            parts[i] = 0.0
            continue
        each[i] = x[i] + u[i]
        above = _pair(kind, each)
        each[i] = x[i] - u[i]
        below = _pair(kind, each)
        each[i] = x[i]
        parts[i] = 0.5 * (above.value - below.value)
        total += parts[i] * parts[i]
        half = 0.5 * (above.ratio - below.ratio)
        ratio_total += half * half
    out.sigma = sqrt(total)
    out.ratio_sigma = sqrt(ratio_total)
    if not (fabs(here.value) < 1e300 and out.sigma < 1e300 and fabs(here.ratio) < 1e300 and out.ratio_sigma < 1e300):
        out.sigma = out.ratio_sigma = NAN
        out.code = UNDEFINED
        return out
    out.value = here.value
    out.ratio = here.ratio
    if here.ratio - 2.0 * out.ratio_sigma > 1.0:
        out.code = ABOVE_ONE
    return out


def equipment_one(int kind, const double[::1] x, const double[::1] u, const double[::1] low, const double[::1] high,
                  double[::1] parts):
    cdef Found out
    _check(kind, x.shape[0], u.shape[0], low.shape[0], high.shape[0])
    if parts.shape[0] < COUNT[kind]:
        raise ValueError("a buffer is shorter than the inputs")
    out = _one(kind, &x[0], &u[0], &low[0], &high[0], &parts[0])
    return out.value, out.sigma, out.ratio, out.ratio_sigma, out.code


def equipment_rows(int kind, const double[::1] values, Py_ssize_t width, Py_ssize_t n, const int[::1] columns,
                   const double[::1] constants, const double[::1] absolute, const double[::1] relative,
                   const double[::1] low, const double[::1] high, double[::1] out, double[::1] sigma,
                   unsigned char[::1] code, double[::1] parts):
    cdef Py_ssize_t i
    cdef int m, k
    cdef double[MOST] x
    cdef double[MOST] u
    cdef double* row
    cdef Found found
    _check(kind, columns.shape[0], constants.shape[0], absolute.shape[0], relative.shape[0])
    _check(kind, low.shape[0], high.shape[0], low.shape[0], high.shape[0])
    m = COUNT[kind]
    if n < 0 or values.shape[0] < n * width or out.shape[0] < n or sigma.shape[0] < n or code.shape[0] < n \
            or parts.shape[0] < n * m:
        raise ValueError("values or output are shorter than n")
    for k in range(m):
        if columns[k] >= width:
            raise ValueError("a column is outside the row")
    if n == 0:
        return
    with nogil:
        for i in range(n):
            row = &parts[i * m]
            for k in range(m):
                x[k] = constants[k] if columns[k] < 0 else values[i * width + columns[k]]
                u[k] = absolute[k] + relative[k] * fabs(x[k])
                row[k] = NAN
            found = _one(kind, x, u, &low[0], &high[0], row)
            code[i] = found.code
            out[i] = found.value if found.code == OK else NAN
            sigma[i] = found.sigma if found.code == OK else NAN


def _check(int kind, Py_ssize_t a, Py_ssize_t b, Py_ssize_t c, Py_ssize_t d):
    if not 0 < kind < 13:
        raise ValueError("no such kind")
    if min(a, b, c, d) < COUNT[kind]:
        raise ValueError("a buffer is shorter than the inputs")


def loss_rows(const long long[::1] time_ns, Py_ssize_t n, const unsigned char[::1] gate, const double[::1] result,
              const double[::1] sigma, const unsigned char[::1] code, double decay, long long gap_ns, double warm,
              double better, const double[::1] fit, double limit, double[::1] run, long long[::1] at,
              double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state,
              double[::1] trace):
    cdef Py_ssize_t i
    cdef double spread, found
    if n < 0 or min(time_ns.shape[0], gate.shape[0], result.shape[0], sigma.shape[0], code.shape[0]) < n:
        raise ValueError("a column is shorter than n")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0], trace.shape[0] // 2) < n:
        raise ValueError("an output is shorter than n")
    if fit.shape[0] < 2 or run.shape[0] < 2 or at.shape[0] < 1:
        raise ValueError("state is too short")
    with nogil:
        for i in range(n):
            score[i] = limits[i] = measure[i] = trace[2 * i] = trace[2 * i + 1] = NAN
            state[i] = gate[i]
            if gate[i] != 3:
                continue
            state[i] = 0
            if code[i] != OK:
                continue
            if not (0 <= time_ns[i] - at[0] <= gap_ns) or run[1] == 0.0:
                run[0] = result[i]
                run[1] = 0.0
            at[0] = time_ns[i]
            run[0] = decay * run[0] + (1.0 - decay) * result[i]
            run[1] = run[1] + 1.0
            spread = sqrt(sigma[i] * sigma[i] + fit[1] * fit[1])
            if run[1] < warm or not spread > 0.0:
                continue
            found = (fit[0] - run[0]) * better / spread
            if not fabs(found) < 1e300:
                continue
            score[i] = found
            limits[i] = limit
            measure[i] = 100.0 * (found * spread) / fabs(fit[0])
            trace[2 * i] = run[0]
            trace[2 * i + 1] = spread
            state[i] = 3
