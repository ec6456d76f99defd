"""What S3 lays down, as pure functions: names, access lists, policies, preconditions, ranges, tags, CORS."""
