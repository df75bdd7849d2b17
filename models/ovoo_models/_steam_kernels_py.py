"""Water and steam by IAPWS-IF97, regions 1 to 4, in plain Python: the digits of _steam_kernels.pyx.

Pressures MPa, temperatures K, enthalpies kJ/kg, entropies and heat capacities kJ/(kg K), volumes m3/kg, densities
kg/m3; NaN wherever an argument is NaN or out of range. Powers are products of halves, sums have four lanes. Only
entropy takes a logarithm of the C library, so its last bit may differ between machines; no other figure does.
"""

from __future__ import annotations

import math
from array import array

from ovoo_models import _if97_tables as tables

__all__ = [
    "density_state", "hpt", "hpt_rows", "psat", "psat_rows", "region_ph", "region_pt", "saturated", "start_ph",
    "start_volume", "state", "state_rows", "tph", "tph_rows", "tsat", "tsat_rows", "xph", "xph_rows",
]  # fmt: skip

NAN = float("nan")
R = 0.461526
T_LEAST, T_MOST, T_13, T_CRITICAL = 273.15, 1073.15, 623.15, 647.096
T_FROM, T_TO = 270.0, 1080.0
P_MOST, P_CRITICAL, RHO_CRITICAL = 100.0, 22.064, 322.0
X_ORIGIN, X_ROOM, Y_ORIGIN, Y_ROOM, POWERS = 10, 44, 46, 106, 12
S, B, BC, AB = tables.SATURATION, tables.BOUNDARY_23, tables.BOUNDARY_2BC, tables.BOUNDARY_3AB


_Isotherm = tuple[list[float], list[float]]


class _Terms:
    """The terms n x^I y^J of one polynomial and the factors of its derivatives, filled up to full lanes."""

    def __init__(self, rows: tables.Terms) -> None:
        more = -len(rows[0]) % 4
        self.i, self.j = [*rows[0], *[0] * more], [*rows[1], *[0] * more]
        self.n = [*rows[2], *[0.0] * more]
        each = list(zip(self.i, self.j, self.n, strict=True))
        self.x, self.xx = [n * i for i, _, n in each], [n * i * (i - 1) for i, _, n in each]
        self.y, self.yy = [n * j for _, j, n in each], [n * j * (j - 1) for _, j, n in each]
        self.xy = [n * i * j for i, j, n in each]
        self.low_x, self.high_x = min(0, *self.i), max(self.i)
        self.low_y, self.high_y = min(0, *self.j), max(self.j)


ONE, TWO, IDEAL, THREE = (_Terms(rows) for rows in (tables.REGION_1, tables.REGION_2, tables.IDEAL_2, tables.REGION_3))
T1, T2A, T2B, T2C = (_Terms(rows) for rows in (tables.T1_PH, tables.T2A_PH, tables.T2B_PH, tables.T2C_PH))
T3A, T3B, V3A, V3B = (_Terms(rows) for rows in (tables.T3A_PH, tables.T3B_PH, tables.V3A_PH, tables.V3B_PH))


def _powers(base: float, low: int, high: int, origin: int, room: int) -> list[float]:
    """base^low to base^high at `origin`; the two below low = 0 are zero, for derivatives multiply them by zero."""
    out = [0.0] * room
    out[origin] = 1.0
    out[origin + 1] = base
    for k in range(2, high + 1):
        out[origin + k] = out[origin + (k >> 1)] * out[origin + k - (k >> 1)]
    if low < 0:
        out[origin - 1] = 1.0 / base
        for k in range(2, 1 - low):
            out[origin - k] = out[origin - (k >> 1)] * out[origin - k + (k >> 1)]
    return out


def _xs(terms: _Terms, base: float) -> list[float]:
    return _powers(base, terms.low_x, terms.high_x, X_ORIGIN, X_ROOM)


def _ys(terms: _Terms, base: float) -> list[float]:
    low = terms.low_y - 2 if terms.low_y < 0 else 0
    return _powers(base, low, terms.high_y, Y_ORIGIN, Y_ROOM)


def _total(terms: _Terms, factor: list[float], x: list[float], y: list[float], dx: int, dy: int) -> float:
    """Sum of factor x^(I - dx) y^(J - dy)."""
    a = b = c = d = 0.0
    i, j, at_x, at_y = terms.i, terms.j, X_ORIGIN - dx, Y_ORIGIN - dy
    for k in range(0, len(factor), 4):
        a += factor[k] * x[at_x + i[k]] * y[at_y + j[k]]
        b += factor[k + 1] * x[at_x + i[k + 1]] * y[at_y + j[k + 1]]
        c += factor[k + 2] * x[at_x + i[k + 2]] * y[at_y + j[k + 2]]
        d += factor[k + 3] * x[at_x + i[k + 3]] * y[at_y + j[k + 3]]
    return (a + b) + (c + d)


