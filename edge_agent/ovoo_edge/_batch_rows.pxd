# The columns of a batch that row loops read, and the mark of each row that they write.

from libc.stdint cimport int64_t, uint32_t


cdef struct Rows:
    const uint32_t* signal
    const int64_t* time_ns
    const double* value
    const uint32_t* quality
    const unsigned char* worded  # NULL: no row has a text
    unsigned char* mark
