# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Row loop of the variance detector. Twin: _variance_kernels_py; the page of its function holds for this too."""

from ovoo_models._lanes cimport clip, power_n

cdef double NAN = float("nan")
cdef long long NEVER = -1
cdef unsigned char UNKNOWN = 0, NORMAL = 3


def variance_rows(const long long[::1] time_ns, const double[::1] values, Py_ssize_t width, Py_ssize_t n,
                  const unsigned char[::1] gate, const int[::1] columns, const double[::1] weights,
                  double inverse_sigma, double mean_decay, double ratio_decay, long long step_frames,
                  long long period_ns, long long reset_ns, double clip2, double slack, double ceiling, double limit,
                  double[::1] running, long long[::1] last_ns,
                  double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state,
                  double[::1] trace):
    cdef Py_ssize_t i, k, d = columns.shape[0]
    cdef long long gap, frames
    cdef double residual, deviation, square, total, share, weight
    if d == 0 or weights.shape[0] < d or running.shape[0] < 4 or last_ns.shape[0] < 1:
        raise ValueError("an input, a weight for each and the state are needed")
    if period_ns <= 0 or step_frames <= 0:
        raise ValueError("period and step must be positive")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0], trace.shape[0]) < n:
        raise ValueError("output is shorter than n")
    if time_ns.shape[0] < n or values.shape[0] < n * width or gate.shape[0] < n:
        raise ValueError("columns are shorter than n")
    for k in range(d):
        if columns[k] < 0 or columns[k] >= width:
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
            residual = values[i * width + columns[0]] - weights[0]
            for k in range(1, d):
                residual = residual - weights[k] * values[i * width + columns[k]]
            if residual - residual != 0.0:
                state[i] = UNKNOWN
                continue
            gap = time_ns[i] - last_ns[0]
            if last_ns[0] == NEVER or gap < 0 or gap > reset_ns:
                running[0] = residual
                running[1] = 0.0
                running[2] = 1.0
                running[3] = 0.0
                frames = 0
            else:
                frames = gap / period_ns
                if frames > step_frames:
                    frames = step_frames
            last_ns[0] = time_ns[i]
            deviation = clip((residual - running[0]) * inverse_sigma, 100.0)
            square = deviation * deviation * (running[3] / (running[3] + 1.0))
            if square > clip2:
                square = clip2
            share = <double>frames / <double>step_frames
            running[3] = 1.0 if running[3] == 0.0 else running[3] + share
            weight = 1.0 - power_n(mean_decay, frames)
            if share > weight * running[3]:
                weight = share / running[3]
            running[0] = running[0] + weight * (deviation / inverse_sigma)
            total = running[1] + share * (square - slack)
            running[1] = 0.0 if total < 0.0 else ceiling if total > ceiling else total
            running[2] = running[2] + (1.0 - power_n(ratio_decay, frames)) * (square - running[2])
            score[i] = running[1]
            measure[i] = running[2]
            trace[i] = deviation
