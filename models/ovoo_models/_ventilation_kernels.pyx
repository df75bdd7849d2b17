# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Networks of airways: elimination order and Newton steps. Twin: _ventilation_kernels_py, whose pages hold for these too."""

from libc.math cimport fabs

from ovoo_models._lanes cimport dot8

cdef double LEAST_FLOW = 1e-4
cdef double LEAST_SLOPE = 1e-9
cdef int SEARCHES = 12
cdef int TERMS = 6


cdef inline int _bits_in(unsigned long long x) noexcept nogil:
    x = x - ((x >> 1) & 0x5555555555555555ULL)
    x = (x & 0x3333333333333333ULL) + ((x >> 2) & 0x3333333333333333ULL)
    x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0FULL
    return <int>((x * 0x0101010101010101ULL) >> 56)


cdef inline int _lowest(unsigned long long x) noexcept nogil:
    return _bits_in((x & (~x + 1)) - 1)


def mark_neighbours(Py_ssize_t n, Py_ssize_t m, const int[::1] tail, const int[::1] head, Py_ssize_t words,
                    unsigned long long[::1] bits):
    cdef Py_ssize_t e, a, b
    if min(tail.shape[0], head.shape[0]) < m or bits.shape[0] < n * words or words * 64 < n:
        raise ValueError("a column is shorter than the airways or nodes ask for")
    for e in range(m):
        if tail[e] >= n or head[e] >= n:
            raise ValueError("an airway ends outside the nodes")
    with nogil:
        for e in range(m):
            a = tail[e]
            b = head[e]
            if a >= 0 and b >= 0 and a != b:
                bits[a * words + (b >> 6)] |= 1ULL << (b & 63)
                bits[b * words + (a >> 6)] |= 1ULL << (a & 63)


def minimum_degree(Py_ssize_t n, Py_ssize_t words, unsigned long long[::1] bits, int[::1] degree, int[::1] order,
                   int[::1] place):
    cdef Py_ssize_t step, at, v, u, w, k, total = 0
    cdef int best, count
    cdef unsigned long long left
    if bits.shape[0] < n * words or words * 64 < n or min(degree.shape[0], order.shape[0], place.shape[0]) < n:
        raise ValueError("a column is shorter than the nodes ask for")
    with nogil:
        for v in range(n):
            place[v] = -1
            count = 0
            for w in range(words):
                count += _bits_in(bits[v * words + w])
            degree[v] = count
            order[v] = <int>v
        # order[step:] holds the nodes that are left, by number
        for step in range(n):
            best = order[step]
            at = step
            for k in range(step, n):
                if degree[best] <= 1:
                    break
                if degree[order[k]] < degree[best]:
                    best = order[k]
                    at = k
            for k in range(at, step, -1):
                order[k] = order[k - 1]
            v = best
            order[step] = best
            place[v] = <int>step
            total += degree[v]
            for w in range(words):
                left = bits[v * words + w]
                while left:
                    u = w * 64 + _lowest(left)
                    left = left & (left - 1)
                    count = 0
                    for k in range(words):
                        bits[u * words + k] = bits[u * words + k] | bits[v * words + k]
                    bits[u * words + (u >> 6)] &= ~(1ULL << (u & 63))
                    bits[u * words + (v >> 6)] &= ~(1ULL << (v & 63))
                    for k in range(words):
                        count += _bits_in(bits[u * words + k])
                    degree[u] = count
    return total


def factor_pattern(Py_ssize_t n, Py_ssize_t words, const unsigned long long[::1] bits, const int[::1] order,
                   const int[::1] place, int[::1] column_start, int[::1] row_start, int[::1] row_column):
    cdef Py_ssize_t j, w, r
    cdef unsigned long long left
    if bits.shape[0] < n * words or min(order.shape[0], place.shape[0]) < n:
        raise ValueError("a column is shorter than the nodes ask for")
    if min(column_start.shape[0], row_start.shape[0]) < n + 2:
        raise ValueError("starts need two cells more than there are nodes")
    with nogil:
        for j in range(n + 2):
            row_start[j] = 0
            column_start[j] = 0
        for j in range(n):
            column_start[j + 1] = column_start[j]
            for w in range(words):
                left = bits[order[j] * words + w]
                while left:
                    r = place[w * 64 + _lowest(left)]
                    left = left & (left - 1)
                    row_start[r + 2] += 1
                    column_start[j + 1] += 1
        column_start[n + 1] = column_start[n]
        for j in range(n):
            row_start[j + 2] += row_start[j + 1]
    if row_column.shape[0] < column_start[n]:
        raise ValueError("the pattern has more cells than row_column")
    with nogil:
        for j in range(n):
            for w in range(words):
                left = bits[order[j] * words + w]
                while left:
                    r = place[w * 64 + _lowest(left)]
                    left = left & (left - 1)
                    row_column[row_start[r + 1]] = <int>j
                    row_start[r + 1] += 1


