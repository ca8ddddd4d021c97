//! A backward pass can be written in terms of an operation's output: the gradients are the same, and what is kept is what the
//! memory model says. Written here in tch expressions, to hold the mathematics and the model; the fast ones are in `src/`.

use hopper::attention::Windowed;
use hopper::precision::live_bytes::LiveBytes;
use hopper::precision::memory_model::{Choices, Keeps, MemoryModel, Window};
use tch::{Device, Kind, Tensor};
use tensors::{Forward, differentiable};
use transformer::{Config, Gpt, HeadLoss, Kernels, Plain};

struct Keeping(Keeps);

/// ρ · (g − y · mean(g · y)) for y = x · ρ: a norm's gradient from its output and ρ = 1/√(mean(x²) + eps).
fn norm_back(g: &Tensor, y: &Tensor, rho: &Tensor) -> Tensor {
    rho * (g - y * (g * y).mean_dim(-1, true, Kind::Float))
}

fn rho(x: &Tensor, eps: f64) -> Tensor {
    (x.square().mean_dim(-1, true, Kind::Float) + eps).rsqrt()
}

fn turn(x: &Tensor, cos: &Tensor, sin: &Tensor) -> Tensor {
    let halves = x.chunk(2, -1);
    let (a, b) = (&halves[0], &halves[1]);
    Tensor::cat(&[a * cos + b * sin, b * cos - a * sin], -1)
}

impl Keeping {
    fn kept(&self, input: &Tensor, output: &Tensor) -> Tensor {
        match self.0 {
            Keeps::Output => output.shallow_clone(),
            _ => input.shallow_clone(),
        }
    }
}

impl Kernels for Keeping {
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        Plain.linear(x, weight)
    }

    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        let from_output = self.0 == Keeps::Output;
        let forward = |x: &[Tensor]| {
            let rho = rho(&x[0], eps);
            let y = &x[0] * &rho;
            let saved = vec![self.kept(&x[0], &y), rho];
            Forward {
                outputs: vec![y],
                saved,
            }
        };
        let backward = move |saved: &[Tensor], g: &[Option<Tensor>]| {
            let rho = &saved[1];
            let y = if from_output {
                saved[0].shallow_clone()
            } else {
                &saved[0] * rho
            };
            vec![g[0].as_ref().map(|g| norm_back(g, &y, rho))]
        };
        differentiable(&[x], forward, backward)
            .expect("records")
            .remove(0)
    }

    fn add_norm(&self, x: &Tensor, change: &Tensor, eps: f64) -> (Tensor, Tensor) {
        let from_output = self.0 == Keeps::Output;
        let forward = |x: &[Tensor]| {
            let sum = &x[0] + &x[1];
            let rho = rho(&sum, eps);
            let y = &sum * &rho;
            let saved = vec![self.kept(&sum, &y), rho];
            Forward {
                outputs: vec![sum, y],
                saved,
            }
        };
        let backward = move |saved: &[Tensor], g: &[Option<Tensor>]| {
            let rho = &saved[1];
            let y = if from_output {
                saved[0].shallow_clone()
            } else {
                &saved[0] * rho
            };
            let through = g[1].as_ref().map(|g| norm_back(g, &y, rho));
            let d = match (through, &g[0]) {
                (Some(through), Some(past)) => through + past,
                (Some(one), None) => one,
                (None, past) => return vec![past.as_ref().map(Tensor::shallow_clone), None],
            };
            vec![Some(d.shallow_clone()), Some(d)]
        };
        let mut outputs = differentiable(&[x, change], forward, backward).expect("records");
        let y = outputs.pop().expect("two outputs");
        (outputs.remove(0), y)
    }

    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        self.rope_qk_norm_scaled(x, cos, sin, eps, 1.0)
    }

    fn rope_qk_norm_scaled(
        &self,
        x: &Tensor,
        cos: &Tensor,
        sin: &Tensor,
        eps: f64,
        factor: f64,
    ) -> Tensor {
        let from_output = self.0 == Keeps::Output;
        let (c, s) = (cos.shallow_clone(), sin.shallow_clone());
        let forward = |x: &[Tensor]| {
            let turned = turn(&x[0], cos, sin);
            let rho = rho(&turned, eps);
            let y = turned * &rho * factor;
            let saved = vec![self.kept(&x[0], &y), rho];
            Forward {
                outputs: vec![y],
                saved,
            }
        };
        let backward = move |saved: &[Tensor], g: &[Option<Tensor>]| {
            let rho = &saved[1];
            let y = match from_output {
                true => &saved[0] / factor,
                false => turn(&saved[0], &c, &s) * rho,
            };
            // Turning back is turning by the opposite angle.
            let dx = |g: &Tensor| turn(&(norm_back(g, &y, rho) * factor), &c, &-&s);
            vec![g[0].as_ref().map(dx)]
        };
        differentiable(&[x], forward, backward)
            .expect("records")
            .remove(0)
    }

    fn relu_squared(&self, x: &Tensor) -> Tensor {
        let from_output = self.0 == Keeps::Output;
        let forward = |x: &[Tensor]| {
            let y = x[0].relu().square();
            let saved = vec![self.kept(&x[0], &y)];
            Forward {
                outputs: vec![y],
                saved,
            }
        };
        let backward = move |saved: &[Tensor], g: &[Option<Tensor>]| {
            let relu = if from_output {
                saved[0].sqrt()
            } else {
                saved[0].relu()
            };
            vec![g[0].as_ref().map(|g| g * relu * 2.0)]
        };
        differentiable(&[x], forward, backward)
            .expect("records")
            .remove(0)
    }

    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        Plain.head_loss(x, head, targets, softcap)
    }

    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        Plain.logits(x, head, softcap)
    }
}

