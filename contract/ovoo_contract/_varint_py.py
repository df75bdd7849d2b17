"""Numbers of variable length on the wire, in plain Python: zigzag and seven bits a byte."""

from __future__ import annotations

from typing import Final

__all__ = ["get", "put", "put_signed", "signed", "unzigzag", "zigzag"]

_MASK: Final = 0xFFFFFFFFFFFFFFFF
_SIGN: Final = 1 << 63


def put(out: bytearray, number: int) -> None:
    """Appends a number >= 0, seven bits a byte, low ones first."""
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def put_signed(out: bytearray, number: int) -> None:
    """The low 64 bits of a number as a zigzag varint."""
    put(out, zigzag(number))


def get(data: bytes, offset: int) -> tuple[int, int]:
    """A number and the offset behind it; ValueError where it is cut off or longer than 64 bits."""
    number = shift = 0
    while True:
        if offset >= len(data):
            raise ValueError("number cut off")
        byte = data[offset]
        offset += 1
        if shift == 63 and byte > 1:
            raise ValueError("number longer than 64 bits")
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, offset
        shift += 7


def signed(number: int) -> int:
    """The two's complement meaning of the low 64 bits."""
    number &= _MASK
    return number - (1 << 64) if number & _SIGN else number


def zigzag(number: int) -> int:
    """The low 64 bits with the sign in the lowest place, so that small numbers stay short."""
    number = signed(number)
    return (number << 1 ^ number >> 63) & _MASK


def unzigzag(number: int) -> int:
    """What `zigzag` was given."""
    return number >> 1 ^ -(number & 1)
