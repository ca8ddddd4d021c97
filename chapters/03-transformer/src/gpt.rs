// ANCHOR: head
//! `Gpt`: the whole model, from token ids to hidden states, logits or loss.
//!
//! The *residual stream* is the (B, T, C) tensor that begins as the embedding of the tokens and to which every block adds.
//! The model owns fp32 weights and the rotary tables, and nothing that belongs to one run: what a query may see comes in
//! as a `Context`, how it is computed as `Kernels`.

use tch::{Device, Kind, Tensor};

use crate::attention::{Attention, Place, Rotation};
use crate::backout::{Backout, middle_layer};
use crate::block::Block;
use crate::init::first_values;
use crate::layout::layout;
use crate::mlp::Mlp;
use crate::padding::cropped;
use crate::residual_scalars::ResidualScalars;
use crate::smear::Smear;
use crate::value_embedding::has_table;
use crate::windows::windows;
use crate::{Causal, Config, Context, Error, HeadLoss, Kernels, Role, Rotary};
// ANCHOR_END: head

// ANCHOR: gpt
/// One trainable tensor, fp32, with its gradient switched on.
pub struct Parameter {
    /// As in `model.safetensors`, e.g. `model.layers.0.self_attn.q_proj.weight`.
    pub name: String,
    pub tensor: Tensor,
    pub role: Role,
}

pub struct Gpt {
    config: Config,
    device: Device,
    compute: Kind,
    parameters: Vec<Parameter>,
    /// `[V, C]`
    embedding: Tensor,
    blocks: Vec<Block>,
    /// `[V, C]`
    head: Tensor,
    rotary: Rotary,
    extras: Extras,
}

/// What switches bring, per layer or for the whole model; all `None` in the seed model.
struct Extras {
    windows: Vec<Option<i64>>,
    /// `[V, K·D]`
    value_tables: Vec<Option<Tensor>>,
    scalars: Option<ResidualScalars>,
    smear: Option<Smear>,
    backout: Option<Backout>,
}
// ANCHOR_END: gpt

// ANCHOR: new
impl Gpt {
    /// A model before its first step: the seed model's initialisation, or the one switched on, drawn from `seed`.
    pub fn new(config: &Config, device: Device, seed: u64) -> Result<Gpt, Error> {
        config.check()?;
        let tensors = layout(config)
            .iter()
            .map(|slot| first_values(slot, seed, device))
            .collect();
        Ok(Gpt::assemble(config, device, tensors))
    }

    /// A model with given weights, by transformers' names (see [`names`](crate::names) for nanochat's), in any order
    /// and floating-point kind. A missing, extra or misshaped tensor is an error that names it.
    pub fn from_tensors(
        config: &Config,
        device: Device,
        mut given: Vec<(String, Tensor)>,
    ) -> Result<Gpt, Error> {
        config.check()?;
        let mut tensors = Vec::new();
        for slot in layout(config) {
            let Some(found) = given.iter().position(|(name, _)| *name == slot.name) else {
                return Err(Error::MissingTensor {
                    name: slot.name,
                    expected: slot.shape,
                });
            };
            let (name, tensor) = given.swap_remove(found);
            if tensor.size() != slot.shape {
                return Err(Error::MisshapedTensor {
                    name,
                    expected: slot.shape,
                    found: tensor.size(),
                });
            }
            // A copy, so that training this model does not change the caller's tensor.
            tensors.push(tensor.detach().to_device_(device, Kind::Float, false, true));
        }
        match given.pop() {
            Some((name, _)) => Err(Error::ExtraTensor { name }),
            None => Ok(Gpt::assemble(config, device, tensors)),
        }
    }
    // ANCHOR_END: new

