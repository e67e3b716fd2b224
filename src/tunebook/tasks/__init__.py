"""The workloads that Tunebook brings; each is found by its entry point and imported by nobody."""
