//! fp8: what rounding costs, and that the three products of a linear layer are the right ones.

use std::io::Write;

use hopper::precision::fp8::{self, Rounded};
use tch::{Device, Kind, Tensor};
use transformer::Config;

fn random(shape: [i64; 2]) -> Tensor {
    Tensor::randn(shape, (Kind::Float, Device::Cpu))
}

/// Relative in the Frobenius norm.
fn error(a: &Tensor, b: &Tensor) -> f64 {
    let b = b.to_kind(Kind::Float);
    ((a.to_kind(Kind::Float) - &b).norm() / b.norm()).double_value(&[])
}

#[test]
fn rounding_is_within_half_a_step_of_the_format() -> anyhow::Result<()> {
    tch::manual_seed(1);
    for (kind, half_step) in [
        (Kind::Float8e4m3fn, 1.0 / 16.0),
        (Kind::Float8e5m2, 1.0 / 8.0),
    ] {
        for scale in [1e-6, 1.0, 1e6] {
            let x = random([64, 48]) * scale;
            let restored = Rounded::from(&x, kind)?.restored();
            let amax = x.abs().max().double_value(&[]);
            // Below a hundredth of a thousandth of amax the numbers are subnormal and keep fewer digits.
            let off = (&restored - &x).abs();
            let allowed = x.abs() * half_step + amax * 1e-5;
            assert!(
                off.le_tensor(&allowed).all().int64_value(&[]) == 1,
                "{kind:?} at {scale}"
            );
            // The largest number is the format's largest, and comes back as itself.
            assert!((restored.abs().max().double_value(&[]) - amax).abs() < 1e-6 * amax);
        }
    }
    Ok(())
}

#[test]
fn zeros_stay_zeros_and_nothing_becomes_infinite() -> anyhow::Result<()> {
    let zeros = Tensor::zeros([16, 16], (Kind::Float, Device::Cpu));
    for kind in [Kind::Float8e4m3fn, Kind::Float8e5m2] {
        assert_eq!(
            Rounded::from(&zeros, kind)?
                .restored()
                .abs()
                .max()
                .double_value(&[]),
            0.0
        );
        let huge = random([16, 16]) * 1e30;
        let restored = Rounded::from(&huge, kind)?.restored();
        assert_eq!(restored.isfinite().all().int64_value(&[]), 1);
    }
    assert!(Rounded::from(&zeros, Kind::Half).is_err());
    Ok(())
}

#[test]
fn a_layer_and_its_gradients_are_the_exact_ones_up_to_rounding() -> anyhow::Result<()> {
    tch::manual_seed(2);
    // Three different sides, so that a product with a wrong transposition fails.
    let (rows, inner, out) = (160, 128, 256);
    let x = random([rows, inner])
        .view([2, rows / 2, inner])
        .set_requires_grad(true);
    let weight = random([out, inner]).set_requires_grad(true);
    let g = random([rows, out]).view([2, rows / 2, out]);

    let y = fp8::linear(&x, &weight, &weight.detach())?.expect("the sizes fit");
    (&y * &g).sum(Kind::Float).backward();
    let (dx, dw) = (x.grad().copy(), weight.grad().copy());
    tensors::clear_gradient(&x);
    tensors::clear_gradient(&weight);
    let exact = x.linear(&weight, None::<&Tensor>);
    (&exact * &g).sum(Kind::Float).backward();

    let errors = [
        error(&y, &exact),
        error(&dx, &x.grad()),
        error(&dw, &weight.grad()),
    ];
    println!("relative error of y, dx, dw: {errors:.3?}");
    // e4m3 rounds with a relative error of some 2.6 % (root mean square), e5m2 with twice that; two factors add in squares.
    assert!(errors[0] > 1e-3 && errors[0] < 0.05, "{errors:?}");
    assert!(
        errors[1..].iter().all(|error| (1e-3..0.08).contains(error)),
        "{errors:?}"
    );

    // A second micro-batch adds.
    let before = weight.grad().copy();
    let y = fp8::linear(&x, &weight, &weight.detach())?.expect("the sizes fit");
    (&y * &g).sum(Kind::Float).backward();
    assert!(error(&(weight.grad() - before), &dw) < 1e-5);
    Ok(())
}

#[test]
fn evaluation_and_small_or_odd_layers_stay_in_bf16() -> anyhow::Result<()> {
    let weight = |out, inner| random([out, inner]).set_requires_grad(true);
    let used = |rows, w: &Tensor| -> anyhow::Result<bool> {
        let x = random([rows, w.size()[1]]);
        Ok(fp8::linear(&x, w, &w.detach())?.is_some())
    };
    assert!(used(32, &weight(128, 144))?);
    assert!(!used(33, &weight(128, 144))?, "rows are summed over, too");
    assert!(!used(32, &weight(112, 144))?, "narrower than 128");
    assert!(!used(32, &weight(136, 144))?, "no multiple of 16");
    let _unrecorded = tch::no_grad_guard();
    assert!(!used(32, &weight(128, 144))?, "nothing is recorded");
    Ok(())
}

#[test]
fn where_nobody_says_fp8_begins_at_d20_on_gpus_that_multiply_it() -> anyhow::Result<()> {
    let (ampere, ada, hopper) = ((8, 6), (8, 9), (9, 0));
    for (layers, capability, pays) in [
        (19, hopper, false),
        (20, hopper, true),
        (20, ada, true),
        (20, ampere, false),
        (26, (8, 0), false),
        (26, (10, 0), true),
    ] {
        let said = fp8::pays(layers, capability);
        assert_eq!(said, pays, "d{layers} on {capability:?}");
    }
    assert!(!fp8::by_default(&Config::d(26, 64, 64)?, Device::Cpu));
    Ok(())
}

/// What libtorch says where it has no fp8 product for CPUs: no such operation, or none for this kind of number.
const REFUSALS: [&str; 2] = [
    "Could not run 'aten::_scaled_mm'",
    "not implemented for 'Float8_e4m3fn'",
];

/// libtorch's own fp8 product, where it has one for CPUs, agrees with the emulation: same meaning of scales, same layout.
#[test]
fn libtorchs_scaled_product_means_the_same() -> anyhow::Result<()> {
    tch::manual_seed(3);
    let (a, b) = (random([32, 64]), random([48, 64]) * 7.0);
    let (a, b) = (
        Rounded::from(&a, Kind::Float8e4m3fn)?,
        Rounded::from(&b, Kind::Float8e4m3fn)?,
    );
    let none = None::<&Tensor>;
    let theirs = a.values.f_internal_scaled_mm(
        &b.values.tr(),
        &a.scale,
        &b.scale,
        none,
        none,
        Kind::Float,
        false,
    );
    match theirs {
        Ok(theirs) => assert!(error(&theirs, &a.restored().mm(&b.restored().tr())) < 1e-5),
        Err(refused) => {
            let said = refused.to_string();
            let known = REFUSALS.iter().any(|refusal| said.contains(refusal));
            let forbidden = std::env::var_os("NANOCRAB_NO_SKIP").is_some();
            assert!(
                known || !forbidden,
                "NANOCRAB_NO_SKIP is set, and this is not what libtorch says where it multiplies no fp8: {said}"
            );
            let line = said.lines().next().unwrap_or_default();
            writeln!(std::io::stderr(), "skipped: no fp8 product here: {line}")?;
        }
    }
    Ok(())
}
