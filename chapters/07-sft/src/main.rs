//! The demonstration of chapter 07: conversations with their mask in colour, then a fine-tuning of some seconds.
//!
//! The model starts fresh, so it has no knowledge to talk about: what it learns here is the *form* of an answer.

use dataset::schemas::{DataSet, SmolTalk, WordProblem};
use dataset::tidepool::{CorpusSettings, World, write_corpus};
use dataset::{Conversation, ConversationSource, Message};
use pretrain::{Evaluation, Interrupt, Metrics};
use sft::{
    ConversationBatches, Ingredient, Mixture, Ramp, SftRun, SftSettings, fine_tune, render,
    visualise,
};
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::Path;
use tokenizer::{Special, Tokenizer, TrainSettings};
use transformer::{Config, Gpt, NaiveSampler, Plain, Prompt, Sampler, Sampling};

/// T, and the model's context.
const TIME: usize = 128;

// ANCHOR: main
fn main() -> anyhow::Result<()> {
    let machine = tensors::start(&tensors::Choice::default())?;
    let scratch = tempfile::tempdir()?;
    let world = scratch.path().join("tidepool");
    write_corpus(&World::new(1, 100)?, &world, &CorpusSettings::smoke())?;
    let talks: DataSet<SmolTalk> = DataSet::open("chat", &world.join("chat/train.jsonl"))?;
    let sums: DataSet<WordProblem> = DataSet::open("gsm8k", &world.join("gsm8k/train.jsonl"))?;
    let tokenizer = train_tokenizer(&[&talks, &sums])?;

    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    match colour {
        true => println!("\nGreen is trained on, red is context:"),
        false => println!("\nWhat is trained on stands between [ and ]:"),
    }
    for conversation in [talks.get(0)?, sums.get(0)?] {
        println!(
            "\n{}",
            visualise(
                &render(&conversation, &tokenizer, usize::MAX)?,
                &tokenizer,
                colour
            )
        );
    }

    let question = talks.get(1)?.messages.remove(0).text();
    let base = scratch.path().join("base");
    std::fs::create_dir(&base)?;
    let gpt = fresh_model(&tokenizer, &machine, &base)?;
    let before = answer(&gpt, &tokenizer, &question)?;

    let ingredients = || -> anyhow::Result<Vec<Ingredient>> {
        let talks: DataSet<SmolTalk> = DataSet::open("chat", &world.join("chat/train.jsonl"))?;
        let sums: DataSet<WordProblem> = DataSet::open("gsm8k", &world.join("gsm8k/train.jsonl"))?;
        Ok(vec![
            Ingredient::once(Box::new(talks)),
            Ingredient::once(Box::new(sums)),
        ])
    };
    let settings = SftSettings {
        epochs: 3.0,
        rate_scale: 1.0, // a fresh model: there is nothing yet that large steps could spoil
        ramp: Ramp::SFT_2026,
        evaluate_every: 0,
        ..SftSettings::october_2025(16, TIME)
    };
    let mixture = Mixture::new(ingredients()?, settings.seed, 0, 1)?;
    let epoch =
        ConversationBatches::new(mixture, &tokenizer, settings.rows, TIME)?.measure_epoch()?;
    let places = epoch.rows * (TIME + 1);
    println!(
        "\nAn epoch is {} rows of {} tokens: {:.1} % of them conversation, {:.1} % trained on.",
        epoch.rows,
        TIME + 1,
        100.0 * epoch.placed as f64 / places as f64,
        100.0 * epoch.supervised as f64 / places as f64
    );

    let mut metrics = Metrics::open(&scratch.path().join("metrics.jsonl"))?;
    let (gpt, _) = fine_tune(SftRun {
        base: &base,
        folder: &scratch.path().join("sft"),
        machine: &machine,
        kernels: &Plain,
        tokenizer: &tokenizer,
        mixture: Mixture::new(ingredients()?, settings.seed, 0, 1)?,
        evaluate: Box::new(|_, _| Ok(Evaluation::default())),
        metrics: &mut metrics,
        interrupt: Interrupt::listen(),
        settings,
        peak_flops: None,
    })?;
    println!(
        "\nasked   {question}\nbefore  {before}\nafter   {}",
        answer(&gpt, &tokenizer, &question)?
    );
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: parts
/// 700 tokens, from the conversations themselves.
fn train_tokenizer(sources: &[&dyn ConversationSource]) -> anyhow::Result<Tokenizer> {
    let mut texts = Vec::new();
    for source in sources {
        for index in 0..source.len() {
            texts.extend(source.get(index)?.messages.iter().map(Message::text));
        }
    }
    Ok(tokenizer::train(
        texts.into_iter(),
        &TrainSettings::new(700),
        &mut |_| (),
    )?)
}

/// Two layers of width 96, saved as a model folder.
fn fresh_model(
    tokenizer: &Tokenizer,
    machine: &tensors::Machine,
    folder: &Path,
) -> anyhow::Result<Gpt> {
    let shape = Config::d(2, tokenizer.vocab_size() as i64, TIME as i64)?;
    let config = Config {
        width: 96,
        heads: 2,
        kv_heads: 2,
        ..shape
    };
    let gpt = Gpt::new(&config, machine.device, 1)?.with_compute(machine.compute);
    transformer::save_folder(&gpt, folder)?;
    tokenizer.save(&folder.join("tokenizer.json"))?;
    Ok(gpt)
}

/// The likeliest answer, at most 24 tokens of it.
fn answer(gpt: &Gpt, tokenizer: &Tokenizer, question: &str) -> anyhow::Result<String> {
    let conversation = Conversation {
        messages: vec![Message::user(question)],
    };
    let prompt = Prompt {
        ids: sft::render_for_completion(&conversation, tokenizer)?,
        settings: Sampling {
            temperature: 0.0,
            top_k: 0,
            max_tokens: 24,
            stop: vec![tokenizer.special(Special::AssistantEnd)],
            ..Sampling::default()
        },
        seed: 0,
    };
    let samples = NaiveSampler::new(gpt, &Plain)
        .sample(&[prompt], None, &mut |_| ControlFlow::Continue(()))?;
    Ok(tokenizer.decode(&samples[0].ids).escape_debug().to_string())
}
// ANCHOR_END: parts
