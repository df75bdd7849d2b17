# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Row loops of the window model. Twin: _window_kernels_py; the pages of its functions hold for these too."""

from ovoo_models._lanes cimport clip, dot8

cdef double NAN = float("nan")
cdef double GREATEST = 1e150
cdef long long NEVER = -1, BREAK = -1
cdef unsigned char UNKNOWN = 0, NORMAL = 3
cdef enum:
    PARTS = 8


def step_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
              const unsigned char[::1] gate, Py_ssize_t column, long long period_ns, long long step_frames,
              long long fill_steps, double[::1] partial, long long[::1] last_ns, double[::1] mean, long long[::1] steps):
    cdef Py_ssize_t i
    cdef long long gap, frames
    cdef double x
    if partial.shape[0] < 3 or last_ns.shape[0] < 1 or period_ns <= 0 or step_frames < 1:
        raise ValueError("three cells, a last time and a positive period are needed")
    if min(time_ns.shape[0], gate.shape[0], mean.shape[0], steps.shape[0]) < n or values.shape[0] < n * width:
        raise ValueError("columns are shorter than n")
    if column < 0 or column >= width:
        raise ValueError("input column is outside the row")
    with nogil:
        for i in range(n):
            mean[i] = NAN
            steps[i] = 0
            x = values[i * width + column]
            if gate[i] != NORMAL or not (-GREATEST <= x <= GREATEST):
                continue
            gap = time_ns[i] - last_ns[0]
            frames = (gap + period_ns // 2) // period_ns if gap > 0 else 0
            if last_ns[0] == NEVER or gap < 0 or frames > (fill_steps + 1) * step_frames:
                steps[i] = BREAK
                frames = step_frames
                partial[0] = 0.0
                partial[1] = 0.0
                partial[2] = 0.0
            last_ns[0] = time_ns[i]
            partial[0] = partial[0] + x
            partial[1] = partial[1] + 1.0
            partial[2] = partial[2] + frames
            if partial[2] >= step_frames:
                mean[i] = partial[0] / partial[1]
                if steps[i] != BREAK:
                    steps[i] = <long long>partial[2] // step_frames
                partial[0] = 0.0
                partial[1] = 0.0
                partial[2] = 0.0


cdef void _push(double z, Py_ssize_t w, double* ring, long long* at) noexcept nogil:
    # every value is kept twice, w cells apart, so that the last w values always lie side by side
    ring[at[0]] = z
    ring[at[0] + w] = z
    at[0] = at[0] + 1 if at[0] + 1 < w else 0
    if at[1] < w:
        at[1] = at[1] + 1


cdef double _residual(const double* window, Py_ssize_t w, Py_ssize_t k, const double* mean, const double* basis,
                      double* work) noexcept nogil:
    cdef Py_ssize_t j
    cdef double total, a
    for j in range(w):
        work[j] = window[j] - mean[j]
    total = dot8(work, work, w)
    for j in range(k):
        a = dot8(basis + j * w, work, w)
        work[w + j] = a
        total = total - a * a
    return total / w if total > 0.0 else 0.0


cdef double _part(Py_ssize_t w, Py_ssize_t k, const double* basis, double* work) noexcept nogil:
    # the eighth of the window, 0 the oldest, in which the residual is greatest
    cdef Py_ssize_t j, p, best = 0
    cdef double a
    cdef double sums[PARTS]
    for j in range(k):
        a = work[w + j]
        for p in range(w):
            work[p] = work[p] - a * basis[j * w + p]
    for p in range(PARTS):
        sums[p] = 0.0
    for j in range(w):
        sums[j * PARTS // w] += work[j] * work[j]
    for p in range(1, PARTS):
        if sums[p] > sums[best]:
            best = p
    return <double>best


def window_rows(const double[::1] step, const long long[::1] steps, Py_ssize_t n, const unsigned char[::1] gate,
                const double[::1] values, Py_ssize_t width, Py_ssize_t column,
                double centre, double inverse, double bound, const double[::1] mean, const double[::1] basis,
                double limit, double[::1] ring, long long[::1] at, double[::1] held, double[::1] work,
                double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state,
                double[::1] trace):
    cdef Py_ssize_t i, w = mean.shape[0], k
    cdef long long again
    cdef double z, last
    if w == 0 or basis.shape[0] % w or ring.shape[0] < 2 * w or at.shape[0] < 2 or held.shape[0] < 2:
        raise ValueError("the model does not fit its window")
    k = basis.shape[0] // w
    if work.shape[0] < w + k or not 0 <= at[0] < w or column < 0 or column >= width:
        raise ValueError("work, ring position or column does not fit")
    if min(step.shape[0], steps.shape[0], gate.shape[0]) < n or values.shape[0] < n * width:
        raise ValueError("columns are shorter than n")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0], trace.shape[0]) < n:
        raise ValueError("output is shorter than n")
    with nogil:
        for i in range(n):
            limits[i] = limit
            if steps[i] != 0:
                z = clip((step[i] - centre) * inverse, bound)
                if steps[i] == BREAK:
                    at[1] = 0
                    held[0] = NAN
                    held[1] = 0.0
                else:
                    last = ring[at[0] + w - 1]
                    for again in range(1, steps[i]):
                        _push(last, w, &ring[0], &at[0])
                _push(z, w, &ring[0], &at[0])
                if at[1] == w:
                    held[0] = _residual(&ring[at[0]], w, k, &mean[0], &basis[0], &work[0])
                    held[1] = _part(w, k, &basis[0], &work[0]) if held[0] >= limit else 0.0
            z = values[i * width + column]
            state[i] = gate[i]
            if gate[i] == NORMAL and (not (-GREATEST <= z <= GREATEST) or held[0] != held[0]):
                state[i] = UNKNOWN
            score[i] = held[0] if state[i] == NORMAL else NAN
            measure[i] = z if state[i] == NORMAL else NAN
            trace[i] = held[1] if state[i] == NORMAL else NAN