fn model(config: &Config, choices: Choices) -> MemoryModel {
    MemoryModel {
        config: config.clone(),
        batch: 2,
        time: 90,
        kind: Kind::Float,
        choices,
    }
}

#[test]
fn kept_is_what_the_model_says_and_gradients_are_the_plain_ones() -> anyhow::Result<()> {
    tch::manual_seed(7);
    for config in [Config::d(3, 64, 128), Config::d_2026(4, 128, 128, 64)] {
        let config = config?;
        let ids = Tensor::randint(64, [2, 90], (Kind::Int64, Device::Cpu));
        let run = |kernels: &dyn Kernels| -> anyhow::Result<(i64, Vec<(String, Tensor)>)> {
            let gpt = Gpt::new(&config, Device::Cpu, 2)?;
            {
                // The projections start at zero, behind which little would get a gradient.
                let _unrecorded = tch::no_grad_guard();
                for parameter in gpt.parameters() {
                    let count = parameter.tensor.numel() as i64;
                    let noise = Tensor::arange(count, (Kind::Float, Device::Cpu)) * 12.9898;
                    let noise = noise.sin().view_as(&parameter.tensor) * 0.05;
                    let _ = parameter.tensor.shallow_clone().g_add_(&noise);
                }
            }
            let count = LiveBytes::begin();
            let loss = gpt.loss_in(kernels, &mut Windowed, &ids, &ids)?;
            let kept = count.now().live;
            loss.mean().backward();
            let gradients = gpt.parameters().iter();
            Ok((
                kept,
                gradients
                    .map(|p| (p.name.clone(), p.tensor.grad()))
                    .collect(),
            ))
        };
        let (_, plain) = run(&Plain)?;
        for keeps in [Keeps::Input, Keeps::Output] {
            let (kept, gradients) = run(&Keeping(keeps))?;
            let choices = Choices {
                norm: keeps,
                rotary: keeps,
                relu_squared: keeps,
                window: Window::Native,
                ..Choices::plain()
            };
            let predicted = model(&config, choices).kept();
            let off = predicted as f64 / kept as f64 - 1.0;
            println!(
                "L {} {keeps:?}: kept {kept} ({:+.2} %)",
                config.layers,
                100.0 * off
            );
            assert!(off.abs() < 0.005);
            for ((name, ours), (_, plain)) in gradients.iter().zip(&plain) {
                let scale = plain.abs().max().double_value(&[]).max(1e-3);
                let difference = (ours - plain).abs().max().double_value(&[]) / scale;
                assert!(
                    difference < 1e-4,
                    "{name} differs by {difference:e} with {keeps:?}"
                );
            }
        }
    }
    Ok(())
}

/// What a join of mix and norm would use (see `Choices::mix`).
#[test]
fn the_gradient_of_r_follows_from_what_the_norm_gave() {
    tch::manual_seed(8);
    let real = |shape: &[i64]| Tensor::randn(shape, (Kind::Double, Device::Cpu));
    let (r, s) = (Tensor::from(1.1), Tensor::from(0.2));
    let (r, s) = (r.set_requires_grad(true), s.set_requires_grad(true));
    let (x, x0, weight) = (real(&[3, 5, 8]), real(&[3, 5, 8]), real(&[3, 5, 8]));
    let mixed = &r * &x + &s * &x0;
    let rho = (mixed.square().mean_dim(-1, true, Kind::Double) + 1e-7).rsqrt();
    let normed = &mixed * &rho;
    (&normed * &weight).sum(Kind::Double).backward();

    let _unrecorded = tch::no_grad_guard();
    let (y, rho) = (normed.detach(), rho.detach());
    let g = &rho * (&weight - &y * (&weight * &y).mean_dim(-1, true, Kind::Double)); // by the mix
    let ds = (&g * &x0).sum(Kind::Double);
    let dr = ((&g * y / rho).sum(Kind::Double) - &s * &ds) / &r;
    for (ours, autograds) in [(ds, s.grad()), (dr, r.grad())] {
        let (ours, autograds) = (ours.double_value(&[]), autograds.double_value(&[]));
        assert!((ours - autograds).abs() < 1e-9, "{ours} {autograds}");
    }
}
