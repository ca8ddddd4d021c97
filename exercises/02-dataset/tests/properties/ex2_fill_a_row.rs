use dataset::best_fit::{Item, Packer, Policy, Row, Span};
use judge::{Case, Checked, Property, example, property};
use proptest::prelude::*;

pub type Spans = Option<Vec<Span<usize>>>;

pub struct Functions {
    pub longest_that_fits: fn(&[usize], usize) -> Option<usize>,
    pub fill_row: fn(&[usize], usize) -> Spans,
}

/// Documents' lengths and a capacity.
type Waiting = (Vec<usize>, usize);

fn waiting() -> impl Strategy<Value = Waiting> {
    (proptest::collection::vec(1usize..10, 0..8), 1usize..24)
}

/// No more room than there are ids.
fn enough() -> impl Strategy<Value = Waiting> {
    let lengths = proptest::collection::vec(1usize..10, 1..8);
    (lengths, 0usize..100).prop_map(|(lengths, any)| {
        let capacity = 1 + any % lengths.iter().sum::<usize>();
        (lengths, capacity)
    })
}

fn packer(waiting: &[usize], capacity: usize) -> Packer<usize> {
    let mut packer = Packer::new(capacity, Policy::Crop);
    for (origin, &length) in waiting.iter().enumerate() {
        packer.push(Item {
            ids: vec![0; length],
            mask: Vec::new(),
            origin,
        });
    }
    packer
}

fn chapters(waiting: &[usize], capacity: usize) -> Spans {
    packer(waiting, capacity).next_row().map(|row| row.spans)
}

/// What the chapter lays first into a row of so much room, unless it has to crop it.
fn chapters_choice(waiting: &[usize], room: usize) -> Option<usize> {
    let mut row = Row::new(room);
    packer(waiting, room).place(&mut row);
    let whole = row.spans.first().filter(|span| span.cropped == 0);
    whole.map(|span| span.origin)
}

fn chooses(f: &Functions, waiting: &[usize], room: usize, expected: Option<usize>) -> Checked {
    let case = Case::of(&[("waiting", &waiting), ("room", &room)]);
    case.same(&expected, || (f.longest_that_fits)(waiting, room))
}

/// A row that could be one, whatever was chosen for it.
fn is_a_row(waiting: &[usize], capacity: usize, spans: Spans) -> Result<(), String> {
    let Some(spans) = spans else {
        return Err("you say that they do not fill it".into());
    };
    let mut at = 0;
    for (index, span) in spans.iter().enumerate() {
        let Some(&length) = waiting.get(span.origin) else {
            return Err(format!("there is no document {}", span.origin));
        };
        if spans[..index]
            .iter()
            .any(|earlier| earlier.origin == span.origin)
        {
            return Err(format!("document {} lies in it twice", span.origin));
        }
        if span.start != at {
            return Err(format!(
                "document {} begins at {}, and what is before it ends at {at}",
                span.origin, span.start
            ));
        }
        at = span.end;
        let placed = span.end.saturating_sub(span.start);
        if placed + span.cropped != length {
            return Err(format!(
                "document {} has {length} ids; {placed} of them are in the row and {} cropped",
                span.origin, span.cropped
            ));
        }
    }
    match at == capacity {
        true => Ok(()),
        false => Err(format!("it ends at {at}")),
    }
}

fn asks(f: &Functions, waiting: &[usize], capacity: usize, expected: &Spans) -> Checked {
    let case = Case::of(&[("waiting", &waiting), ("capacity", &capacity)]);
    case.same(expected, || (f.fill_row)(waiting, capacity))
}

fn span(origin: usize, start: usize, end: usize, cropped: usize) -> Span<usize> {
    Span {
        start,
        end,
        cropped,
        origin,
    }
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "of 4, 7, 2 and 5 ids the last goes into a room of six: the 7 is too long, and the others are shorter",
            |f: &Functions| chooses(f, &[4, 7, 2, 5], 6, Some(3)),
        ),
        example(
            "of 3, 5, 5 and 4 ids the second goes into a room of six, and not the third",
            |f: &Functions| chooses(f, &[3, 5, 5, 4], 6, Some(1)),
        ),
        example(
            "what has as many ids as there is room for fits",
            |f: &Functions| chooses(f, &[3, 5, 6, 4], 6, Some(2)),
        ),
        property(
            "the choice is what the chapter lays first into such a room, and None where it has to crop",
            waiting,
            |f: &Functions, (waiting, room)| {
                chooses(f, &waiting, room, chapters_choice(&waiting, room))
            },
        ),
        example(
            "of 8 and 9 ids none goes into a room of seven",
            |f: &Functions| chooses(f, &[8, 9], 7, None),
        )
        .holds_for_constants(),
        example(
            "4, 7, 2 and 5 ids in a row of ten: the 7, the 2, and one id of the 4",
            |f: &Functions| {
                let expected = vec![span(1, 0, 7, 0), span(2, 7, 9, 0), span(0, 9, 10, 3)];
                asks(f, &[4, 7, 2, 5], 10, &Some(expected))
            },
        ),
        example(
            "of equally long ones the first to come goes first, also when it is cropped",
            |f: &Functions| {
                let expected = vec![span(0, 0, 3, 0), span(1, 3, 6, 0), span(2, 6, 7, 2)];
                asks(f, &[3, 3, 3, 3], 7, &Some(expected))
            },
        ),
        example(
            "what fits exactly is not passed over for something shorter",
            |f: &Functions| asks(f, &[3, 5, 4], 5, &Some(vec![span(1, 0, 5, 0)])),
        ),
        property(
            "the row is full, without gaps, no document twice, no id unaccounted for",
            enough,
            |f: &Functions, (waiting, capacity)| {
                let case = Case::of(&[("waiting", &waiting), ("capacity", &capacity)]);
                case.obeys(|| is_a_row(&waiting, capacity, (f.fill_row)(&waiting, capacity)))
            },
        ),
        property(
            "the spans are the chapter's",
            waiting,
            |f: &Functions, (waiting, capacity)| {
                asks(f, &waiting, capacity, &chapters(&waiting, capacity))
            },
        ),
        example("five ids do not fill a row of ten", |f: &Functions| {
            asks(f, &[2, 3], 10, &None)
        })
        .holds_for_constants(),
    ]
}
