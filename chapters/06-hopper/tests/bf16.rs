//! Working copies follow their masters, and gradients that products add to are autograd's.

use hopper::precision::Products;
use hopper::precision::bf16::{WorkingCopies, check_compute, linear_adding, tables_in_bf16};
use hopper::{Fused, FusedUpdates, InTraining};
use muon::{AdamWStep, Optimizer, Rates2026, Solo, StepScale, Updates, groups_2026};
use tch::{Device, Kind, Tensor};
use transformer::{Config, Gpt, Kernels, Plain, Role};

fn weight(out: i64, inner: i64) -> Tensor {
    Tensor::randn([out, inner], (Kind::Float, Device::Cpu)).set_requires_grad(true)
}

fn relative(a: &Tensor, b: &Tensor) -> f64 {
    let (a, b) = (a.to_kind(Kind::Float), b.to_kind(Kind::Float));
    let scale = b.abs().max().double_value(&[]).max(1e-12);
    (a - b).abs().max().double_value(&[]) / scale
}

#[test]
fn three_micro_batches_add_up_to_autograds_gradient_in_fp32() -> anyhow::Result<()> {
    tch::manual_seed(1);
    for (rows, inner, out) in [(1, 1, 1), (5, 3, 7), (33, 20, 12)] {
        let (ours, plain) = (weight(out, inner), weight(out, inner));
        {
            let _unrecorded = tch::no_grad_guard();
            plain.shallow_clone().copy_(&ours);
        }
        for _ in 0..3 {
            let x = Tensor::randn([2, rows, inner], (Kind::Float, Device::Cpu));
            let g = Tensor::randn([2, rows, out], (Kind::Float, Device::Cpu));
            let (x_ours, x_plain) = (x.copy().set_requires_grad(true), x.set_requires_grad(true));
            let y = linear_adding(&x_ours, &ours, &ours.detach())?;
            let expected = x_plain.linear(&plain, None::<&Tensor>);
            assert!(relative(&y, &expected) < 1e-6);
            (&y * &g).sum(Kind::Float).backward();
            (&expected * &g).sum(Kind::Float).backward();
            assert!(relative(&x_ours.grad(), &x_plain.grad()) < 1e-6);
            assert!(relative(&ours.grad(), &plain.grad()) < 1e-6);
        }
    }
    Ok(())
}

#[test]
fn in_bf16_the_gradient_is_within_a_hundredth_and_better_than_the_cast_one() -> anyhow::Result<()> {
    tch::manual_seed(2);
    let products = Products::new(Kind::BFloat16, false)?;
    let (ours, plain, exact) = (weight(24, 16), weight(24, 16), weight(24, 16));
    for other in [&plain, &exact] {
        let _unrecorded = tch::no_grad_guard();
        other.shallow_clone().copy_(&ours);
    }
    for _ in 0..3 {
        let x = Tensor::randn([4, 40, 16], (Kind::BFloat16, Device::Cpu));
        let g = Tensor::randn([4, 40, 24], (Kind::BFloat16, Device::Cpu));
        let y = products.linear(&x, &ours)?;
        let cast = x.linear(&plain.to_kind(Kind::BFloat16), None::<&Tensor>);
        let wide = x.to_kind(Kind::Float).linear(&exact, None::<&Tensor>);
        assert_eq!(y.kind(), Kind::BFloat16);
        assert!(relative(&y, &wide) < 1e-2);
        (&y * &g).sum(Kind::Float).backward();
        (&cast * &g).sum(Kind::Float).backward();
        (&wide * &g.to_kind(Kind::Float))
            .sum(Kind::Float)
            .backward();
    }
    assert_eq!(ours.grad().kind(), Kind::Float);
    let (error, error_cast) = (
        relative(&ours.grad(), &exact.grad()),
        relative(&plain.grad(), &exact.grad()),
    );
    println!("weight gradient: {error:.1e} added by the product, {error_cast:.1e} through bf16");
    assert!(error < 1e-2 && error < error_cast);
    Ok(())
}

