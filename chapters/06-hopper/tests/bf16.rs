//! Working copies follow their masters, and gradients that products add to are autograd's.

use hopper::precision::Products;
use hopper::precision::bf16::{WorkingCopies, check_compute, linear_adding, tables_in_bf16};
use tch::{Device, Kind, Tensor};
use transformer::{Config, Gpt, HeadLoss, Kernels, Plain, Role};

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

    // … what our own kernels write is not, and has to be announced.
    // SAFETY: the first of the tensor's sixteen fp32 numbers.
    unsafe { *master.data_ptr().cast::<f32>() = 5.0 }
    assert_eq!(copies.of(&master)?.double_value(&[0, 0]), 3.0);
    copies.invalidate();
    assert_eq!(copies.of(&master)?.double_value(&[0, 0]), 5.0);

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
struct Adding(Products);

impl Kernels for Adding {
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        self.0.linear(x, weight).expect("kinds agree")
    }
    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        Plain.rms_norm(x, eps)
    }
    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        Plain.rope_qk_norm(x, cos, sin, eps)
    }
    fn relu_squared(&self, x: &Tensor) -> Tensor {
        Plain.relu_squared(x)
    }
    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        Plain.head_loss(x, head, targets, softcap)
    }
    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        Plain.logits(x, head, softcap)
    }
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
    let (ours, loss) = trained(&Adding(Products::new(Kind::Float, false)?), Kind::Float)?;
    assert!((loss - plain_loss).abs() < 1e-6 * plain_loss);
    for (ours, plain) in ours.parameters().iter().zip(plain.parameters()) {
        let difference = relative(&ours.tensor.grad(), &plain.tensor.grad());
        assert!(difference < 1e-5, "{}: {difference:e}", ours.name);
    }
    let narrow = Adding(Products::new(Kind::BFloat16, false)?);
    let (_, loss) = trained(&narrow, Kind::BFloat16)?;
    assert!(
        (loss - plain_loss).abs() < 1e-2 * plain_loss,
        "{loss} {plain_loss}"
    );
    Ok(())
}
