"""Graphs that every published figure of the road kernel is measured on."""

from benchmarks.graphs.graph import Graph, near_arcs
from benchmarks.graphs.newyork import newyork
from benchmarks.graphs.sizes import cut, tiled

__all__ = ["Graph", "cut", "near_arcs", "newyork", "tiled"]
