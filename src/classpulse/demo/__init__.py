"""The demo school, the simulator that writes into it, and the self-test's tools."""
