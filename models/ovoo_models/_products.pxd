# Matrix products of _lanes' sums in every instruction set the processor has; the header says how the bits stay the same.

cdef extern from "_products.h" nogil:
    double ovoo_quadratic(const double* a, const double* z, double* work, Py_ssize_t d)
    void ovoo_fill_absent(const double* precision, Py_ssize_t d, double* y, const unsigned char* absent)
    void ovoo_add_products(const double* matrix, Py_ssize_t rows, Py_ssize_t d, const double* x, double* y)
