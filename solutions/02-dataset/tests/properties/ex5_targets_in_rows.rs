use dataset::best_fit::{Item, Packer, Policy};
use dataset::{Batch, Conversation, IGNORED, Message, Part, Position, Role};
use judge::{Case, Property, example, property};
use proptest::prelude::*;

/// Ids, and a mask beside them.
pub type Masked = (Vec<u32>, Vec<u8>);

/// Inputs and targets of each row, and how many conversations were left out.
pub type Rows = (Vec<(Vec<u32>, Vec<i64>)>, usize);

pub struct Functions {
    pub rendered: fn(&Conversation) -> Masked,
    pub targets: fn(&[u32], &[u8]) -> Vec<i64>,
    pub rows: fn(&[Conversation], usize) -> Rows,
}

// The ids of special tokens: their places in `Special::ALL`.
const BOS: u32 = 0;
const USER: [u32; 2] = [1, 2];
const ASSISTANT: [u32; 2] = [3, 4];
const PYTHON: [u32; 2] = [5, 6];
const OUTPUT: [u32; 2] = [7, 8];

fn text_ids(text: &str) -> impl Iterator<Item = u32> + '_ {
    text.bytes().map(|byte| 9 + u32::from(byte))
}

/// Each id with its mask, written down piece by piece.
fn rendered(conversation: &Conversation) -> Masked {
    let mut pairs = vec![(BOS, 0)];
    for message in &conversation.messages {
        if message.role == Role::User {
            pairs.push((USER[0], 0));
            pairs.extend(text_ids(&message.text()).map(|id| (id, 0)));
            pairs.push((USER[1], 0));
            continue;
        }
        pairs.push((ASSISTANT[0], 0));
        for part in &message.parts {
            match part {
                Part::Text(text) => pairs.extend(text_ids(text).map(|id| (id, 1))),
                Part::Python(text) => {
                    pairs.push((PYTHON[0], 1));
                    pairs.extend(text_ids(text).map(|id| (id, 1)));
                    pairs.push((PYTHON[1], 1));
                }
                Part::PythonOutput(text) => {
                    pairs.push((OUTPUT[0], 0));
                    pairs.extend(text_ids(text).map(|id| (id, 0)));
                    pairs.push((OUTPUT[1], 0));
                }
            }
        }
        pairs.push((ASSISTANT[1], 1));
    }
    pairs.into_iter().unzip()
}

fn rows(conversations: &[Conversation], capacity: usize) -> Rows {
    let mut packer = Packer::new(capacity, Policy::Pad(BOS));
    let mut left_out = 0;
    for conversation in conversations {
        let (ids, mask) = rendered(conversation);
        let origin = ();
        left_out += usize::from(!packer.push(Item { ids, mask, origin }));
    }
    let mut rows = Vec::new();
    while let Some(row) = packer.next_row() {
        let targets = Batch::from_rows(std::slice::from_ref(&row), Position::default()).targets;
        rows.push((row.ids[..capacity - 1].to_vec(), targets));
    }
    (rows, left_out)
}

/// What the assistants of all conversations that fit into a row say, sorted.
fn said(conversations: &[Conversation], capacity: usize) -> Vec<i64> {
    let mut said = Vec::new();
    for conversation in conversations {
        let (ids, mask) = rendered(conversation);
        if ids.len() <= capacity {
            let trained = ids.iter().zip(mask).filter(|(_, mask)| *mask == 1);
            said.extend(trained.map(|(&id, _)| i64::from(id)));
        }
    }
    said.sort_unstable();
    said
}

fn conversations() -> impl Strategy<Value = Vec<Conversation>> {
    let part = prop_oneof![
        3 => "[a-c]{0,4}".prop_map(Part::Text),
        1 => "[0-9]{1,2}".prop_map(Part::Python),
        1 => "[0-9]{1,2}".prop_map(Part::PythonOutput),
    ];
    let answer = proptest::collection::vec(part, 1..4).prop_map(Message::assistant_parts);
    let turn = ("[x-z]{0,4}".prop_map(Message::user), answer);
    let turns = proptest::collection::vec(turn, 1..3).prop_map(|turns| Conversation {
        messages: turns
            .into_iter()
            .flat_map(|(question, answer)| [question, answer])
            .collect(),
    });
    proptest::collection::vec(turns, 1..5)
}

