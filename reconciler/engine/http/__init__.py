"""The engine's second port: contents in and out, and its own controls."""
