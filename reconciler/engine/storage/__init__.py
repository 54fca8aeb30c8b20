"""Persistent state: an SQLite database and a folder of blobs."""
