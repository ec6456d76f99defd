"""Rules of the control API: forced answers, injected faults, and how both are defined."""
