"""Models run in the cloud over stored samples: the same kernels as on the gateway, with the same bits."""