    // ANCHOR: assemble
    /// `tensors` in the layout's order. The blocks get shallow clones: second handles on the same tensors, so that an
    /// optimizer that changes `parameters()` in place changes the model.
    fn assemble(config: &Config, device: Device, tensors: Vec<Tensor>) -> Gpt {
        let parameters: Vec<Parameter> = layout(config)
            .into_iter()
            .zip(tensors)
            .map(|(slot, tensor)| Parameter {
                name: slot.name,
                tensor: tensor.set_requires_grad(true),
                role: slot.role,
            })
            .collect();
        let mut handles = parameters
            .iter()
            .map(|parameter| parameter.tensor.shallow_clone());
        let mut next = || {
            handles
                .next()
                .expect("the layout lists every tensor of the model")
        };
        Gpt {
            embedding: next(),
            blocks: (0..config.layers)
                .map(|layer| Block {
                    attention: Attention {
                        query: next(),
                        key: next(),
                        value: next(),
                        value_gate: has_table(config, layer).then(&mut next),
                        output: next(),
                    },
                    mlp: Mlp {
                        up: next(),
                        down: next(),
                    },
                })
                .collect(),
            head: next(),
            extras: Extras {
                windows: windows(config),
                value_tables: (0..config.layers)
                    .map(|layer| has_table(config, layer).then(&mut next))
                    .collect(),
                scalars: config.switches.residual_scalars.then(|| ResidualScalars {
                    residual: next(),
                    start: next(),
                }),
                smear: config.switches.smear.then(|| Smear {
                    gate: next(),
                    strength: next(),
                }),
                backout: config
                    .switches
                    .backout
                    .then(|| Backout { strength: next() }),
            },
            rotary: Rotary::new(config, device),
            config: config.clone(),
            device,
            compute: Kind::Float,
            parameters,
        }
    }

    /// Sets the kind of the activations (fp32 unless this is called); the weights stay fp32.
    pub fn with_compute(mut self, kind: Kind) -> Gpt {
        self.compute = kind;
        self
    }
    // ANCHOR_END: assemble

    // ANCHOR: accessors
    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn device(&self) -> Device {
        self.device
    }

    pub fn compute(&self) -> Kind {
        self.compute
    }

    /// The head's weight `[V, C]` without padding, for those who go from `hidden` on by themselves.
    pub fn head(&self) -> Tensor {
        cropped(&self.head, self.config.vocab_size)
    }

    /// All weights in the layout's order, which never changes.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }
    // ANCHOR_END: accessors

    // ANCHOR: hidden
    /// Token ids (B, T) i64 -> what the head reads: (B, T, C), normalised.
    pub fn hidden(
        &self,
        kernels: &dyn Kernels,
        context: &mut dyn Context,
        ids: &Tensor,
    ) -> Result<Tensor, Error> {
        let (batch, time) = self.check_ids(ids)?;
        let positions = context.positions(batch, time, self.device); // (B or 1, T)
        let (cos, sin) = self.rotary.at(&positions)?; // (B or 1, T, 1, D/2)
        let rotation = Rotation { cos, sin };
        let eps = self.config.norm_eps;

        let extras = &self.extras;
        let look_up =
            |table: &Tensor| Tensor::embedding(table, ids, -1, false, false).to_kind(self.compute);

        let mut x = kernels.rms_norm(&look_up(&self.embedding), eps); // (B, T) -> (B, T, C)
        if let Some(smear) = &extras.smear {
            x = smear.forward(kernels, context, x);
        }
        let start = x.shallow_clone(); // another handle, not a copy; the middle's too
        let mut middle = None;
        for (layer, block) in self.blocks.iter().enumerate() {
            let normed;
            (x, normed) = match &extras.scalars {
                Some(scalars) => scalars.mix_norm(kernels, layer, &x, &start, eps),
                None => {
                    let normed = kernels.rms_norm(&x, eps);
                    (x, normed)
                }
            }; // both (B, T, C)
            let place = Place {
                layer,
                window: extras.windows[layer],
                rotation: &rotation,
                value_embedding: extras.value_tables[layer].as_ref().map(look_up), // (B, T, K·D)
            };
            x = block.forward(&self.config, kernels, context, &place, x, normed); // (B, T, C)
            if extras.backout.is_some() && layer == middle_layer(self.config.layers) {
                middle = Some(x.shallow_clone());
            }
        }
        if let (Some(backout), Some(middle)) = (&extras.backout, &middle) {
            x = backout.subtract(x, middle);
        }
        Ok(kernels.rms_norm(&x, eps))
    }

