# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Publish responses to growing columns, compiled. Twin: _decode_py, whose pages hold for this too.

(a) `_parse` reads one item, checks every length against the end of its block before it reads and touches nothing else.
(b) `_run` appends items until one needs Python: a text, a number that no double holds, or a shape that only the general
reader `ua_wire` knows. (c) The reader finishes that item and goes on. (d) A fault takes back all rows of its response.
"""

from cpython cimport array
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.math cimport isfinite
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from array import array as new_array
from struct import error as _StructError

from ovoo_contract.samples import SampleBatch
from ovoo_edge.sources.notification import number_or_text, read_response_header
from ovoo_edge.sources.ua_wire import WireFault, read_data_value, skip_extension_object

__all__ = ["Notification", "NotificationReader"]

cdef int64_t TICKS_1970 = 116_444_736_000_000_000
cdef int64_t EARLIEST_TICKS = 9_466_848_000_000_000 + TICKS_1970
cdef int64_t LATEST_AHEAD_NS = 86_400_000_000_000
cdef uint32_t OUR_BITS = 0x30003000, OVERFLOW = 0x480, BAD = 0x80000000
cdef uint32_t FROM_SERVER = 0x1000, FROM_RECEIVE = 0x2000
cdef int64_t EXACT = 9007199254740992
cdef double NAN = float("nan")
cdef int STRING = 12, DATE_TIME = 13, XML_ELEMENT = 16
cdef int PLAIN = 0, NULL_VALUE = 1, ODD = 2, GENERAL = 3, FAULT = 4
cdef int PUBLISH_RESPONSE = 829, REPUBLISH_RESPONSE = 835, DATA_CHANGE = 811, STATUS_CHANGE = 820
cdef Py_ssize_t WORTH_A_RELEASE = 8192  # below this many items other threads gain less than the switch costs
cdef Py_ssize_t MOST_AT_ONCE = 262_144
cdef int64_t MOST_ELEMENTS = 2**31  # an array's length is a signed 32-bit number

cdef uint8_t[26] SIZES
for _kind in range(26):
    SIZES[_kind] = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 4, 8: 8, 9: 8, 10: 4, 11: 8, 13: 8, 19: 4}.get(_kind, 0)


cdef struct Item:
    uint32_t handle
    uint32_t status
    int64_t source
    int64_t server
    double number
    int kind
    Py_ssize_t at      # of the value or of the text
    Py_ssize_t size    # of the text
    Py_ssize_t next


cdef struct Table:
    int64_t* signals
    int64_t* elements
    Py_ssize_t handles
    bint keep_times


cdef struct Columns:
    uint32_t* signal
    int64_t* time_ns
    double* value
    uint32_t* quality
    int32_t* server_us
    int32_t* receive_us
    Py_ssize_t rows


cdef struct Tally:
    Py_ssize_t overflow
    Py_ssize_t unknown
    Py_ssize_t from_server
    Py_ssize_t from_receive
    Py_ssize_t nulls


cdef inline uint16_t _u16(const uint8_t* p) noexcept nogil:
    return <uint16_t>(p[0] | (<uint32_t>p[1] << 8))


cdef inline uint32_t _u32(const uint8_t* p) noexcept nogil:
    return p[0] | (<uint32_t>p[1] << 8) | (<uint32_t>p[2] << 16) | (<uint32_t>p[3] << 24)


cdef inline uint64_t _u64(const uint8_t* p) noexcept nogil:
    return _u32(p) | (<uint64_t>_u32(p + 4) << 32)


cdef inline double _f64(const uint8_t* p) noexcept nogil:
    cdef uint64_t bits = _u64(p)
    cdef double number
    memcpy(&number, &bits, 8)
    return number


cdef inline double _f32(const uint8_t* p) noexcept nogil:
    cdef uint32_t bits = _u32(p)
    cdef float number
    memcpy(&number, &bits, 4)
    return number


cdef inline int _number(const uint8_t* p, int kind, double* out) noexcept nogil:
    """PLAIN with the number in `out`, or ODD where a finite double does not say it all."""
    cdef int64_t whole
    cdef uint64_t natural
    if kind == 11 or kind == 10:
        out[0] = _f64(p) if kind == 11 else _f32(p)
        return PLAIN if isfinite(out[0]) else ODD
    if kind == 6:
        out[0] = <int32_t>_u32(p)
    elif kind == 7 or kind == 19:
        out[0] = _u32(p)
    elif kind == 4:
        out[0] = <int16_t>_u16(p)
    elif kind == 5:
        out[0] = _u16(p)
    elif kind == 1:
        out[0] = p[0] != 0
    elif kind == 2:
        out[0] = <int8_t>p[0]
    elif kind == 3:
        out[0] = p[0]
    elif kind == 8:
        whole = <int64_t>_u64(p)
        out[0] = <double>whole
        return PLAIN if -EXACT <= whole <= EXACT else ODD
    elif kind == 9:
        natural = _u64(p)
        out[0] = <double>natural
        return PLAIN if natural <= <uint64_t>EXACT else ODD
    else:
        return ODD
    return PLAIN


cdef Py_ssize_t _dimensions(const uint8_t* p, Py_ssize_t pos, Py_ssize_t end, Py_ssize_t elements) noexcept nogil:
    """Position behind the dimensions of an array, -1 where they are cut off or do not multiply to its length."""
    cdef Py_ssize_t count, k
    cdef int64_t product = 1, size
    cdef bint empty = False
    if end - pos < 4:
        return -1
    count = <int32_t>_u32(p + pos)
    pos += 4
    if count <= 0:
        return pos
    if count > (end - pos) // 4:
        return -1
    for k in range(count):
        size = <int32_t>_u32(p + pos + 4 * k)
        if size < 0:
            return -1
        if size == 0:
            empty = True
        elif product <= MOST_ELEMENTS:
            product *= size
    if (0 if empty else product) != elements:
        return -1
    return pos + 4 * count


cdef int _array(const uint8_t* p, Py_ssize_t pos, Py_ssize_t end, uint8_t encoding, int64_t element,
                Item* item) noexcept nogil:
    """One element of an array whose elements have a fixed size; `item.next` is behind its dimensions."""
    cdef Py_ssize_t size = SIZES[item.kind], count
    if end - pos < 4:
        return FAULT
    count = <int32_t>_u32(p + pos)
    pos += 4
    if count < 0:
        count = 0
    if count > (end - pos) // size:
        return FAULT
    item.at = pos + <Py_ssize_t>element * size if element < count else -1
    pos += count * size
    if encoding & 0x40:
        pos = _dimensions(p, pos, end, count)
        if pos < 0:
            return FAULT
    item.next = pos
    return NULL_VALUE if item.at < 0 else _number(p + item.at, item.kind, &item.number)


cdef inline int _scalar(const uint8_t* p, Py_ssize_t pos, Py_ssize_t end, Item* item) noexcept nogil:
    cdef Py_ssize_t size = SIZES[item.kind]
    if size:
        if end - pos < size:
            return FAULT
        item.at = pos
        item.next = pos + size
        return _number(p + pos, item.kind, &item.number)
    if item.kind != STRING and item.kind != XML_ELEMENT:
        return GENERAL
    if end - pos < 4:
        return FAULT
    size = <int32_t>_u32(p + pos)
    item.at = pos + 4
    if size < 0:
        item.next = item.at
        return NULL_VALUE
    if size > end - item.at:
        return FAULT
    item.size = size
    item.next = item.at + size
    return ODD


cdef inline int _variant(const uint8_t* p, Py_ssize_t pos, Py_ssize_t end, const Table* table,
                         Item* item) noexcept nogil:
    cdef uint8_t encoding
    if pos >= end:
        return FAULT
    encoding = p[pos]
    pos += 1
    item.kind = encoding & 0x3F
    if item.kind > 25:
        return GENERAL
    if encoding & 0xC0 == 0x40:
        return FAULT  # dimensions of what is no array
    if encoding & 0x80:
        if not SIZES[item.kind]:
            return GENERAL
        return _array(p, pos, end, encoding, table.elements[item.handle] if item.handle < table.handles else 0, item)
    if item.kind == 0:
        item.next = pos
        return NULL_VALUE
    return _scalar(p, pos, end, item)


cdef inline int _parse(const uint8_t* p, Py_ssize_t pos, Py_ssize_t end, const Table* table,
                       Item* item) noexcept nogil:
    """One item; all of it lies before `end`, else FAULT. On GENERAL only `handle` is set."""
    cdef int found = NULL_VALUE
    cdef uint8_t mask
    cdef Py_ssize_t rest
    if end - pos < 5:
        return FAULT
    item.handle = _u32(p + pos)
    mask = p[pos + 4]
    item.status = 0
    item.source = item.server = 0
    item.kind = 0
    item.next = pos + 5
    if mask & 0x01:
        found = _variant(p, pos + 5, end, table, item)
        if found >= GENERAL:
            return found
    pos = item.next
    rest = 4 * ((mask >> 1) & 1) + 8 * (((mask >> 2) & 1) + ((mask >> 3) & 1)) + 2 * (((mask >> 4) & 1) + ((mask >> 5) & 1))
    if end - pos < rest:
        return FAULT
    if mask & 0x02:
        item.status = _u32(p + pos)
        pos += 4
    if mask & 0x04:
        item.source = <int64_t>_u64(p + pos)
        pos += 8
    if mask & 0x10:  # Part 6, 5.2.2.17: the source's picoseconds stand before the server's time
        pos += 2
    if mask & 0x08:
        item.server = <int64_t>_u64(p + pos)
        pos += 8
    if mask & 0x20:
        pos += 2
    item.next = pos
    return found


cdef inline int32_t _delta_us(int64_t later_ns, int64_t time_ns) noexcept nogil:
    cdef int64_t delta = later_ns - time_ns, micro = delta // 1000
    if micro * 1000 > delta:
        micro -= 1
    if micro < -2147483648:
        return <int32_t>(-2147483648)
    return 2147483647 if micro > 2147483647 else <int32_t>micro


cdef inline int32_t _server_delta_us(int64_t server, int64_t time_ns) noexcept nogil:
    """From `time_ns` to a server time in ticks; what 64 bits of nanoseconds would not hold is at a limit anyway."""
    cdef double far = (<double>server - <double>TICKS_1970) * 100.0 - <double>time_ns
    if server == 0:
        return 0
    if far > 1e13:
        return 2147483647
    if far < -1e13:
        return <int32_t>(-2147483648)
    return _delta_us((server - TICKS_1970) * 100, time_ns)


cdef inline void _append(Columns* columns, const Table* table, const Item* item, double value, uint32_t quality,
                         int64_t receive_ns, int64_t latest, Tally* tally) noexcept nogil:
    cdef Py_ssize_t row = columns.rows
    cdef int64_t time_ns
    if EARLIEST_TICKS <= item.source <= latest:
        time_ns = (item.source - TICKS_1970) * 100
    elif EARLIEST_TICKS <= item.server <= latest:
        time_ns = (item.server - TICKS_1970) * 100
        quality |= FROM_SERVER
        tally.from_server += 1
    else:
        time_ns = receive_ns
        quality |= FROM_RECEIVE
        tally.from_receive += 1
    columns.signal[row] = <uint32_t>table.signals[item.handle]
    columns.time_ns[row] = time_ns
    columns.value[row] = value
    columns.quality[row] = quality
    if table.keep_times:
        columns.server_us[row] = _server_delta_us(item.server, time_ns)
        columns.receive_us[row] = _delta_us(receive_ns, time_ns)
    columns.rows = row + 1


cdef inline bint _is_ours(const Table* table, uint32_t handle) noexcept nogil:
    return handle < table.handles and table.signals[handle] >= 0


cdef inline uint32_t _quality(const Item* item, Tally* tally) noexcept nogil:
    if item.status & OVERFLOW == OVERFLOW:
        tally.overflow += 1
    return item.status & ~OUR_BITS


cdef inline uint32_t _null_quality(const Item* item, Tally* tally) noexcept nogil:
    """A null that claims to be good says nothing: not known is not good."""
    cdef uint32_t quality = _quality(item, tally)
    tally.nulls += 1
    return quality if quality >= BAD else BAD


cdef struct Layout:
    uint16_t mark      # mask and variant byte
    Py_ssize_t size
    Py_ssize_t status  # offsets, 0 where the field is absent
    Py_ssize_t source
    Py_ssize_t server


cdef inline void _lay_out(uint16_t mark, Layout* layout) noexcept nogil:
    """Offsets in an item that is a scalar of fixed size; the order of the fields is that of `_parse`."""
    cdef Py_ssize_t at = 6 + SIZES[mark >> 8]
    layout.mark = mark
    layout.status = layout.source = layout.server = 0
    if mark & 0x02:
        layout.status = at
        at += 4
    if mark & 0x04:
        layout.source = at
        at += 8
    if mark & 0x10:
        at += 2
    if mark & 0x08:
        layout.server = at
        at += 8
    if mark & 0x20:
        at += 2
    layout.size = at


cdef inline bint _has_layout(uint16_t mark) noexcept nogil:
    return mark & 0x01 and mark >> 8 <= 25 and SIZES[mark >> 8] != 0


cdef void _run_alike(const uint8_t* p, Py_ssize_t* at, Py_ssize_t end, Py_ssize_t* left, const Table* table,
                     Columns* columns, Tally* tally, int64_t receive_ns, int64_t latest) noexcept nogil:
    """Appends items for as long as they have the layout of the first and ask for nothing but numbers of ours."""
    cdef Layout layout
    cdef Item item
    cdef const uint8_t* q = p + at[0]
    cdef Py_ssize_t most, done = 0
    _lay_out(_u16(q + 4), &layout)
    most = (end - at[0]) // layout.size
    if most > left[0]:
        most = left[0]
    item.status = 0
    item.source = item.server = 0
    item.kind = layout.mark >> 8
    while done < most and _u16(q + 4) == layout.mark:
        item.handle = _u32(q)
        if not _is_ours(table, item.handle) or _number(q + 6, item.kind, &item.number) != PLAIN:
            break
        if layout.status:
            item.status = _u32(q + layout.status)
        if layout.source:
            item.source = <int64_t>_u64(q + layout.source)
        if layout.server:
            item.server = <int64_t>_u64(q + layout.server)
        _append(columns, table, &item, item.number, _quality(&item, tally), receive_ns, latest, tally)
        q += layout.size
        done += 1
    at[0] = q - p
    left[0] -= done


cdef int _run(const uint8_t* p, Py_ssize_t* at, Py_ssize_t end, Py_ssize_t* left, const Table* table,
              Columns* columns, Tally* tally, int64_t receive_ns, int64_t latest, Item* item) noexcept nogil:
    """Appends items until none is left (PLAIN) or one is for the caller to finish."""
    cdef int found
    while left[0] > 0:
        if left[0] > 1 and end - at[0] >= 6 and _has_layout(_u16(p + at[0] + 4)):
            _run_alike(p, at, end, left, table, columns, tally, receive_ns, latest)
            if left[0] == 0:
                break
        found = _parse(p, at[0], end, table, item)
        if found >= GENERAL:
            return found
        if not _is_ours(table, item.handle):
            tally.unknown += 1
        elif found == PLAIN:
            _append(columns, table, item, item.number, _quality(item, tally), receive_ns, latest, tally)
        elif found == NULL_VALUE:
            _append(columns, table, item, NAN, _null_quality(item, tally), receive_ns, latest, tally)
        else:
            return ODD
        at[0] = item.next
        left[0] -= 1
    return PLAIN


cdef class Notification:
    cdef readonly uint32_t subscription_id
    cdef readonly uint32_t sequence
    cdef readonly bint more
    cdef readonly bint is_keep_alive
    cdef readonly Py_ssize_t rows
    cdef Tally tally
    cdef bytes body
    cdef Py_ssize_t available_at, available_count, acks_at, acks_count
    cdef bint has_status_change
    cdef uint32_t status

    @property
    def available(self):
        return self._numbers(self.available_at, self.available_count)

    @property
    def ack_results(self):
        return self._numbers(self.acks_at, self.acks_count)

    @property
    def status_change(self):
        return self.status if self.has_status_change else None

    @property
    def overflow(self):
        return self.tally.overflow

    @property
    def unknown_handles(self):
        return self.tally.unknown

    @property
    def time_from_server(self):
        return self.tally.from_server

    @property
    def time_from_receive(self):
        return self.tally.from_receive

    @property
    def null_values(self):
        return self.tally.nulls

    cdef tuple _numbers(self, Py_ssize_t at, Py_ssize_t count):
        cdef const uint8_t* p
        cdef Py_ssize_t number
        if count == 0:
            return ()
        p = <const uint8_t*>PyBytes_AS_STRING(self.body)
        return tuple([_u32(p + at + 4 * number) for number in range(count)])


cdef class NotificationReader:
    cdef Table table
    cdef Columns columns
    cdef array.array signals, elements
    cdef array.array signal, time_ns, value, quality, server_us, receive_us
    cdef dict text
    cdef object element_of
    cdef Py_ssize_t capacity, wanted, fed

    def __init__(self, table):
        cdef Py_ssize_t handle
        self.element_of = dict(table.elements)
        self.signals = new_array("q", table.signals)
        self.elements = new_array("q", [self.element_of.get(handle, 0) for handle in range(len(self.signals))])
        self.table.signals = <int64_t*>self.signals.data.as_longlongs
        self.table.elements = <int64_t*>self.elements.data.as_longlongs
        self.table.handles = len(self.signals)
        self.table.keep_times = table.keep_times
        self.fed = 0
        self._clear()

    @property
    def rows(self):
        return self.columns.rows

    def feed(self, bytes body not None, int64_t receive_ns):
        cdef Notification note = Notification.__new__(Notification)
        self.fed = self.columns.rows
        note.body = body
        try:
            self._read_publish(body, self._header(body, PUBLISH_RESPONSE), receive_ns, note)
        except (WireFault, _StructError, IndexError) as error:
            self.undo()
            raise WireFault(f"PublishResponse is malformed: {error}") from error
        except MemoryError:
            self.undo()
            raise
        return note

    def feed_republished(self, bytes body not None, int64_t receive_ns):
        cdef Notification note = Notification.__new__(Notification)
        self.fed = self.columns.rows
        note.body = body
        try:
            self._read_message(body, self._header(body, REPUBLISH_RESPONSE), receive_ns, note)
        except (WireFault, _StructError, IndexError) as error:
            self.undo()
            raise WireFault(f"RepublishResponse is malformed: {error}") from error
        except MemoryError:
            self.undo()
            raise
        return note

    def undo(self):
        if self.columns.rows > self.fed:
            self.columns.rows = self.fed
            for row in [row for row in self.text if row >= self.fed]:
                del self.text[row]

    def take(self):
        for column in (self.signal, self.time_ns, self.value, self.quality):
            array.resize(column, self.columns.rows)
        if self.table.keep_times:
            array.resize(self.server_us, self.columns.rows)
            array.resize(self.receive_us, self.columns.rows)
        batch = SampleBatch(
            self.signal,
            self.time_ns,
            self.value,
            self.quality,
            self.text,
            self.server_us if self.table.keep_times else None,
            self.receive_us if self.table.keep_times else None,
        )
        self.fed = 0
        self._clear()
        return batch

    cdef int _clear(self) except -1:
        self.signal = new_array("I")
        self.time_ns = new_array("q")
        self.value = new_array("d")
        self.quality = new_array("I")
        self.server_us = new_array("i")
        self.receive_us = new_array("i")
        self.text = {}
        self.wanted = min(self.columns.rows, MOST_AT_ONCE)
        self.columns.rows = self.capacity = 0
        return 0

    cdef int _reserve(self, Py_ssize_t more) except -1:
        """Room for `more` rows; begins with as many as were taken last, and doubles: a constant cost per row."""
        cdef Py_ssize_t wanted = self.columns.rows + more
        if wanted <= self.capacity:
            return 0
        wanted = max(wanted, 2 * self.capacity, self.wanted, 1024)
        for column in (self.signal, self.time_ns, self.value, self.quality):
            array.resize(column, wanted)
        if self.table.keep_times:
            array.resize(self.server_us, wanted)
            array.resize(self.receive_us, wanted)
        self.columns.signal = <uint32_t*>self.signal.data.as_uints
        self.columns.time_ns = <int64_t*>self.time_ns.data.as_longlongs
        self.columns.value = self.value.data.as_doubles
        self.columns.quality = <uint32_t*>self.quality.data.as_uints
        self.columns.server_us = <int32_t*>self.server_us.data.as_ints
        self.columns.receive_us = <int32_t*>self.receive_us.data.as_ints
        self.capacity = wanted
        return 0

    cdef Py_ssize_t _header(self, bytes body, int expected) except -1:
        """Position behind the response header; the usual one, without diagnostics, is passed without Python."""
        cdef const uint8_t* p = <const uint8_t*>PyBytes_AS_STRING(body)
        if (PyBytes_GET_SIZE(body) >= 28 and p[0] == 1 and p[1] == 0 and _u16(p + 2) == expected
                and not p[19] & 0x80 and p[20] == 0 and <int32_t>_u32(p + 21) <= 0
                and p[25] == 0 and p[26] == 0 and p[27] == 0):
            return 28
        return read_response_header(body, expected)

    cdef int _read_publish(self, bytes body, Py_ssize_t pos, int64_t receive_ns, Notification note) except -1:
        cdef const uint8_t* p = <const uint8_t*>PyBytes_AS_STRING(body)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(body)
        _need(size - pos, 8)
        note.subscription_id = _u32(p + pos)
        note.available_count = _count(p, pos + 4, size, 4)
        note.available_at = pos + 8
        pos = note.available_at + 4 * note.available_count
        _need(size - pos, 1)
        note.more = p[pos] != 0
        pos = self._read_message(body, pos + 1, receive_ns, note)
        note.acks_count = _count(p, pos, size, 4)
        note.acks_at = pos + 4
        return 0

    cdef Py_ssize_t _read_message(self, bytes body, Py_ssize_t pos, int64_t receive_ns, Notification note) except -1:
        cdef const uint8_t* p = <const uint8_t*>PyBytes_AS_STRING(body)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(body), start, end
        cdef int32_t blocks
        cdef int kind
        _need(size - pos, 16)
        note.sequence = _u32(p + pos)
        blocks = <int32_t>_u32(p + pos + 12)
        pos += 16
        note.is_keep_alive = True
        while blocks > 0:
            kind = _block(body, p, size, &pos, &start, &end)
            note.is_keep_alive = False
            if kind == DATA_CHANGE:
                self._read_changes(body, start, end, receive_ns, note)
            elif kind == STATUS_CHANGE:
                _need(end - start, 4)
                note.has_status_change = True
                note.status = _u32(p + start)
            blocks -= 1
        note.rows = self.columns.rows - self.fed
        return pos

    cdef int _read_changes(self, bytes body, Py_ssize_t pos, Py_ssize_t end, int64_t receive_ns,
                           Notification note) except -1:
        cdef const uint8_t* p = <const uint8_t*>PyBytes_AS_STRING(body)
        cdef Py_ssize_t left = _count(p, pos, end, 5)
        cdef int64_t latest = (receive_ns + LATEST_AHEAD_NS) // 100 + TICKS_1970
        cdef Item item
        cdef int found
        pos += 4
        self._reserve(left)
        while left > 0:
            if left >= WORTH_A_RELEASE:
                with nogil:
                    found = _run(p, &pos, end, &left, &self.table, &self.columns, &note.tally, receive_ns, latest, &item)
            else:
                found = _run(p, &pos, end, &left, &self.table, &self.columns, &note.tally, receive_ns, latest, &item)
            if found == PLAIN:
                break
            if found == FAULT:
                raise WireFault("an item reaches beyond its notification")
            if found == ODD:
                self._append_odd(p, &item, receive_ns, latest, note)
                pos = item.next
            else:
                pos = self._append_general(body, pos, end, item.handle, receive_ns, latest, note)
            left -= 1
        return 0

    cdef int _append_odd(self, const uint8_t* p, Item* item, int64_t receive_ns, int64_t latest,
                         Notification note) except -1:
        """A scalar of ours that is text, or that no finite double holds."""
        value, text = number_or_text(item.kind, _object(p, item))
        if text is not None:
            self.text[self.columns.rows] = text
        _append(&self.columns, &self.table, item, value, _quality(item, &note.tally), receive_ns, latest, &note.tally)
        return 0

    cdef Py_ssize_t _append_general(self, bytes body, Py_ssize_t pos, Py_ssize_t end, uint32_t handle,
                                    int64_t receive_ns, int64_t latest, Notification note) except -1:
        """An item of a shape that only the general reader knows."""
        cdef Item item
        (variant, item.status, item.source, item.server), pos = read_data_value(body, pos + 4)
        if pos > end:
            raise WireFault("an item reaches beyond its notification")
        item.handle = handle
        if not _is_ours(&self.table, handle):
            note.tally.unknown += 1
            return pos
        kind, value = variant
        if isinstance(value, list):
            element = self.element_of.get(handle, 0)
            value = value[element] if element < len(value) else None
        if value is None:
            _append(&self.columns, &self.table, &item, NAN, _null_quality(&item, &note.tally), receive_ns, latest,
                    &note.tally)
            return pos
        number, text = number_or_text(kind, value)
        if text is not None:
            self.text[self.columns.rows] = text
        _append(&self.columns, &self.table, &item, number, _quality(&item, &note.tally), receive_ns, latest,
                &note.tally)
        return pos


cdef inline int _need(Py_ssize_t rest, Py_ssize_t size) except -1:
    if rest < size:
        raise WireFault("message is cut off")
    return 0


cdef inline Py_ssize_t _count(const uint8_t* p, Py_ssize_t pos, Py_ssize_t end, Py_ssize_t smallest) except -1:
    """Elements of an array, refused when the rest cannot hold so many; a null array has none."""
    cdef Py_ssize_t count
    _need(end - pos, 4)
    count = <int32_t>_u32(p + pos)
    if count <= 0:
        return 0
    if count > (end - pos - 4) // smallest:
        raise WireFault(f"array of {count} elements does not fit in {end - pos - 4} bytes")
    return count


cdef int _block(bytes body, const uint8_t* p, Py_ssize_t size, Py_ssize_t* pos, Py_ssize_t* start,
                Py_ssize_t* end) except -1:
    """Passes an ExtensionObject; its type id, with `start` and `end` of its content."""
    cdef Py_ssize_t at = pos[0]
    cdef int32_t length
    if size - at >= 9 and p[at] == 1 and p[at + 1] == 0 and p[at + 4] == 1:
        length = <int32_t>_u32(p + at + 5)
        if 0 <= length <= size - at - 9:
            start[0] = at + 9
            end[0] = pos[0] = at + 9 + length
            return _u16(p + at + 2)
    kind, start[0], end[0], pos[0] = skip_extension_object(body, at)
    # ids beyond 16 bits are none that we know
    return kind if 0 <= kind <= 0xFFFF else 0


cdef object _object(const uint8_t* p, const Item* item):
    if item.kind == STRING or item.kind == XML_ELEMENT:
        return PyUnicode_DecodeUTF8(<const char*>(p + item.at), item.size, "replace")
    if item.kind == 9:
        return _u64(p + item.at)
    if item.kind == 8 or item.kind == DATE_TIME:
        return <int64_t>_u64(p + item.at)
    return item.number
