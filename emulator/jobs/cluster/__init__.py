"""Work of trainings on the machines of a Dask cluster (docs/adr/020)."""
