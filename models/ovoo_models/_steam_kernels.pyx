# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Water and steam by IAPWS-IF97, regions 1 to 4. Twin: _steam_kernels_py, whose pages hold for these too."""

from libc.math cimport fabs, log, sqrt

from ovoo_models import _if97_tables as tables

cdef enum:
    X_ORIGIN = 10
    X_ROOM = 44
    Y_ORIGIN = 46
    Y_ROOM = 106
    TERMS = 44
    POWERS = 12

cdef double NAN = float("nan")
cdef double R = 0.461526
cdef double T_LEAST = 273.15, T_MOST = 1073.15, T_13 = 623.15, T_CRITICAL = 647.096
cdef double T_FROM = 270.0, T_TO = 1080.0
cdef double P_MOST = 100.0, P_CRITICAL = 22.064, RHO_CRITICAL = 322.0
cdef double LOG_3 = tables.LOG_3
cdef double[10] S
cdef double[5] B
cdef double[5] BC
cdef double[4] AB

cdef struct Terms:
    int count, low_x, high_x, low_y, high_y
    int[TERMS] i
    int[TERMS] j
    double[TERMS] n
    double[TERMS] x
    double[TERMS] xx
    double[TERMS] y
    double[TERMS] yy
    double[TERMS] xy

cdef struct Pair:
    double first, second

cdef struct Four:
    double a, b, c, d

cdef struct Slopes:
    double p, p_rho, p_t, h, h_rho, h_t

cdef struct Isotherm:
    double[POWERS] first
    double[POWERS] second

cdef struct Found:
    int region
    double t

cdef Terms ONE, TWO, IDEAL, THREE, T1, T2A, T2B, T2C, T3A, T3B, V3A, V3B


cdef void _fill(Terms* out, rows) except *:
    cdef int k, i, j
    cdef double n
    out.count = (len(rows[0]) + 3) // 4 * 4
    out.low_x, out.high_x = min(0, *rows[0]), max(rows[0])
    out.low_y, out.high_y = min(0, *rows[1]), max(rows[1])
    if len(rows[0]) > TERMS or out.high_x >= X_ROOM - X_ORIGIN or out.high_y >= Y_ROOM - Y_ORIGIN:
        raise ValueError("more terms than room")
    for k in range(out.count):
        i, j, n = (rows[0][k], rows[1][k], rows[2][k]) if k < len(rows[0]) else (0, 0, 0.0)
        out.i[k], out.j[k], out.n[k] = i, j, n
        out.x[k], out.xx[k] = n * i, n * i * (i - 1)
        out.y[k], out.yy[k] = n * j, n * j * (j - 1)
        out.xy[k] = n * i * j


_fill(&ONE, tables.REGION_1)
_fill(&TWO, tables.REGION_2)
_fill(&IDEAL, tables.IDEAL_2)
_fill(&THREE, tables.REGION_3)
_fill(&T1, tables.T1_PH)
_fill(&T2A, tables.T2A_PH)
_fill(&T2B, tables.T2B_PH)
_fill(&T2C, tables.T2C_PH)
_fill(&T3A, tables.T3A_PH)
_fill(&T3B, tables.T3B_PH)
_fill(&V3A, tables.V3A_PH)
_fill(&V3B, tables.V3B_PH)
for _k in range(10):
    S[_k] = tables.SATURATION[_k]
for _k in range(5):
    B[_k] = tables.BOUNDARY_23[_k]
    BC[_k] = tables.BOUNDARY_2BC[_k]
for _k in range(4):
    AB[_k] = tables.BOUNDARY_3AB[_k]


cdef inline void _powers(double base, int low, int high, double* out) noexcept nogil:
    """base^low to base^high around out[0]; the two below low = 0 are zero."""
    cdef int k
    out[-2] = 0.0
    out[-1] = 0.0
    out[0] = 1.0
    out[1] = base
    for k in range(2, high + 1):
        out[k] = out[k >> 1] * out[k - (k >> 1)]
    if low < 0:
        out[-1] = 1.0 / base
        for k in range(2, 1 - low):
            out[-k] = out[-(k >> 1)] * out[(k >> 1) - k]


cdef inline void _xs(const Terms* terms, double base, double* out) noexcept nogil:
    _powers(base, terms.low_x, terms.high_x, out + X_ORIGIN)


cdef inline void _ys(const Terms* terms, double base, double* out) noexcept nogil:
    _powers(base, terms.low_y - 2 if terms.low_y < 0 else 0, terms.high_y, out + Y_ORIGIN)


