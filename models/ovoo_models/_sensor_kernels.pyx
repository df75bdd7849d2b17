# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Row loops of the sensor checks. Twin: _sensor_kernels_py; the pages of its functions hold for these too."""

from ovoo_models._lanes cimport dot8

cdef double NAN = float("nan")
cdef long long NEVER = -1
cdef unsigned char UNKNOWN = 0, NORMAL = 3, PENDING = 4, ALARM = 5
cdef double HUGE = 1e6


cdef double _median5(const double* ring) noexcept nogil:
    cdef double v[5]
    cdef double x
    cdef Py_ssize_t i, j
    for i in range(5):
        x = ring[i]
        j = i
        while j > 0 and v[j - 1] > x:
            v[j] = v[j - 1]
            j -= 1
        v[j] = x
    return v[2]


def spike_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
               const unsigned char[::1] gate, Py_ssize_t column, double limit, long long longest, long long gap_ns,
               double[::1] ring, long long[::1] at, double[::1] score, double[::1] limits, double[::1] measure,
               unsigned char[::1] state, unsigned char[::1] held):
    cdef Py_ssize_t i, k
    cdef double x, away
    if ring.shape[0] < 6 or at.shape[0] < 4:
        raise ValueError("state is too short")
    if column < 0 or column >= width or values.shape[0] < n * width:
        raise ValueError("input column is outside the row")
    if min(time_ns.shape[0], gate.shape[0], score.shape[0], limits.shape[0], measure.shape[0], state.shape[0],
           held.shape[0]) < n:
        raise ValueError("columns are shorter than n")
    with nogil:
        for i in range(n):
            x = values[i * width + column]
            score[i] = NAN
            measure[i] = NAN
            limits[i] = limit
            state[i] = gate[i]
            held[i] = NORMAL
            if gate[i] != NORMAL:
                at[0] = 0
                at[2] = 0
                continue
            if x != x:
                state[i] = UNKNOWN
                continue
            if at[3] != NEVER and (time_ns[i] - at[3] > gap_ns or time_ns[i] < at[3]):
                at[0] = 0
                at[2] = 0
            at[3] = time_ns[i]
            if at[0] < 5:
                ring[at[0]] = x
                at[0] += 1
                at[1] = 0
                state[i] = UNKNOWN
                continue
            away = x - _median5(&ring[0])
            score[i] = away if away >= 0.0 else -away
            measure[i] = away
            if score[i] >= limit:
                at[2] += 1
                if at[2] > longest:
                    for k in range(5):
                        ring[k] = x
                    at[2] = 0
                else:
                    held[i] = ALARM
                    if at[2] == 1 or score[i] > (ring[5] if ring[5] >= 0.0 else -ring[5]):
                        ring[5] = away
                score[i] = 0.0
            else:
                if at[2] > 0:
                    measure[i] = ring[5]
                    score[i] = ring[5] if ring[5] >= 0.0 else -ring[5]
                    at[2] = 0
                ring[at[1]] = x
                at[1] = (at[1] + 1) % 5


