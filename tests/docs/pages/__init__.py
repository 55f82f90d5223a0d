"""How the pages of the documentation are read, and their code executed."""
