"""Settings of thingsboard-gateway 3.8.5 for the comparison."""

from __future__ import annotations

__all__ = ["connector_settings", "gateway_settings"]


def gateway_settings(broker: int) -> dict[str, object]:
    """`tb_gateway.json`: its sample without limits, statistics, remote configuration."""
    return {
        "thingsboard": {
            "host": "127.0.0.1",
            "port": broker,
            "remoteShell": False,
            "remoteConfiguration": False,
            "statistics": {"enable": False},
            "deviceFiltering": {"enable": False, "filterFile": "list.json"},
            "maxPayloadSizeBytes": 65536,
            "minPackSendDelayMS": 50,
            "minPackSizeToSend": 500,
            "checkConnectorsConfigurationInSeconds": 60,
            "handleDeviceRenaming": False,
            "security": {"type": "accessToken", "accessToken": "stand-in"},
            "qos": 1,
            "reportStrategy": {"type": "ON_RECEIVED"},
            "rateLimits": "0:0,",
            "dpRateLimits": "0:0,",
            "messagesRateLimits": "0:0,",
            "deviceMessagesRateLimits": "0:0,",
            "deviceRateLimits": "0:0,",
            "deviceDpRateLimits": "0:0,",
        },
        "storage": {"type": "memory", "read_records_count": 1000, "max_records_count": 1000000},
        "grpc": {"enabled": False},
        "connectors": [{"name": "plant", "type": "opcua", "configuration": "opcua.json"}],
    }


def connector_settings(plant: int, nodes: int) -> dict[str, object]:
    """`opcua.json`: its sample with subscriptions, and the nodes by identifier."""
    info = {
        "deviceNameExpression": "plant",
        "deviceNameExpressionSource": "constant",
        "deviceProfileExpression": "default",
        "deviceProfileExpressionSource": "constant",
    }
    series = [{"key": f"s{n:05d}", "type": "identifier", "value": f"${{ns=2;s=s{n:05d}}}"} for n in range(nodes)]
    return {
        "server": {
            "url": f"opc.tcp://127.0.0.1:{plant}/count",
            "timeoutInMillis": 5000,
            "scanPeriodInMillis": 3_600_000,
            "pollPeriodInMillis": 5000,
            "enableSubscriptions": True,
            "subCheckPeriodInMillis": 100,
            "subDataMaxBatchSize": 1000,
            "subDataMinBatchCreationTimeMs": 200,
            "subscriptionProcessBatchSize": 2000,
            "sessionTimeoutInMillis": 120_000,
            "showMap": False,
            "security": "None",
            "identity": {"type": "anonymous"},
        },
        "mapping": [
            {
                "deviceNodeSource": "path",
                "deviceNodePattern": "Root\\.Objects\\.Plant",
                "deviceInfo": info,
                "attributes": [],
                "timeseries": series,
                "rpc_methods": [],
                "attributes_updates": [],
            }
        ],
    }
