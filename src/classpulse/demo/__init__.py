"""The demo school, and the simulator that writes into it."""