cdef void _fan(const double* knots, const double* terms, const double* ends, int first, int last, int fan,
               double q, double* head, double* slope) noexcept nogil:
    cdef int i, k
    cdef double u, h, s
    if q < knots[first + fan]:
        head[0] = ends[4 * fan] + ends[4 * fan + 1] * (q - knots[first + fan])
        slope[0] = ends[4 * fan + 1]
        return
    if q > knots[last + fan]:
        head[0] = ends[4 * fan + 2] + ends[4 * fan + 3] * (q - knots[last + fan])
        slope[0] = ends[4 * fan + 3]
        return
    i = first
    while i + 1 < last and q >= knots[i + 1 + fan]:
        i += 1
    u = q - knots[i + fan]
    h = terms[TERMS * i + TERMS - 1]
    s = 0.0
    for k in range(TERMS - 2, -1, -1):
        s = s * u + h
        h = h * u + terms[TERMS * i + k]
    head[0] = h
    slope[0] = s


cdef void _drops(Py_ssize_t m, const double* resistance, const double* source, const double* q, double* drop,
                 double* slope, Py_ssize_t fans, const int* fan_edge, const int* fan_start, const double* knots,
                 const double* terms, const double* ends) noexcept nogil:
    # drop: resistance against source; slope: its derivative, never below that of a flow of LEAST_FLOW
    cdef Py_ssize_t e, f
    cdef double size, head = 0.0, rise = 0.0, own
    for e in range(m):
        size = fabs(q[e])
        drop[e] = resistance[e] * q[e] * size - source[e]
        slope[e] = 2.0 * resistance[e] * (size if size > LEAST_FLOW else LEAST_FLOW)
    for f in range(fans):
        e = fan_edge[f]
        _fan(knots, terms, ends, fan_start[f], fan_start[f + 1], <int>f, q[e], &head, &rise)
        drop[e] = drop[e] - head
        own = slope[e] - (rise if rise < 0.0 else 0.0)
        slope[e] = own if own > LEAST_SLOPE else LEAST_SLOPE


cdef void _factor(Py_ssize_t n, const int* tail, const int* head, const int* edge_start, const int* edge_of,
                  const int* row_start, const int* row_column, const int* column_start, const double* conduct,
                  double* diagonal, double* values, int* rows, int* filled, double* work) noexcept nogil:
    # L D L' row by row; what stands in a column grows downwards
    cdef Py_ssize_t k, i, p, j, other
    cdef double y, low
    for k in range(n):
        work[k] = 0.0
        filled[k] = column_start[k]
    for k in range(n):
        for i in range(edge_start[k], edge_start[k + 1]):
            other = tail[edge_of[i]] if head[edge_of[i]] == k else head[edge_of[i]]
            work[other] = work[other] - conduct[edge_of[i]]
        for i in range(row_start[k], row_start[k + 1]):
            j = row_column[i]
            y = work[j]
            work[j] = 0.0
            for p in range(column_start[j], filled[j]):
                work[rows[p]] = work[rows[p]] - values[p] * y
            low = y / diagonal[j]
            diagonal[k] = diagonal[k] - low * y
            values[filled[j]] = low
            rows[filled[j]] = <int>k
            filled[j] += 1


cdef void _back(Py_ssize_t n, const int* column_start, const double* diagonal, const double* values, const int* rows,
                double* x) noexcept nogil:
    cdef Py_ssize_t j, p
    for j in range(n):
        for p in range(column_start[j], column_start[j + 1]):
            x[rows[p]] = x[rows[p]] - values[p] * x[j]
    for j in range(n):
        x[j] = x[j] / diagonal[j]
    for j in range(n - 1, -1, -1):
        for p in range(column_start[j], column_start[j + 1]):
            x[j] = x[j] - values[p] * x[rows[p]]


