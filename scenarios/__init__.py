"""What planners, drill directors and newcomers use: scenarios played against the desk."""