cdef inline double _total(const Terms* terms, const double* factor, const double* x, const double* y,
                          int dx, int dy) noexcept nogil:
    """Sum of factor x^(I - dx) y^(J - dy)."""
    cdef double a = 0.0, b = 0.0, c = 0.0, d = 0.0
    cdef const double* at_x = x + (X_ORIGIN - dx)
    cdef const double* at_y = y + (Y_ORIGIN - dy)
    cdef const int* i = terms.i
    cdef const int* j = terms.j
    cdef int k
    for k in range(0, terms.count, 4):
        a += factor[k] * at_x[i[k]] * at_y[j[k]]
        b += factor[k + 1] * at_x[i[k + 1]] * at_y[j[k + 1]]
        c += factor[k + 2] * at_x[i[k + 2]] * at_y[j[k + 2]]
        d += factor[k + 3] * at_x[i[k + 3]] * at_y[j[k + 3]]
    return (a + b) + (c + d)


cdef double _psat(double t) noexcept nogil:
    cdef double u = t + S[8] / (t - S[9])
    cdef double a = (u + S[0]) * u + S[1], b = (S[2] * u + S[3]) * u + S[4], c = (S[5] * u + S[6]) * u + S[7]
    cdef double root = 2.0 * c / (-b + sqrt(b * b - 4.0 * a * c))
    root = root * root
    return root * root


cdef double _tsat(double p) noexcept nogil:
    cdef double u = sqrt(sqrt(p))
    cdef double e = (u + S[2]) * u + S[5], f = (S[0] * u + S[3]) * u + S[6], g = (S[1] * u + S[4]) * u + S[7]
    cdef double d = 2.0 * g / (-f - sqrt(f * f - 4.0 * e * g))
    cdef double half = S[9] + d
    return (half - sqrt(half * half - 4.0 * (S[8] + S[9] * d))) * 0.5


cdef double P_LEAST = _psat(T_LEAST)
cdef double P_13 = _psat(T_13)


cdef inline double _p23(double t) noexcept nogil:
    return (B[2] * t + B[1]) * t + B[0]


cdef inline double _t23(double p) noexcept nogil:
    return B[3] + sqrt((p - B[4]) / B[2])


cdef int _region_pt(double p, double t) noexcept nogil:
    if not (0.0 < p <= P_MOST and T_LEAST <= t <= T_MOST):
        return 0
    if t <= T_13:
        return 1 if p > P_13 or p >= _psat(t) else 2
    return 3 if p > P_13 and t < 863.15 and p > _p23(t) else 2


cdef double _h_1(double p, double t) noexcept nogil:
    cdef double[X_ROOM] x
    cdef double[Y_ROOM] y
    _xs(&ONE, 7.1 - p / 16.53, x)
    _ys(&ONE, 1386.0 / t - 1.222, y)
    return R * 1386.0 * _total(&ONE, ONE.y, x, y, 0, 1)


cdef double _h_2(double p, double t) noexcept nogil:
    cdef double[X_ROOM] x
    cdef double[X_ROOM] o
    cdef double[Y_ROOM] y
    cdef double[Y_ROOM] z
    cdef double tau = 540.0 / t
    _xs(&TWO, p, x)
    _ys(&TWO, tau - 0.5, y)
    _xs(&IDEAL, 1.0, o)
    _ys(&IDEAL, tau, z)
    return R * 540.0 * (_total(&IDEAL, IDEAL.y, o, z, 0, 1) + _total(&TWO, TWO.y, x, y, 0, 1))


cdef Pair _h_cp_1(double p, double t) noexcept nogil:
    cdef double[X_ROOM] x
    cdef double[Y_ROOM] y
    cdef double tau = 1386.0 / t
    cdef Pair out
    _xs(&ONE, 7.1 - p / 16.53, x)
    _ys(&ONE, tau - 1.222, y)
    out.first = R * 1386.0 * _total(&ONE, ONE.y, x, y, 0, 1)
    out.second = -R * (tau * tau * _total(&ONE, ONE.yy, x, y, 0, 2))
    return out


