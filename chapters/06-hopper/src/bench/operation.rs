// ANCHOR: head
//! The operations that can be measured, timed and fused one by one, and sets of them.

use std::fmt;
use std::str::FromStr;
// ANCHOR_END: head

// ANCHOR: operation
/// A method of `Kernels` or of `Updates`, or attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    Linear,
    RmsNorm,
    RopeQkNorm,
    ReluSquared,
    HeadLoss,
    Logits,
    AddNorm,
    Mix,
    MixNorm,
    AddGated,
    Attention,
    AdamW,
    MuonMomentum,
    Orthogonalise,
    MuonApply,
}

impl Operation {
    /// In the order in which a table of a step lists them.
    pub const ALL: [Operation; 15] = [
        Operation::Linear,
        Operation::Attention,
        Operation::HeadLoss,
        Operation::RopeQkNorm,
        Operation::ReluSquared,
        Operation::RmsNorm,
        Operation::AddNorm,
        Operation::Mix,
        Operation::MixNorm,
        Operation::AddGated,
        Operation::Logits,
        Operation::AdamW,
        Operation::MuonMomentum,
        Operation::Orthogonalise,
        Operation::MuonApply,
    ];

    /// Those that chapter 06 fuses, in the order of the gain that the byte counts promise.
    pub const FUSED: [Operation; 14] = [
        Operation::HeadLoss,
        Operation::Attention,
        Operation::Orthogonalise,
        Operation::RopeQkNorm,
        Operation::ReluSquared,
        Operation::MixNorm,
        Operation::AddNorm,
        Operation::RmsNorm,
        Operation::Mix,
        Operation::AddGated,
        Operation::AdamW,
        Operation::MuonMomentum,
        Operation::MuonApply,
        Operation::Linear,
    ];

    /// The method's name, as on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Linear => "linear",
            Operation::RmsNorm => "rms_norm",
            Operation::RopeQkNorm => "rope_qk_norm",
            Operation::ReluSquared => "relu_squared",
            Operation::HeadLoss => "head_loss",
            Operation::Logits => "logits",
            Operation::AddNorm => "add_norm",
            Operation::Mix => "mix",
            Operation::MixNorm => "mix_norm",
            Operation::AddGated => "add_gated",
            Operation::Attention => "attention",
            Operation::AdamW => "adamw",
            Operation::MuonMomentum => "muon_momentum",
            Operation::Orthogonalise => "orthogonalise",
            Operation::MuonApply => "muon_apply",
        }
    }

    /// Whether the model's forward pass asks for it; the others belong to the optimizer.
    pub fn of_the_model(self) -> bool {
        !matches!(
            self,
            Operation::AdamW
                | Operation::MuonMomentum
                | Operation::Orthogonalise
                | Operation::MuonApply
        )
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Operation {
    type Err = String;

    fn from_str(given: &str) -> Result<Operation, String> {
        let found = Operation::ALL
            .into_iter()
            .find(|operation| operation.name() == given);
        found.ok_or_else(|| {
            let names = Operation::ALL.map(Operation::name).join(", ");
            format!("`{given}` is no operation; they are {names}")
        })
    }
}
// ANCHOR_END: operation

// ANCHOR: fusions
/// A set of operations: those that are computed fused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fusions(u32);

impl Fusions {
    /// Everything plain.
    pub const NONE: Fusions = Fusions(0);

    /// Everything fused.
    pub fn all() -> Fusions {
        Operation::ALL
            .into_iter()
            .fold(Fusions::NONE, Fusions::with)
    }

    /// These and this one.
    pub fn with(self, operation: Operation) -> Fusions {
        Fusions(self.0 | 1 << operation as u32)
    }

    /// These but this one.
    pub fn without(self, operation: Operation) -> Fusions {
        Fusions(self.0 & !(1 << operation as u32))
    }

    /// Whether this one is among them.
    pub fn has(self, operation: Operation) -> bool {
        self.0 & 1 << operation as u32 != 0
    }
}
// ANCHOR_END: fusions
