//! bf16 and fp8: who is stored in what, and where it is cast.
