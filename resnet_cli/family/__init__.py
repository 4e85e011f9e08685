"""Published networks: their configurations, and the layers of one."""
