//! Chapter 06's CUDA kernels, mostly without a GPU: compiled by NVRTC, and run by an emulator.

#[path = "../best_device/mod.rs"]
mod best_device;
mod cached;
mod checks;
mod compiled;
mod emulated;
mod emulator;
#[path = "../golden_model/mod.rs"]
mod golden_model;
mod memory;
mod on_gpu;
mod whole_model;
