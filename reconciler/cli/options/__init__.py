"""The options of every command. Parsing loads no command."""
