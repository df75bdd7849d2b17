"""What gateway, cloud, stores and reports agree on."""