cdef Pair _h_cp_2(double p, double t) noexcept nogil:
    cdef double[X_ROOM] x
    cdef double[X_ROOM] o
    cdef double[Y_ROOM] y
    cdef double[Y_ROOM] z
    cdef double tau = 540.0 / t
    cdef Pair out
    _xs(&TWO, p, x)
    _ys(&TWO, tau - 0.5, y)
    _xs(&IDEAL, 1.0, o)
    _ys(&IDEAL, tau, z)
    out.first = R * 540.0 * (_total(&IDEAL, IDEAL.y, o, z, 0, 1) + _total(&TWO, TWO.y, x, y, 0, 1))
    out.second = -R * (tau * tau * (_total(&IDEAL, IDEAL.yy, o, z, 0, 2) + _total(&TWO, TWO.yy, x, y, 0, 2)))
    return out


cdef Four _state_1(double p, double t) noexcept nogil:
    cdef double[X_ROOM] x
    cdef double[Y_ROOM] y
    cdef double tau = 1386.0 / t
    cdef Pair heat = _h_cp_1(p, t)
    cdef Four out
    _xs(&ONE, 7.1 - p / 16.53, x)
    _ys(&ONE, tau - 1.222, y)
    out.a = -(R * t * _total(&ONE, ONE.x, x, y, 1, 0) / 16.53) * 1e-3
    out.b = heat.first
    out.c = R * (tau * _total(&ONE, ONE.y, x, y, 0, 1) - _total(&ONE, ONE.n, x, y, 0, 0))
    out.d = heat.second
    return out


cdef Four _state_2(double p, double t) noexcept nogil:
    cdef double[X_ROOM] x
    cdef double[X_ROOM] o
    cdef double[Y_ROOM] y
    cdef double[Y_ROOM] z
    cdef double tau = 540.0 / t, slope, rest
    cdef Pair heat = _h_cp_2(p, t)
    cdef Four out
    _xs(&TWO, p, x)
    _ys(&TWO, tau - 0.5, y)
    _xs(&IDEAL, 1.0, o)
    _ys(&IDEAL, tau, z)
    out.a = R * t * (1.0 / p + _total(&TWO, TWO.x, x, y, 1, 0)) * 1e-3
    out.b = heat.first
    slope = _total(&IDEAL, IDEAL.y, o, z, 0, 1) + _total(&TWO, TWO.y, x, y, 0, 1)
    rest = log(p) + _total(&IDEAL, IDEAL.n, o, z, 0, 0) + _total(&TWO, TWO.n, x, y, 0, 0)
    out.c = R * (tau * slope - rest)
    out.d = heat.second
    return out


cdef Isotherm _isotherm_3(double t) noexcept nogil:
    cdef double[Y_ROOM] y
    cdef double power
    cdef Isotherm out
    cdef int k, i
    _ys(&THREE, T_CRITICAL / t, y)
    for i in range(POWERS):
        out.first[i] = 0.0
        out.second[i] = 0.0
    for k in range(THREE.count):
        i = THREE.i[k]
        power = y[Y_ORIGIN + THREE.j[k]]
        out.first[i] += THREE.x[k] * power
        out.second[i] += THREE.xx[k] * power
    return out


cdef Pair _pressure_3(double rho, double t, const Isotherm* isotherm) noexcept nogil:
    cdef double delta = rho / RHO_CRITICAL, d = 0.0, dd = 0.0
    cdef Pair out
    cdef int i
    for i in range(POWERS - 1, -1, -1):
        d = d * delta + isotherm.first[i]
        dd = dd * delta + isotherm.second[i]
    d += LOG_3
    out.first = rho * R * t * d * 1e-3
    out.second = R * t * (2.0 * d + (dd - LOG_3)) * 1e-3
    return out


cdef Slopes _slopes_3(double rho, double t) noexcept nogil:
    cdef double[X_ROOM] x
    cdef double[Y_ROOM] y
    cdef double delta = rho / RHO_CRITICAL, tau = T_CRITICAL / t, d, dd, u, uu, du
    cdef Slopes out
    _xs(&THREE, delta, x)
    _ys(&THREE, tau, y)
    d = LOG_3 + delta * _total(&THREE, THREE.x, x, y, 1, 0)
    dd = delta * delta * _total(&THREE, THREE.xx, x, y, 2, 0) - LOG_3
    u = tau * _total(&THREE, THREE.y, x, y, 0, 1)
    uu = tau * tau * _total(&THREE, THREE.yy, x, y, 0, 2)
    du = delta * tau * _total(&THREE, THREE.xy, x, y, 1, 1)
    out.p = rho * R * t * d * 1e-3
    out.p_rho = R * t * (2.0 * d + dd) * 1e-3
    out.p_t = rho * R * (d - du) * 1e-3
    out.h = R * t * (u + d)
    out.h_rho = R * t / rho * (du + d + dd)
    out.h_t = R * (d - uu - du)
    return out


