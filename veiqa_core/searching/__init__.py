"""The search for the best branches: what is tried, what it costs, what is chosen, and how far that can be trusted.

``space`` reads what is to be tried, ``candidates`` makes branches of it, ``feasibility`` leaves out what cannot work,
``census`` counts stages beforehand and ``costs`` operations, ``trials`` measures, ``objective`` and ``choice`` choose,
``nested`` predicts what was left out, ``certainty``, ``controls`` and ``winners`` say what the choice is worth,
``search`` runs all of it, ``outputs`` writes it down.
"""
