//! How long a training step takes, where it goes, and what sharing key/value heads costs: the numbers of the chapter's
//! "Measured". `cargo run --example step`, about a minute; the machine should have nothing else to do.

use std::ops::ControlFlow;
use std::time::Instant;

use tch::{Device, Kind, Tensor};
use transformer::dial::{flops_per_token, parameter_count};
use transformer::{
    Causal, Config, Context, Gpt, Kernels, NaiveSampler, Plain, Prompt, Sampler, Sampling,
};

/// Seconds of the fastest of `times` runs: what disturbs a run only ever adds.
fn fastest(times: usize, mut run: impl FnMut()) -> f64 {
    let one = |_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    };
    (0..times).map(one).fold(f64::INFINITY, f64::min)
}

fn main() -> anyhow::Result<()> {
    let machine = tensors::start(&tensors::Choice::default())?;
    println!(
        "{} threads, GEMM {:.0} GFLOP/s",
        machine.threads,
        tensors::measure_gemm_gflops(&machine)
    );
    steps()?;
    shared_heads();
    naive_sampler()
}

/// Forward and backward, without an optimizer.
fn steps() -> anyhow::Result<()> {
    println!(
        "\n  B    T     V    C  L  H  K   parameters   step ms   of it forward   head and loss   tokens/s   GFLOP/s"
    );
    for (b, t, v, c, l, h, k) in [
        (16, 128, 1000, 128, 4, 4, 4),
        (16, 128, 1000, 128, 4, 4, 1),
        (8, 512, 4096, 256, 4, 2, 2),
        (8, 512, 4096, 512, 8, 4, 4),
    ] {
        let config = Config {
            heads: h,
            kv_heads: k,
            width: c,
            ..Config::d(l, v, t)?
        };
        let gpt = Gpt::new(&config, Device::Cpu, 1)?;
        let ids = Tensor::randint(v, [b, t], (Kind::Int64, Device::Cpu)); // (B, T)
        let whole = fastest(7, || {
            gpt.loss(&Plain, &ids, &ids)
                .expect("the ids fit")
                .mean()
                .backward();
        });
        let forward = fastest(7, || {
            drop(gpt.loss(&Plain, &ids, &ids).expect("the ids fit"))
        });
        let x = Tensor::randn([b, t, c], (Kind::Float, Device::Cpu)).set_requires_grad(true); // (B, T, C)
        let head = fastest(7, || {
            Plain
                .head_loss(&x, &gpt.head(), &ids, config.softcap)
                .mean()
                .backward()
        });
        let tokens = (b * t) as f64;
        println!(
            "{b:>3} {t:>4} {v:>5} {c:>4} {l:>2} {h:>2} {k:>2} {:>12} {:>9.1} {:>15.1} {:>15.1} {:>10.0} {:>9.0}",
            parameter_count(&config),
            whole * 1e3,
            forward * 1e3,
            head * 1e3,
            tokens / whole,
            tokens * flops_per_token(&config) as f64 / whole / 1e9,
        );
    }
    Ok(())
}

/// Attention alone, forward and backward: heads shared inside the kernel, or copied before it.
fn shared_heads() {
    println!(
        "\n  B    T  H  K   D   ms, shared inside SDPA   ms, keys and values repeated before it"
    );
    for (b, t, h, k, d) in [
        (16, 128, 4, 2, 32),
        (16, 128, 4, 1, 32),
        (8, 512, 4, 1, 64),
        (4, 1024, 8, 2, 128),
    ] {
        let random = |heads| {
            Tensor::randn([b, t, heads, d], (Kind::Float, Device::Cpu)).set_requires_grad(true)
        };
        let (q, keys, values) = (random(h), random(k), random(k));
        let inside = || {
            Causal
                .attend(0, None, &q, &keys, &values)
                .square()
                .sum(Kind::Float)
                .backward()
        };
        let repeated = || {
            let copies = |x: &Tensor| x.repeat_interleave_self_int(h / k, 2, None); // (B, T, K, D) -> (B, T, H, D)
            Causal
                .attend(0, None, &q, &copies(&keys), &copies(&values))
                .square()
                .sum(Kind::Float)
                .backward();
        };
        let (inside, repeated) = (fastest(25, inside), fastest(25, repeated));
        println!(
            "{b:>3} {t:>4} {h:>2} {k:>2} {d:>3} {:>24.2} {:>40.2}",
            inside * 1e3,
            repeated * 1e3
        );
    }
}

/// The price of remembering nothing.
fn naive_sampler() -> anyhow::Result<()> {
    println!("\n  new tokens   naive sampler, ms per token");
    let config = Config {
        heads: 4,
        kv_heads: 4,
        width: 128,
        ..Config::d(4, 1000, 512)?
    };
    let gpt = Gpt::new(&config, Device::Cpu, 1)?;
    for max_tokens in [32, 128, 508] {
        let settings = Sampling {
            temperature: 1.0,
            top_k: 0,
            max_tokens,
            stop: Vec::new(),
            ..Sampling::default()
        };
        let prompt = [Prompt {
            ids: vec![1, 2, 3, 4],
            settings,
            seed: 1,
        }];
        let seconds = fastest(3, || {
            let mut silent = |_: &transformer::Added<'_>| ControlFlow::Continue(());
            NaiveSampler::new(&gpt, &Plain)
                .sample(&prompt, None, &mut silent)
                .expect("the prompt fits");
        });
        println!(
            "  {max_tokens:>10} {:>29.2}",
            seconds * 1e3 / max_tokens as f64
        );
    }
    Ok(())
}
