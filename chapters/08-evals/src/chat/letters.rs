// ANCHOR: head
//! By letter: which of the option letters does the model find likeliest as the answer's first token?
//!
//! The model may well want to write something else; only the letters are compared. So a model that knows nothing of letters
//! is still at a quarter, and one that knows the answer but not the format is not punished for talking.

use sft::render_for_completion;
use tokenizer::Tokenizer;
use transformer::Scorer;

use super::{ChatMeans, ChatScore, Method};
use crate::batches::score_batched;
use crate::question::{Goal, Question, Row, SpanScores};
use crate::{Error, Task};
// ANCHOR_END: head

// ANCHOR: by-letter
/// Asks questions `indices` of a categorical task.
///
/// A [`Scorer`] gives losses and first guesses, not logits. That is enough, in two rounds. First each prompt is scored with its first
/// letter behind it. If the model's first guess in that place, among *all* tokens, is one of the letters, then it is the likeliest
/// letter too, and that is the answer. Only where the guess is something else are the other letters scored as well, and the
/// lowest loss, which is the highest logit, wins. A model that has learned to answer in letters needs one row per question, not four.
pub fn by_letter(
    task: &dyn Task,
    indices: &[usize],
    means: &ChatMeans<'_>,
    scorer: &dyn Scorer,
) -> Result<ChatScore, Error> {
    let mut asked = Vec::new();
    let mut first_round = Vec::new();
    let mut score = ChatScore::new(task.name(), Method::Letter, indices.len());
    for (place, &index) in indices.iter().enumerate() {
        let prompt = render_for_completion(&task.conversation(index)?, means.tokenizer)?;
        if prompt.len() + 1 > means.context {
            score.too_long += 1;
            continue;
        }
        let choices = task.choices(index)?;
        let letters = letter_ids(task, &choices, means.tokenizer)?;
        let Some(&first) = letters.first() else {
            return Err(Error::Question {
                task: task.name().to_owned(),
                index,
                problem: "it offers no choices to compare; let the model write its answer instead",
            });
        };
        first_round.push(one_letter_more(&prompt, &[first]));
        asked.push(Asked {
            place,
            index,
            choices,
            letters,
            prompt,
        });
    }
    let first = score_batched(scorer, &first_round, means.budget, &mut |_| ())?;

    let mut chosen: Vec<Option<usize>> = Vec::new();
    let mut second_round = Vec::new();
    for (asked, scores) in asked.iter().zip(&first) {
        let guess = scores[0].guesses[0];
        let letter = asked.letters.iter().position(|&letter| letter == guess);
        if letter.is_none() {
            second_round.push(one_letter_more(&asked.prompt, &asked.letters[1..]));
        }
        chosen.push(letter);
    }
    let mut second = score_batched(scorer, &second_round, means.budget, &mut |_| ())?.into_iter();
    for ((asked, chosen), first) in asked.iter().zip(chosen).zip(first) {
        let chosen = match chosen {
            Some(letter) => letter,
            None => lowest(first.iter().chain(&second.next().unwrap_or_default())),
        };
        score.correct[asked.place] = task.is_correct(asked.index, &asked.choices[chosen])?;
    }
    Ok(score)
}

/// A question that fits the context.
struct Asked {
    /// among `indices`
    place: usize,
    index: usize,
    choices: Vec<String>,
    letters: Vec<u32>,
    prompt: Vec<u32>,
}

fn lowest<'a>(rows: impl Iterator<Item = &'a SpanScores>) -> usize {
    let losses = rows.map(SpanScores::mean_loss).enumerate();
    losses
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(0, |(letter, _)| letter)
}
// ANCHOR_END: by-letter

// ANCHOR: letter-ids
/// One row per letter: the prompt and that letter, of which the letter is scored.
fn one_letter_more(prompt: &[u32], letters: &[u32]) -> Question {
    let row = |&letter: &u32| Row {
        ids: [prompt, &[letter]].concat(),
        start: prompt.len(),
        end: prompt.len() + 1,
    };
    Question {
        rows: letters.iter().map(row).collect(),
        goal: Goal::Verbatim, // not asked for: the letters are compared here
    }
}

/// The token of each letter. A letter of two tokens could not be compared with one of one token.
fn letter_ids(
    task: &dyn Task,
    choices: &[String],
    tokenizer: &Tokenizer,
) -> Result<Vec<u32>, Error> {
    let id = |letter: &String| match tokenizer.encode(letter).as_slice() {
        &[id] => Ok(id),
        ids => Err(Error::Letter {
            task: task.name().to_owned(),
            letter: letter.clone(),
            tokens: ids.len(),
        }),
    };
    choices.iter().map(id).collect()
}
// ANCHOR_END: letter-ids
