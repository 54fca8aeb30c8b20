"""Web endpoints of apps: their addresses, and the way of a request into a container and back."""