    /// Logits of the next token at every position, softcapped, in fp32: (B, T) -> (B, T, V).
    pub fn logits(
        &self,
        kernels: &dyn Kernels,
        context: &mut dyn Context,
        ids: &Tensor,
    ) -> Result<Tensor, Error> {
        let x = self.hidden(kernels, context, ids)?; // (B, T, C)
        Ok(kernels.logits(&x, &self.head(), self.config.softcap))
    }

    /// As `logits`, for each row's last position only, which is all that sampling needs: (B, T) -> (B, V).
    pub fn last_logits(
        &self,
        kernels: &dyn Kernels,
        context: &mut dyn Context,
        ids: &Tensor,
    ) -> Result<Tensor, Error> {
        let x = self.hidden(kernels, context, ids)?; // (B, T, C)
        let x = x.narrow(1, x.size()[1] - 1, 1); // (B, 1, C)
        Ok(kernels
            .logits(&x, &self.head(), self.config.softcap)
            .squeeze_dim(1)) // (B, 1, V) -> (B, V)
    }

    /// Cross-entropy of the targets (B, T), −1 = not counted, over a batch of rows that each start at position 0.
    pub fn loss(
        &self,
        kernels: &dyn Kernels,
        ids: &Tensor,
        targets: &Tensor,
    ) -> Result<HeadLoss, Error> {
        self.loss_in(kernels, &mut Causal, ids, targets)
    }

    /// As `loss`, where somebody else says what positions see of each other.
    pub fn loss_in(
        &self,
        kernels: &dyn Kernels,
        context: &mut dyn Context,
        ids: &Tensor,
        targets: &Tensor,
    ) -> Result<HeadLoss, Error> {
        if targets.size() != ids.size() {
            return Err(Error::Shape {
                what: "targets",
                expected: "(B, T), like the ids",
                found: targets.size(),
            });
        }
        self.check_range("target", targets, -1)?;
        let x = self.hidden(kernels, context, ids)?; // (B, T, C)
        Ok(kernels.head_loss(&x, &self.head(), targets, self.config.softcap))
    }
    // ANCHOR_END: hidden

    // ANCHOR: checks
    fn check_ids(&self, ids: &Tensor) -> Result<(i64, i64), Error> {
        let &[batch, time] = ids.size().as_slice() else {
            return Err(Error::Shape {
                what: "ids",
                expected: "(B, T)",
                found: ids.size(),
            });
        };
        if batch == 0 || time == 0 {
            return Err(Error::Shape {
                what: "ids",
                expected: "(B, T) with at least one token",
                found: ids.size(),
            });
        }
        if time > self.config.context {
            return Err(Error::TooLong {
                time,
                context: self.config.context,
            });
        }
        self.check_range("id", ids, 0)?;
        Ok((batch, time))
    }

    /// On a CPU this costs next to nothing. On a GPU reading the answer would make the queue run empty, so there ids are
    /// checked where they are still numbers on the host: use [`Gpt::upload`].
    fn check_range(&self, what: &'static str, ids: &Tensor, lowest: i64) -> Result<(), Error> {
        if ids.device() != Device::Cpu || ids.numel() == 0 {
            return Ok(());
        }
        let (low, high) = (ids.min().int64_value(&[]), ids.max().int64_value(&[]));
        if low >= lowest && high < self.config.vocab_size {
            return Ok(());
        }
        let wrong = if low < lowest {
            ids.argmin(None, false)
        } else {
            ids.argmax(None, false)
        }
        .int64_value(&[]);
        let (time, id) = (ids.size()[1], if low < lowest { low } else { high });
        let vocab_size = self.config.vocab_size;
        Err(Error::Outside {
            what,
            id,
            row: wrong / time,
            position: wrong % time,
            vocab_size,
        })
    }

    /// `rows` × `time` ids (or targets) from the host to the model's device, checked on the way: (B, T) i64.
    pub fn upload(&self, ids: &[i64], rows: i64, time: i64) -> Result<Tensor, Error> {
        if ids.len() as i64 != rows * time {
            return Err(Error::Shape {
                what: "the batch",
                expected: "rows × time numbers",
                found: vec![ids.len() as i64],
            });
        }
        let host = Tensor::from_slice(ids).view([rows, time]); // (B·T,) -> (B, T)
        self.check_range("id", &host, -1)?;
        Ok(host.to_device(self.device))
    }
}
// ANCHOR_END: checks