cdef Four _density_state(double rho, double t) noexcept nogil:
    cdef double[X_ROOM] x
    cdef double[Y_ROOM] y
    cdef double delta = rho / RHO_CRITICAL, tau = T_CRITICAL / t, rest, cv
    cdef Slopes s = _slopes_3(rho, t)
    cdef Four out
    _xs(&THREE, delta, x)
    _ys(&THREE, tau, y)
    rest = LOG_3 * log(delta) + _total(&THREE, THREE.n, x, y, 0, 0)
    cv = -R * (tau * tau * _total(&THREE, THREE.yy, x, y, 0, 2))
    out.a = s.p
    out.b = s.h
    out.c = R * (tau * _total(&THREE, THREE.y, x, y, 0, 1) - rest)
    out.d = cv + 1e3 * t * s.p_t * s.p_t / (rho * rho * s.p_rho)
    return out


cdef double _density(double p, double t, bint liquid, Pair ends, const Isotherm* isotherm) noexcept nogil:
    cdef double low = 290.0 if liquid else 60.0, high = 800.0 if liquid else 350.0
    cdef double rho = ends.second if liquid else ends.first, after
    cdef Pair found
    cdef int k
    if t >= T_CRITICAL:
        low = 60.0
        high = 800.0
    for k in range(100):
        found = _pressure_3(rho, t, isotherm)
        if found.first > p:
            high = rho
        else:
            low = rho
        after = rho - (found.first - p) / found.second
        if not (found.second > 0.0 and low <= after <= high):
            after = 0.5 * (low + high)
        if fabs(after - rho) <= 1e-10 * rho:
            return after
        rho = after
    return rho


cdef Pair _ends(double p, double t) noexcept nogil:
    cdef double dense = 595.0 + 6.0 * (p - 16.5)
    cdef Pair out
    out.first = p / (R * t) * 1e3
    out.second = dense if dense < 780.0 else 780.0
    return out


cdef double _density_pt(double p, double t) noexcept nogil:
    cdef Pair ends = _ends(p, t), edge
    cdef Isotherm isotherm = _isotherm_3(t)
    cdef double near
    if t < T_CRITICAL:
        return _density(p, t, p >= _psat(t), ends, &isotherm)
    edge = _pressure_3(RHO_CRITICAL, t, &isotherm)
    near = RHO_CRITICAL + (p - edge.first) / edge.second if edge.second > 0.0 else NAN
    if near > ends.first:
        ends.first = near
    if near < ends.second:
        ends.second = near
    return _density(p, t, p >= edge.first, ends, &isotherm)


cdef Four _state(double p, double t) noexcept nogil:
    cdef int region = _region_pt(p, t)
    cdef double rho
    cdef Four out
    if region == 1:
        return _state_1(p, t)
    if region == 2:
        return _state_2(p, t)
    if region == 3:
        rho = _density_pt(p, t)
        out = _density_state(rho, t)
        out.a = 1.0 / rho
        return out
    out.a = out.b = out.c = out.d = NAN
    return out


cdef double _hpt(double p, double t) noexcept nogil:
    cdef int region = _region_pt(p, t)
    if region == 1:
        return _h_1(p, t)
    if region == 2:
        return _h_2(p, t)
    return _slopes_3(_density_pt(p, t), t).h if region == 3 else NAN


cdef double _plain(const Terms* terms, double at_x, double at_y) noexcept nogil:
    cdef double[X_ROOM] x
    cdef double[Y_ROOM] y
    _xs(terms, at_x, x)
    _ys(terms, at_y, y)
    return _total(terms, terms.n, x, y, 0, 0)


cdef inline double _h3ab(double p) noexcept nogil:
    return ((AB[3] * p + AB[2]) * p + AB[1]) * p + AB[0]


cdef double _start_ph(int region, double p, double h) noexcept nogil:
    if region == 1:
        return _plain(&T1, p, h / 2500.0 + 1.0)
    if region == 3:
        if h <= _h3ab(p):
            return 760.0 * _plain(&T3A, p / 100.0 + 0.24, h / 2300.0 - 0.615)
        return 860.0 * _plain(&T3B, p / 100.0 + 0.298, h / 2800.0 - 0.72)
    if p <= 4.0:
        return _plain(&T2A, p, h / 2000.0 - 2.1)
    if p <= 6.546699678 or h >= BC[3] + sqrt((p - BC[4]) / BC[2]):
        return _plain(&T2B, p - 2.0, h / 2000.0 - 2.6)
    return _plain(&T2C, p + 25.0, h / 2000.0 - 1.8)


