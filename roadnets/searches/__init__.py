"""Fastest ways over a travel graph: one interface, three searches."""
