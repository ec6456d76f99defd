"""STS, and the clear refusal of every AWS service that is not emulated."""