cdef double _start_volume(double p, double h) noexcept nogil:
    if h <= _h3ab(p):
        return 0.0028 * _plain(&V3A, p / 100.0 + 0.128, h / 2100.0 - 0.727)
    return 0.0088 * _plain(&V3B, p / 100.0 + 0.0661, h / 2800.0 - 0.72)


cdef double _polished(int region, double p, double h, double t) noexcept nogil:
    cdef Pair found = _h_cp_1(p, t) if region == 1 else _h_cp_2(p, t)
    cdef double step = (h - found.first) / found.second
    cdef int k
    t += step
    for k in range(8):
        if not (fabs(step) > 1e-5 and T_FROM - 20.0 < t < T_TO + 20.0):
            break
        step = (h - (_h_1(p, t) if region == 1 else _h_2(p, t))) / found.second
        t += step
    return t


cdef double _polished_3(double p, double h) noexcept nogil:
    cdef double rho = 1.0 / _start_volume(p, h), t = _start_ph(3, p, h), over, d_rho, d_t
    cdef Slopes s
    cdef int k
    for k in range(30):
        s = _slopes_3(rho, t)
        over = s.p_rho * s.h_t - s.p_t * s.h_rho
        d_rho = ((p - s.p) * s.h_t - (h - s.h) * s.p_t) / over
        d_t = ((h - s.h) * s.p_rho - (p - s.p) * s.h_rho) / over
        rho = rho + d_rho
        t = t + d_t
        if fabs(d_t) <= 1e-7 and fabs(d_rho) <= 1e-8 * rho:
            break
    return t


cdef Pair _saturated_h(double p, double t) noexcept nogil:
    cdef Pair out
    cdef Isotherm isotherm
    if p <= P_13:
        out.first = _h_1(p, t)
        out.second = _h_2(p, t)
    else:
        isotherm = _isotherm_3(t)
        out.first = _slopes_3(_density(p, t, True, _ends(p, t), &isotherm), t).h
        out.second = _slopes_3(_density(p, t, False, _ends(p, t), &isotherm), t).h
    return out


cdef Found _low_ph(double p, double h) noexcept nogil:
    cdef Found out
    cdef double t_sat = _tsat(p) if p >= P_LEAST else 0.0
    out.region = 4
    out.t = t_sat
    if t_sat != 0.0 and 1675.0 < h < 2500.0:
        return out
    if t_sat != 0.0 and h <= 1675.0:
        out.t = _start_ph(1, p, h)
        if not out.t >= T_FROM:
            out.region = 0
            out.t = NAN
            return out
        if out.t <= t_sat + 0.5:
            out.t = _polished(1, p, h, out.t)
        if out.t > t_sat:
            out.t = t_sat
        else:
            out.region = 1
        return out
    if t_sat != 0.0 and h < 2805.0 and h < _h_2(p, t_sat):
        return out
    out.region = 2
    out.t = _start_ph(2, p, h)
    out.t = _polished(2, p, h, out.t) if T_FROM <= out.t <= T_TO else NAN
    return out


cdef Found _high_ph(double p, double h) noexcept nogil:
    cdef Found out
    cdef Pair edges
    if h < 1500.0 or h <= _h_1(p, T_13):
        out.region = 1
        out.t = _start_ph(1, p, h)
        out.t = _polished(1, p, h, out.t) if out.t >= T_FROM else NAN
        return out
    if h > 3000.0 or h >= _h_2(p, _t23(p)):
        out.region = 2
        out.t = _start_ph(2, p, h)
        out.t = _polished(2, p, h, out.t) if out.t <= T_TO else NAN
        return out
    if p < P_CRITICAL and 1600.0 < h < 2600.0:
        out.t = _tsat(p)
        edges = _saturated_h(p, out.t)
        if edges.first <= h <= edges.second:
            out.region = 4
            return out
    out.region = 3
    out.t = _polished_3(p, h)
    return out


cdef Found _solve_ph(double p, double h) noexcept nogil:
    cdef Found out
    out.region = 0
    out.t = NAN
    if not (0.0 < p <= P_MOST and -10.0 < h < 5000.0):
        return out
    out = _low_ph(p, h) if p <= P_13 else _high_ph(p, h)
    if not (T_LEAST - 1e-6 <= out.t <= T_MOST + 1e-6):
        out.region = 0
        out.t = NAN
    return out


