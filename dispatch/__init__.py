"""The live service: calls in, units out, every decision kept."""
