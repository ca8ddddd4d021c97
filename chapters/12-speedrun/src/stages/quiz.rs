// ANCHOR: head
//! Stage `quiz`: questions that the fine-tuning never showed, about facts that the pretraining text states.
//!
//! A reply counts when it contains the answer as whole words. It is compared with what somebody would score who
//! knows nothing about the question's subject and always names the attribute's commonest value.

use crate::lineage;
use crate::rank_0::{begin, by_rank_0};
use crate::run::Run;
use crate::stages::data;
use anyhow::Result;
use engine::Engine;
use evals::Shared;
use muon::Collective;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::rc::Rc;
use transformer::{Gpt, Sampler};
// ANCHOR_END: head

// ANCHOR: note
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QuizNote {
    pub seconds: f64,
    /// Whose model was asked; empty in notes of programs that asked the recipe's last one.
    #[serde(default)]
    pub model: String,
    pub asked: usize,
    pub right: usize,
    /// How many the commonest value of the attribute would have got right.
    pub right_by_commonest: usize,
    /// attribute → (asked, right)
    pub by_attribute: BTreeMap<String, (usize, usize)>,
    /// (question, expected, reply, right): the first dozen.
    pub examples: Vec<(String, String, String, bool)>,
}

impl QuizNote {
    pub fn rate(&self) -> f64 {
        self.right as f64 / self.asked.max(1) as f64
    }

    pub fn rate_by_commonest(&self) -> f64 {
        self.right_by_commonest as f64 / self.asked.max(1) as f64
    }

    /// Wilson's 95 % interval of the rate (chapter 08).
    pub fn interval(&self) -> evals::Interval {
        evals::interval::wilson(self.right, self.asked)
    }
}
// ANCHOR_END: note

// ANCHOR: run
pub fn run(run: &Run, ranks: &Rc<dyn Collective>) -> Result<Option<QuizNote>> {
    let Some(recipe) = &run.recipe.quiz else {
        run.say("quiz", "skipped: the recipe has none");
        return Ok(None);
    };
    if let Some(why) = data::no_world(run) {
        run.say("quiz", &format!("skipped: {why}"));
        return Ok(None);
    }
    // The last chat model there is; nobody talks to an earlier one.
    let stage = by_rank_0(ranks, || Ok(lineage::start(run, "quiz").map(String::from)))?;
    let Some(stage) = stage else {
        run.say("quiz", "skipped: there is no chat model");
        return Ok(None);
    };
    let folder = run.folder.model(&stage);
    let kept = || match run.folder.read_note::<QuizNote>("quiz")? {
        Some(note) if note.model == stage || note.model.is_empty() => {
            run.folder.finished::<QuizNote>("quiz", &folder)
        }
        _ => Ok(None),
    };
    if let Some(note) = by_rank_0(ranks, kept)? {
        run.say(
            "quiz",
            &format!("{} of {} right, kept from before", note.right, note.asked),
        );
        return Ok(Some(note));
    }
    by_rank_0(ranks, || run.folder.trained(&stage))?;
    begin(run, ranks, "quiz", &[])?;
    if !lineage::is_best("quiz", &stage) {
        run.say("quiz", &format!("asks the model of `{stage}`"));
    }
    let started = std::time::Instant::now();
    let gpt = Gpt::load_folder(&folder, run.machine.device)?.with_compute(run.machine.compute);
    let tokenizer = pretrain::checkpoint::load_tokenizer(&folder, &gpt)?;
    let world = data::world(run)?;
    let questions = world.quiz(recipe.questions, run.recipe.seed);
    let prompts = questions
        .iter()
        .map(|question| crate::reply::prompt(&tokenizer, &question.question))
        .collect::<Result<Vec<_>, _>>()?;
    let _lengths_change = hopper::attention::ChangingShapes::begin();
    let mut sampler = Shared {
        own: Engine::new(&gpt, run.kernels()),
        ranks: &**ranks,
    };
    let mut note = QuizNote {
        seconds: 0.0,
        model: stage,
        asked: 0,
        right: 0,
        right_by_commonest: 0,
        by_attribute: BTreeMap::new(),
        examples: Vec::new(),
    };
    let rows = 64 * ranks.world();
    for (questions, prompts) in questions.chunks(rows).zip(prompts.chunks(rows)) {
        let samples = sampler.sample(prompts, None, &mut |_| ControlFlow::Continue(()))?;
        for (question, sample) in questions.iter().zip(&samples) {
            let reply = tokenizer.decode(&sample.ids);
            let right = contains_words(&reply, &question.answer);
            note.asked += 1;
            note.right += usize::from(right);
            note.right_by_commonest += usize::from(contains_words(
                world.commonest_value(&question.attribute),
                &question.answer,
            ));
            let (asked, known) = note
                .by_attribute
                .entry(question.attribute.clone())
                .or_default();
            *asked += 1;
            *known += usize::from(right);
            if note.examples.len() < 12 {
                note.examples.push((
                    question.question.clone(),
                    question.answer.clone(),
                    reply,
                    right,
                ));
            }
        }
    }
    note.seconds = started.elapsed().as_secs_f64();
    by_rank_0(ranks, || run.folder.write_note("quiz", &note))?;
    let evals::Interval { low, high } = note.interval();
    run.say(
        "quiz",
        &format!(
            "{} of {} held-out questions right: {:.1} % [{:.1}, {:.1}] · always the commonest value: {:.1} %",
            note.right,
            note.asked,
            100.0 * note.rate(),
            100.0 * low,
            100.0 * high,
            100.0 * note.rate_by_commonest()
        ),
    );
    Ok(Some(note))
}

/// Whether `text` contains `words` as whole words, without regard to capitals.
fn contains_words(text: &str, words: &str) -> bool {
    let split = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    let (text, words) = (split(text), split(words));
    !words.is_empty() && text.windows(words.len()).any(|window| window == words)
}
// ANCHOR_END: run

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_count() {
        assert!(contains_words("Its colour is pale blue.", "pale blue"));
        assert!(contains_words("Blue!", "blue"));
        assert!(!contains_words("bluebell", "blue"));
        assert!(!contains_words("blue and pale", "pale blue"));
        assert!(!contains_words("anything", ""));
    }
}
// ANCHOR_END: tests
