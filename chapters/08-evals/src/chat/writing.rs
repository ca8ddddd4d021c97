// ANCHOR: head
//! By writing: the model answers in its own words, and the task judges the text.

use std::ops::ControlFlow;

use muon::{Collective, gather_numbers};
use sft::render_for_completion;
use tokenizer::Special;
use transformer::{Prompt, Sample, Sampler, Sampling, Tool};

use super::{ChatMeans, ChatScore, Method, ToolUse};
use crate::{Error, Task};
// ANCHOR_END: head

// ANCHOR: settings
#[derive(Debug, Clone, PartialEq)]
pub struct WritingSettings {
    /// An answer ends here at the latest.
    pub max_tokens: usize,
    /// 0 = the likeliest token each time, so that the same model gets the same score.
    pub temperature: f64,
    /// 0 = all.
    pub top_k: usize,
    /// Answers written side by side.
    pub rows: usize,
    /// Answers per question; one right answer is enough (pass@k). More than one makes sense only with a temperature.
    pub samples: usize,
    pub seed: u64,
}

impl Default for WritingSettings {
    /// As nanochat asks, but 16 answers at a time.
    fn default() -> WritingSettings {
        WritingSettings {
            max_tokens: 512,
            temperature: 0.0,
            top_k: 50,
            rows: 16,
            samples: 1,
            seed: 42,
        }
    }
}

/// An answer and what the judge said.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// Of the question in its task.
    pub index: usize,
    pub answer: &'a str,
    pub correct: bool,
}
// ANCHOR_END: settings

// ANCHOR: by-writing
/// Asks questions `indices`. `new_tool` makes a tool for each batch, so that a call that one answer left open does not reach into the
/// next one that stands in its row. `heard` is told every answer.
pub fn by_writing(
    task: &dyn Task,
    indices: &[usize],
    settings: &WritingSettings,
    means: &ChatMeans<'_>,
    sampler: &mut dyn Sampler,
    new_tool: Option<&dyn Fn() -> Box<dyn Tool>>,
    heard: &mut dyn FnMut(Judged<'_>),
) -> Result<ChatScore, Error> {
    let mut score = ChatScore::new(task.name(), Method::Writing, indices.len());
    let mut prompts: Vec<(usize, Prompt)> = Vec::new(); // (place among `indices`, prompt)
    for (place, &index) in indices.iter().enumerate() {
        let ids = render_for_completion(&task.conversation(index)?, means.tokenizer)?;
        if ids.len() >= means.context {
            score.too_long += 1;
            continue;
        }
        for sample in 0..settings.samples.max(1) {
            let seed = settings.seed + (index * settings.samples.max(1) + sample) as u64;
            prompts.push((place, prompt(ids.clone(), settings, means, seed)));
        }
    }
    // Answers to prompts of a similar length start together and waste little.
    prompts.sort_by_key(|(_, prompt)| prompt.ids.len());

    let (mut called, mut called_and_correct) =
        (vec![false; indices.len()], vec![false; indices.len()]);
    for batch in prompts.chunks(settings.rows.max(1)) {
        let (places, batch): (Vec<usize>, Vec<Prompt>) = batch.iter().cloned().unzip();
        let mut tool = new_tool.map(|new| new());
        let tool = tool.as_mut().map(|tool| &mut **tool as &mut dyn Tool);
        let samples = sampler.sample(&batch, tool, &mut |_| ControlFlow::Continue(()))?;
        let answers: Vec<String> = samples
            .iter()
            .map(|sample| means.tokenizer.decode(&sample.ids))
            .collect();
        let questions: Vec<usize> = places.iter().map(|&place| indices[place]).collect();
        let verdicts = judged(task, &questions, &answers, means.ranks)?;
        for (at, (place, Sample { mask, .. })) in places.into_iter().zip(samples).enumerate() {
            let (answer, correct) = (&answers[at], verdicts[at]);
            let used = mask.contains(&0); // the tool has put something in
            score.correct[place] |= correct;
            called[place] |= used;
            called_and_correct[place] |= used && correct;
            heard(Judged {
                index: indices[place],
                answer,
                correct,
            });
        }
    }
    let count = |flags: Vec<bool>| flags.into_iter().filter(|&flag| flag).count();
    score.tool = Some(ToolUse {
        called: count(called),
        called_and_correct: count(called_and_correct),
    });
    Ok(score)
}

/// What the task says about each answer. All ranks have all answers; each judges some, and all hear all verdicts.
fn judged(
    task: &dyn Task,
    questions: &[usize],
    answers: &[String],
    ranks: &dyn Collective,
) -> Result<Vec<bool>, Error> {
    let mut own = Vec::new();
    for (&question, answer) in questions
        .iter()
        .zip(answers)
        .skip(ranks.rank())
        .step_by(ranks.world())
    {
        own.push(f64::from(u8::from(task.is_correct(question, answer)?)));
    }
    let verdicts = gather_numbers(ranks, &own, answers.len());
    let verdicts = verdicts.map_err(|e| transformer::Error::Ranks {
        problem: e.to_string(),
    })?;
    Ok(verdicts.into_iter().map(|verdict| verdict > 0.0).collect())
}

fn prompt(ids: Vec<u32>, settings: &WritingSettings, means: &ChatMeans<'_>, seed: u64) -> Prompt {
    Prompt {
        ids,
        settings: Sampling {
            temperature: settings.temperature,
            top_k: settings.top_k,
            max_tokens: settings.max_tokens,
            stop: [Special::AssistantEnd, Special::Bos]
                .map(|special| means.tokenizer.special(special))
                .to_vec(),
            ..Sampling::default()
        },
        seed,
    }
}
// ANCHOR_END: by-writing
