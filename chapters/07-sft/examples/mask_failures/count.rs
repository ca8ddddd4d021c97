//! What cropping loses, counted without training anything.

use crate::TIME;
use dataset::Conversation;
use dataset::best_fit::{Item, Packer, Policy, Row};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use sft::render;
use tokenizer::Tokenizer;

/// Packs every conversation once with cropping, and counts what each source loses.
pub fn count_losses(
    sources: &[(&str, Vec<Conversation>)],
    tokenizer: &Tokenizer,
) -> anyhow::Result<()> {
    let mut items = Vec::new();
    for (source, (_, talks)) in sources.iter().enumerate() {
        for talk in talks {
            items.push((source, render(talk, tokenizer, TIME + 1)?));
        }
    }
    items.shuffle(&mut ChaCha8Rng::seed_from_u64(1));
    let mut waiting = items.iter().enumerate();
    let mut packer = Packer::new(TIME + 1, Policy::Crop);
    // Per source: conversations, those without their end, those without any supervised token
    let mut counts = vec![[0_usize; 3]; sources.len()];
    loop {
        let mut row = Row::new(TIME + 1);
        while !row.is_full() {
            for (index, (_, one)) in waiting.by_ref().take(100 - packer.waiting()) {
                packer.push(Item {
                    ids: one.ids.clone(),
                    mask: one.mask.clone(),
                    origin: index,
                });
            }
            if !packer.place(&mut row) {
                break;
            }
        }
        if row.spans.is_empty() {
            break;
        }
        for span in &row.spans {
            let count = &mut counts[items[span.origin].0];
            count[0] += 1;
            count[1] += usize::from(span.cropped > 0);
            count[2] += usize::from(row.mask[span.start..span.end].iter().all(|&m| m == 0));
        }
    }
    for ((name, _), [all, ends, answers]) in sources.iter().zip(counts) {
        let share = |part: usize| 100.0 * part as f64 / all as f64;
        println!(
            "{name:<8} {all:>6} conversations: {:>5.1} % lose their end, {:>5.1} % everything that was to be learnt",
            share(ends),
            share(answers)
        );
    }
    Ok(())
}
