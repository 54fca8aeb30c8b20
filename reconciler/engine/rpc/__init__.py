"""What each call of Modal's protocol does, one module per kind of object.

A handler is a method named after the call in snake case (``AppGetOrCreate``:
``app_get_or_create``). ``routes`` finds them; a call that nobody handles answers UNIMPLEMENTED.
"""
