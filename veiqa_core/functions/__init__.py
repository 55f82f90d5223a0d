"""What the commands do, as functions of Python: one implementation, which returns a result and prints nothing.

The keywords of a function are groups, as :mod:`.arguments` says. What is made of a group is an attrs class beside it; a
group of options of a command is the same class with what click needs.
"""
