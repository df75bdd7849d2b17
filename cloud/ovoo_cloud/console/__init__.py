"""The console: server-rendered pages for people, Chinese first."""

from __future__ import annotations

from ovoo_cloud.console.site import install

__all__ = ["install"]
