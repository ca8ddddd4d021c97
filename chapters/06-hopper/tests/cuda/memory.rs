//! The GPU's kernels take what the memory model says, and their loss never holds all logits: counted on the emulator, whose
//! tensors are a CPU's.

use hopper::InTraining;
use hopper::attention::Windowed;
use hopper::precision::Products;
use hopper::precision::bf16::tables_in_bf16;
use hopper::precision::live_bytes::LiveBytes;
use hopper::precision::memory_model::{Choices, Keeps, Loss, MemoryModel};
use tch::{Device, Kind, Tensor};
use transformer::{Config, Gpt, Kernels, Plain};

use crate::whole_model::Emulated;

/// A micro-batch of a model, its loss `chunk` rows at a time.
fn model(config: Config, rows: i64, time: i64, chunk: i64, kind: Kind) -> MemoryModel {
    let narrow = kind == Kind::BFloat16;
    MemoryModel {
        batch: rows,
        time,
        kind,
        choices: Choices {
            loss: Loss::Chunked {
                logits: chunk * config.vocab_size,
            },
            working_copies: narrow,
            narrow_tables: narrow,
            ..Choices::fused(Keeps::Output)
        },
        config,
    }
}

/// (bytes alive after the forward pass, peak of a micro-batch with gradients there already)
fn counted(model: &MemoryModel, chunk: i64) -> anyhow::Result<(i64, i64)> {
    let gpt = Gpt::new(&model.config, Device::Cpu, 1)?.with_compute(model.kind);
    if model.choices.narrow_tables {
        tables_in_bf16(gpt.parameters())?;
    }
    let products = (model.choices.working_copies).then(|| Products::new(model.kind, false));
    let kernels = InTraining {
        kernels: &Emulated::new(chunk),
        relu_squared: None,
        products: products.transpose()?,
    };
    let shape = [model.batch, model.time];
    let ids = Tensor::randint(model.config.vocab_size, shape, (Kind::Int64, Device::Cpu));
    let micro_batch = || gpt.loss_in(&kernels, &mut Windowed, &ids, &ids);
    micro_batch()?.sum.backward();
    let count = LiveBytes::begin();
    let loss = micro_batch()?;
    let kept = count.now().live;
    loss.sum.backward();
    Ok((kept, count.now().peak))
}

fn assert_near(what: &str, model: &MemoryModel, counted: i64, predicted: i64, limit: f64) {
    let off = predicted as f64 / counted as f64 - 1.0;
    let Config {
        layers,
        width,
        vocab_size,
        ..
    } = model.config;
    println!(
        "{:?} L {layers} C {width} V {vocab_size} B {} T {}: {what} {counted} ({:+.2} %)",
        model.kind,
        model.batch,
        model.time,
        100.0 * off
    );
    assert!(off.abs() < limit, "{what} {counted}, predicted {predicted}");
}

#[test]
fn kept_and_peak_are_what_the_gpus_kernels_take() -> anyhow::Result<()> {
    for (config, rows, time, chunk) in [
        (Config::d_2026(2, 64, 64, 32)?, 2, 64, 32),
        (Config::d_2026(3, 64, 64, 32)?, 3, 43, 50),
        (Config::d_2026(4, 512, 64, 64)?, 2, 48, 16),
        (Config::d(2, 512, 64)?, 2, 48, 16),
    ] {
        let model = model(config, rows, time, chunk, Kind::Float);
        let (kept, peak) = counted(&model, chunk)?;
        assert_near("kept", &model, kept, model.kept(), 0.005);
        assert_near("peak", &model, peak, model.peak_above_standing(), 0.01);
    }
    Ok(())
}

/// Working copies, tables in bf16. Of the peak a CPU can say nothing here: it has no product of bf16 into fp32, and widens both
/// factors first.
#[test]
fn kept_is_right_with_working_copies_and_narrow_tables_in_bf16() -> anyhow::Result<()> {
    for (config, rows, time, chunk) in [
        (Config::d_2026(3, 64, 64, 32)?, 2, 64, 32),
        (Config::d_2026(4, 512, 64, 64)?, 2, 48, 16),
        (Config::d(2, 512, 64)?, 2, 48, 16),
    ] {
        let model = model(config, rows, time, chunk, Kind::BFloat16);
        let (kept, _) = counted(&model, chunk)?;
        assert_near("kept", &model, kept, model.kept(), 0.005);
    }
    Ok(())
}

/// N = 512 positions, V = 1,024: a chunk of 32 rows is 131 KB, one fp32 number for each logit 2.1 MB.
#[test]
fn the_gpus_loss_never_holds_all_logits() {
    let (rows, width, vocabulary, chunk) = (512, 16, 1024, 32);
    let leaf = |size: &[i64]| {
        let x = Tensor::randn(size, (Kind::Float, Device::Cpu));
        x.set_requires_grad(true)
    };
    let (x, head) = (leaf(&[1, rows, width]), leaf(&[vocabulary, width]));
    let targets = Tensor::randint(vocabulary, [1, rows], (Kind::Int64, Device::Cpu));
    let peak = |kernels: &dyn Kernels, backward: bool| {
        let count = LiveBytes::begin();
        let loss = kernels.head_loss(&x, &head, &targets, 15.0);
        if backward {
            loss.sum.backward();
        }
        count.now().peak
    };
    let kernels = Emulated::new(chunk);
    let (fused, plain, whole) = (
        peak(&kernels, true),
        peak(&Plain, true),
        4 * rows * vocabulary,
    );
    println!("fused {fused}, plain {plain}, one number per logit {whole}");
    assert!(plain > whole && fused < whole / 2);
    let gradients = 2 * 4 * (rows * width + vocabulary * width);
    let allowed = 4 * chunk * vocabulary + gradients + 16 * rows;
    assert!(fused <= allowed, "{fused} of {allowed}");

    let _unrecorded = tch::no_grad_guard();
    let (fused, plain) = (peak(&kernels, false), peak(&Plain, false));
    println!("unrecorded: fused {fused}, plain {plain}");
    assert!(plain > whole && fused <= 4 * chunk * vocabulary + 16 * rows);
}
