// ANCHOR: head
//! Exercise 02.2 in chapter 02's place: the choices have to be the chapter's, document for document.
//!
//! First one choice at a time, from small buffers, where a mistake shows, and from buffers of the run's size. Then whole rows
//! of the run's length, one after the other from one buffer. Those are timed.

use crate::asking::{LIMIT, Trouble, ask};
use anyhow::{Result, bail};
use dataset::best_fit::{Item, Packer, Policy, Row, Span};
use dataset::choosing::ChoosingPacker;
use dataset::{ChooseDocument, PackingSettings};
use speedrun::parts::{Exercise, Origin, Part, Parts, Plug, Slowdown};
use speedrun::recipe::{Packing, Recipe};
use std::fmt::{self, Display, Formatter};
use std::time::Instant;
// ANCHOR_END: head

// ANCHOR: questions
/// Lengths without end, from 2 ids to `longest`, evenly spread over the scale of their logarithms: many short documents, some
/// long ones, and equals. The same in every run.
fn lengths(longest: usize) -> impl Iterator<Item = usize> {
    let mut state = 1_u64;
    std::iter::repeat_with(move || {
        // Knuth's linear congruential generator. Its upper bits are good enough for this.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let fraction = (state >> 11) as f64 / (1_u64 << 53) as f64;
        (2.0 * (longest as f64 / 2.0).powf(fraction)) as usize
    })
}

/// What waits, and the room that is left.
#[derive(Debug, Clone)]
struct Question {
    lengths: Vec<usize>,
    room: usize,
}

/// Up to seven documents, for a room that some of them do not fit into; then as many as wait in a run.
fn questions(settings: PackingSettings) -> Vec<Question> {
    let mut short = lengths(12);
    let small = (0..400).map(|number| Question {
        lengths: short.by_ref().take(number % 8).collect(),
        room: 1 + number % 13,
    });
    let mut questions: Vec<Question> = small.collect();
    let capacity = settings.time + 1;
    let mut long = lengths(2 * capacity);
    questions.extend((1..=20).map(|twentieth| Question {
        lengths: long.by_ref().take(settings.buffer).collect(),
        room: (capacity * twentieth / 20).max(1),
    }));
    questions
}

impl Display for Question {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.lengths.len() {
            0..8 => write!(f, "the lengths {:?}", self.lengths)?,
            many => write!(f, "{many} lengths")?,
        }
        write!(f, " and a room of {}", self.room)
    }
}
// ANCHOR_END: questions

// ANCHOR: put
/// Brings `choose` along.
pub fn plug(whose: &'static str, choose: ChooseDocument) -> Plug {
    let exercise = Exercise {
        chapter: 2,
        number: 2,
        title: "fill one row",
    };
    Plug {
        exercise,
        put: Box::new(move |recipe, _, parts| {
            put(Origin::new(exercise, whose), choose, recipe, parts)
        }),
    }
}

/// Puts `choose` into `parts` if it makes the chapter's choices.
fn put(
    mut origin: Origin,
    choose: ChooseDocument,
    recipe: &Recipe,
    parts: &mut Parts,
) -> Result<()> {
    let settings = PackingSettings::new(recipe.train.device_rows, recipe.model.context as usize);
    let questions = questions(settings);
    for question in &questions {
        if let Err(trouble) = compare(choose, question) {
            bail!(origin.complaint(&trouble.about(&question.to_string())));
        }
    }
    match ask(LIMIT, move || slowdown(choose, settings))
        .and_then(|asked| asked.map_err(Trouble::Wrong))
    {
        Ok(times_the_chapters) => {
            origin.slowdown = Some(Slowdown {
                of: "filling rows",
                times_the_chapters,
            });
        }
        Err(trouble) => {
            let rows = format!(
                "{ROWS} rows of {} ids, filled from a buffer of {}",
                settings.time + 1,
                settings.buffer
            );
            bail!(origin.complaint(&trouble.about(&rows)));
        }
    }
    origin.found = format!(
        "the chapter's choices from {} buffers, and its next {ROWS} rows",
        questions.len()
    );
    if recipe.train.packing == Packing::Stream {
        origin.found += "; its rows are packed by best fit, where the recipe has a stream";
    }
    parts.packing = Part {
        function: Some(choose),
        origin: Some(origin),
    };
    Ok(())
}
// ANCHOR_END: put

// ANCHOR: compare
fn compare(choose: ChooseDocument, question: &Question) -> std::result::Result<(), Trouble> {
    let Question { lengths, room } = question.clone();
    let found = ask(LIMIT, move || choose(&lengths, room))?;
    let right = chapters(question);
    match found == right {
        true => Ok(()),
        false => Err(Trouble::Wrong(format!(
            "chooses {found:?}, where the chapter's code chooses {right:?}"
        ))),
    }
}

fn item(length: usize, origin: usize) -> Item<usize> {
    Item {
        ids: vec![0; length],
        mask: Vec::new(),
        origin,
    }
}

/// What the chapter's packer lays first into a row of so much room, unless it has to crop it.
fn chapters(question: &Question) -> Option<usize> {
    let mut packer = Packer::new(question.room, Policy::Crop);
    for (number, &length) in question.lengths.iter().enumerate() {
        packer.push(item(length, number));
    }
    let mut row = Row::new(question.room);
    packer.place(&mut row);
    let whole = row.spans.first().filter(|span| span.cropped == 0);
    whole.map(|span| span.origin)
}
// ANCHOR_END: compare

// ANCHOR: rows
/// Rows that are filled to see how long it takes.
const ROWS: usize = 100;

/// What lies where in these rows, and the seconds that it took to choose the documents and to lay them there.
type Filled = (Vec<Span<usize>>, f64);

/// The rows of a packer, from a buffer that is kept as full as the run's.
fn filled(
    mut packer: ChoosingPacker<usize>,
    settings: PackingSettings,
) -> std::result::Result<Filled, String> {
    let capacity = settings.time + 1;
    let mut coming = lengths(2 * capacity).enumerate();
    let (mut spans, mut seconds) = (Vec::new(), 0.0);
    for _ in 0..ROWS {
        let mut row = Row::new(capacity);
        while !row.is_full() {
            let missing = settings.buffer.saturating_sub(packer.packer().waiting());
            for (number, length) in coming.by_ref().take(missing) {
                packer.push(item(length, number));
            }
            let started = Instant::now();
            packer.place(&mut row).map_err(|error| error.to_string())?;
            seconds += started.elapsed().as_secs_f64();
        }
        spans.extend(row.spans);
    }
    Ok((spans, seconds))
}

/// The time for these rows as a multiple of the chapter's: the middle one of five pairs, or of as many as five seconds allow.
/// The rows have to be the chapter's.
fn slowdown(choose: ChooseDocument, settings: PackingSettings) -> std::result::Result<f64, String> {
    let empty = || ChoosingPacker::new(settings.time + 1, Policy::Crop);
    let began = Instant::now();
    let mut ratios: Vec<f64> = Vec::new();
    while ratios.is_empty() || (ratios.len() < 5 && began.elapsed().as_secs() < 5) {
        let (right, own) = filled(empty(), settings)?;
        let (found, theirs) = filled(empty().by(choose), settings)?;
        if let Some((right, found)) = right
            .iter()
            .zip(&found)
            .find(|(right, found)| right != found)
        {
            return Err(format!(
                "lays document {} where the chapter's code lays document {}",
                found.origin, right.origin
            ));
        }
        ratios.push(theirs / own);
    }
    ratios.sort_by(f64::total_cmp);
    Ok(ratios[ratios.len() / 2])
}
// ANCHOR_END: rows
