"""One function an AWS operation, one file a resource."""
