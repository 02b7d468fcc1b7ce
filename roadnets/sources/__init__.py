"""Where streets come from: each source yields an :class:`roadnets.streets.StreetData`."""
