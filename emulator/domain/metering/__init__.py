"""What is counted: requests, inference units, quotas, usage and its price."""
