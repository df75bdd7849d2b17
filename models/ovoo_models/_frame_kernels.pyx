# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Columns of samples to rows of frames. Twin: _frame_kernels_py; the pages of its functions hold for these too."""

cdef double NAN = float("nan")
cdef unsigned int GOOD_BELOW = 0x40000000
cdef long long NEVER = -1
cdef double GREATEST = 1e30


def clean_rows(double[::1] values):
    cdef Py_ssize_t i, replaced = 0
    with nogil:
        for i in range(values.shape[0]):
            if values[i] == values[i] and not (-GREATEST <= values[i] <= GREATEST):
                values[i] = NAN
                replaced += 1
    return replaced


def ramp_rows(long long[::1] out, long long start, long long step):
    cdef Py_ssize_t i
    with nogil:
        for i in range(out.shape[0]):
            out[i] = start + i * step


def select_rows(const unsigned int[::1] signal, const long long[::1] time_ns, const double[::1] value,
                const unsigned int[::1] quality, const int[::1] table, long long floor_ns,
                int[::1] out_column, long long[::1] out_time, double[::1] out_value):
    cdef Py_ssize_t n = signal.shape[0], width = table.shape[0], i, kept = 0, late = 0
    cdef long long newest = NEVER, oldest = NEVER
    cdef int column
    if min(time_ns.shape[0], value.shape[0], quality.shape[0],
           out_column.shape[0], out_time.shape[0], out_value.shape[0]) < n:
        raise ValueError("columns differ in length")
    with nogil:
        for i in range(n):
            if signal[i] >= width:
                continue
            column = table[signal[i]]
            if column < 0:
                continue
            if time_ns[i] < floor_ns or time_ns[i] < 0:
                late += 1
                continue
            out_column[kept] = column
            out_time[kept] = time_ns[i]
            if quality[i] < GOOD_BELOW and -GREATEST <= value[i] <= GREATEST:
                out_value[kept] = value[i]
            else:
                out_value[kept] = NAN
            if time_ns[i] > newest:
                newest = time_ns[i]
            if oldest == NEVER or time_ns[i] < oldest:
                oldest = time_ns[i]
            kept += 1
    return kept, late, newest, oldest


def scatter_rows(int[::1] column, long long[::1] time_ns, double[::1] value, Py_ssize_t n, long long base_frame,
                 Py_ssize_t frames, long long period_ns, Py_ssize_t width, Py_ssize_t stride,
                 double[::1] grid_value, long long[::1] grid_time):
    cdef Py_ssize_t i, k, kept = 0, cell
    cdef long long frame, oldest = NEVER, known = 0, start_ns = 0, passed
    if min(column.shape[0], time_ns.shape[0], value.shape[0]) < n or period_ns <= 0:
        raise ValueError("pending columns are shorter than n, or the period is not positive")
    if stride < frames or min(grid_value.shape[0], grid_time.shape[0]) < stride * width:
        raise ValueError("grid is smaller than frames x width")
    with nogil:
        for k in range(width):
            for cell in range(k * stride, k * stride + frames):
                grid_time[cell] = NEVER
        for i in range(n):
            # a signal's samples are mostly a period apart: the next frame is tried before a division
            passed = time_ns[i] - start_ns
            if passed >= period_ns and passed - period_ns < period_ns:
                known += 1
                start_ns += period_ns
            elif passed < 0 or passed >= period_ns:
                known = time_ns[i] / period_ns
                start_ns = known * period_ns
            frame = known - base_frame
            if frame >= frames:
                column[kept] = column[i]
                time_ns[kept] = time_ns[i]
                value[kept] = value[i]
                if oldest == NEVER or time_ns[i] < oldest:
                    oldest = time_ns[i]
                kept += 1
            elif frame >= 0 and 0 <= column[i] < width:
                cell = column[i] * stride + frame
                if time_ns[i] >= grid_time[cell]:
                    grid_time[cell] = time_ns[i]
                    grid_value[cell] = value[i]
    return kept, oldest


def emit_frames(const double[::1] grid_value, const long long[::1] grid_time, Py_ssize_t frames, Py_ssize_t width,
                Py_ssize_t stride, long long base_frame, long long period_ns, const long long[::1] hold_ns, double[::1] held_value,
                long long[::1] held_time, long long[::1] out_time, double[::1] out_value):
    cdef Py_ssize_t f, k, cell, rows = 0
    cdef long long end
    cdef bint fresh
    if stride < frames or min(grid_value.shape[0], grid_time.shape[0]) < stride * width:
        raise ValueError("grid is smaller than frames x width")
    if out_value.shape[0] < frames * width or out_time.shape[0] < frames:
        raise ValueError("output is smaller than frames x width")
    if min(hold_ns.shape[0], held_value.shape[0], held_time.shape[0]) < width:
        raise ValueError("held columns are shorter than width")
    with nogil:
        for f in range(frames):
            fresh = False
            for k in range(width):
                cell = k * stride + f
                if grid_time[cell] != NEVER:
                    fresh = True
                    held_time[k] = grid_time[cell]
                    held_value[k] = grid_value[cell]
            if not fresh:
                continue
            end = (base_frame + f + 1) * period_ns
            for k in range(width):
                cell = rows * width + k
                if held_time[k] != NEVER and end - held_time[k] <= hold_ns[k] + period_ns:
                    out_value[cell] = held_value[k]
                else:
                    out_value[cell] = NAN
            out_time[rows] = end - period_ns
            rows += 1
    return rows


def change_rows(const long long[::1] time_ns, const double[::1] value, Py_ssize_t n, long long every_ns,
                long long[::1] last_time, double[::1] last_value, long long[::1] out_time, double[::1] out_value):
    cdef Py_ssize_t i, kept = 0
    cdef bint emit
    if min(time_ns.shape[0], value.shape[0], out_time.shape[0], out_value.shape[0]) < n:
        raise ValueError("columns are shorter than n")
    if last_time.shape[0] < 1 or last_value.shape[0] < 1:
        raise ValueError("state needs one cell each")
    with nogil:
        for i in range(n):
            if value[i] != value[i]:
                continue
            emit = last_time[0] == NEVER or value[i] != last_value[0]
            if emit or time_ns[i] - last_time[0] >= every_ns or time_ns[i] < last_time[0]:
                out_time[kept] = time_ns[i]
                out_value[kept] = value[i]
                last_time[0] = time_ns[i]
                last_value[0] = value[i]
                kept += 1
    return kept


def widen_codes(const unsigned char[::1] code, Py_ssize_t n, double[::1] out):
    cdef Py_ssize_t i
    if min(code.shape[0], out.shape[0]) < n:
        raise ValueError("columns are shorter than n")
    with nogil:
        for i in range(n):
            out[i] = code[i] if code[i] < 6 else 0.25 * code[i]
