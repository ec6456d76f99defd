"""Access as IAM decides it: policies, principals, the decision (S-9, SE-2, SE-3), without input or output."""
