"""Where streets come from: each source yields an :class:`roadnets.imports.streets.StreetData`."""
