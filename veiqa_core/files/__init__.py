"""Files as people have them, on disks and at URLs, read strictly and written whole.

By what VEIQA knows again what it wrote is said here, too.
"""
