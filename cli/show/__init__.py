"""reply -> what a person sees: pure, but for `screen`, which knows the terminal."""
