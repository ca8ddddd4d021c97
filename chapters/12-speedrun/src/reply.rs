// ANCHOR: head
//! One question, one greedy reply: what the quiz and the samples while fine-tuning are made of.

use dataset::{Conversation, Message};
use engine::Engine;
use std::ops::ControlFlow;
use tokenizer::{Special, Tokenizer};
use transformer::{Gpt, Kernels, Prompt, Sampler, Sampling};
// ANCHOR_END: head

// ANCHOR: prompt
/// The prompt that makes a chat model answer `question`, greedily, with at most 48 tokens.
pub fn prompt(tokenizer: &Tokenizer, question: &str) -> Result<Prompt, sft::Error> {
    let conversation = Conversation::exchange(question, Message::assistant(""));
    let ids = sft::render_for_completion(&conversation, tokenizer)?;
    let stop = vec![
        tokenizer.special(Special::AssistantEnd),
        tokenizer.special(Special::Bos),
    ];
    Ok(Prompt {
        ids,
        settings: Sampling {
            temperature: 0.0,
            top_k: 0,
            max_tokens: 48,
            stop,
            ..Sampling::default()
        },
        seed: 0,
    })
}

/// The model's reply, as text.
pub fn reply(
    gpt: &Gpt,
    kernels: &dyn Kernels,
    tokenizer: &Tokenizer,
    question: &str,
) -> Result<String, pretrain::Error> {
    let prompt = prompt(tokenizer, question).expect("one user message is a conversation");
    let _lengths_change = hopper::attention::ChangingShapes::begin();
    let samples =
        Engine::new(gpt, kernels).sample(&[prompt], None, &mut |_| ControlFlow::Continue(()))?;
    Ok(tokenizer.decode(&samples[0].ids))
}
// ANCHOR_END: prompt
