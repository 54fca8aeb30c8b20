"""The pure rules of a wake: what is due, what starts, what waits, what people are notified of."""
