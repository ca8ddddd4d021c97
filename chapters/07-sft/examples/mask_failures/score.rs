//! How good a model is on conversations that it was not trained on.

use crate::TIME;
use dataset::Conversation;
use sft::{render, render_for_completion};
use std::ops::ControlFlow;
use tokenizer::{Special, Tokenizer};
use transformer::{
    Gpt, NaiveSampler, Plain, PlainScorer, Prompt, Sampler, Sampling, Scorer, StopReason,
};

/// Nats per token of held-out conversations.
pub struct Score {
    pub answer: f64,
    pub end: f64,
    pub question: f64,
}

/// Always by the right mask, whatever was trained on.
pub fn score(gpt: &Gpt, tokenizer: &Tokenizer, talks: &[Conversation]) -> anyhow::Result<Score> {
    let end = tokenizer.special(Special::AssistantEnd);
    let mut rendered = Vec::new();
    for talk in talks {
        rendered.push(render(talk, tokenizer, TIME)?);
    }
    // (sum, count) of answers, ends, questions
    let mut sums = [(0.0, 0); 3];
    for batch in rendered.chunks(50) {
        let ids: Vec<Vec<u32>> = batch.iter().map(|one| one.ids.clone()).collect();
        for (one, scores) in batch.iter().zip(PlainScorer::new(gpt, &Plain).score(&ids)?) {
            for at in 1..one.ids.len() {
                let kind = match (one.mask[at], one.ids[at]) {
                    (1, id) if id == end => 1,
                    (1, _) => 0,
                    _ => 2,
                };
                sums[kind].0 += f64::from(scores.losses[at - 1]);
                sums[kind].1 += 1;
            }
        }
    }
    let [answer, end, question] = sums.map(|(sum, count)| sum / f64::from(count.max(1)));
    Ok(Score {
        answer,
        end,
        question,
    })
}

/// The share of greedy replies to 40 first questions that end within 40 tokens.
pub fn replies_that_end(
    gpt: &Gpt,
    tokenizer: &Tokenizer,
    talks: &[Conversation],
) -> anyhow::Result<f64> {
    let simple = talks
        .iter()
        .filter(|talk| talk.messages[1].parts.len() == 1 && talk.messages[1].text().len() < 80);
    let mut prompts = Vec::new();
    for talk in simple.take(40) {
        let first = Conversation {
            messages: talk.messages[..1].to_vec(),
        };
        prompts.push(Prompt {
            ids: render_for_completion(&first, tokenizer)?,
            settings: Sampling {
                temperature: 0.0,
                top_k: 0,
                max_tokens: 40,
                stop: vec![tokenizer.special(Special::AssistantEnd)],
                ..Sampling::default()
            },
            seed: 0,
        });
    }
    let samples = NaiveSampler::new(gpt, &Plain)
        .sample(&prompts, None, &mut |_| ControlFlow::Continue(()))?;
    let ended = samples
        .iter()
        .filter(|one| matches!(one.stop, StopReason::Token(_)));
    Ok(ended.count() as f64 / samples.len() as f64)
}
