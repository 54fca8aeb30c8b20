"""What runs in the container of a code target: standard library, and modal."""
