"""The console's page, once it is built, and the JSON that it needs."""
