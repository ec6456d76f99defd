"""Notifications of what happens to objects: kept with the change, then sent to webhook, queue, topic or function."""
