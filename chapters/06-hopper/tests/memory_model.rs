//! The memory model's arithmetic against tensors that are counted.

use hopper::attention::Windowed;
use hopper::precision::Products;
use hopper::precision::bf16::tables_in_bf16;
use hopper::precision::live_bytes::LiveBytes;
use hopper::precision::memory_model::{Choices, Keeps, Loss, MemoryModel, Window};
use hopper::{Fused, FusedUpdates, InTraining};
use muon::{Optimizer, Solo, StepScale, groups_2026};
use tch::{Device, Kind, Tensor};
use transformer::{Causal, Config, Context, Gpt, Plain};

/// (bytes alive after the forward pass, peak of a micro-batch with gradients there already)
fn counted(model: &MemoryModel) -> anyhow::Result<(i64, i64)> {
    let gpt = Gpt::new(&model.config, Device::Cpu, 1)?.with_compute(model.kind);
    let shape = [model.batch, model.time];
    let ids = Tensor::randint(model.config.vocab_size, shape, (Kind::Int64, Device::Cpu));
    let mut masked = Causal;
    let mut native = Windowed;
    let context: &mut dyn Context = match model.choices.window {
        Window::Mask => &mut masked,
        Window::Native => &mut native,
    };
    gpt.loss_in(&Plain, context, &ids, &ids)?.sum.backward();
    let count = LiveBytes::begin();
    let loss = gpt.loss_in(&Plain, context, &ids, &ids)?;
    let kept = count.now().live;
    loss.sum.backward();
    Ok((kept, count.now().peak))
}

fn shapes() -> anyhow::Result<Vec<(Config, i64, i64)>> {
    let mut windows = Config::d_2026(4, 64, 512, 32)?;
    windows.switches.window_pattern = Some("SL".to_string());
    Ok(vec![
        (Config::d(2, 64, 64)?, 4, 64),
        (Config::d(4, 512, 128)?, 2, 100),
        (Config::d_2026(2, 64, 64, 32)?, 4, 64),
        (Config::d_2026(4, 1024, 128, 64)?, 2, 128),
        (Config::d_2026(3, 128, 96, 64)?, 3, 77),
        (windows, 2, 300),
    ])
}

#[test]
fn kept_and_peak_are_what_plain_kernels_take() -> anyhow::Result<()> {
    for (config, batch, time) in shapes()? {
        for window in [Window::Mask, Window::Native] {
            let model = MemoryModel {
                config: config.clone(),
                batch,
                time,
                kind: Kind::Float,
                choices: Choices {
                    window,
                    ..Choices::plain()
                },
            };
            let (kept, peak) = counted(&model)?;
            let (predicted, predicted_peak) = (model.kept(), model.peak_above_standing());
            let off = |counted: i64, predicted: i64| predicted as f64 / counted as f64 - 1.0;
            println!(
                "L {} C {} V {} B {batch} T {time} {window:?}: kept {kept} ({:+.2} %), peak {peak} ({:+.2} %)",
                config.layers,
                config.width,
                config.vocab_size,
                100.0 * off(kept, predicted),
                100.0 * off(peak, predicted_peak)
            );
            assert!(off(kept, predicted).abs() < 0.005);
            assert!(off(peak, predicted_peak).abs() < 0.05);
        }
    }
    Ok(())
}

/// `Fused` on a CPU: what it leaves for the way back, and the most there is on it. (In fp32, so without working copies.)
#[test]
fn kept_and_peak_are_what_fused_kernels_take() -> anyhow::Result<()> {
    for (config, batch, time) in shapes()? {
        let vocabulary = config.vocab_size;
        let gpt = Gpt::new(&config, Device::Cpu, 1)?;
        let shape = [batch, time];
        let ids = Tensor::randint(vocabulary, shape, (Kind::Int64, Device::Cpu));
        gpt.loss_in(&Fused, &mut Windowed, &ids, &ids)?
            .sum
            .backward();
        let count = LiveBytes::begin();
        let loss = gpt.loss_in(&Fused, &mut Windowed, &ids, &ids)?;
        let kept = count.now().live;
        loss.sum.backward();
        let peak = count.now().peak;
        let model = MemoryModel {
            config,
            batch,
            time,
            kind: Kind::Float,
            choices: Choices {
                loss: Loss::Chunked {
                    logits: hopper::cpu::chunk_rows(vocabulary) * vocabulary,
                },
                working_copies: false,
                narrow_tables: false,
                ..Choices::fused(Keeps::Output)
            },
        };
        let off = |counted: i64, predicted: i64| predicted as f64 / counted as f64 - 1.0;
        let (off_kept, off_peak) = (
            off(kept, model.kept()),
            off(peak, model.peak_above_standing()),
        );
        println!(
            "L {} C {} V {} B {batch} T {time}: kept {kept} ({:+.2} %), peak {peak} ({:+.2} %)",
            model.config.layers,
            model.config.width,
            model.config.vocab_size,
            100.0 * off_kept,
            100.0 * off_peak
        );
        assert!(off_kept.abs() < 0.005);
        assert!(off_peak.abs() < 0.01);
    }
    Ok(())
}

