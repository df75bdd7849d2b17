# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Reads one JSON message by a plan, compiled: either exactly what `_mqtt_scan_py.py` would append, or it declines.

(A) One pass without objects. The paths of the plan form a tree of nodes; whoever scans a value knows its node (or
    OUTSIDE) and what that node is for. Values that nobody wants are still checked in full: a message is JSON or is not.
(B) Declined, and left to the twin: everything that it refuses; escapes, NaN, integers beyond 2**53, lists and objects
    where a value belongs, text where a number belongs; more than DEEPEST levels or MOST_KEYS keys nobody knows.
(C) Numbers: up to 2**53 times or by up to 10**22 is one correctly rounded operation; others go to Python's own reader.
(D) A key twice in one object: known keys carry the serial number of the last object they were seen in; of others a
    64-bit hash is kept. Equal hashes decline; the twin says whether the keys are equal too.
(E) Devices keep the order of their keys. Members that stand where the message before had them, each a plain number,
    are read in one loop; at the first that is otherwise it steps aside, having changed nothing for that member.
"""

cimport cython
from cpython cimport array
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.math cimport rint, trunc
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

from ovoo_contract.errors import PayloadError
from ovoo_contract.quality import BAD, TIME_FROM_RECEIVE

from ovoo_edge.sources import _mqtt_scan_py
from ovoo_edge.sources.times import EARLIEST_NS, LATEST_AHEAD_NS

__all__ = ["MessageReader"]

cdef extern from *:
    """
    static const double OVOO_TENS[23] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
        1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    """
    const double OVOO_TENS[23]

cdef extern from "Python.h":
    double _slow_double "PyOS_string_to_double"(const char*, char**, void*) except? -1.0

ctypedef unsigned char Byte

cdef enum:
    OUTSIDE = -1
    DEEPEST = 100
    MOST_KEYS = 2048
    KEY_SLOTS = 8192
    LONGEST_NUMBER = 63

cdef enum Role:
    TIME = 1
    SAMPLES = 2
    VALUES = 4
    NAME = 8
    VALUE = 16

cdef enum Kind:
    MISSING = 0
    NOTHING  # null
    NUMBER
    TEXT

cdef struct Node:
    int roles
    int edges  # first of its edges, which are linked by `next`; OUTSIDE = none
    int targets  # first of its targets, linked likewise

cdef struct Edge:
    const Byte* key  # NULL: an element of a list
    Py_ssize_t length
    Py_ssize_t element
    int node
    int next
    int is_time  # the time of a flat message is no unknown signal
    uint64_t seen

cdef struct Target:
    uint32_t signal
    int is_text
    int next

cdef struct Name:
    const Byte* key
    Py_ssize_t length
    uint64_t head  # its first eight bytes, and which of them it has
    uint64_t head_mask
    int is_plain  # stands in JSON as it is, and for nothing else than this name
    int high
    int follower  # the name that came after it last time; at first the one that was configured after it
    uint32_t signal
    int is_text
    uint64_t seen

cdef struct Cell:
    uint32_t signal
    Kind kind
    double number
    const Byte* text
    Py_ssize_t length

cdef struct Number:
    int is_whole
    int negative
    uint64_t digits  # of a whole number
    double value

cdef struct KeySlot:
    uint64_t key
    uint64_t message

cdef double EXACT = 9007199254740992.0
cdef uint32_t BAD_FLAG = BAD
cdef uint32_t RECEIVE_FLAG = TIME_FROM_RECEIVE
cdef int64_t EARLIEST = EARLIEST_NS
cdef int64_t AHEAD = LATEST_AHEAD_NS

# one scan at a time uses these (the interpreter lock is held; BUSY covers the calls back into Python)
cdef KeySlot[KEY_SLOTS] KEYS
cdef uint64_t MESSAGE = 0
cdef uint64_t OBJECT = 0
cdef bint BUSY = False


@cython.final
cdef class MessageReader:
    """Reads the messages of one topic; the twin's arguments and the twin's errors."""

    cdef object _twin
    cdef object _times
    cdef list _kept  # bytes that keys point into
    cdef bint _able
    cdef bint _by_name_path
    cdef bint _wants_values
    cdef int64_t _unit_ns
    cdef int _sample, _names_node
    cdef Node* _nodes
    cdef Edge* _edges
    cdef Target* _targets
    cdef Name* _names
    cdef int* _slots
    cdef Cell* _cells  # of targets, in their order
    cdef Cell* _rows  # of names, in the order of the message
    cdef int _node_count, _edge_count, _target_count, _name_count, _slot_count
    cdef int _leader  # the name that came first last time
    # of the message at hand
    cdef const Byte* _p
    cdef const Byte* _end
    cdef int _high, _depth, _unknown_keys
    cdef int64_t _receive_ns
    cdef Py_ssize_t _absent, _nulls, _unknown, _from_receive
    # of the sample at hand
    cdef Kind _time_kind, _name_kind
    cdef int64_t _time_ns
    cdef int _named, _row_count, _values_seen
    cdef int _previous  # the last name of this object, OUTSIDE before the first
    cdef Cell _value

    def __cinit__(self):
        self._nodes = NULL
        self._edges = NULL
        self._targets = NULL
        self._names = NULL
        self._slots = NULL
        self._cells = NULL
        self._rows = NULL
        self._previous = OUTSIDE

    def __init__(self, plan, route):
        self._twin = _mqtt_scan_py.MessageReader(plan, route)
        self._times = plan.times
        self._kept = []
        self._able = plan.date_path is None
        self._unit_ns = 0 if plan.times is None else plan.times.unit_ns
        self._by_name_path = plan.name_path is not None
        self._wants_values = bool(route.by_name) and not self._by_name_path
        self._allocate(plan, route)
        self._build(plan, route)

    def __dealloc__(self):
        PyMem_Free(self._nodes)
        PyMem_Free(self._edges)
        PyMem_Free(self._targets)
        PyMem_Free(self._names)
        PyMem_Free(self._slots)
        PyMem_Free(self._cells)
        PyMem_Free(self._rows)

    def read(self, bytes payload not None, topic, receive_ns, columns):
        """Appends the samples of one message, all or none; raises PayloadError, with the twin's words."""
        if not self.scan(payload, receive_ns, columns):
            self._twin.read(payload, topic, receive_ns, columns)

    def scan(self, bytes payload not None, receive_ns, columns):
        """True: the samples are appended; False: declined, and nothing is changed."""
        global BUSY, MESSAGE
        if BUSY or not self._able:
            return False
        BUSY = True
        MESSAGE += 1
        self._p = <const Byte*>PyBytes_AS_STRING(payload)
        self._end = self._p + PyBytes_GET_SIZE(payload)
        self._high = self._depth = self._unknown_keys = 0
        self._receive_ns = receive_ns
        self._absent = self._nulls = self._unknown = self._from_receive = 0
        cdef Py_ssize_t start = len(columns.signal)
        cdef bint taken = False
        try:
            taken = self._scan_message(columns) and len(columns.signal) > start and self._is_utf8(payload)
        finally:
            BUSY = False
            if not taken and len(columns.signal) > start:
                columns.cut(start)
        if taken:
            self._count(columns.counters)
        return taken

    # ------------------------------------------------------------------ the tree

    cdef _allocate(self, plan, route):
        paths = [plan.samples_path, plan.time_path, plan.values_path, plan.name_path or (), plan.value_path]
        paths += [target.path for target in route.targets]
        cdef Py_ssize_t steps = sum(len(path) for path in paths) + 2
        cdef Py_ssize_t names = len(route.by_name)
        self._slot_count = 4
        while self._slot_count < 2 * names:
            self._slot_count *= 2
        self._nodes = <Node*>PyMem_Calloc(steps, sizeof(Node))
        self._edges = <Edge*>PyMem_Calloc(steps, sizeof(Edge))
        self._targets = <Target*>PyMem_Calloc(len(route.targets) + 1, sizeof(Target))
        self._cells = <Cell*>PyMem_Calloc(len(route.targets) + 1, sizeof(Cell))
        self._names = <Name*>PyMem_Calloc(names + 1, sizeof(Name))
        self._rows = <Cell*>PyMem_Calloc(names + 1, sizeof(Cell))
        self._slots = <int*>PyMem_Calloc(self._slot_count, sizeof(int))
        if (
            self._nodes == NULL or self._edges == NULL or self._targets == NULL or self._cells == NULL
            or self._names == NULL or self._rows == NULL or self._slots == NULL
        ):
            raise MemoryError

    cdef _build(self, plan, route):
        cdef int root = self._new_node(), node
        self._nodes[self._walk(root, plan.samples_path)].roles |= SAMPLES
        self._sample = self._new_node()
        node = self._walk(self._sample, plan.time_path)
        if plan.times is not None:
            self._nodes[node].roles |= TIME
        if not plan.values_path and len(plan.time_path) == 1:
            self._mark_time(node)
        if self._by_name_path:
            self._nodes[self._walk(self._sample, plan.name_path)].roles |= NAME
            self._nodes[self._walk(self._sample, plan.value_path)].roles |= VALUE
        else:
            for target in route.targets:
                self._add_target(self._walk(self._sample, target.path), target.signal)
            if self._wants_values:
                self._names_node = self._walk(self._sample, plan.values_path)
                self._nodes[self._names_node].roles |= VALUES
        for name, signal in route.by_name.items():
            self._add_name(name.encode("utf-8", "surrogatepass"), signal)

    cdef int _new_node(self):
        cdef int node = self._node_count
        self._nodes[node].roles = 0
        self._nodes[node].edges = self._nodes[node].targets = OUTSIDE
        self._node_count += 1
        return node

    cdef int _walk(self, int node, path) except -2:
        cdef int edge
        for step in path:
            key = None if isinstance(step, int) else step.encode("utf-8", "surrogatepass")
            edge = self._nodes[node].edges
            while edge != OUTSIDE:
                if key is None:
                    if self._edges[edge].key == NULL and self._edges[edge].element == step:
                        break
                elif self._edges[edge].key != NULL and self._edges[edge].key[: self._edges[edge].length] == key:
                    break
                edge = self._edges[edge].next
            if edge == OUTSIDE:
                edge = self._new_edge(node, key, step)
            node = self._edges[edge].node
        return node

    cdef int _new_edge(self, int node, key, step) except -2:
        cdef int number = self._edge_count
        cdef Edge* edge = &self._edges[number]
        self._edge_count += 1
        if key is None:
            edge.element = step
        else:
            self._kept.append(key)
            edge.key = <const Byte*>PyBytes_AS_STRING(key)
            edge.length = len(key)
        edge.node = self._new_node()
        edge.next = self._nodes[node].edges
        self._nodes[node].edges = number
        return number

    cdef _mark_time(self, int node):
        cdef int edge
        for edge in range(self._edge_count):
            if self._edges[edge].node == node:
                self._edges[edge].is_time = 1

    cdef _add_target(self, int node, signal):
        cdef Target* target = &self._targets[self._target_count]
        target.signal = signal.index
        target.is_text = signal.is_text
        target.next = self._nodes[node].targets
        self._nodes[node].targets = self._target_count
        self._target_count += 1

    cdef _add_name(self, bytes key, signal):
        cdef Name* name = &self._names[self._name_count]
        self._kept.append(key)
        name.key = <const Byte*>PyBytes_AS_STRING(key)
        name.length = len(key)
        name.signal = signal.index
        name.is_text = signal.is_text
        cdef int slot = <int>(_hash(name.key, name.length) & <uint64_t>(self._slot_count - 1))
        while self._slots[slot]:
            slot = (slot + 1) & (self._slot_count - 1)
        self._name_count += 1
        name.follower = self._name_count  # of the last one: the spare entry, which is no name
        self._slots[slot] = self._name_count
        self._note_looks(name)

    cdef _note_looks(self, Name* name):
        cdef Byte[8] head
        cdef Byte[8] mask
        cdef Py_ssize_t at
        name.is_plain = True
        for at in range(8):
            head[at] = name.key[at] if at < name.length else 0
            mask[at] = 0xFF if at < name.length else 0
        memcpy(&name.head, head, 8)
        memcpy(&name.head_mask, mask, 8)
        for at in range(name.length):
            name.high |= name.key[at]
            if name.key[at] < 32 or name.key[at] == 34 or name.key[at] == 92:
                name.is_plain = False
        if self._wants_values and self._find_edge(self._names_node, name.key, name.length) != OUTSIDE:
            name.is_plain = False

    # ------------------------------------------------------------------ the message

    cdef bint _scan_message(self, columns) except -1:
        if not self._scan_value(0, columns):
            return False
        self._skip_space()
        return self._p == self._end

    cdef bint _is_utf8(self, bytes payload) except -1:
        if not self._high & 0x80:
            return True
        try:
            PyUnicode_DecodeUTF8(PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload), NULL)
        except UnicodeDecodeError:
            return False
        return True

    cdef _count(self, counters):
        if self._absent:
            counters["absent_values"] += self._absent
        if self._nulls:
            counters["null_values"] += self._nulls
        if self._unknown:
            counters["unknown_signals"] += self._unknown
        if self._from_receive:
            counters["time_from_receive"] += self._from_receive

    cdef inline void _skip_space(self) noexcept:
        while self._p < self._end and (self._p[0] == 32 or 9 <= self._p[0] <= 10 or self._p[0] == 13):
            self._p += 1

    cdef bint _scan_value(self, int node, columns) except -1:
        """One value of any kind at `node`; False = declined."""
        cdef Byte first
        cdef bint fine
        self._skip_space()
        if self._p >= self._end:
            return False
        first = self._p[0]
        if node != OUTSIDE and self._nodes[node].roles & SAMPLES:
            return self._scan_samples(columns)
        if first != 123 and first != 91:
            return self._scan_scalar(node, first)
        if self._depth >= DEEPEST:
            return False
        self._depth += 1
        fine = self._scan_object(node, columns) if first == 123 else self._scan_list(node, columns)
        self._depth -= 1
        return fine

    cdef bint _scan_samples(self, columns) except -1:
        if self._p[0] != 91:
            return self._scan_sample(columns)
        self._p += 1
        self._skip_space()
        if self._p < self._end and self._p[0] == 93:
            self._p += 1
            return True
        while self._scan_sample(columns):
            self._skip_space()
            if self._p >= self._end:
                return False
            self._p += 1
            if self._p[-1] == 93:
                return True
            if self._p[-1] != 44:
                return False
        return False

    cdef bint _scan_object(self, int node, columns) except -1:
        global OBJECT
        cdef Py_ssize_t length
        cdef const Byte* key
        cdef bint holds_names = False
        if node != OUTSIDE:
            if self._nodes[node].roles & (TIME | NAME | VALUE) or self._nodes[node].targets != OUTSIDE:
                return False
            holds_names = self._nodes[node].roles & VALUES
            if holds_names:
                self._values_seen += 1
                self._previous = OUTSIDE
        OBJECT += 1
        cdef uint64_t serial = OBJECT
        self._p += 1
        self._skip_space()
        if self._p < self._end and self._p[0] == 125:
            self._p += 1
            return True
        while True:
            if holds_names and self._scan_expected(serial):
                return True
            self._skip_space()
            length = self._scan_text()
            if length < 0:
                return False
            key = self._p - 1 - length
            self._skip_space()
            if self._p >= self._end or self._p[0] != 58:
                return False
            self._p += 1
            if not self._scan_member(node, holds_names, key, length, serial, columns):
                return False
            self._skip_space()
            if self._p >= self._end:
                return False
            self._p += 1
            if self._p[-1] == 125:
                return True
            if self._p[-1] != 44:
                return False

    cdef bint _scan_member(
        self, int node, bint holds_names, const Byte* key, Py_ssize_t length, uint64_t serial, columns
    ) except -1:
        cdef int name = OUTSIDE, edge = OUTSIDE, below = OUTSIDE
        cdef const Byte* start
        if node != OUTSIDE:
            edge = self._find_edge(node, key, length)
        if holds_names:
            name = self._find_name(key, length)
            if name == OUTSIDE and (edge == OUTSIDE or not self._edges[edge].is_time):
                self._unknown += 1
        if edge == OUTSIDE and name == OUTSIDE:
            if not self._is_first(_hash(key, length), serial):
                return False
            return self._scan_value(OUTSIDE, columns)
        if edge != OUTSIDE:
            if self._edges[edge].seen == serial:
                return False
            self._edges[edge].seen = serial
            below = self._edges[edge].node
        if name != OUTSIDE:
            if self._names[name].seen == serial:
                return False
            self._names[name].seen = serial
            if edge == OUTSIDE:
                return self._scan_cell(&self._rows[self._row_count], self._names[name].signal,
                                       self._names[name].is_text, 1)
            start = self._p
            if not self._scan_cell(&self._rows[self._row_count], self._names[name].signal, self._names[name].is_text, 1):
                return False
            self._p = start  # the same value once more, for what else it is
        return self._scan_value(below, columns)

    cdef bint _scan_expected(self, uint64_t serial) noexcept:
        """Reads on as long as the next member is the expected one; True behind the end of the object.

        Else it stands before the first other member, which the general way reads or declines.
        """
        cdef const Byte* p = self._p
        cdef const Byte* end = self._end
        cdef Name* name
        cdef Cell* cell
        cdef double number
        cdef int expected
        if not self._name_count:
            return False
        while True:
            self._p = p
            if p < end and p[0] == 32:
                p += 1
            expected = self._expected()
            name = &self._names[expected]
            if end - p < (name.length if name.length > 8 else 8) + 5 or not name.is_plain or name.seen == serial:
                return False
            if p[0] != 34 or not _begins(p + 1, name) or p[name.length + 1] != 34 or p[name.length + 2] != 58:
                return False
            p += name.length + 3
            p = _plain_number(p + (p[0] == 32), end, &number)
            if p == NULL or p >= end or (p[0] != 44 and p[0] != 125):
                return False
            cell = &self._rows[self._row_count]
            cell.signal, cell.kind, cell.number = name.signal, NUMBER, number
            name.seen = serial
            self._row_count += 1
            self._previous = expected
            self._high |= name.high
            p += 1
            if p[-1] == 125:
                self._p = p
                return True

    cdef bint _is_first(self, uint64_t hashed, uint64_t serial) noexcept:
        """Whether no other key of this object hashed alike; False also where room for keys ends."""
        cdef uint64_t key = hashed ^ (serial * 0x9E3779B97F4A7C15ULL)
        cdef int slot = <int>(key >> 40) & (KEY_SLOTS - 1)
        self._unknown_keys += 1
        if self._unknown_keys > MOST_KEYS:
            return False
        while KEYS[slot].message == MESSAGE:
            if KEYS[slot].key == key:
                return False
            slot = (slot + 1) & (KEY_SLOTS - 1)
        KEYS[slot].message = MESSAGE
        KEYS[slot].key = key
        return True

    cdef bint _scan_list(self, int node, columns) except -1:
        cdef Py_ssize_t element = 0
        cdef int edge, below
        if node != OUTSIDE and (
            self._nodes[node].roles & (TIME | NAME | VALUE | VALUES) or self._nodes[node].targets != OUTSIDE
        ):
            return False
        self._p += 1
        self._skip_space()
        if self._p < self._end and self._p[0] == 93:
            self._p += 1
            return True
        while True:
            below = OUTSIDE
            edge = self._nodes[node].edges if node != OUTSIDE else OUTSIDE
            while edge != OUTSIDE:
                if self._edges[edge].key == NULL and self._edges[edge].element == element:
                    below = self._edges[edge].node
                    break
                edge = self._edges[edge].next
            if not self._scan_value(below, columns):
                return False
            element += 1
            self._skip_space()
            if self._p >= self._end:
                return False
            self._p += 1
            if self._p[-1] == 93:
                return True
            if self._p[-1] != 44:
                return False

    cdef inline int _find_edge(self, int node, const Byte* key, Py_ssize_t length) noexcept:
        cdef int edge = self._nodes[node].edges
        while edge != OUTSIDE:
            if (
                self._edges[edge].length == length and self._edges[edge].key != NULL
                and memcmp(self._edges[edge].key, key, length) == 0
            ):
                return edge
            edge = self._edges[edge].next
        return OUTSIDE

    cdef inline int _find_name(self, const Byte* key, Py_ssize_t length) noexcept:
        """By the order of the message before; else by hash, and the new order is noted for the next message."""
        cdef Name* name
        cdef int number, slot
        if self._name_count:
            number = self._expected()
            name = &self._names[number]
            if name.key != NULL and name.length == length and memcmp(name.key, key, length) == 0:
                self._previous = number
                return number
        slot = <int>(_hash(key, length) & <uint64_t>(self._slot_count - 1))
        while self._slots[slot]:
            number = self._slots[slot] - 1
            name = &self._names[number]
            if name.length == length and memcmp(name.key, key, length) == 0:
                if self._previous == OUTSIDE:
                    self._leader = number
                else:
                    self._names[self._previous].follower = number
                self._previous = number
                return number
            slot = (slot + 1) & (self._slot_count - 1)
        return OUTSIDE

    cdef inline int _expected(self) noexcept:
        """The name that comes next if the order is that of the message before; there is one at least."""
        return self._leader if self._previous == OUTSIDE else self._names[self._previous].follower

    # ------------------------------------------------------------------ a sample

    cdef bint _scan_sample(self, columns) except -1:
        cdef int number
        self._time_kind = self._name_kind = MISSING
        self._named = OUTSIDE
        self._row_count = self._values_seen = 0
        self._value.kind = MISSING
        for number in range(self._target_count):
            self._cells[number].kind = MISSING
        if not self._scan_value(self._sample, columns):
            return False
        return self._end_sample(columns)

    cdef bint _end_sample(self, columns) except -1:
        cdef int number
        cdef uint32_t flag = 0
        cdef int64_t time_ns = self._receive_ns
        if self._times is None:
            flag = RECEIVE_FLAG
        elif self._time_kind != NUMBER or not EARLIEST <= self._time_ns <= self._receive_ns + AHEAD:
            flag = RECEIVE_FLAG
            self._from_receive += 1
        else:
            time_ns = self._time_ns
        if self._by_name_path:
            return self._end_named(columns, time_ns, flag)
        if self._wants_values and self._values_seen != 1:
            return False
        for number in range(self._target_count):
            if self._cells[number].kind == MISSING:
                self._absent += 1
        self._append(columns, self._cells, self._target_count, time_ns, flag)
        self._append(columns, self._rows, self._row_count, time_ns, flag)
        return True

    cdef bint _end_named(self, columns, int64_t time_ns, uint32_t flag) except -1:
        if self._name_kind != TEXT:
            return False
        if self._named == OUTSIDE:
            self._unknown += 1
            return True
        if self._value.kind == MISSING:
            self._absent += 1
            return True
        if self._value.kind == TEXT and not self._names[self._named].is_text:
            return False
        self._value.signal = self._names[self._named].signal
        self._append(columns, &self._value, 1, time_ns, flag)
        return True

    cdef _append(self, columns, Cell* cells, int count, int64_t time_ns, uint32_t flag):
        cdef array.array signals = columns.signal, times = columns.time_ns
        cdef array.array values = columns.value, qualities = columns.quality
        cdef Py_ssize_t row = len(signals)
        cdef int number
        if not count:
            return
        for column in (signals, times, values, qualities):
            array.resize_smart(column, row + count)
        for number in range(count):
            if cells[number].kind == MISSING:
                continue
            signals.data.as_uints[row] = cells[number].signal
            (<int64_t*>times.data.as_voidptr)[row] = time_ns
            values.data.as_doubles[row] = cells[number].number
            qualities.data.as_uints[row] = flag
            if cells[number].kind == NOTHING:
                qualities.data.as_uints[row] = flag | BAD_FLAG
                self._nulls += 1
            elif cells[number].kind == TEXT:
                columns.text[row] = (<const char*>cells[number].text)[: cells[number].length].decode("utf-8", "replace")
            row += 1
        for column in (signals, times, values, qualities):
            array.resize_smart(column, row)

    # ------------------------------------------------------------------ scalars

    cdef bint _scan_scalar(self, int node, Byte first) except -1:
        cdef const Byte* start = self._p
        cdef int target, roles
        if node == OUTSIDE:
            return self._skip_scalar(first)
        roles = self._nodes[node].roles
        target = self._nodes[node].targets
        if roles & VALUES:
            return False
        while target != OUTSIDE:
            self._p = start
            if not self._scan_cell(&self._cells[target], self._targets[target].signal, self._targets[target].is_text, 0):
                return False
            target = self._targets[target].next
        if roles & VALUE:
            self._p = start
            if not self._scan_cell(&self._value, 0, 1, 0):
                return False
        if roles & NAME:
            self._p = start
            if not self._scan_name(first):
                return False
        if roles & TIME:
            self._p = start
            return self._scan_time(first)
        return self._p > start or self._skip_scalar(first)

    cdef bint _skip_scalar(self, Byte first) except -1:
        cdef Number number
        if first == 34:
            return self._scan_text() >= 0
        if first == 45 or 48 <= first <= 57:
            return self._scan_number(&number)
        return self._scan_word(first) != MISSING

    cdef Kind _scan_word(self, Byte first) noexcept:
        """`null` as NOTHING, `true` and `false` as NUMBER and TEXT; MISSING is none of them."""
        cdef Py_ssize_t room = self._end - self._p
        if first == 110 and room >= 4 and memcmp(self._p, b"null", 4) == 0:
            self._p += 4
            return NOTHING
        if first == 116 and room >= 4 and memcmp(self._p, b"true", 4) == 0:
            self._p += 4
            return NUMBER
        if first == 102 and room >= 5 and memcmp(self._p, b"false", 5) == 0:
            self._p += 5
            return TEXT
        return MISSING

    cdef bint _scan_cell(self, Cell* cell, uint32_t signal, bint is_text, bint is_row) except -1:
        """A value for a signal; `is_row` keeps it as the next row of names."""
        cdef Number number
        cdef Kind word
        self._skip_space()
        if self._p >= self._end:
            return False
        cdef Byte first = self._p[0]
        cell.signal = signal
        cell.number = float("nan")
        if first == 45 or 48 <= first <= 57:
            if not self._scan_number(&number):
                return False
            if number.digits > 9007199254740992ULL if number.is_whole else number.value - number.value != 0.0:
                return False
            cell.kind = NUMBER
            cell.number = number.value
        elif first == 34:
            cell.length = self._scan_text()
            if cell.length < 0 or not is_text:
                return False
            cell.kind = TEXT
            cell.text = self._p - 1 - cell.length
        else:
            word = self._scan_word(first)
            if word == MISSING:
                return False
            cell.kind = NOTHING if word == NOTHING else NUMBER
            if word != NOTHING:
                cell.number = 1.0 if word == NUMBER else 0.0
        self._row_count += is_row
        return True

    cdef bint _scan_name(self, Byte first) except -1:
        cdef Py_ssize_t length
        if first != 34:
            return False
        length = self._scan_text()
        if length < 0:
            return False
        self._name_kind = TEXT
        self._named = self._find_name(self._p - 1 - length, length)
        return True

    cdef bint _scan_time(self, Byte first) except -1:
        cdef Number number
        cdef Py_ssize_t length
        cdef const Byte* start = self._p
        if first == 110:
            self._time_kind = NOTHING
            return self._scan_word(first) == NOTHING
        if first == 34:
            length = self._scan_text()
            if length < 0:
                return False
            return self._ask_time((<const char*>start)[1 : length + 1])
        if first != 45 and not 48 <= first <= 57 or not self._scan_number(&number):
            return False
        if self._unit_ns:
            return self._number_time(&number)
        if number.is_whole:
            return self._ask_time(-<object>number.digits if number.negative else <object>number.digits)
        return self._ask_time(number.value)

    cdef bint _ask_time(self, value) except -1:
        try:
            self._time_ns = self._times.read(value.decode("utf-8") if isinstance(value, bytes) else value)
        except (PayloadError, UnicodeDecodeError, OverflowError):  # year 9999 is beyond 64 bits
            return False
        self._time_kind = NUMBER
        return True

    cdef bint _number_time(self, Number* number) noexcept:
        """Whole and fraction apart, as the twin does it."""
        cdef double whole
        cdef int64_t limit = 0x7FFFFFFFFFFFFFFFLL // self._unit_ns
        if number.is_whole:
            if number.digits > <uint64_t>limit:
                return False
            self._time_ns = <int64_t>number.digits * self._unit_ns
            if number.negative:
                self._time_ns = -self._time_ns
        else:
            whole = trunc(number.value)
            if not -EXACT < whole < EXACT or not -<double>limit < whole - 1.0 < whole + 1.0 < <double>limit:
                return False
            self._time_ns = <int64_t>whole * self._unit_ns + <int64_t>rint((number.value - whole) * self._unit_ns)
        self._time_kind = NUMBER
        return True

    cdef Py_ssize_t _scan_text(self) noexcept:
        """Length of the text whose opening quote is next, and on to behind its closing one; -1 = declined."""
        cdef const Byte* p = self._p
        cdef const Byte* start
        cdef int high = 0
        if p >= self._end or p[0] != 34:
            return -1
        p += 1
        start = p
        while p < self._end and p[0] != 34:
            if p[0] < 32 or p[0] == 92:
                return -1
            high |= p[0]
            p += 1
        if p >= self._end:
            return -1
        self._high |= high
        self._p = p + 1
        return p - start

    cdef bint _scan_number(self, Number* number) except -1:
        cdef const Byte* start = self._p
        cdef const Byte* p = start
        cdef const Byte* end = self._end
        cdef uint64_t digits = 0
        cdef int count = 0, fraction = 0, exponent = 0, written = 0
        cdef bint down = False
        number.negative = p[0] == 45
        p += number.negative
        if p >= end or not 48 <= p[0] <= 57 or (p[0] == 48 and p + 1 < end and 48 <= p[1] <= 57):
            return False
        while p < end and 48 <= p[0] <= 57 and count < 20:
            digits = digits * 10 + (p[0] - 48)
            count += digits != 0
            p += 1
        number.is_whole = not (p < end and (p[0] == 46 or p[0] == 101 or p[0] == 69))
        if count > 19:
            return False
        if p < end and p[0] == 46:
            p += 1
            if p >= end or not 48 <= p[0] <= 57:
                return False
            while p < end and 48 <= p[0] <= 57:
                if count < 20:
                    digits = digits * 10 + (p[0] - 48)
                    count += digits != 0
                    fraction += 1
                p += 1
        if p < end and (p[0] == 101 or p[0] == 69):
            p += 1
            if p < end and (p[0] == 43 or p[0] == 45):
                down = p[0] == 45
                p += 1
            if p >= end or not 48 <= p[0] <= 57:
                return False
            while p < end and 48 <= p[0] <= 57:
                written = written * 10 + (p[0] - 48) if written < 10000 else written
                p += 1
        self._p = p
        exponent = (-written if down else written) - fraction
        number.digits = digits
        if number.is_whole:
            number.value = -<double>digits if number.negative and digits else <double>digits
            return True
        if count <= 19 and digits <= 9007199254740992ULL and -22 <= exponent <= 22:
            number.value = <double>digits / OVOO_TENS[-exponent] if exponent < 0 else <double>digits * OVOO_TENS[exponent]
            if number.negative:
                number.value = -number.value
            return True
        return self._python_number(start, p - start, &number.value)

    cdef bint _python_number(self, const Byte* start, Py_ssize_t length, double* value) except -1:
        cdef char[LONGEST_NUMBER + 1] text
        if length > LONGEST_NUMBER:
            return False
        memcpy(text, start, length)
        text[length] = 0
        value[0] = _slow_double(text, NULL, NULL)
        return True


