//! Chapter 06's CUDA kernels, mostly without a GPU: compiled by NVRTC, and run by an emulator.

mod cached;
mod checks;
mod compiled;
mod emulated;
mod emulator;
mod on_gpu;
