from ovoo_edge.sources.mqtt_columns import Columns
from ovoo_edge.sources.mqtt_plan import Plan, Route

class MessageReader:
    def __init__(self, plan: Plan, route: Route) -> None: ...
    def read(self, payload: bytes, topic: str, receive_ns: int, columns: Columns) -> None: ...
    def scan(self, payload: bytes, receive_ns: int, columns: Columns) -> bool:
        """True: the samples are appended, as `read` of the twin would; False: declined, nothing is changed."""
