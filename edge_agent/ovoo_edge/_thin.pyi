from array import array

from ovoo_edge._thin_py import Columns, DoorState

def thin_rows(
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
    worded: bytes | bytearray | None,
    mark: bytearray,
    state: DoorState,
    now_ns: int,
) -> Columns: ...
def release_held(state: DoorState, now_ns: int) -> Columns: ...
def held_columns(state: DoorState) -> Columns: ...