/// The bar of this chapter: a step of d20 of 2026 with 32 rows of 2,048 tokens in bf16 takes at most 50 GB.
#[test]
fn a_step_of_d20_takes_at_most_50_gb() -> anyhow::Result<()> {
    let model = MemoryModel {
        config: Config::d_2026(20, 32_768, 2048, 128)?,
        batch: 32,
        time: 2048,
        kind: Kind::BFloat16,
        choices: Choices::fused(Keeps::Output),
    };
    println!("{}", model.table());
    assert!(model.peak() <= 50_000_000_000, "{} bytes", model.peak());
    Ok(())
}

#[test]
fn kept_is_right_in_bf16_too() -> anyhow::Result<()> {
    for config in [Config::d(2, 64, 32)?, Config::d_2026(2, 64, 32, 32)?] {
        let model = MemoryModel {
            config,
            batch: 2,
            time: 24,
            kind: Kind::BFloat16,
            choices: Choices::plain(),
        };
        let (kept, _) = counted(&model)?;
        let off = model.kept() as f64 / kept as f64 - 1.0;
        println!("kept {kept} ({:+.2} %)", 100.0 * off);
        assert!(off.abs() < 0.005);
    }
    Ok(())
}

/// What stands after a step, optimizer and copies included, beside the account.
fn standing(kind: Kind, kernels: &InTraining, choices: Choices) -> anyhow::Result<()> {
    let config = Config::d_2026(4, 512, 64, 64)?;
    let model = MemoryModel {
        config: config.clone(),
        batch: 1,
        time: 8,
        kind,
        choices,
    };
    let ids = Tensor::zeros([1, 8], (Kind::Int64, Device::Cpu));
    // As from a checkpoint. On a CPU a fresh model's tensors are views of the numbers that were drawn, and a view that is given
    // other data keeps what it was a view of; on a GPU they were copied there.
    let fresh = Gpt::new(&config, Device::Cpu, 1)?;
    let given = fresh.parameters().iter();
    let given = given.map(|p| (p.name.clone(), p.tensor.detach()));
    let count = LiveBytes::begin();
    let gpt = Gpt::from_tensors(&config, Device::Cpu, given.collect())?.with_compute(kind);
    if choices.narrow_tables {
        tables_in_bf16(gpt.parameters())?;
    }
    let groups = groups_2026(gpt.parameters(), config.width, &Default::default(), kind)?;
    let mut optimizer = Optimizer::new(groups, Box::new(FusedUpdates), Box::new(Solo))?;
    gpt.loss(kernels, &ids, &ids)?.sum.backward();
    optimizer.step(&StepScale {
        lr: 1.0,
        momentum: 0.95,
        weight_decay: 0.0,
    })?;
    let rotary = 2 * 4 * config.context * config.head_width() / 2; // tables of the model, no weights
    let counted = count.now().live - rotary;
    let predicted: i64 = model.standing().iter().map(|row| row.bytes()).sum();
    let off = predicted as f64 / counted as f64 - 1.0;
    println!("standing in {kind:?}: {counted} ({:+.2} %)", 100.0 * off);
    assert!(off.abs() < 0.01);
    Ok(())
}

#[test]
fn what_stands_is_what_a_model_and_its_optimizer_take() -> anyhow::Result<()> {
    let kernels = InTraining {
        kernels: &Plain,
        relu_squared: None,
        products: None,
    };
    standing(Kind::Float, &kernels, Choices::plain())
}

/// Working copies of the matrices, and tables in bf16 with their gradients and moments.
#[test]
fn what_stands_in_bf16_is_masters_copies_and_narrow_tables() -> anyhow::Result<()> {
    let kernels = InTraining {
        kernels: &Fused,
        relu_squared: None,
        products: Some(Products::new(Kind::BFloat16, false)?),
    };
    standing(Kind::BFloat16, &kernels, Choices::fused(Keeps::Output))
}

#[test]
fn freed_tensors_do_not_count() {
    let before = Tensor::zeros([1000], (Kind::Float, Device::Cpu));
    let count = LiveBytes::begin();
    let a = Tensor::zeros([100], (Kind::Float, Device::Cpu));
    let b = Tensor::zeros([50], (Kind::Float, Device::Cpu));
    drop(a);
    drop(before);
    assert_eq!((count.now().live, count.now().peak), (200, 600));
    count.restart_peak();
    assert_eq!(count.now().peak, 200);
    drop(b);
    assert_eq!(count.now().live, 0);
}

#[test]
fn a_backward_from_outputs_never_keeps_more_than_one_from_inputs() -> anyhow::Result<()> {
    for (config, batch, time) in shapes()? {
        let kept = |choices| {
            let config = config.clone();
            let kind = Kind::BFloat16;
            MemoryModel {
                config,
                batch,
                time,
                kind,
                choices,
            }
            .kept()
        };
        let (inputs, outputs) = (
            kept(Choices::fused(Keeps::Input)),
            kept(Choices::fused(Keeps::Output)),
        );
        assert!(outputs < inputs && inputs < kept(Choices::plain()));
    }
    Ok(())
}
