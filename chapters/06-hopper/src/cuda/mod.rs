//! Fused operations for NVIDIA GPUs, compiled by NVRTC while the program runs.