/// A conversation as a reader would write it down.
fn shown(conversations: &[Conversation]) -> Vec<String> {
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Python(text) => format!("python({text})"),
        Part::PythonOutput(text) => format!("output({text})"),
    };
    let message = |message: &Message| {
        let parts: Vec<String> = message.parts.iter().map(part).collect();
        format!("{}: {}", message.role.name(), parts.join(" "))
    };
    let conversation = |conversation: &Conversation| {
        let messages: Vec<String> = conversation.messages.iter().map(message).collect();
        messages.join(", ")
    };
    conversations.iter().map(conversation).collect()
}

fn exchange(parts: Vec<Part>) -> Conversation {
    Conversation::exchange("q", Message::assistant_parts(parts))
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "user q, assistant a: trained are a and the end of the message",
            |f: &Functions| {
                let conversation = exchange(vec![Part::Text("a".into())]);
                let ids = vec![0, 1, 9 + 113, 2, 3, 9 + 97, 4];
                let expected = (ids, vec![0, 0, 0, 0, 0, 1, 1]);
                Case::of(&[(
                    "conversation",
                    &shown(std::slice::from_ref(&conversation))[0],
                )])
                .same(&expected, || (f.rendered)(&conversation))
            },
        ),
        example(
            "a calculation is trained with both of its ends, the calculator's answer is not",
            |f: &Functions| {
                let parts = vec![Part::Python("6".into()), Part::PythonOutput("6".into())];
                let conversation = exchange(parts);
                let ids = vec![0, 1, 9 + 113, 2, 3, 5, 9 + 54, 6, 7, 9 + 54, 8, 4];
                let expected = (ids, vec![0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1]);
                Case::of(&[(
                    "conversation",
                    &shown(std::slice::from_ref(&conversation))[0],
                )])
                .same(&expected, || (f.rendered)(&conversation))
            },
        ),
        property(
            "ids and mask of any conversation",
            conversations,
            |f: &Functions, conversations| {
                let first = &conversations[0];
                Case::of(&[("conversation", &shown(&conversations)[0])])
                    .same(&rendered(first), || (f.rendered)(first))
            },
        ),
        property(
            "a target is the next id, if the mask of that id is 1",
            || proptest::collection::vec((0u32..20, 0u8..2), 2..8),
            |f: &Functions, row| {
                let (ids, mask): Masked = row.into_iter().unzip();
                let mut expected = Vec::new();
                for at in 1..ids.len() {
                    expected.push(if mask[at] == 1 {
                        i64::from(ids[at])
                    } else {
                        IGNORED
                    });
                }
                Case::of(&[("ids", &ids), ("mask", &mask)])
                    .same(&expected, || (f.targets)(&ids, &mask))
            },
        ),
        property(
            "over all rows the model is trained on what assistants say, each id once",
            || (conversations(), 8usize..40),
            |f: &Functions, (conversations, capacity)| {
                let expected = said(&conversations, capacity);
                let case = Case::of(&[
                    ("conversations", &shown(&conversations)),
                    ("capacity", &capacity),
                ]);
                case.same(&expected, || {
                    let (rows, _) = (f.rows)(&conversations, capacity);
                    let targets = rows.into_iter().flat_map(|(_, targets)| targets);
                    let mut trained: Vec<i64> = targets.filter(|&id| id != IGNORED).collect();
                    trained.sort_unstable();
                    trained
                })
            },
        ),
        property(
            "rows, targets and what was left out are the chapter's",
            || (conversations(), 8usize..40),
            |f: &Functions, (conversations, capacity)| {
                let expected = rows(&conversations, capacity);
                let case = Case::of(&[
                    ("conversations", &shown(&conversations)),
                    ("capacity", &capacity),
                ]);
                case.same(&expected, || (f.rows)(&conversations, capacity))
            },
        ),
    ]
}
