"""The handlers of the calls of Modal's protocol, one module per type of object.

A handler is a method named after the call in snake case (``AppGetOrCreate``:
``app_get_or_create``). ``routes`` finds them; a call without a handler answers UNIMPLEMENTED.
"""
