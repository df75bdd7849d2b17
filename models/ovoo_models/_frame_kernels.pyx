# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Columns of samples to rows of frames. Twin: _frame_kernels_py; the pages of its functions hold for these too."""

cdef extern from "_frames.h" nogil:
    ctypedef struct ovoo_pending:
        int* column
        long long* time_ns
        double* value
        Py_ssize_t kept, late
        long long newest, oldest

    ctypedef struct ovoo_grid:
        double* value
        long long* time_ns
        Py_ssize_t frames, width, stride
        long long base_frame, period_ns

    void ovoo_select_rows(const unsigned int* signal, const long long* time_ns, const double* value,
                          const unsigned int* quality, Py_ssize_t n, const int* table, Py_ssize_t width,
                          long long floor_ns, ovoo_pending* to)
    void ovoo_scatter_rows(const ovoo_grid* grid, ovoo_pending* rows, Py_ssize_t n)

cdef double NAN = float("nan")
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
    cdef Py_ssize_t n = signal.shape[0]
    cdef ovoo_pending to
    if min(time_ns.shape[0], value.shape[0], quality.shape[0],
           out_column.shape[0], out_time.shape[0], out_value.shape[0]) < n:
        raise ValueError("columns differ in length")
    to.kept, to.late, to.newest, to.oldest = 0, 0, NEVER, NEVER
    if n > 0:
        to.column, to.time_ns, to.value = &out_column[0], &out_time[0], &out_value[0]
        with nogil:
            ovoo_select_rows(&signal[0], &time_ns[0], &value[0], &quality[0], n,
                             &table[0] if table.shape[0] else NULL, table.shape[0], floor_ns, &to)
    return to.kept, to.late, to.newest, to.oldest


def scatter_rows(int[::1] column, long long[::1] time_ns, double[::1] value, Py_ssize_t n, long long base_frame,
                 Py_ssize_t frames, long long period_ns, Py_ssize_t width, Py_ssize_t stride,
                 double[::1] grid_value, long long[::1] grid_time):
    cdef ovoo_grid grid
    cdef ovoo_pending rows
    if min(column.shape[0], time_ns.shape[0], value.shape[0]) < n or period_ns <= 0:
        raise ValueError("pending columns are shorter than n, or the period is not positive")
    if stride < frames or min(grid_value.shape[0], grid_time.shape[0]) < stride * width:
        raise ValueError("grid is smaller than frames x width")
    rows.column = &column[0] if column.shape[0] else NULL
    rows.time_ns = &time_ns[0] if time_ns.shape[0] else NULL
    rows.value = &value[0] if value.shape[0] else NULL
    rows.kept, rows.late, rows.newest, rows.oldest = 0, 0, NEVER, NEVER
    grid.value = &grid_value[0] if grid_value.shape[0] else NULL
    grid.time_ns = &grid_time[0] if grid_time.shape[0] else NULL
    grid.frames, grid.width, grid.stride = frames, width, stride
    grid.base_frame, grid.period_ns = base_frame, period_ns
    with nogil:
        ovoo_scatter_rows(&grid, &rows, n)
    return rows.kept, rows.oldest


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
