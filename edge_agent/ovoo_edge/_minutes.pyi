from array import array

from ovoo_edge._minutes_py import MinuteColumns, MinutesState

def add_rows(
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
    worded: bytes | bytearray | None,
    mark: bytearray,
    state: MinutesState,
    now_ns: int,
    entry: int,
) -> MinuteColumns: ...
def close_minutes(state: MinutesState, now_ns: int, patience_ns: int) -> MinuteColumns: ...
def oldest_entry(state: MinutesState) -> int: ...