def noise_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
               const unsigned char[::1] gate, Py_ssize_t column, double usual, double up, double down, double weight,
               double bound, long long warm, long long step_ns, long long gap_ns, double[::1] run, long long[::1] at,
               double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state):
    cdef Py_ssize_t i
    cdef long long gap
    cdef double x, square, ratio, low
    if run.shape[0] < 2 or at.shape[0] < 2 or not usual > 0.0:
        raise ValueError("state is too short, or the usual variance is not positive")
    if column < 0 or column >= width or values.shape[0] < n * width:
        raise ValueError("input column is outside the row")
    if min(time_ns.shape[0], gate.shape[0], score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n:
        raise ValueError("columns are shorter than n")
    with nogil:
        for i in range(n):
            x = values[i * width + column]
            score[i] = NAN
            measure[i] = NAN
            limits[i] = 1.0
            state[i] = gate[i]
            if gate[i] != NORMAL:
                at[0] = NEVER
                at[1] = 0
                continue
            if x != x:
                state[i] = UNKNOWN
                continue
            gap = time_ns[i] - at[0]
            if at[0] == NEVER or gap > gap_ns or gap < 0:
                run[0] = x
                at[0] = time_ns[i]
            elif gap >= step_ns:
                square = (x - run[0]) * (x - run[0]) / usual
                if square > bound:
                    square = bound
                run[0] = x
                at[0] = time_ns[i]
                if at[1] == 0:
                    run[1] = 1.0
                run[1] = run[1] + weight * (square - run[1])
                at[1] += 1
            if at[1] < warm:
                state[i] = UNKNOWN
                continue
            ratio = run[1]
            measure[i] = ratio
            score[i] = ratio / up
            low = down / ratio if ratio * HUGE > down else HUGE
            if low > score[i]:
                score[i] = low


def unit_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
              const unsigned char[::1] gate, Py_ssize_t column, double low, double high, double near, double far,
              const double[::1] scale, const double[::1] offset, long long gap_ns, double[::1] level,
              long long[::1] at, double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state):
    cdef Py_ssize_t i, k, best, count = scale.shape[0]
    cdef double x, back, off, least
    if level.shape[0] < 1 or at.shape[0] < 3 or offset.shape[0] < count:
        raise ValueError("state or conversions are too short")
    if column < 0 or column >= width or values.shape[0] < n * width:
        raise ValueError("input column is outside the row")
    if min(time_ns.shape[0], gate.shape[0], score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n:
        raise ValueError("columns are shorter than n")
    with nogil:
        for i in range(n):
            x = values[i * width + column]
            score[i] = NAN
            measure[i] = NAN
            limits[i] = 1.0
            state[i] = gate[i]
            if gate[i] != NORMAL:
                at[0] = 2
                continue
            if x != x:
                state[i] = UNKNOWN
                continue
            if at[0] == 0 and (time_ns[i] - at[2] > gap_ns or time_ns[i] < at[2]):
                at[0] = 2
            at[2] = time_ns[i]
            score[i] = 0.0
            if low <= x <= high:
                at[0] = 0
                level[0] = x
                continue
            off = x - level[0] if x >= level[0] else level[0] - x
            if at[0] == 2 or (at[0] == 0 and off < far):
                at[0] = 2
                continue
            best = -1
            least = near
            for k in range(count):
                if at[0] == 1 and k != at[1]:
                    continue
                back = (x - offset[k]) / scale[k]
                off = back - level[0] if back >= level[0] else level[0] - back
                if low <= back <= high and off <= least:
                    best = k
                    least = off
            if best < 0:
                at[0] = 2
                continue
            at[0] = 1
            at[1] = best
            level[0] = (x - offset[best]) / scale[best]
            score[i] = 1.0
            measure[i] = scale[best]


def drift_rows(const double[::1] trace, Py_ssize_t n, const double[::1] precision, const double[::1] inverse,
               const double[::1] reach, double rest, const int[::1] columns, double[::1] score, double[::1] limits,
               double[::1] measure, const unsigned char[::1] state, int[::1] blamed):
    cdef Py_ssize_t i, k, best, d = columns.shape[0]
    cdef double t2, pull, gain, most, second, left, away
    if d == 0 or precision.shape[0] < d * d or min(inverse.shape[0], reach.shape[0]) < d or trace.shape[0] < n * d:
        raise ValueError("model arrays or trace are shorter than the inputs")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0], blamed.shape[0]) < n:
        raise ValueError("columns are shorter than n")
    with nogil:
        for i in range(n):
            limits[i] = 1.0
            measure[i] = NAN
            blamed[i] = -1
            if state[i] != NORMAL:
                score[i] = NAN
                continue
            t2 = score[i]
            best = 0
            most = -1.0
            second = 0.0
            away = 0.0
            for k in range(d):
                pull = dot8(&precision[k * d], &trace[i * d], d)
                gain = pull * pull / precision[k * d + k]
                if gain > most:
                    if most > second:
                        second = most
                    most = gain
                    best = k
                    away = pull / precision[k * d + k]
                elif gain > second:
                    second = gain
            left = t2 - most
            score[i] = most / reach[best]
            if left > rest:
                score[i] = (score[i] if score[i] < 1.0 else 1.0) * (rest / left)
            if 2.0 * second > most:
                score[i] = (score[i] if score[i] < 1.0 else 1.0) * (most / (2.0 * second))
            measure[i] = away / inverse[best]
            blamed[i] = columns[best]


