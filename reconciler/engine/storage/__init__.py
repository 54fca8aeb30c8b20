"""What outlives the process: an SQLite database and a folder of blobs."""
