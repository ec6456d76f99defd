"""Who signs a request, and with which rights (O-33): imported only where signatures are verified."""
