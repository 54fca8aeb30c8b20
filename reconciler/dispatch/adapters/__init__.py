"""What a container uses of Modal and of HTTP, and the same in memory."""
