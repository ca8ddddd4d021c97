// ANCHOR: head
//! By continuation: the question alone, and which option's *text* does the model find likeliest behind it? Multiple choice without letters, as
//! CORE asks it.
//!
//! The model sees neither the list of options nor a request for a letter. So this measures whether it knows the answer; by letter
//! measures in addition whether it can find what it knows in a list and name the place.

use dataset::{Conversation, Message};
use sft::render_for_completion;
use tokenizer::{Special, Tokenizer};
use transformer::Scorer;

use super::{ChatMeans, ChatScore, ChoiceTask, Method};
use crate::batches::score_batched;
use crate::question::{Goal, Question, Row, judge};
use crate::{Error, Task};
// ANCHOR_END: head

// ANCHOR: form
/// How question and option are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A user's question and the option as the beginning of the assistant's answer.
    Chat,
    /// A page of text, `Question: …`, `Answer: …`, as base models are asked.
    Page,
}

impl Form {
    /// Everything in front of the option, and the option.
    fn ids(self, question: &str, option: &str, tokenizer: &Tokenizer) -> Result<Row, Error> {
        let (question, option) = (question.trim(), option.trim());
        let (mut ids, start) = match self {
            Form::Chat => {
                let conversation = Conversation {
                    messages: vec![Message::user(question)],
                };
                let ids = render_for_completion(&conversation, tokenizer)?;
                let start = ids.len();
                (ids, start)
            }
            Form::Page => {
                let mut ids = vec![tokenizer.special(Special::Bos)];
                tokenizer.encode_into(&format!("Question: {question}\nAnswer:"), &mut ids);
                let start = ids.len();
                (ids, start)
            }
        };
        match self {
            Form::Chat => tokenizer.encode_into(option, &mut ids),
            // The space belongs to the option's first token.
            Form::Page => tokenizer.encode_into(&format!(" {option}"), &mut ids),
        }
        Ok(Row {
            end: ids.len(),
            ids,
            start,
        })
    }
}
// ANCHOR_END: form

// ANCHOR: by-continuation
/// Asks questions `indices`; the option with the lowest mean loss is the answer.
pub fn by_continuation(
    task: &ChoiceTask,
    indices: &[usize],
    form: Form,
    means: &ChatMeans<'_>,
    scorer: &dyn Scorer,
) -> Result<ChatScore, Error> {
    let mut score = ChatScore::new(task.name(), Method::Continuation, indices.len());
    let (mut places, mut questions) = (Vec::new(), Vec::new());
    for (place, &index) in indices.iter().enumerate() {
        let row = task.row(index)?;
        let rows = row
            .choices
            .iter()
            .map(|option| form.ids(&row.question, option, means.tokenizer))
            .collect::<Result<Vec<Row>, Error>>()?;
        if rows.iter().any(|row| row.ids.len() > means.context) {
            score.too_long += 1;
            continue;
        }
        places.push(place);
        questions.push(Question {
            rows,
            goal: Goal::Lowest { gold: row.answer },
        });
    }
    let scores = score_batched(scorer, &questions, means.budget, &mut |_| ())?;
    for ((question, rows), place) in questions.iter().zip(scores).zip(places) {
        score.correct[place] = judge(question, rows).correct;
    }
    Ok(score)
}
// ANCHOR_END: by-continuation
