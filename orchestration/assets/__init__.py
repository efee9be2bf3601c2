"""Assets in the order of the data's way: landing, transform, guard, publish."""
