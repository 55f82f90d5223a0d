"""The search for the best branches: what is tried, what it costs, what is chosen, and how far that can be trusted.

``space`` reads what is to be tried, ``candidates`` makes branches of it, ``census`` counts their stages, ``trials``
measures, ``objective`` and ``choice`` choose, ``certainty`` and ``controls`` say what the choice is
worth, ``search`` runs all of it, ``outputs`` and ``page`` write it down.
"""
