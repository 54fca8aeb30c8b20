"""The engine's HTTP port: upload and download of contents, and controls for tests."""
