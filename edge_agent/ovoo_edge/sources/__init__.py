"""Where samples come from: OPC UA servers, MQTT brokers, recorded files."""
