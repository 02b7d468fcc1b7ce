"""Points put on streets: by nearness, and by heading, speed and track."""
