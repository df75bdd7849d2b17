# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""MQTT packets out of one block of bytes, compiled. `_mqtt_split_py.py` is the twin with the same results.

Every place is compared with the end of its packet, and that with the end of the block, before it is read. What is not
a message on a known topic, without properties, goes to the twin, and with it every refusal.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem
from cpython.object cimport PyObject

from ovoo_edge.sources import _mqtt_split_py
from ovoo_edge.sources._mqtt_split_py import Message

__all__ = ["split_block"]

ctypedef const unsigned char* Bytes

cdef enum:
    UNFINISHED = -1
    MALFORMED = -2
    LENGTH_BYTES = 4

cdef object _new = tuple.__new__
cdef object _read_message = _mqtt_split_py.read_message
cdef object _read_length = _mqtt_split_py.read_length


def split_block(bytes block not None, bint modern, dict topics not None, wall_ns not None):
    cdef Bytes data = <Bytes>PyBytes_AS_STRING(block)
    cdef Py_ssize_t end = PyBytes_GET_SIZE(block), position = 0, body, length, after, needed = 0
    cdef int first
    cdef list found = []
    receive_ns = 0
    while position + 1 < end:
        body = position + 2
        length = data[position + 1]
        if length & 0x80:
            body = _after_length(data, position + 1, end, &length)
            if body == UNFINISHED:
                break
            if body == MALFORMED:
                _read_length(block, position + 1)  # raises, in its words
        after = body + length
        if after > end:
            needed = after - position
            break
        first = data[position]
        if first & 0xF4 == 0x30:
            receive_ns = receive_ns or wall_ns()
            message = _plain_message(data, first, body, after, receive_ns, modern, topics)
            if message is None:
                message = _read_message(block, first, body, after, receive_ns, modern, topics)
            found.append(message)
        else:
            found.append((first, block[body:after]))
        position = after
    return found, position, needed


cdef Py_ssize_t _after_length(Bytes data, Py_ssize_t position, Py_ssize_t end, Py_ssize_t* length) noexcept:
    """Where the byte after a variable byte integer stands, or why there is none."""
    cdef int number
    length[0] = 0
    for number in range(LENGTH_BYTES):
        if position + number >= end:
            return UNFINISHED
        length[0] |= <Py_ssize_t>(data[position + number] & 0x7F) << (7 * number)
        if data[position + number] < 0x80:
            return position + number + 1
    return MALFORMED


cdef object _plain_message(
    Bytes data, int first, Py_ssize_t start, Py_ssize_t after, object receive_ns, bint modern, dict topics
):
    """The message; None where the twin is to read it."""
    cdef Py_ssize_t place, body
    cdef int qos = (first >> 1) & 1, mid = 0
    cdef PyObject* topic
    if after - start < 2:
        return None
    place = start + 2 + ((data[start] << 8) | data[start + 1])
    body = place + 2 * qos
    if body > after:
        return None
    if modern:
        if body >= after or data[body] != 0:
            return None
        body += 1
    topic = PyDict_GetItem(topics, PyBytes_FromStringAndSize(<const char*>data + start + 2, place - start - 2))
    if topic == NULL:
        return None
    if qos:
        mid = (data[place] << 8) | data[place + 1]
    payload = PyBytes_FromStringAndSize(<const char*>data + body, after - body)
    return _new(Message, (<object>topic, payload, mid, qos, receive_ns, first & 0x08 != 0, first & 0x01 != 0))
