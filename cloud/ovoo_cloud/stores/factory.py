"""The store that the settings ask for."""

from __future__ import annotations

from ovoo_cloud.settings import Settings
from ovoo_cloud.stores.base import SignalLookup, TelemetryStore

__all__ = ["open_store"]


def open_store(settings: Settings, lookup: SignalLookup) -> TelemetryStore:
    """Opens the telemetry store; drivers are imported only where they are used.

    Raises:
        StoreUnavailable: when another process owns the embedded files.
    """
    if settings.store == "embedded":
        from ovoo_cloud.stores.embedded import EmbeddedStore

        return EmbeddedStore(
            settings.telemetry_dir, memory_mb=settings.embedded_memory_mb, max_points=settings.max_points
        )
    from ovoo_cloud.stores.influx import InfluxSettings, InfluxStore

    return InfluxStore(
        InfluxSettings(
            url=settings.influx_url,
            dialect=settings.influx_dialect,
            org=settings.influx_org,
            user=settings.influx_user,
            password=settings.influx_password,
            token=settings.influx_token,
            max_points=settings.max_points,
        ),
        lookup,
    )
