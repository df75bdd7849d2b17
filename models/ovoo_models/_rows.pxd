# One row from Python by its raw buffer: a tenth of the price of a typed memoryview.

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBuffer_Release, PyObject_GetBuffer

cdef extern from "_lanes.h" nogil:
    ctypedef struct ovoo_gate:
        Py_ssize_t column
        double low, high
        long long settle_ns, gap_ns
        long long* state_ns


cdef inline const double* open_row(object row, Py_buffer* view, Py_ssize_t width) except? NULL:
    # read-only exporters are welcome; the caller releases the view
    PyObject_GetBuffer(row, view, PyBUF_FORMAT | PyBUF_ND)
    if view.ndim != 1 or view.format == NULL or view.format[0] != b"d" or view.format[1] != 0 \
            or view.shape[0] < width:
        PyBuffer_Release(view)
        raise ValueError(f"a row must be one dimension of at least {width} doubles, side by side")
    return <const double*>view.buf
