# Line protocol of `_kernels.pyx`: pieces that are prepared once per signal, numbers written digit by digit.


cdef struct Text:
    const char* start
    Py_ssize_t size


cdef class Lines:
    """Prepared pieces of lines and the growing output."""

    cdef Text* heads
    cdef Text* keys
    cdef Text* texts
    cdef const unsigned char* full
    cdef const uint32_t* signal
    cdef const int64_t* time_ns
    cdef const double* value
    cdef const uint32_t* quality
    cdef char* out
    cdef Py_ssize_t used, room
    cdef object owners

    def __cinit__(self, heads, keys, texts, Py_ssize_t count):
        self.owners = (list(heads), list(keys), dict(texts))
        self.heads = _pieces(self.owners[0])
        self.keys = _pieces(self.owners[1])
        self.texts = NULL
        self.used, self.room = 0, 96 * count + 1024
        self.out = <char*>malloc(self.room)
        if self.out == NULL:
            raise MemoryError
        if self.owners[2]:
            self._keep_texts(count)

    def __dealloc__(self):
        free(self.heads)
        free(self.keys)
        free(self.texts)
        free(self.out)

    cdef int _keep_texts(self, Py_ssize_t count) except -1:
        cdef Py_ssize_t row
        cdef bytes text
        self.texts = <Text*>malloc(count * sizeof(Text))
        if self.texts == NULL:
            raise MemoryError
        for row in range(count):
            self.texts[row].start = NULL
        for row, text in self.owners[2].items():
            if 0 <= row < count:
                self.texts[row].start = PyBytes_AS_STRING(text)
                self.texts[row].size = PyBytes_GET_SIZE(text)
        return 0

    cdef int run(self, const uint32_t* rows, Py_ssize_t wanted) except -1:
        cdef Py_ssize_t position
        cdef int failed = 0
        with nogil:
            for position in range(wanted):
                failed = self.line(position if rows == NULL else rows[position])
                if failed:
                    break
        if failed:
            raise MemoryError
        return 0

    cdef int line(self, Py_ssize_t row) noexcept nogil:
        """Appends one row's line; nonzero if memory ran out."""
        cdef uint32_t index = self.signal[row]
        cdef Text head = self.heads[index], key = self.keys[index]
        cdef bint count = self.full[index] == 2
        cdef bint full = self.full[index] != 0 and not count
        cdef double item = self.value[row]
        cdef bint finite = item - item == 0.0
        cdef bint worded = full and self.texts != NULL and self.texts[row].start != NULL
        cdef Py_ssize_t need = head.size + key.size + 128
        cdef char* p
        if not (finite or full) or (count and not 0 <= item < COUNT_END):
            return 0
        if worded:
            need += self.texts[row].size
        if self.used + need > self.room and self._grow(need):
            return 1
        p = self.out + self.used
        p = _put(p, head.start, head.size)
        if finite:
            p = _put(p, key.start, key.size)
            p = _put_count(p, item) if count else _put_double(p, item)
            if p == NULL:
                return 1
        if full:
            p = _put(p, b",quality=" if finite else b"quality=", 9 if finite else 8)
            p = _put_unsigned(p, self.quality[row])
            p[0] = c"i"
            p += 1
            if worded:
                p = _put(p, b",text=", 6)
                p = _put(p, self.texts[row].start, self.texts[row].size)
        p[0] = c" "
        p = _put_signed(p + 1, self.time_ns[row])
        p[0] = c"\n"
        self.used = p + 1 - self.out
        return 0

    cdef int _grow(self, Py_ssize_t need) noexcept nogil:
        cdef Py_ssize_t room = 2 * self.room + need
        cdef char* larger = <char*>realloc(self.out, room)
        if larger == NULL:
            return 1
        self.out, self.room = larger, room
        return 0


cdef Text* _pieces(list texts) except NULL:
    cdef Text* pieces = <Text*>malloc((len(texts) + 1) * sizeof(Text))
    cdef Py_ssize_t index
    cdef bytes text
    if pieces == NULL:
        raise MemoryError
    for index in range(len(texts)):
        text = texts[index]
        pieces[index].start = PyBytes_AS_STRING(text)
        pieces[index].size = PyBytes_GET_SIZE(text)
    return pieces


cdef inline char* _put(char* p, const char* text, Py_ssize_t size) noexcept nogil:
    memcpy(p, text, size)
    return p + size


cdef inline char* _put_unsigned(char* p, uint64_t number) noexcept nogil:
    cdef char digits[20]
    cdef int count = 0
    while True:
        digits[count] = <char>(48 + number % 10)
        number //= 10
        count += 1
        if not number:
            break
    while count:
        count -= 1
        p[0] = digits[count]
        p += 1
    return p


cdef inline char* _put_signed(char* p, int64_t number) noexcept nogil:
    if number < 0:
        p[0] = c"-"
        return _put_unsigned(p + 1, 0 - <uint64_t>number)
    return _put_unsigned(p, <uint64_t>number)


cdef inline char* _put_count(char* p, double item) noexcept nogil:
    p = _put_unsigned(p, <uint64_t>item)
    p[0] = c"i"
    return p + 1


cdef inline char* _put_double(char* p, double item) noexcept nogil:
    """Writes a finite double's shortest round-trip text; NULL if memory ran out."""
    cdef double size = item if item > 0 else -item
    cdef double scaled, whole
    cdef int exponent
    if size >= 1e-4:
        for exponent in range(10):
            scaled = size * OVOO_SCALES[exponent]
            if scaled >= EXACT_LIMIT:
                break
            whole = (scaled + MAGIC) - MAGIC
            if whole / OVOO_SCALES[exponent] == size:
                if item < 0:
                    p[0] = c"-"
                    p += 1
                return _put_scaled(p, <uint64_t>whole, exponent)
    return _put_any(p, item)


cdef inline char* _put_scaled(char* p, uint64_t number, int exponent) noexcept nogil:
    cdef uint64_t fraction
    cdef int place
    if not exponent:
        p = _put_unsigned(p, number)
        p[0], p[1] = c".", c"0"
        return p + 2
    p = _put_unsigned(p, number // OVOO_POWERS[exponent])
    fraction = number % OVOO_POWERS[exponent]
    p[0] = c"."
    for place in range(exponent, 0, -1):
        p[place] = <char>(48 + fraction % 10)
        fraction //= 10
    return p + exponent + 1


cdef char* _put_any(char* p, double item) noexcept nogil:
    cdef char* text
    cdef size_t size
    with gil:
        text = PyOS_double_to_string(item, c"r", 0, Py_DTSF_ADD_DOT_0, NULL)
        if text == NULL:
            return NULL
        size = strlen(text)
        if size < NUMBER_ROOM:
            memcpy(p, text, size)
        PyMem_Free(text)
    return p + size if size < NUMBER_ROOM else NULL
