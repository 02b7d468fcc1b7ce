"""From a source's tags and points to a network: what may be driven, by whom, and where to turn."""
