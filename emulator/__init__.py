"""A local Amazon Rekognition Custom Labels that really trains."""

__version__ = "0.1.0"
