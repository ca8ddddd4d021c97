//! Which of libtorch's attention programs runs, and the windowed one that tch does not bind.