#[test]
fn a_copy_is_made_once_and_follows_its_master() -> anyhow::Result<()> {
    let copies = WorkingCopies::new(Kind::BFloat16)?;
    let master = weight(4, 4);
    let first = copies.of(&master)?;
    let handle = master.shallow_clone();
    assert_eq!(
        copies.of(&handle)?.data_ptr(),
        first.data_ptr(),
        "one copy for all handles"
    );
    assert_eq!(copies.bytes(), 4 * 4 * 2);

    // What tch changes is noticed …
    {
        let _unrecorded = tch::no_grad_guard();
        let _ = master.shallow_clone().fill_(3.0);
    }
    assert_eq!(copies.of(&master)?.double_value(&[0, 0]), 3.0);
    assert_eq!(
        copies.of(&master)?.data_ptr(),
        first.data_ptr(),
        "in the same memory"
    );

    // … and so is what our own kernels write, for they say so.
    let (mut weight, gradient) = (master.detach(), Tensor::ones_like(&master.detach()));
    let (mut first_moment, mut second_moment) = (gradient.zeros_like(), gradient.zeros_like());
    let step = AdamWStep {
        step: 1,
        lr: 0.5,
        betas: (0.0, 0.0),
        eps: 1e-10,
        weight_decay: 0.0,
    };
    FusedUpdates.adamw(
        &mut weight,
        &gradient,
        &mut first_moment,
        &mut second_moment,
        &step,
    );
    assert_eq!(copies.of(&master)?.double_value(&[0, 0]), 2.5);
    for cautious in [false, true] {
        let before = copies.of(&master)?.copy();
        let updates = Tensor::ones([1, 4, 4], (Kind::Float, Device::Cpu));
        match cautious {
            true => FusedUpdates.muon_apply_cautious(&mut [&mut weight], &updates, 0.5, 0.0),
            false => FusedUpdates.muon_apply(&mut [&mut weight], &updates, 0.5, 0.0),
        }
        assert!(relative(&copies.of(&master)?, &before) > 0.1);
    }

    copies.clear();
    assert_eq!(copies.bytes(), 0);
    Ok(())
}

#[test]
fn a_computed_weight_gets_its_gradient_from_autograd() -> anyhow::Result<()> {
    tch::manual_seed(3);
    let padded = weight(8, 4);
    let x = Tensor::randn([3, 4], (Kind::Float, Device::Cpu));
    let head = padded.narrow(0, 0, 6);
    linear_adding(&x, &head, &head.detach())?
        .sum(Kind::Float)
        .backward();
    let expected = x.sum_dim_intlist(0, false, Kind::Float); // (4): every used row's gradient
    for row in 0..8 {
        let wanted = if row < 6 {
            expected.copy()
        } else {
            expected.zeros_like()
        };
        assert!(
            (padded.grad().get(row) - wanted)
                .abs()
                .max()
                .double_value(&[])
                < 1e-6
        );
    }
    Ok(())
}

#[test]
fn fp16_and_mixed_kinds_are_refused_with_a_reason() -> anyhow::Result<()> {
    let refusal = check_compute(Kind::Half).unwrap_err().to_string();
    assert!(
        refusal.contains("scaler") && refusal.contains("bf16"),
        "{refusal}"
    );
    assert!(WorkingCopies::new(Kind::Half).is_err());
    assert!(check_compute(Kind::Int64).is_err());
    assert!(Products::new(Kind::Float, true).is_err());
    let products = Products::new(Kind::BFloat16, false)?;
    let x = Tensor::zeros([2, 4], (Kind::Float, Device::Cpu));
    let refusal = products.linear(&x, &weight(4, 4)).unwrap_err().to_string();
    assert!(refusal.contains("with_compute"), "{refusal}");
    Ok(())
}

#[test]
fn tables_in_bf16_train_and_change_the_loss_by_less_than_a_hundredth() -> anyhow::Result<()> {
    let config = Config::d_2026(2, 64, 64, 32)?;
    let ids = Tensor::randint(64, [2, 32], (Kind::Int64, Device::Cpu));
    let wide = Gpt::new(&config, Device::Cpu, 1)?;
    let narrow = Gpt::new(&config, Device::Cpu, 1)?;
    let tables = |role| matches!(role, Role::Embedding | Role::ValueTable);
    let counted: i64 = (wide.parameters().iter())
        .filter(|p| tables(p.role))
        .map(|p| p.tensor.numel() as i64)
        .sum();
    assert_eq!(tables_in_bf16(narrow.parameters())?, counted);
    let (wide_loss, narrow_loss) = (
        wide.loss(&Plain, &ids, &ids)?.mean(),
        narrow.loss(&Plain, &ids, &ids)?.mean(),
    );
    assert!(relative(&narrow_loss, &wide_loss) < 1e-2);
    narrow_loss.backward();
    for parameter in narrow.parameters() {
        let expected = if tables(parameter.role) {
            Kind::BFloat16
        } else {
            Kind::Float
        };
        assert_eq!(
            parameter.tensor.grad().kind(),
            expected,
            "{}",
            parameter.name
        );
    }
    Ok(())
}

#[test]
fn fp8_is_used_in_training_and_not_in_evaluation() -> anyhow::Result<()> {
    tch::manual_seed(4);
    let products = Products::new(Kind::BFloat16, true)?;
    let narrow = Products::new(Kind::BFloat16, false)?;
    let master = weight(128, 128);
    let x = Tensor::randn([32, 128], (Kind::BFloat16, Device::Cpu));
    let reference = narrow.linear(&x, &master)?.detach();
    let training = relative(&products.linear(&x, &master)?.detach(), &reference);
    assert!((1e-3..0.2).contains(&training), "{training}");
    let _unrecorded = tch::no_grad_guard();
    assert_eq!(relative(&products.linear(&x, &master)?, &reference), 0.0);
    Ok(())
}