cdef inline bint _begins(const Byte* text, Name* name) noexcept:
    """Whether the bytes are those of the name; at least eight can be read."""
    cdef uint64_t head
    memcpy(&head, text, 8)
    if (head ^ name.head) & name.head_mask:
        return False
    return name.length <= 8 or memcmp(text + 8, name.key + 8, name.length - 8) == 0


cdef inline const Byte* _plain_number(const Byte* p, const Byte* end, double* value) noexcept:
    """Behind a number of at most 18 digits without an exponent, which one operation rounds right; NULL = another."""
    cdef uint64_t digits = 0
    cdef Py_ssize_t count, fraction = 0
    cdef bint negative = p < end and p[0] == 45
    p += negative
    cdef const Byte* start = p
    while p < end and <Byte>(p[0] - 48) <= 9:
        digits = digits * 10 + <Byte>(p[0] - 48)
        p += 1
    count = p - start
    if not count or (start[0] == 48 and count > 1):
        return NULL
    if p < end and p[0] == 46:
        p += 1
        start = p
        while p < end and <Byte>(p[0] - 48) <= 9:
            digits = digits * 10 + <Byte>(p[0] - 48)
            p += 1
        fraction = p - start
        count += fraction
        if not fraction:
            return NULL
    if count > 18 or digits > 9007199254740992ULL:
        return NULL
    value[0] = <double>digits / OVOO_TENS[fraction] if fraction else <double>digits
    if negative and (digits or fraction):
        value[0] = -value[0]
    return p


cdef inline uint64_t _hash(const Byte* key, Py_ssize_t length) noexcept:
    cdef uint64_t value = 0xCBF29CE484222325ULL ^ <uint64_t>length
    cdef uint64_t eight
    while length >= 8:
        memcpy(&eight, key, 8)
        value = (value ^ eight) * 0x9E3779B97F4A7C15ULL
        value ^= value >> 29
        key += 8
        length -= 8
    while length > 0:
        value = (value ^ key[0]) * 0x100000001B3ULL
        key += 1
        length -= 1
    return value ^ (value >> 32)
