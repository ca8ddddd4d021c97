// ANCHOR: head
//! What fits into the model's context: the newest turns, whole, and room for an answer.
//!
//! Words: a *turn* is a question and its answer. The *context* is the number of tokens that the model can see; a long
//! conversation outgrows it, and then the oldest turns are forgotten, whole: half a question confuses more than none. A
//! system message is never forgotten.

use dataset::{Conversation, Message, Role};
use thiserror::Error;
use tokenizer::Tokenizer;
// ANCHOR_END: head

// ANCHOR: fitted
/// What the model will read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    pub ids: Vec<u32>,
    /// Messages that were left out, two per turn.
    pub forgotten: usize,
}

#[derive(Debug, Error)]
pub enum Unfit {
    /// The newest message does not even fit alone.
    #[error("{tokens} tokens in a context of {context} with room for {room}; ask with fewer words")]
    TooLong {
        tokens: usize,
        context: usize,
        room: usize,
    },
    /// The system message leaves no room for any question: fewer words in the question cannot help.
    #[error("a system message of {tokens} tokens in a context of {context}; shorten it")]
    SystemTooLong { tokens: usize, context: usize },
    #[error(transparent)]
    Conversation(#[from] sft::Error),
}
// ANCHOR_END: fitted

// ANCHOR: fit
/// Renders as many of the newest turns as fit. `messages` ends with the question.
///
/// Room for an answer is kept free: all of `max_tokens` if that is a quarter of the context or less, else a quarter.
///
/// Fewer turns are fewer tokens, so the number to forget is found by bisection: nine renderings for 500 messages
/// instead of 250. Each costs time in proportion to the text, and a client decides how long that is.
pub fn fit(
    tokenizer: &Tokenizer,
    context: usize,
    max_tokens: usize,
    messages: &[Message],
) -> Result<Fitted, Unfit> {
    let reserve = max_tokens.min(context / 4).max(1);
    let has_system = messages
        .first()
        .is_some_and(|first| first.role == Role::System);
    let (system, dialogue) = messages.split_at(usize::from(has_system));
    let render = |turns: usize| {
        let messages = [system, &dialogue[2 * turns..]].concat();
        sft::render_for_completion(&Conversation { messages }, tokenizer)
    };
    let fits = |ids: &[u32]| ids.len() + reserve <= context;

    let all = render(0)?; // an order of turns that cannot be rendered is refused here, as the client numbered them
    if fits(&all) {
        return Ok(Fitted {
            ids: all,
            forgotten: 0,
        });
    }
    // Invariant: forgetting `few` turns is not enough; `enough` turns, if there are rendered ids, are.
    let most = dialogue.len().saturating_sub(1) / 2;
    let (mut few, mut enough) = (0, most);
    let mut ids = if most > 0 { render(most)? } else { all };
    if !fits(&ids) {
        let length = |message: &Message| tokenizer.encode(&message.text()).len();
        let tokens = dialogue.last().map_or(0, length);
        let frame = ids.len().saturating_sub(tokens);
        let room = context.saturating_sub(reserve + frame);
        return Err(match system.first() {
            Some(system) if room == 0 => Unfit::SystemTooLong {
                tokens: length(system),
                context,
            },
            _ => Unfit::TooLong {
                tokens,
                context,
                room,
            },
        });
    }
    while enough - few > 1 {
        let middle = (few + enough) / 2;
        let tried = render(middle)?;
        match fits(&tried) {
            true => (enough, ids) = (middle, tried),
            false => few = middle,
        }
    }
    Ok(Fitted {
        ids,
        forgotten: 2 * enough,
    })
}
// ANCHOR_END: fit
