"""A recipe against people's ratings: images measured, split, fitted and tested, and the figures of agreement.

``measured`` holds a dataset's images with their similarities, ``splits`` says which are fitted on and which tested,
``provenance`` distinguishes in-sample from held-out, ``agreement`` has the figures and their bootstrap, ``figures``
takes them from predictions, ``evaluate`` and ``fit`` run all of it.
"""
