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
//! Help: `cargo course hint 02.5`. Judge it: `cargo course check 02.5`.

use dataset::Conversation;
use tokenizer::Special;

/// Inputs (T) and targets (T).
pub type Row = (Vec<u32>, Vec<i64>);

/// The id of a special token.
pub fn special(which: Special) -> u32 {
    let place = Special::ALL.iter().position(|special| *special == which);
    place.unwrap_or_default() as u32
}

/// The ids of a text: its bytes, above the special tokens.
pub fn text_ids(text: &str) -> Vec<u32> {
    let above = Special::ALL.len() as u32;
    text.bytes().map(|byte| above + u32::from(byte)).collect()
}

/// Ids and mask, of one length.
pub fn rendered(conversation: &Conversation) -> (Vec<u32>, Vec<u8>) {
    let _ = conversation; // delete this line
    todo!("exercise 02.5")
}

/// What is to be said at each of the first T places of a row: ids (T + 1), mask (T + 1) -> (T).
pub fn targets(ids: &[u32], mask: &[u8]) -> Vec<i64> {
    let _ = (ids, mask); // delete this line
    todo!("exercise 02.5")
}

/// The rows of `capacity` = T + 1 ids that hold these conversations, and how many conversations were left out.
pub fn rows(conversations: &[Conversation], capacity: usize) -> (Vec<Row>, usize) {
    let _ = (conversations, capacity); // delete this line
    todo!("exercise 02.5")
}
