"""The promise of the whole house, proven for random registries."""
