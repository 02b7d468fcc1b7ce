"""A whole city from its map: what the import takes, whether routes are legal, a flood."""
