"""What the commands do, as functions of Python: one implementation, which returns a result and prints nothing.

A group of arguments is an attrs class here; a group of options of a command is the same class with what click needs.
"""
