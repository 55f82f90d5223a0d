"""Who measures a folder's images: this process, several processes, or the workers of a Dask cluster."""