def _psat(t: float) -> float:
    u = t + S[8] / (t - S[9])
    a, b, c = (u + S[0]) * u + S[1], (S[2] * u + S[3]) * u + S[4], (S[5] * u + S[6]) * u + S[7]
    root = 2.0 * c / (-b + math.sqrt(b * b - 4.0 * a * c))
    root *= root
    return root * root


def _tsat(p: float) -> float:
    u = math.sqrt(math.sqrt(p))
    e, f, g = (u + S[2]) * u + S[5], (S[0] * u + S[3]) * u + S[6], (S[1] * u + S[4]) * u + S[7]
    d = 2.0 * g / (-f - math.sqrt(f * f - 4.0 * e * g))
    half = S[9] + d
    return (half - math.sqrt(half * half - 4.0 * (S[8] + S[9] * d))) * 0.5


P_LEAST, P_13 = _psat(T_LEAST), _psat(T_13)


def psat(t: float) -> float:
    """Saturation pressure at 273.15 to 647.096 K."""
    return _psat(t) if T_LEAST <= t <= T_CRITICAL else NAN


def tsat(p: float) -> float:
    """Saturation temperature at 611.213 Pa to 22.064 MPa."""
    return _tsat(p) if P_LEAST <= p <= P_CRITICAL else NAN


def _p23(t: float) -> float:
    return (B[2] * t + B[1]) * t + B[0]


def _t23(p: float) -> float:
    return B[3] + math.sqrt((p - B[4]) / B[2])


def region_pt(p: float, t: float) -> int:
    """1 liquid, 2 steam, 3 near and above the critical point, 0 out of range; the saturation line itself is liquid."""
    if not (0.0 < p <= P_MOST and T_LEAST <= t <= T_MOST):
        return 0
    if t <= T_13:
        return 1 if p > P_13 or p >= _psat(t) else 2
    return 3 if p > P_13 and t < 863.15 and p > _p23(t) else 2


def _h_cp_1(p: float, t: float) -> tuple[float, float]:
    tau = 1386.0 / t
    x, y = _xs(ONE, 7.1 - p / 16.53), _ys(ONE, tau - 1.222)
    return R * 1386.0 * _total(ONE, ONE.y, x, y, 0, 1), -R * (tau * tau * _total(ONE, ONE.yy, x, y, 0, 2))


def _h_cp_2(p: float, t: float) -> tuple[float, float]:
    tau = 540.0 / t
    x, y, o, z = _xs(TWO, p), _ys(TWO, tau - 0.5), _xs(IDEAL, 1.0), _ys(IDEAL, tau)
    h = R * 540.0 * (_total(IDEAL, IDEAL.y, o, z, 0, 1) + _total(TWO, TWO.y, x, y, 0, 1))
    return h, -R * (tau * tau * (_total(IDEAL, IDEAL.yy, o, z, 0, 2) + _total(TWO, TWO.yy, x, y, 0, 2)))


def _state_1(p: float, t: float) -> tuple[float, float, float, float]:
    tau = 1386.0 / t
    x, y = _xs(ONE, 7.1 - p / 16.53), _ys(ONE, tau - 1.222)
    h, cp = _h_cp_1(p, t)
    v = -(R * t * _total(ONE, ONE.x, x, y, 1, 0) / 16.53) * 1e-3
    return v, h, R * (tau * _total(ONE, ONE.y, x, y, 0, 1) - _total(ONE, ONE.n, x, y, 0, 0)), cp


def _state_2(p: float, t: float) -> tuple[float, float, float, float]:
    tau = 540.0 / t
    x, y, o, z = _xs(TWO, p), _ys(TWO, tau - 0.5), _xs(IDEAL, 1.0), _ys(IDEAL, tau)
    h, cp = _h_cp_2(p, t)
    v = R * t * (1.0 / p + _total(TWO, TWO.x, x, y, 1, 0)) * 1e-3
    slope = _total(IDEAL, IDEAL.y, o, z, 0, 1) + _total(TWO, TWO.y, x, y, 0, 1)
    rest = math.log(p) + _total(IDEAL, IDEAL.n, o, z, 0, 0) + _total(TWO, TWO.n, x, y, 0, 0)
    return v, h, R * (tau * slope - rest), cp


