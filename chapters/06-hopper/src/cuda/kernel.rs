//! The kernels' sources, and what names one compiled function.
//!
//! Words: a *source* is one `.cu` file. It is compiled once for each *element* (the kind of number in memory) and *width*
//! (how many of them a thread reads at once), which its first lines leave open; a *kernel* is one function of the result.

use tch::Kind;

// ANCHOR: element
/// The kind of number that a kernel reads and writes. Whatever it is, arithmetic is fp32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Element {
    Float,
    BFloat16,
}

impl Element {
    /// Every kind that sources are compiled for.
    pub const ALL: [Element; 2] = [Element::Float, Element::BFloat16];

    /// `None` for a kind that no kernel reads.
    pub fn of(kind: Kind) -> Option<Element> {
        match kind {
            Kind::Float => Some(Element::Float),
            Kind::BFloat16 => Some(Element::BFloat16),
            _ => None,
        }
    }

    /// Its name in CUDA's C++.
    pub fn name(self) -> &'static str {
        match self {
            Element::Float => "float",
            Element::BFloat16 => "__nv_bfloat16",
        }
    }

    /// Of one number.
    pub fn bytes(self) -> usize {
        match self {
            Element::Float => 4,
            Element::BFloat16 => 2,
        }
    }

    /// How many of them make 16 bytes, the most that one thread reads in one instruction.
    pub fn pack(self) -> usize {
        16 / self.bytes()
    }
}
// ANCHOR_END: element

// ANCHOR: source
/// One `.cu` file.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Without its ending.
    pub name: &'static str,
    text: &'static str,
    /// Its kernels, by name.
    pub functions: &'static [&'static str],
}

/// What stands before every source. The parts are joined and not included, because NVRTC has no folder of ours.
const PREAMBLE: [(&str, &str); 2] = [
    ("numbers.cuh", include_str!("kernels/numbers.cuh")),
    ("sums.cuh", include_str!("kernels/sums.cuh")),
];

impl Source {
    /// All that the compiler is given. The `#line` directives let its messages name file and line as they lie in the folder.
    pub fn text(&self) -> String {
        let own = (format!("{}.cu", self.name), self.text);
        let parts = PREAMBLE.map(|(name, text)| (name.to_string(), text));
        parts
            .into_iter()
            .chain([own])
            .map(|(name, text)| format!("#line 1 \"{name}\"\n{text}"))
            .collect()
    }
}
// ANCHOR_END: source

// ANCHOR: sources
/// y = x / √(mean(x²) + ε), and back.
pub static RMS_NORM: Source = Source {
    name: "rms_norm",
    text: include_str!("kernels/rms_norm.cu"),
    functions: &["rms_norm_forward", "rms_norm_backward"],
};
/// A sum and its norm; back it is `rms_norm`'s.
pub static ADD_NORM: Source = Source {
    name: "add_norm",
    text: include_str!("kernels/add_norm.cu"),
    functions: &["add_norm_forward"],
};
/// Rotation, norm and factor of queries or keys, and back.
pub static ROPE_NORM: Source = Source {
    name: "rope_norm",
    text: include_str!("kernels/rope_norm.cu"),
    functions: &["rope_norm_forward", "rope_norm_backward"],
};
/// max(x, 0)², and back.
pub static RELU_SQUARED: Source = Source {
    name: "relu_squared",
    text: include_str!("kernels/relu_squared.cu"),
    functions: &["relu_squared_forward", "relu_squared_backward"],
};
/// r·x + s·x₀, and back, with both sums.
pub static MIX: Source = Source {
    name: "mix",
    text: include_str!("kernels/mix.cu"),
    functions: &["mix_forward", "mix_backward", "mix_sums"],
};
/// The mix and its norm, and back.
pub static MIX_NORM: Source = Source {
    name: "mix_norm",
    text: include_str!("kernels/mix_norm.cu"),
    functions: &["mix_norm_forward", "mix_norm_backward", "mix_norm_sums"],
};
/// v + 3 σ(gate) · looked up, and back.
pub static ADD_GATED: Source = Source {
    name: "add_gated",
    text: include_str!("kernels/add_gated.cu"),
    functions: &["add_gated_forward", "add_gated_backward"],
};
/// Softcap and cross-entropy of rows of logits, with their gradient.
pub static HEAD_LOSS: Source = Source {
    name: "head_loss",
    text: include_str!("kernels/head_loss.cu"),
    functions: &["head_loss"],
};
/// AdamW's step.
pub static ADAMW: Source = Source {
    name: "adamw",
    text: include_str!("kernels/adamw.cu"),
    functions: &["adamw"],
};
/// Muon's momentum, and its step.
pub static MUON: Source = Source {
    name: "muon",
    text: include_str!("kernels/muon.cu"),
    functions: &["muon_momentum", "muon_apply"],
};
/// amax, scale, and the cast to fp8 in both layouts.
pub static FP8: Source = Source {
    name: "fp8",
    text: include_str!("kernels/fp8.cu"),
    functions: &["fp8_amax", "fp8_scale", "fp8_cast"],
};

/// All of them.
pub static SOURCES: [&Source; 11] = [
    &RMS_NORM,
    &ADD_NORM,
    &ROPE_NORM,
    &RELU_SQUARED,
    &MIX,
    &MIX_NORM,
    &ADD_GATED,
    &HEAD_LOSS,
    &ADAMW,
    &MUON,
    &FP8,
];
// ANCHOR_END: sources

// ANCHOR: kernel
/// One function of one compiled source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel {
    /// The file it stands in.
    pub source: &'static Source,
    /// Its name there.
    pub function: &'static str,
    /// What it reads and writes.
    pub element: Element,
    /// 1, or `element.pack()`.
    pub width: usize,
}
// ANCHOR_END: kernel
