"""The desk on the wire: gRPC in front, nothing blocking on its loop."""
