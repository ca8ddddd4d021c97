//! # The answer's ids and nothing else
//!
//! Goal: take the mask of a conversation through packing, so that a model is trained on what the assistant says, once,
//! and on nothing else.
//!
//! Minutes: 30. Difficulty: 3 of 5.
//!
//! In a conversation the model learns what it has to say itself: the assistant's words, its calls of the calculator, and
//! that it has finished. It does not learn to say what others say: the user's words, the calculator's answer, BOS, the id
//! that hands the turn to the assistant. A *mask* says which is which, 1 for trained, 0 for not, one number beside each
//! id. Then conversations of all lengths are packed into rows, rows are filled up, ids move one place to become targets;
//! and at each of these steps a mask can slip.
//!
//! `rendered` writes a conversation: BOS; a user's message between `UserStart` and `UserEnd`; an assistant's between
//! `AssistantStart` and `AssistantEnd`, with `PythonStart … PythonEnd` around a calculation and `OutputStart … OutputEnd`
//! around its answer. `special` and `text_ids` below give the ids, and no conversation here has a system message.
//! `AssistantStart` is written by the program, so it is not trained; `AssistantEnd` is trained, or the model would never
//! stop. A calculation is trained with both of its ends, an answer with neither.
//!
//! `targets` are those of a row of T + 1 ids: `IGNORED` where nothing is to be learnt.
//!
//! `rows` packs conversations with the chapter's `Packer` under the policy `Pad`, padded with BOS: inputs and targets of
//! each row, and how many conversations were left out, because they are longer than a row.
//!
//! ## Hint 1
//!
//! Whether an id is trained is a question about who decides it. Write one small closure that appends ids with one mask
//! value, and call it for every piece.
//!
//! ## Hint 2
//!
//! The target at place t is the id at t + 1, and what decides is the mask *of that id*: `mask[t + 1]`. The mask at t says
//! whether the input there was once a target, which is of no interest any more.
//!
//! ## Hint 3
//!
//! An `Item` with an empty mask means 1 everywhere, as pretraining wants it: do not forget to hand yours over. `push`
//! returns `false` for a conversation that was left out; `next_row` until `None` gives the rows, each with `ids` and
//! `mask` of T + 1.
//!
//! ## Notes
//!
//! What does a mask do that slipped by one? The model is trained on all ids of an answer but the first, and on the one id
//! behind its end. So it is never taught how to begin, and that is where an answer is decided. Of an answer of fifty ids
//! two are other targets, too few for a curve to show. A test that counts which ids were trained finds it at once.

use dataset::best_fit::{Item, Packer, Policy};
use dataset::{Conversation, IGNORED, Part, Role};
use tokenizer::Special;

/// Inputs (T) and targets (T).
pub type Row = (Vec<u32>, Vec<i64>);

// given
/// The id of a special token.
pub fn special(which: Special) -> u32 {
    let place = Special::ALL.iter().position(|special| *special == which);
    place.unwrap_or_default() as u32
}

// given
/// The ids of a text: its bytes, above the special tokens.
pub fn text_ids(text: &str) -> Vec<u32> {
    let above = Special::ALL.len() as u32;
    text.bytes().map(|byte| above + u32::from(byte)).collect()
}

/// Ids and mask, of one length.
pub fn rendered(conversation: &Conversation) -> (Vec<u32>, Vec<u8>) {
    let mut ids = Vec::new();
    let mut mask = Vec::new();
    let mut write = |more: &[u32], trained: u8| {
        ids.extend_from_slice(more);
        mask.resize(ids.len(), trained);
    };
    write(&[special(Special::Bos)], 0);
    for message in &conversation.messages {
        if message.role != Role::Assistant {
            write(&[special(Special::UserStart)], 0);
            write(&text_ids(&message.text()), 0);
            write(&[special(Special::UserEnd)], 0);
            continue;
        }
        write(&[special(Special::AssistantStart)], 0);
        for part in &message.parts {
            let (ends, trained) = match part {
                Part::Text(_) => (None, 1),
                Part::Python(_) => (Some((Special::PythonStart, Special::PythonEnd)), 1),
                Part::PythonOutput(_) => (Some((Special::OutputStart, Special::OutputEnd)), 0),
            };
            if let Some((start, _)) = ends {
                write(&[special(start)], trained);
            }
            write(&text_ids(part.text()), trained);
            if let Some((_, end)) = ends {
                write(&[special(end)], trained);
            }
        }
        write(&[special(Special::AssistantEnd)], 1);
    }
    (ids, mask)
}

/// What is to be said at each of the first T places of a row: ids (T + 1), mask (T + 1) -> (T).
pub fn targets(ids: &[u32], mask: &[u8]) -> Vec<i64> {
    let next = ids.iter().zip(mask).skip(1);
    next.map(|(&id, &trained)| match trained {
        1 => i64::from(id),
        _ => IGNORED,
    })
    .collect()
}

/// The rows of `capacity` = T + 1 ids that hold these conversations, and how many conversations were left out.
pub fn rows(conversations: &[Conversation], capacity: usize) -> (Vec<Row>, usize) {
    let mut packer = Packer::new(capacity, Policy::Pad(special(Special::Bos)));
    let mut left_out = 0;
    for conversation in conversations {
        let (ids, mask) = rendered(conversation);
        let origin = ();
        left_out += usize::from(!packer.push(Item { ids, mask, origin }));
    }
    let mut rows = Vec::new();
    while let Some(row) = packer.next_row() {
        let inputs = row.ids[..capacity - 1].to_vec();
        rows.push((inputs, targets(&row.ids, &row.mask)));
    }
    (rows, left_out)
}
