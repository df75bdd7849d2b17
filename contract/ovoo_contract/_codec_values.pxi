# The value column of `_codec.pyx`: which form a run takes, its numbers and the places without a value.


cdef Byte* _put_values(Byte* p, Run* runs, Py_ssize_t count, const double* value, double* present) noexcept nogil:
    """Descriptors, presence and numbers; the descriptors of all runs come before, so they are chosen first."""
    cdef Byte* descriptors = p
    cdef double* part = present
    cdef Py_ssize_t index
    cdef uint32_t row, length
    p += count
    for index in range(count):
        length = runs[index].stop - runs[index].start
        runs[index].present = 0
        for row in range(runs[index].start, runs[index].stop):
            part[runs[index].present] = value[row]
            runs[index].present += value[row] == value[row]
        descriptors[index] = _choose(part, runs[index].present)
        if 0 < runs[index].present < length:
            descriptors[index] |= PARTIAL
            p = _put_presence(p, value, runs[index].start, runs[index].stop)
        part += runs[index].present
    part = present
    for index in range(count):
        p = _put_numbers(p, part, runs[index].present, descriptors[index])
        part += runs[index].present
    return p


cdef Byte* _put_presence(Byte* p, const double* value, uint32_t start, uint32_t stop) noexcept nogil:
    cdef bint expected = True
    cdef uint32_t row, length = 0
    for row in range(start, stop):
        if (value[row] == value[row]) != expected:
            p = _put(p, length)
            expected, length = not expected, 0
        length += 1
    return _put(p, length)


cdef Byte _choose(const double* part, uint32_t count) noexcept nogil:
    cdef int exponent
    if not count:
        return ABSENT
    exponent = _exact_exponent(part, count)
    if exponent >= 0:
        return <Byte>(DECIMAL | exponent << 4)
    exponent = _single_exponent(part, count)
    if exponent >= 0:
        return <Byte>(SINGLE_DECIMAL | exponent << 4)
    exponent = _near_exponent(part, count)
    if exponent >= 0:
        return <Byte>(NEAR_DECIMAL | exponent << 4)
    return XOR


cdef int _exact_exponent(const double* part, uint32_t count) noexcept nogil:
    cdef int exponent = 0
    cdef double top = 0.0
    cdef uint32_t row
    for row in range(count):
        while not _is_exact(part[row], exponent):
            exponent += 1
            if exponent > EXACT_EXPONENT or not _size(part[row]) * OVOO_SCALES[exponent] < EXACT_LIMIT:
                return -1
        top = max(top, _size(part[row]))
    return exponent if top * OVOO_SCALES[exponent] < EXACT_LIMIT else -1


cdef inline bint _is_exact(double item, int exponent) noexcept nogil:
    cdef double scaled = item * OVOO_SCALES[exponent]
    return _size(scaled) < EXACT_LIMIT and _bits(_whole(scaled) / OVOO_SCALES[exponent]) == _bits(item)


cdef int _single_exponent(const double* part, uint32_t count) noexcept nogil:
    cdef int exponent = 0
    cdef uint32_t row
    for row in range(count):
        if <double><float>part[row] != part[row]:
            return -1
    for row in range(count):
        while not _is_single(part[row], exponent):
            exponent += 1
            if exponent > NEAR_EXPONENT:
                return -1
    for row in range(count):
        if not _is_single(part[row], exponent):
            return -1
    return exponent


cdef inline bint _is_single(double item, int exponent) noexcept nogil:
    cdef double scaled = item * OVOO_SCALES[exponent]
    if not _size(scaled) < NEAR_LIMIT:
        return False
    return _bits(<double><float>(_whole(scaled) / OVOO_SCALES[exponent])) == _bits(item)


cdef int _near_exponent(const double* part, uint32_t count) noexcept nogil:
    cdef int exponent = 0
    cdef uint32_t row
    for row in range(count):
        while not _is_near(part[row], exponent):
            exponent += 1
            if exponent > NEAR_EXPONENT:
                return -1
    for row in range(count):
        if not _is_near(part[row], exponent):
            return -1
    return exponent


cdef inline bint _is_near(double item, int exponent) noexcept nogil:
    cdef double scaled = item * OVOO_SCALES[exponent]
    cdef int64_t steps
    if not _size(scaled) < NEAR_LIMIT:
        return False
    steps = <int64_t>(_bits(item) - _bits(_whole(scaled) / OVOO_SCALES[exponent]))
    return -NEAR_STEPS <= steps <= NEAR_STEPS


