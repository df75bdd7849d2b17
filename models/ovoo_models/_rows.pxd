# One row from Python by its raw buffer: a tenth of the price of a typed memoryview.

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBuffer_Release, PyObject_GetBuffer

cdef extern from "_lanes.h" nogil:
    ctypedef struct ovoo_gate:
        Py_ssize_t column
        double low, high
        long long settle_ns, gap_ns
        long long* state_ns
        ptrdiff_t load_column
        double load_above, load_release
        int regimes

    int ovoo_gate_row(const ovoo_gate* gate, long long time_ns, const double* row)


cdef inline long long[::1] read_gate(ovoo_gate* g, parts, Py_ssize_t width):
    # fills `g` from `Gate.parts`; the caller keeps the state alive as long as `g`
    cdef long long[::1] state_ns
    g.column, g.low, g.high, g.settle_ns, g.gap_ns, state_ns = parts[:6]
    g.load_column, g.load_above, g.load_release, g.regimes = parts[6:] or (-1, 0.0, 0.0, 1)
    if g.column >= width or g.load_column >= width:
        raise ValueError("gate column is outside the row")
    if state_ns.shape[0] < (2 if g.load_column < 0 else 3):
        raise ValueError("state of the gate is too short")
    g.state_ns = &state_ns[0]
    return state_ns


cdef inline const double* open_row(object row, Py_buffer* view, Py_ssize_t width) except? NULL:
    # read-only exporters are welcome; the caller releases the view
    PyObject_GetBuffer(row, view, PyBUF_FORMAT | PyBUF_ND)
    if view.ndim != 1 or view.format == NULL or view.format[0] != b"d" or view.format[1] != 0 \
            or view.shape[0] < width:
        PyBuffer_Release(view)
        raise ValueError(f"a row must be one dimension of at least {width} doubles, side by side")
    return <const double*>view.buf