def solve_network(Py_ssize_t n, Py_ssize_t m, const int[::1] tail, const int[::1] head, const double[::1] resistance,
                  const double[::1] source, const double[::1] inflow, Py_ssize_t fans, const int[::1] fan_edge,
                  const int[::1] fan_start, const double[::1] knots, const double[::1] terms, const double[::1] ends,
                  const int[::1] edge_start, const int[::1] edge_of, const int[::1] column_start,
                  const int[::1] row_start, const int[::1] row_column, int rounds, int started, double flow_limit,
                  double pressure_limit, double[::1] flow, double[::1] pressure, double[::1] work, int[::1] places,
                  double[::1] residuals):
    cdef Py_ssize_t e, k, cells, i
    cdef int done = 0, search
    cdef double begun, here, low, high, at_low, at_high, t, moved, worst, first_flow = 10.0
    cells = column_start[n] if column_start.shape[0] > n else 0
    if min(tail.shape[0], head.shape[0], resistance.shape[0], source.shape[0], flow.shape[0]) < m:
        raise ValueError("a column is shorter than the airways ask for")
    if min(inflow.shape[0], pressure.shape[0]) < n or edge_start.shape[0] < n + 1 or row_start.shape[0] < n + 1:
        raise ValueError("a column is shorter than the nodes ask for")
    if column_start.shape[0] < n + 1 or row_column.shape[0] < cells or places.shape[0] < cells + n:
        raise ValueError("the pattern is longer than its columns")
    if work.shape[0] < 6 * m + 3 * n + cells or residuals.shape[0] < 3 or edge_of.shape[0] < edge_start[n]:
        raise ValueError("work or residuals are too short")
    if min(fan_edge.shape[0], fan_start.shape[0] - 1, ends.shape[0] / 4) < fans:
        raise ValueError("a column is shorter than the fans ask for")
    if fans > 0 and (knots.shape[0] < fan_start[fans] + fans or terms.shape[0] < TERMS * fan_start[fans]):
        raise ValueError("the curves are shorter than their starts say")
    if m == 0:
        return 0
    # two spare cells, so that networks without fans have an address to give
    cdef int[2] no_ints
    cdef double[2] no_doubles
    cdef const int* fe = &fan_edge[0] if fans > 0 else no_ints
    cdef const int* fs = &fan_start[0] if fans > 0 else no_ints
    cdef const double* kn = &knots[0] if fans > 0 else no_doubles
    cdef const double* te = &terms[0] if fans > 0 else no_doubles
    cdef const double* en = &ends[0] if fans > 0 else no_doubles
    cdef const int* rc = &row_column[0] if cells > 0 else no_ints
    cdef const int* eo = &edge_of[0] if edge_of.shape[0] > 0 else no_ints
    cdef double* q = &flow[0]
    cdef double* p = &pressure[0]
    cdef double* drop = &work[0]
    cdef double* slope = drop + m
    cdef double* conduct = slope + m
    cdef double* step = conduct + m
    cdef double* tried = step + m
    cdef double* tried_drop = tried + m
    cdef double* diagonal = tried_drop + m
    cdef double* y = diagonal + n
    cdef double* balance = y + n
    cdef double* values = balance + n
    cdef int* filled = &places[0]
    cdef int* rows = filled + n
    with nogil:
        if started == 0:
            for e in range(m):
                q[e] = 0.0
        _drops(m, &resistance[0], &source[0], q, drop, slope, fans, fe, fs, kn, te, en)
        for done in range(1, rounds + 1):
            for k in range(n):
                diagonal[k] = 0.0
                p[k] = inflow[k]
            for e in range(m):
                if done == 1 and started == 0:
                    slope[e] = slope[e] + resistance[e] * first_flow
                conduct[e] = 1.0 / slope[e]
                moved = q[e] - conduct[e] * drop[e]
                if tail[e] >= 0:
                    diagonal[tail[e]] = diagonal[tail[e]] + conduct[e]
                    p[tail[e]] = p[tail[e]] - moved
                if head[e] >= 0:
                    diagonal[head[e]] = diagonal[head[e]] + conduct[e]
                    p[head[e]] = p[head[e]] + moved
            _factor(n, &tail[0], &head[0], &edge_start[0], eo, &row_start[0], rc, &column_start[0], conduct, diagonal,
                    values, rows, filled, y)
            _back(n, &column_start[0], diagonal, values, rows, p)
            for e in range(m):
                step[e] = -drop[e]
                if tail[e] >= 0:
                    step[e] = step[e] + p[tail[e]]
                if head[e] >= 0:
                    step[e] = step[e] - p[head[e]]
                step[e] = step[e] * conduct[e]
                tried[e] = q[e] + step[e]
            begun = dot8(drop, step, m)
            _drops(m, &resistance[0], &source[0], tried, tried_drop, slope, fans, fe, fs, kn, te, en)
            here = dot8(tried_drop, step, m)
            t = 1.0
            if done > 1 and begun < 0.0 and here > -0.5 * begun:
                # too far: the slope of the energy along the step changes sign between 0 and 1
                low = 0.0
                high = 1.0
                at_low = begun
                at_high = here
                for search in range(SEARCHES):
                    t = low + (high - low) * (-at_low / (at_high - at_low)) if search & 1 == 0 else 0.5 * (low + high)
                    for e in range(m):
                        tried[e] = q[e] + t * step[e]
                    _drops(m, &resistance[0], &source[0], tried, tried_drop, slope, fans, fe, fs, kn, te, en)
                    here = dot8(tried_drop, step, m)
                    if fabs(here) <= -0.3 * begun:
                        break
                    if here < 0.0:
                        low = t
                        at_low = here
                    else:
                        high = t
                        at_high = here
            moved = 0.0
            worst = 0.0
            for e in range(m):
                q[e] = tried[e]
                drop[e] = tried_drop[e]
                if fabs(step[e]) > moved:
                    moved = fabs(step[e])
                here = -drop[e]
                if tail[e] >= 0:
                    here = here + p[tail[e]]
                if head[e] >= 0:
                    here = here - p[head[e]]
                if fabs(here) > worst:
                    worst = fabs(here)
            residuals[1] = worst
            residuals[2] = moved
            if worst <= pressure_limit and moved <= flow_limit:
                break
        for k in range(n):
            balance[k] = inflow[k]
        for e in range(m):
            if tail[e] >= 0:
                balance[tail[e]] = balance[tail[e]] - q[e]
            if head[e] >= 0:
                balance[head[e]] = balance[head[e]] + q[e]
        worst = 0.0
        for k in range(n):
            if fabs(balance[k]) > worst:
                worst = fabs(balance[k])
        residuals[0] = worst
    return done
