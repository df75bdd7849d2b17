from collections.abc import Callable

from ovoo_edge.sources._mqtt_split_py import Message, Packet

def split_block(
    block: bytes, modern: bool, topics: dict[bytes, str], wall_ns: Callable[[], int]
) -> tuple[list[Message | Packet], int, int]: ...