cdef double _xph(double p, double h) noexcept nogil:
    cdef int region = _solve_ph(p, h).region
    cdef Pair edges
    cdef double share
    if region == 0 or p >= P_CRITICAL or p < P_LEAST:
        return NAN
    if region == 1:
        return 0.0
    if region == 2:
        return 1.0
    edges = _saturated_h(p, _tsat(p))
    share = (h - edges.first) / (edges.second - edges.first)
    return 0.0 if share < 0.0 else 1.0 if share > 1.0 else share


def psat(double t):
    return _psat(t) if T_LEAST <= t <= T_CRITICAL else NAN


def tsat(double p):
    return _tsat(p) if P_LEAST <= p <= P_CRITICAL else NAN


def region_pt(double p, double t):
    return _region_pt(p, t)


def region_ph(double p, double h):
    return _solve_ph(p, h).region


def hpt(double p, double t):
    return _hpt(p, t)


def tph(double p, double h):
    return _solve_ph(p, h).t


def xph(double p, double h):
    return _xph(p, h)


def start_ph(int region, double p, double h):
    return _start_ph(region, p, h)


def start_volume(double p, double h):
    return _start_volume(p, h)


def density_state(double rho, double t):
    cdef Four out = _density_state(rho, t)
    return out.a, out.b, out.c, out.d


def state(double p, double t):
    cdef Four out = _state(p, t)
    return out.a, out.b, out.c, out.d


def saturated(double p):
    cdef Four wet, dry
    cdef Isotherm isotherm
    cdef double t, rho
    if not (P_LEAST <= p <= P_CRITICAL):
        return (NAN,) * 7
    t = _tsat(p)
    if p <= P_13:
        wet = _state_1(p, t)
        dry = _state_2(p, t)
    else:
        isotherm = _isotherm_3(t)
        rho = _density(p, t, True, _ends(p, t), &isotherm)
        wet = _density_state(rho, t)
        wet.a = 1.0 / rho
        rho = _density(p, t, False, _ends(p, t), &isotherm)
        dry = _density_state(rho, t)
        dry.a = 1.0 / rho
    return t, wet.a, wet.b, wet.c, dry.a, dry.b, dry.c


def hpt_rows(const double[::1] p, const double[::1] t, Py_ssize_t n, double[::1] out):
    cdef Py_ssize_t i
    _check(n, p.shape[0], t.shape[0], out.shape[0])
    with nogil:
        for i in range(n):
            out[i] = _hpt(p[i], t[i])


def tph_rows(const double[::1] p, const double[::1] h, Py_ssize_t n, double[::1] out):
    cdef Py_ssize_t i
    _check(n, p.shape[0], h.shape[0], out.shape[0])
    with nogil:
        for i in range(n):
            out[i] = _solve_ph(p[i], h[i]).t


def xph_rows(const double[::1] p, const double[::1] h, Py_ssize_t n, double[::1] out):
    cdef Py_ssize_t i
    _check(n, p.shape[0], h.shape[0], out.shape[0])
    with nogil:
        for i in range(n):
            out[i] = _xph(p[i], h[i])


def psat_rows(const double[::1] t, Py_ssize_t n, double[::1] out):
    cdef Py_ssize_t i
    _check(n, t.shape[0], t.shape[0], out.shape[0])
    with nogil:
        for i in range(n):
            out[i] = _psat(t[i]) if T_LEAST <= t[i] <= T_CRITICAL else NAN


def tsat_rows(const double[::1] p, Py_ssize_t n, double[::1] out):
    cdef Py_ssize_t i
    _check(n, p.shape[0], p.shape[0], out.shape[0])
    with nogil:
        for i in range(n):
            out[i] = _tsat(p[i]) if P_LEAST <= p[i] <= P_CRITICAL else NAN


def state_rows(const double[::1] p, const double[::1] t, Py_ssize_t n, double[::1] out):
    cdef Py_ssize_t i
    cdef Four row
    _check(n, p.shape[0], t.shape[0], out.shape[0] // 4)
    with nogil:
        for i in range(n):
            row = _state(p[i], t[i])
            out[4 * i] = row.a
            out[4 * i + 1] = row.b
            out[4 * i + 2] = row.c
            out[4 * i + 3] = row.d


def _check(Py_ssize_t n, Py_ssize_t first, Py_ssize_t second, Py_ssize_t out):
    if n < 0 or n > first or n > second or n > out:
        raise ValueError("a column is shorter than n")
