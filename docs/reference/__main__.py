"""Write the pages."""

from . import pages

for path, text in pages().items():
    path.write_text(text, encoding="utf-8")
    print(path)
