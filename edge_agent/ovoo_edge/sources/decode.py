"""Publish responses to sample columns: the compiled reader where it was built, else its twin."""

from __future__ import annotations

from ovoo_edge._select import decode_kernels
from ovoo_edge.sources.notification import HandleTable, ServiceFault
from ovoo_edge.sources.ua_wire import WireFault

__all__ = ["HandleTable", "Notification", "NotificationReader", "ServiceFault", "WireFault"]

Notification = decode_kernels.Notification
NotificationReader = decode_kernels.NotificationReader