def _isotherm_3(t: float) -> _Isotherm:
    """Factors of density^0 to density^11 at T in delta dphi/ddelta and delta^2 d2phi/ddelta2, without the logarithm."""
    y = _ys(THREE, T_CRITICAL / t)
    first, second = [0.0] * POWERS, [0.0] * POWERS
    for k in range(len(THREE.i)):
        i, power = THREE.i[k], y[Y_ORIGIN + THREE.j[k]]
        first[i] += THREE.x[k] * power
        second[i] += THREE.xx[k] * power
    return first, second


def _pressure_3(rho: float, t: float, isotherm: _Isotherm) -> tuple[float, float]:
    """p and dp/drho."""
    delta = rho / RHO_CRITICAL
    first, second = isotherm
    d = dd = 0.0
    for i in range(POWERS - 1, -1, -1):
        d = d * delta + first[i]
        dd = dd * delta + second[i]
    d += tables.LOG_3
    return rho * R * t * d * 1e-3, R * t * (2.0 * d + (dd - tables.LOG_3)) * 1e-3


def _slopes_3(rho: float, t: float) -> tuple[float, float, float, float, float, float]:
    """p, dp/drho, dp/dT, h, dh/drho, dh/dT."""
    delta, tau = rho / RHO_CRITICAL, T_CRITICAL / t
    x, y = _xs(THREE, delta), _ys(THREE, tau)
    d = tables.LOG_3 + delta * _total(THREE, THREE.x, x, y, 1, 0)
    dd = delta * delta * _total(THREE, THREE.xx, x, y, 2, 0) - tables.LOG_3
    u, uu = tau * _total(THREE, THREE.y, x, y, 0, 1), tau * tau * _total(THREE, THREE.yy, x, y, 0, 2)
    du = delta * tau * _total(THREE, THREE.xy, x, y, 1, 1)
    return (
        rho * R * t * d * 1e-3, R * t * (2.0 * d + dd) * 1e-3, rho * R * (d - du) * 1e-3,
        R * t * (u + d), R * t / rho * (du + d + dd), R * (d - uu - du),
    )  # fmt: skip


def density_state(rho: float, t: float) -> tuple[float, float, float, float]:
    """p, h, s, cp of the equation of region 3; its range is not checked."""
    delta, tau = rho / RHO_CRITICAL, T_CRITICAL / t
    x, y = _xs(THREE, delta), _ys(THREE, tau)
    p, p_rho, p_t, h, _, _ = _slopes_3(rho, t)
    rest = tables.LOG_3 * math.log(delta) + _total(THREE, THREE.n, x, y, 0, 0)
    s = R * (tau * _total(THREE, THREE.y, x, y, 0, 1) - rest)
    cv = -R * (tau * tau * _total(THREE, THREE.yy, x, y, 0, 2))
    return p, h, s, cv + 1e3 * t * p_t * p_t / (rho * rho * p_rho)


def _density(p: float, t: float, liquid: bool, ends: tuple[float, float], isotherm: _Isotherm) -> float:
    """Density of region 3 by Newton from its own side, where the isotherm is convex; halving where a step leaves it.

    `ends`: start on the side of steam and of liquid.
    """
    low, high = (290.0, 800.0) if liquid else (60.0, 350.0)
    if t >= T_CRITICAL:
        low, high = 60.0, 800.0
    rho = ends[1] if liquid else ends[0]
    for _ in range(100):
        found, slope = _pressure_3(rho, t, isotherm)
        if found > p:
            high = rho
        else:
            low = rho
        after = rho - (found - p) / slope
        if not (slope > 0.0 and low <= after <= high):
            after = 0.5 * (low + high)
        if abs(after - rho) <= 1e-10 * rho:
            return after
        rho = after
    return rho


def _ends(p: float, t: float) -> tuple[float, float]:
    """Densities under and over all of region 3 at p: the ideal gas, and a line over the isotherm of 623.15 K."""
    dense = 595.0 + 6.0 * (p - 16.5)
    return p / (R * t) * 1e3, dense if dense < 780.0 else 780.0


def _density_pt(p: float, t: float) -> float:
    gas, dense = _ends(p, t)
    isotherm = _isotherm_3(t)
    if t < T_CRITICAL:
        return _density(p, t, p >= _psat(t), (gas, dense), isotherm)
    # the tangent at the critical density, where the isotherm turns, ends on the root's own side
    edge, slope = _pressure_3(RHO_CRITICAL, t, isotherm)
    near = RHO_CRITICAL + (p - edge) / slope if slope > 0.0 else NAN
    ends = (near if near > gas else gas, near if near < dense else dense)
    return _density(p, t, p >= edge, ends, isotherm)


