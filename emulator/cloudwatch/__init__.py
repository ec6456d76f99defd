"""CloudWatch's API for what the emulator measures (O-22, R-8): three operations over three protocols."""