/// Chapter 03's kernels with this chapter's products.
fn adding(kind: Kind) -> anyhow::Result<InTraining<'static>> {
    Ok(InTraining {
        kernels: &Plain,
        relu_squared: None,
        products: Some(Products::new(kind, false)?),
    })
}

#[test]
fn a_whole_model_gathers_the_gradients_of_three_micro_batches() -> anyhow::Result<()> {
    tch::manual_seed(5);
    let config = Config::d_2026(2, 64, 64, 32)?;
    let batches: Vec<Tensor> = (0..3)
        .map(|_| Tensor::randint(64, [2, 40], (Kind::Int64, Device::Cpu)))
        .collect();
    let trained = |kernels: &dyn Kernels, kind: Kind| -> anyhow::Result<(Gpt, f64)> {
        let gpt = Gpt::new(&config, Device::Cpu, 9)?.with_compute(kind);
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
        let mut sum = 0.0;
        for ids in &batches {
            let loss = gpt.loss(kernels, ids, ids)?.mean();
            loss.backward();
            sum += loss.double_value(&[]);
        }
        Ok((gpt, sum))
    };
    let (plain, plain_loss) = trained(&Plain, Kind::Float)?;
    let (ours, loss) = trained(&adding(Kind::Float)?, Kind::Float)?;
    assert!((loss - plain_loss).abs() < 1e-6 * plain_loss);
    for (ours, plain) in ours.parameters().iter().zip(plain.parameters()) {
        let difference = relative(&ours.tensor.grad(), &plain.tensor.grad());
        assert!(difference < 1e-5, "{}: {difference:e}", ours.name);
    }
    let (_, loss) = trained(&adding(Kind::BFloat16)?, Kind::BFloat16)?;
    assert!(
        (loss - plain_loss).abs() < 1e-2 * plain_loss,
        "{loss} {plain_loss}"
    );
    Ok(())
}

/// Twelve steps with two micro-batches each; the losses.
fn steps(kernels: &dyn Kernels, kind: Kind) -> anyhow::Result<Vec<f64>> {
    let config = Config::d_2026(2, 64, 64, 32)?;
    let gpt = Gpt::new(&config, Device::Cpu, 9)?.with_compute(kind);
    let groups = groups_2026(gpt.parameters(), config.width, &Rates2026::default(), kind)?;
    let mut optimizer = Optimizer::new(groups, Box::new(FusedUpdates), Box::new(Solo))?;
    let ids = Tensor::arange(2 * 41, (Kind::Int64, Device::Cpu))
        .remainder(61)
        .reshape([2, 41]);
    let (inputs, targets) = (ids.narrow(1, 0, 40), ids.narrow(1, 1, 40)); // (B, T)
    let mut losses = Vec::new();
    for _ in 0..12 {
        optimizer.zero_grad();
        for _ in 0..2 {
            let loss = gpt.loss(kernels, &inputs, &targets)?.mean();
            (&loss / 2.0).backward();
            losses.push(loss.double_value(&[]));
        }
        optimizer.step(&StepScale {
            lr: 1.0,
            momentum: 0.95,
            weight_decay: 0.0,
        })?;
    }
    Ok(losses)
}

#[test]
fn training_with_working_copies_is_training_with_casts() -> anyhow::Result<()> {
    let cast = steps(&Fused, Kind::BFloat16)?;
    let kernels = InTraining {
        kernels: &Fused,
        relu_squared: None,
        products: Some(Products::tried(Kind::BFloat16, false, Device::Cpu)?),
    };
    let ours = steps(&kernels, Kind::BFloat16)?;
    assert!(cast[0] > 1.5 * cast[cast.len() - 1], "it learns: {cast:?}");
    for (ours, cast) in ours.iter().zip(&cast) {
        // A copy that is never renewed stays at the first loss but for embedding and head.
        assert!((ours - cast).abs() < 2e-2 * cast, "{ours} {cast}");
    }
    Ok(())
}

#[test]
fn a_trial_passes_where_products_do_what_they_promise() -> anyhow::Result<()> {
    for (kind, fp8) in [
        (Kind::Float, false),
        (Kind::BFloat16, false),
        (Kind::BFloat16, true),
    ] {
        let products = Products::tried(kind, fp8, Device::Cpu)?;
        assert_eq!(products.copies().bytes(), 0, "the trial's copies are gone");
    }
    assert!(Products::tried(Kind::Half, false, Device::Cpu).is_err());
    Ok(())
}