def state(p: float, t: float) -> tuple[float, float, float, float]:
    """v, h, s, cp."""
    region = region_pt(p, t)
    if region == 1:
        return _state_1(p, t)
    if region == 2:
        return _state_2(p, t)
    if region == 3:
        rho = _density_pt(p, t)
        _, h, s, cp = density_state(rho, t)
        return 1.0 / rho, h, s, cp
    return NAN, NAN, NAN, NAN


def hpt(p: float, t: float) -> float:
    """h(p, T)."""
    region = region_pt(p, t)
    if region == 1:
        return _h_cp_1(p, t)[0]
    if region == 2:
        return _h_cp_2(p, t)[0]
    return _slopes_3(_density_pt(p, t), t)[3] if region == 3 else NAN


def _plain(terms: _Terms, x: float, y: float) -> float:
    return _total(terms, terms.n, _xs(terms, x), _ys(terms, y), 0, 0)


def start_ph(region: int, p: float, h: float) -> float:
    """T(p, h) of the backward equation of region 1, 2 or 3; good to 25 mK."""
    if region == 1:
        return _plain(T1, p, h / 2500.0 + 1.0)
    if region == 3:
        if h <= ((AB[3] * p + AB[2]) * p + AB[1]) * p + AB[0]:
            return 760.0 * _plain(T3A, p / 100.0 + 0.24, h / 2300.0 - 0.615)
        return 860.0 * _plain(T3B, p / 100.0 + 0.298, h / 2800.0 - 0.72)
    if p <= 4.0:
        return _plain(T2A, p, h / 2000.0 - 2.1)
    if p <= 6.546699678 or h >= BC[3] + math.sqrt((p - BC[4]) / BC[2]):
        return _plain(T2B, p - 2.0, h / 2000.0 - 2.6)
    return _plain(T2C, p + 25.0, h / 2000.0 - 1.8)


def start_volume(p: float, h: float) -> float:
    """v(p, h) of the backward equations of region 3; good to 0.01 %."""
    if h <= ((AB[3] * p + AB[2]) * p + AB[1]) * p + AB[0]:
        return 0.0028 * _plain(V3A, p / 100.0 + 0.128, h / 2100.0 - 0.727)
    return 0.0088 * _plain(V3B, p / 100.0 + 0.0661, h / 2800.0 - 0.72)


def _polished(region: int, p: float, h: float, t: float) -> float:
    """T where h(p, T) = h: one Newton step, then its slope again until a step is under 10 uK."""
    found, cp = _h_cp_1(p, t) if region == 1 else _h_cp_2(p, t)
    step = (h - found) / cp
    t += step
    for _ in range(8):
        if not (abs(step) > 1e-5 and T_FROM - 20.0 < t < T_TO + 20.0):
            break
        found = _h_cp_1(p, t)[0] if region == 1 else _h_cp_2(p, t)[0]
        step = (h - found) / cp
        t += step
    return t


def _polished_3(p: float, h: float) -> float:
    """T where the equation of region 3 gives p and h, by Newton in density and temperature."""
    rho, t = 1.0 / start_volume(p, h), start_ph(3, p, h)
    for _ in range(30):
        found, p_rho, p_t, heat, h_rho, h_t = _slopes_3(rho, t)
        over = p_rho * h_t - p_t * h_rho
        d_rho = ((p - found) * h_t - (h - heat) * p_t) / over
        d_t = ((h - heat) * p_rho - (p - found) * h_rho) / over
        rho, t = rho + d_rho, t + d_t
        if abs(d_t) <= 1e-7 and abs(d_rho) <= 1e-8 * rho:
            break
    return t


def _saturated_h(p: float, t: float) -> tuple[float, float]:
    if p <= P_13:
        return _h_cp_1(p, t)[0], _h_cp_2(p, t)[0]
    ends, isotherm = _ends(p, t), _isotherm_3(t)
    wet, dry = (_density(p, t, liquid, ends, isotherm) for liquid in (True, False))
    return _slopes_3(wet, t)[3], _slopes_3(dry, t)[3]


