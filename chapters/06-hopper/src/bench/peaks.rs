// ANCHOR: head
//! What GPUs promise, and MFU, which is measured against the promise.
//!
//! The numbers are dense bf16 tensor-core operations per second with fp32 accumulation, as in the makers' data sheets.
//! Data sheets like to print the number for *sparse* matrices, which is twice as large and of no use to us.
// ANCHOR_END: head

// ANCHOR: table
/// A GPU's promise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// The driver's name of the GPU contains this.
    pub name: &'static str,
    /// Dense bf16 operations per second.
    pub bf16_flops: f64,
    /// Where it is promised.
    pub source: &'static str,
}

/// Names that contain another one come before it.
pub const PEAKS: [Peak; 10] = [
    peak("H100 PCIe", 756e12, "NVIDIA H100 data sheet, halved"),
    peak("H100 NVL", 835e12, "NVIDIA H100 data sheet, halved"),
    peak("H100", 989e12, "NVIDIA H100 data sheet (SXM), halved"),
    peak("H200", 989e12, "NVIDIA H200 data sheet (SXM), halved"),
    peak("GH200", 989e12, "NVIDIA GH200 data sheet, halved"),
    peak("B200", 2250e12, "NVIDIA Blackwell data sheet, halved"),
    peak("A100", 312e12, "NVIDIA A100 data sheet"),
    peak("L40S", 362e12, "NVIDIA L40S data sheet, halved"),
    peak("L4", 121e12, "NVIDIA L4 data sheet, halved"),
    peak("RTX 4090", 165.2e12, "NVIDIA Ada white paper, dense"),
];

const fn peak(name: &'static str, bf16_flops: f64, source: &'static str) -> Peak {
    Peak {
        name,
        bf16_flops,
        source,
    }
}

/// The promise of the GPU that its driver calls `name`, such as `NVIDIA A100-SXM4-80GB`. Whole words are compared, so that an
/// L4 is not found in `NVIDIA L40S`.
pub fn peak_of(name: &str) -> Option<Peak> {
    let words = |text: &str| -> Vec<String> {
        text.split([' ', '-'])
            .map(str::to_ascii_uppercase)
            .collect()
    };
    let given = words(name);
    PEAKS.into_iter().find(|peak| {
        let wanted = words(peak.name);
        given.windows(wanted.len()).any(|part| part == wanted)
    })
}
// ANCHOR_END: table

// ANCHOR: mfu
/// Model FLOPs utilisation by nanochat's formula: 6 operations per multiplied parameter and 12 · H · D · T per layer for
/// attention, per token ([`transformer::dial::flops_per_token`]), times tokens per second, over the peak.
pub fn mfu(tokens_per_second: f64, flops_per_token: f64, peak_flops: f64) -> f64 {
    tokens_per_second * flops_per_token / peak_flops
}
// ANCHOR_END: mfu
