"""A text to a point: streets, crossings, house numbers, compounds, gates, kilometre posts."""
