# cython: language_level=3
"""The C library's heap, compiled. `_heap_py.py` is the twin, which leaves it as it is."""

__all__ = ["give_back", "use_one_heap"]

cdef extern from *:
    """
    #include <stdlib.h>
    #ifdef __GLIBC__
    #include <malloc.h>
    static int ovoo_one_heap(void) { return mallopt(M_ARENA_MAX, 1); }
    static int ovoo_trim(void) { return malloc_trim(0); }
    #else
    static int ovoo_one_heap(void) { return 0; }
    static int ovoo_trim(void) { return 0; }
    #endif
    """
    int ovoo_one_heap() nogil
    int ovoo_trim() nogil


def use_one_heap():
    return ovoo_one_heap() == 1


def give_back():
    cdef int given
    with nogil:
        given = ovoo_trim()
    return given == 1
