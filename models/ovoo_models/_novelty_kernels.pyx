# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Row loop of the multi-scale range. Twin: _novelty_kernels_py; the page of its function holds for this too."""

from libc.math cimport fabs

from ovoo_models._lanes cimport power_n

cdef double NAN = float("nan")
cdef double GREATEST = 1e150, CAP = 1e6, RELATIVE = 1e-9, ABSOLUTE = 1e-12, START = 2.0, AGES = 2.5
cdef long long NEVER = -1
cdef unsigned char UNKNOWN = 0, NORMAL = 3


def novelty_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
                 const unsigned char[::1] gate, Py_ssize_t column, long long period_ns, long long step_frames,
                 const double[::1] keep, const double[::1] spans, double confidence, double warm_frames,
                 double quiet_share, double memory_frames, double limit, double[::1] counts, long long[::1] last_ns,
                 double[::1] levels, double[::1] ranges,
                 double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state,
                 double[::1] trace):
    cdef Py_ssize_t i, scales = keep.shape[0] - 1
    cdef long long frames, gap
    cdef double x, signed_code
    cdef bint absorb
    if scales < 1 or spans.shape[0] < 3 * scales or levels.shape[0] < 2 * scales or ranges.shape[0] < 15 * scales:
        raise ValueError("state is shorter than the scales need")
    if counts.shape[0] < 2 or last_ns.shape[0] < 1 or period_ns <= 0 or step_frames < 1:
        raise ValueError("two counts, a last time and a positive period are needed")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0], trace.shape[0]) < n:
        raise ValueError("output is shorter than n")
    if time_ns.shape[0] < n or values.shape[0] < n * width or gate.shape[0] < n:
        raise ValueError("columns are shorter than n")
    if column < 0 or column >= width:
        raise ValueError("input column is outside the row")
    with nogil:
        for i in range(n):
            score[i] = NAN
            measure[i] = NAN
            limits[i] = limit
            state[i] = gate[i]
            trace[i] = 0.0
            if gate[i] != NORMAL:
                continue
            x = values[i * width + column]
            if not (-GREATEST <= x <= GREATEST):
                state[i] = UNKNOWN
                continue
            gap = time_ns[i] - last_ns[0]
            frames = gap // period_ns if last_ns[0] != NEVER and gap > 0 else step_frames
            frames = 1 if frames < 1 else step_frames if frames > step_frames else frames
            last_ns[0] = time_ns[i]
            absorb = counts[0] + frames <= warm_frames or counts[1] > 0.0
            _smooth(x, frames, scales, &keep[0], &counts[0], &levels[0])
            signed_code = 0.0
            x = _novelty(x, frames, scales, &keep[0], &spans[0], confidence, absorb, counts[0], &levels[0], &ranges[0],
                         &signed_code)
            counts[1] = counts[1] - frames if counts[1] > 0.0 else 0.0
            if counts[0] <= warm_frames:
                state[i] = UNKNOWN
                continue
            score[i] = x
            measure[i] = values[i * width + column]
            trace[i] = signed_code
            if x >= limit:
                counts[1] = quiet_share * (counts[0] if counts[0] < memory_frames else memory_frames)


cdef void _smooth(double x, long long frames, Py_ssize_t scales, const double* keep, double* counts,
                  double* levels) noexcept nogil:
    cdef Py_ssize_t k
    cdef double weight, least, off
    counts[0] = counts[0] + frames
    if counts[0] == frames:
        for k in range(scales):
            levels[k] = x
            levels[scales + k] = 0.0
        return
    least = frames / counts[0]
    for k in range(scales):
        weight = 1.0 - power_n(keep[k], frames)
        if weight < least:
            weight = least
        off = x - levels[k]
        levels[k] = levels[k] + weight * off
        levels[scales + k] = levels[scales + k] + weight * (fabs(off) - levels[scales + k])


cdef double _novelty(double x, long long frames, Py_ssize_t scales, const double* keep, const double* spans,
                     double confidence, bint absorb, double seen, const double* levels, double* ranges,
                     double* signed_code) noexcept nogil:
    cdef Py_ssize_t k
    cdef double v, e, best = 0.0, size, narrow, fade = 1.0 - power_n(keep[scales], frames)
    # while a stream is young its extremes are those of its start, and fade faster
    if frames / (AGES * seen) > fade:
        fade = frames / (AGES * seen)
    size = fabs(ranges[0]) if fabs(ranges[0]) > fabs(ranges[1]) else fabs(ranges[1])
    narrow = RELATIVE * size + ABSOLUTE
    for k in range(3 * scales):
        if seen < spans[k]:
            continue
        if k == 0:
            v = x
        elif k <= 2 * scales:
            v = levels[k - 1]
        else:
            v = levels[k - 2 * scales - 1] - levels[k - 2 * scales]
        e = _excess(ranges + 5 * k, v, frames, spans[k], confidence, absorb, fade, narrow)
        if e > best:
            best = e
            signed_code[0] = (k + 1) * ranges[5 * k + 3]
    return best if best < CAP else CAP


cdef double _excess(double* r, double v, long long frames, double span, double confidence, bint absorb, double fade,
                    double narrow) noexcept nogil:
    # r = low, high, peak, side, frames seen
    cdef double width, beyond
    if r[4] == 0.0:
        r[0] = v
        r[1] = v
    r[4] = r[4] + frames
    if r[3] != 0.0 and (absorb or (v <= r[1] if r[3] > 0.0 else v >= r[0])):
        # the excursion is over: what it reached is seen from now on
        if r[3] > 0.0:
            r[1] = r[2]
        else:
            r[0] = r[2]
        r[3] = 0.0
    if absorb or r[4] < START * span:
        if v > r[1]:
            r[1] = v
        elif v < r[0]:
            r[0] = v
        return 0.0
    if r[0] <= v <= r[1]:
        r[1] = r[1] - fade * (r[1] - v)
        r[0] = r[0] + fade * (v - r[0])
        return 0.0
    if r[3] == 0.0:
        r[3] = 1.0 if v > r[1] else -1.0
        r[2] = v
    beyond = v - r[1] if r[3] > 0.0 else r[0] - v
    if (v > r[2]) == (r[3] > 0.0):
        r[2] = v
    width = r[1] - r[0]
    if width < narrow:
        width = narrow
    return beyond / width * (r[4] / (r[4] + confidence * span))