cdef Byte* _put_numbers(Byte* p, const double* part, uint32_t count, Byte descriptor) noexcept nogil:
    cdef int mode = descriptor & 7
    cdef double scale = OVOO_SCALES[descriptor >> 4]
    cdef int64_t previous = 0, number
    cdef uint32_t row
    if mode == XOR:
        return _put_xor(p, part, count)
    for row in range(count):
        number = <int64_t>_whole(part[row] * scale)
        p = _put(p, _zigzag(<uint64_t>(number - previous)))
        previous = number
    if mode == NEAR_DECIMAL:
        for row in range(count):
            p = _put(p, _zigzag(_bits(part[row]) - _bits(_whole(part[row] * scale) / scale)))
    return p


cdef Byte* _put_xor(Byte* p, const double* part, uint32_t count) noexcept nogil:
    cdef uint64_t previous = 0, changed
    cdef uint32_t row
    cdef Byte* control
    cdef int low
    for row in range(count):
        changed = _bits(part[row]) ^ previous
        previous = _bits(part[row])
        control = p
        p += 1
        low = 0
        if changed:
            while not changed & 0xFF:
                changed >>= 8
                low += 1
        while changed:
            p[0] = <Byte>(changed & 0xFF)
            changed >>= 8
            p += 1
        control[0] = <Byte>(low << 4 | (p - control - 1))
    return p


cdef void _get_values(Reader* reader, Run* runs, Py_ssize_t count, double* value, double* present) noexcept nogil:
    cdef const Byte* descriptors = reader.at
    cdef const Byte* presence
    cdef const Byte* numbers
    cdef Py_ssize_t index
    if reader.failed or not _skip(reader, count):
        return
    presence = reader.at
    for index in range(count):
        _count_present(reader, &runs[index], descriptors[index])
        if reader.failed:
            return
    for index in range(count):
        if descriptors[index] & PARTIAL:
            _get_numbers(reader, present, runs[index].present, descriptors[index])
            numbers = reader.at
            reader.at = presence
            _spread(reader, &runs[index], present, value)
            presence = reader.at
            reader.at = numbers
        elif runs[index].present:
            _get_numbers(reader, value + runs[index].start, runs[index].present, descriptors[index])
        else:
            _fill_absent(value, runs[index].start, runs[index].stop)
        if reader.failed:
            return


cdef void _count_present(Reader* reader, Run* run, Byte descriptor) noexcept nogil:
    cdef int mode = descriptor & 7
    cdef uint64_t left = run.stop - run.start, length
    cdef bint expected = True, start = True
    if mode > XOR or (mode in (ABSENT, XOR) and descriptor >> 4) or descriptor == (ABSENT | PARTIAL):
        reader.failed = DESCRIPTOR
        return
    run.present = 0 if mode == ABSENT else <uint32_t>left
    if not descriptor & PARTIAL:
        return
    run.present = 0
    while left:
        length = _get(reader)
        if length > left or (length == 0 and not start):
            reader.failed = PRESENCE
        if reader.failed:
            return
        if expected:
            run.present += <uint32_t>length
        left -= length
        expected, start = not expected, False


cdef void _spread(Reader* reader, const Run* run, const double* present, double* value) noexcept nogil:
    """Lays present values and gaps out by the presence lengths, which were checked before."""
    cdef uint32_t row = run.start, length
    cdef bint expected = True
    while row < run.stop:
        length = <uint32_t>_get(reader)
        if expected:
            memcpy(value + row, present, length * sizeof(double))
            present += length
        else:
            _fill_absent(value, row, row + length)
        row += length
        expected = not expected


cdef void _fill_absent(double* value, uint32_t start, uint32_t stop) noexcept nogil:
    cdef uint32_t row
    for row in range(start, stop):
        memcpy(value + row, &NAN_BITS, 8)


cdef void _get_numbers(Reader* reader, double* value, uint32_t count, Byte descriptor) noexcept nogil:
    cdef int mode = descriptor & 7
    cdef double scale = OVOO_SCALES[descriptor >> 4]
    cdef uint64_t number = 0
    cdef uint32_t row
    if mode == XOR:
        _get_xor(reader, value, count)
        return
    for row in range(count):
        number += _unzigzag(_get(reader))
        value[row] = <double><int64_t>number / scale
        if reader.failed:
            return
    if mode == SINGLE_DECIMAL:
        for row in range(count):
            value[row] = <double><float>value[row]
    elif mode == NEAR_DECIMAL:
        for row in range(count):
            value[row] = _double(_bits(value[row]) + _unzigzag(_get(reader)))


cdef void _get_xor(Reader* reader, double* value, uint32_t count) noexcept nogil:
    cdef uint64_t bits = 0
    cdef uint32_t row
    cdef int low, size, place
    for row in range(count):
        if reader.at >= reader.end:
            reader.failed = CUT_OFF
            return
        low, size = reader.at[0] >> 4, reader.at[0] & 15
        reader.at += 1
        if low + size > 8 or size > reader.end - reader.at:
            reader.failed = CUT_OFF
            return
        for place in range(size):
            bits ^= <uint64_t>reader.at[place] << (8 * (low + place))
        reader.at += size
        value[row] = _double(bits)