def mask_rows(double[::1] values, Py_ssize_t width, Py_ssize_t n, const unsigned char[::1] state,
              const int[::1] blamed, long long[::1] carry):
    cdef Py_ssize_t i, hidden = 0
    if values.shape[0] < n * width or min(state.shape[0], blamed.shape[0]) < n or carry.shape[0] < 1:
        raise ValueError("columns are shorter than n")
    for i in range(n):
        if blamed[i] >= width:
            raise ValueError("column is outside the row")
    with nogil:
        for i in range(n):
            if state[i] == ALARM and blamed[i] >= 0:
                carry[0] = blamed[i]
            elif state[i] == NORMAL or state[i] == PENDING:
                carry[0] = -1
            if carry[0] >= 0:
                values[i * width + carry[0]] = NAN
                hidden += 1
    return hidden


def scale_column(double[::1] column, Py_ssize_t n, double factor):
    cdef Py_ssize_t i
    if column.shape[0] < n:
        raise ValueError("column is shorter than n")
    with nogil:
        for i in range(n):
            column[i] = column[i] * factor


def watch_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
               const unsigned char[::1] gate, const int[::1] columns, const double[::1] low, const double[::1] high,
               const double[::1] mean, const double[::1] inverse, double most_outside, double most_shift,
               long long span_ns, long long least_rows, double[::1] sums, double[::1] last, long long[::1] counts,
               long long[::1] at, double[::1] score, double[::1] limits, double[::1] measure,
               unsigned char[::1] state, double[::1] trace):
    cdef Py_ssize_t i, k, present, d = columns.shape[0]
    cdef long long span
    cdef double x, shift, share
    if d == 0 or span_ns <= 0 or min(low.shape[0], high.shape[0], mean.shape[0], inverse.shape[0]) < d:
        raise ValueError("model arrays are shorter than the inputs")
    if min(sums.shape[0], last.shape[0]) < d or counts.shape[0] < 2 * d or at.shape[0] < 2 or trace.shape[0] < n * d:
        raise ValueError("state or trace is too short")
    if min(time_ns.shape[0], gate.shape[0], score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n:
        raise ValueError("columns are shorter than n")
    if values.shape[0] < n * width:
        raise ValueError("columns are shorter than n")
    for k in range(d):
        if columns[k] < 0 or columns[k] >= width:
            raise ValueError("input column is outside the row")
    with nogil:
        for i in range(n):
            span = time_ns[i] / span_ns
            if span != at[0]:
                for k in range(d):
                    if counts[k] >= least_rows:
                        shift = (sums[k] / counts[k] - mean[k]) * inverse[k]
                        if shift < 0.0:
                            shift = -shift
                        shift = shift / most_shift
                        share = <double>counts[d + k] / <double>counts[k] / most_outside
                        last[k] = shift if shift > share else share
                        at[1] = 1
                    sums[k] = 0.0
                    counts[k] = 0
                    counts[d + k] = 0
                at[0] = span
            limits[i] = 1.0
            state[i] = gate[i]
            score[i] = NAN
            measure[i] = NAN
            if gate[i] == NORMAL:
                present = 0
                for k in range(d):
                    x = values[i * width + columns[k]]
                    if x == x:
                        present += 1
                        if x < low[k] or x > high[k]:
                            counts[d + k] += 1
                        # far away is far enough: a huge value must not drown the mean
                        shift = (x - mean[k]) * inverse[k]
                        if shift > 100.0:
                            x = mean[k] + 100.0 / inverse[k]
                        elif shift < -100.0:
                            x = mean[k] - 100.0 / inverse[k]
                        sums[k] = sums[k] + x
                        counts[k] += 1
                if at[1] and present:
                    score[i] = 0.0
                    for k in range(d):
                        if last[k] > score[i]:
                            score[i] = last[k]
                    measure[i] = score[i]
                else:
                    state[i] = UNKNOWN
            for k in range(d):
                trace[i * d + k] = last[k]
