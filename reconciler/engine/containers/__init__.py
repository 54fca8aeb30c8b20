"""Running functions: processes of Modal's own container runtime, and the pool that feeds them."""
