"""The dashboard: what a person sees, made of the answers of the query layer."""
