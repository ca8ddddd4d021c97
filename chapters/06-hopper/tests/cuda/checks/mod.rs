//! Every operation against its plain twin, forward and every gradient, at sizes that are no multiple of anything. Run with the
//! emulator, and with a GPU where there is one.

mod layers;
mod loss;
mod updates;

use std::cell::Cell;
use std::f64::consts::TAU;

use hopper::cuda::Operations;
use hopper::cuda::launch::Launch;
use tch::{Device, Kind, Tensor};

/// Where and in which kind a check runs, and how near it has to come.
pub struct Check<L> {
    pub on: Operations<L>,
    pub device: Device,
    pub kind: Kind,
    draws: Cell<f64>,
}

const EPS: f64 = 1.1920929e-7;

impl<L: Launch> Check<L> {
    pub fn new(on: Operations<L>, device: Device, kind: Kind) -> Check<L> {
        let draws = Cell::default();
        Check {
            on,
            device,
            kind,
            draws,
        }
    }

    /// Normal numbers in fp32, the same in each run: libtorch's generator is shared with tests that run at the same time.
    pub fn normal(&self, size: &[i64]) -> Tensor {
        let total: i64 = size.iter().product();
        let uniform = || {
            self.draws.set(self.draws.get() + 1.0);
            let line = Tensor::arange(total, (Kind::Double, Device::Cpu)) * 12.9898;
            let line: Tensor = ((line + self.draws.get() * 78.233).sin() * 43758.5453).frac();
            line.abs().clamp(1e-9, 1.0)
        };
        let radius = (uniform().log() * -2.0).sqrt();
        let normal = radius * (uniform() * TAU).cos();
        normal.to_kind(Kind::Float).view(size)
    }

    fn tolerance(&self) -> f64 {
        if self.kind == Kind::Float { 1e-5 } else { 1e-2 }
    }

    pub fn random(&self, size: &[i64]) -> Tensor {
        self.normal(size).to_kind(self.kind).to_device(self.device)
    }

    /// Not at the beginning of its memory: no access of 16 bytes fits.
    fn shifted(&self, size: &[i64]) -> Tensor {
        let total: i64 = size.iter().product();
        self.random(&[total + 1]).narrow(0, 1, total).view(size)
    }

    /// Both ways from the same inputs: results and gradients by all inputs, the plain one in fp32.
    pub fn compare(
        &self,
        what: &str,
        inputs: &[Tensor],
        fused: impl Fn(&[Tensor]) -> Vec<Tensor>,
        plain: impl Fn(&[Tensor]) -> Vec<Tensor>,
    ) {
        let leaves = |kind: Option<Kind>| -> Vec<Tensor> {
            inputs
                .iter()
                .map(|input| {
                    let input =
                        kind.map_or_else(|| input.shallow_clone(), |kind| input.to_kind(kind));
                    input.detach().set_requires_grad(true)
                })
                .collect()
        };
        let (ours, theirs) = (leaves(None), leaves(Some(Kind::Float)));
        let (got, want) = (fused(&ours), plain(&theirs));
        assert_eq!(got.len(), want.len());
        let (mut ours_loss, mut theirs_loss) = (None, None);
        for (number, (got, want)) in got.iter().zip(&want).enumerate() {
            self.near(&format!("{what}, output {number}"), got, want);
            let weight = self.normal(&want.size()).to_device(self.device);
            let add = |loss: Option<Tensor>, output: &Tensor| {
                let part = (output.to_kind(Kind::Float) * &weight).sum(Kind::Float);
                Some(loss.map_or(part.shallow_clone(), |loss| loss + &part))
            };
            ours_loss = add(ours_loss, got);
            theirs_loss = add(theirs_loss, want);
        }
        ours_loss.unwrap().backward();
        theirs_loss.unwrap().backward();
        for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            assert!(
                ours.grad().defined(),
                "{what}: no gradient by input {number}"
            );
            self.near(
                &format!("{what}, gradient by input {number}"),
                &ours.grad(),
                &theirs.grad(),
            );
        }
    }

    pub fn near(&self, what: &str, got: &Tensor, want: &Tensor) {
        assert_eq!(got.size(), want.size(), "{what}");
        let largest = want.abs().max().double_value(&[]).max(1e-20);
        let error = (got.to_kind(Kind::Double) - want.to_kind(Kind::Double))
            .abs()
            .max()
            .double_value(&[]);
        assert!(
            error / largest <= self.tolerance(),
            "{what}: {error:e} off, of {largest:e}"
        );
    }

    pub fn all(&self) {
        self.rms_norm();
        self.add_norm();
        self.rope_qk_norm();
        self.relu_squared();
        self.mix();
        self.mix_norm();
        self.add_gated();
        self.head_loss();
        self.head_loss_at_extremes();
        self.adamw();
        self.muon();
        self.fp8();
    }
}