def _low_ph(p: float, h: float) -> tuple[int, float]:
    """Region and temperature up to 16.529 MPa, where boiling water has less than 1675 and dry steam 2500 to 2805."""
    t_sat = _tsat(p) if p >= P_LEAST else 0.0
    if t_sat and 1675.0 < h < 2500.0:
        return 4, t_sat
    if t_sat and h <= 1675.0:
        t = start_ph(1, p, h)
        if not t >= T_FROM:
            return 0, NAN
        if t <= t_sat + 0.5:
            t = _polished(1, p, h, t)
        return (4, t_sat) if t > t_sat else (1, t)
    if t_sat and h < 2805.0 and h < _h_cp_2(p, t_sat)[0]:
        return 4, t_sat
    t = start_ph(2, p, h)
    return (2, _polished(2, p, h, t)) if T_FROM <= t <= T_TO else (0, NAN)


def _high_ph(p: float, h: float) -> tuple[int, float]:
    """Region and temperature above 16.529 MPa."""
    if h < 1500.0 or h <= _h_cp_1(p, T_13)[0]:
        t = start_ph(1, p, h)
        return (1, _polished(1, p, h, t)) if t >= T_FROM else (0, NAN)
    if h > 3000.0 or h >= _h_cp_2(p, _t23(p))[0]:
        t = start_ph(2, p, h)
        return (2, _polished(2, p, h, t)) if t <= T_TO else (0, NAN)
    if p < P_CRITICAL and 1600.0 < h < 2600.0:
        t_sat = _tsat(p)
        wet, dry = _saturated_h(p, t_sat)
        if wet <= h <= dry:
            return 4, t_sat
    return 3, _polished_3(p, h)


def _solve_ph(p: float, h: float) -> tuple[int, float]:
    if not (0.0 < p <= P_MOST and -10.0 < h < 5000.0):
        return 0, NAN
    region, t = _low_ph(p, h) if p <= P_13 else _high_ph(p, h)
    return (region, t) if T_LEAST - 1e-6 <= t <= T_MOST + 1e-6 else (0, NAN)


def region_ph(p: float, h: float) -> int:
    """As `region_pt`, and 4 between the saturation lines."""
    return _solve_ph(p, h)[0]


def tph(p: float, h: float) -> float:
    """T(p, h)."""
    return _solve_ph(p, h)[1]


def xph(p: float, h: float) -> float:
    """Share of steam at p and h: 0 for liquid, 1 for steam alone; NaN above the critical pressure."""
    region = _solve_ph(p, h)[0]
    if region == 0 or p >= P_CRITICAL or p < P_LEAST:
        return NAN
    if region == 1:
        return 0.0
    if region == 2:
        return 1.0
    wet, dry = _saturated_h(p, _tsat(p))
    share = (h - wet) / (dry - wet)
    return 0.0 if share < 0.0 else 1.0 if share > 1.0 else share


def saturated(p: float) -> tuple[float, float, float, float, float, float, float]:
    """T; v, h, s of boiling water; v, h, s of dry steam."""
    if not P_LEAST <= p <= P_CRITICAL:
        return (NAN,) * 7
    t = _tsat(p)
    if p <= P_13:
        return (t, *_state_1(p, t)[:3], *_state_2(p, t)[:3])
    ends, isotherm = _ends(p, t), _isotherm_3(t)
    wet, dry = (_density(p, t, liquid, ends, isotherm) for liquid in (True, False))
    return (t, 1.0 / wet, *density_state(wet, t)[1:3], 1.0 / dry, *density_state(dry, t)[1:3])


def hpt_rows(p: array[float], t: array[float], n: int, out: array[float]) -> None:
    """h of each row."""
    for i in range(n):
        out[i] = hpt(p[i], t[i])


def tph_rows(p: array[float], h: array[float], n: int, out: array[float]) -> None:
    """T of each row."""
    for i in range(n):
        out[i] = tph(p[i], h[i])


def xph_rows(p: array[float], h: array[float], n: int, out: array[float]) -> None:
    """Share of steam of each row."""
    for i in range(n):
        out[i] = xph(p[i], h[i])


def psat_rows(t: array[float], n: int, out: array[float]) -> None:
    """Saturation pressure of each row."""
    for i in range(n):
        out[i] = psat(t[i])


def tsat_rows(p: array[float], n: int, out: array[float]) -> None:
    """Saturation temperature of each row."""
    for i in range(n):
        out[i] = tsat(p[i])


def state_rows(p: array[float], t: array[float], n: int, out: array[float]) -> None:
    """v, h, s, cp of each row, four cells a row."""
    for i in range(n):
        out[4 * i : 4 * i + 4] = array("d", state(p[i], t[i]))
