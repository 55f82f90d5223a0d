"""The search for the best branches and methods: what is tried, what it costs, what is chosen, and what that is worth.

``space`` reads what is to be tried, ``candidates`` makes branches and methods of it, ``feasibility`` leaves out what
cannot work, ``census`` counts stages beforehand and ``costs`` operations, ``settings`` says how to choose, ``trials``
measures, ``scores`` makes of a candidate's values, be they one or several, a score an image, ``objective`` and
``choice`` choose, ``nested`` predicts what was left out, ``certainty``, ``controls`` and ``winners`` say what the
choice is worth, ``search`` runs all of it, ``outputs`` writes it down.
"""
