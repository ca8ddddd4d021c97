//! Wrong answers to exercise 7.

use super::Of;
use crate::properties::ex7_stop_and_go_on::{self, Epoch, Functions, Stand};
use judge::program::Wrong;
use solutions_02::ex7_stop_and_go_on::{Loader, Position, redeal};

fn loader(epoch: &Epoch) -> Loader<'_> {
    Loader::new(&epoch.documents, &epoch.order, epoch.capacity, epoch.buffer)
}

fn rows(loader: &mut Loader, most: usize) -> Vec<Vec<u32>> {
    std::iter::from_fn(|| loader.next_row())
        .take(most)
        .collect()
}

fn stand(position: Position) -> Stand {
    Stand {
        waiting: position.waiting,
        unread: position.unread,
    }
}

fn position(stand: &Stand) -> Position {
    Position {
        waiting: stand.waiting.clone(),
        unread: stand.unread.clone(),
    }
}

fn stand_after(epoch: &Epoch, before: usize) -> Position {
    let mut loader = loader(epoch);
    rows(&mut loader, before);
    loader.position()
}

/// The rows of a fresh loader at a position that was changed on the way.
fn resumed(epoch: &Epoch, before: usize, change: impl Fn(Position) -> Position) -> Vec<Vec<u32>> {
    let mut fresh = loader(epoch);
    fresh.resume(&change(stand_after(epoch, before)));
    rows(&mut fresh, usize::MAX)
}

fn dealt(stands: &[Stand], world: usize) -> Vec<Stand> {
    let positions: Vec<Position> = stands.iter().map(position).collect();
    redeal(&positions, world).into_iter().map(stand).collect()
}

fn right() -> Functions {
    Functions {
        stand_after: |epoch, before| stand(stand_after(epoch, before)),
        resumed: |epoch, before| resumed(epoch, before, |position| position),
        gone_back: |epoch, before, further| {
            let mut loader = loader(epoch);
            rows(&mut loader, before);
            let position = loader.position();
            rows(&mut loader, further);
            loader.resume(&position);
            rows(&mut loader, usize::MAX)
        },
        redeal: dealt,
    }
}

fn forgetful(position: Position) -> Position {
    Position {
        waiting: Vec::new(),
        ..position
    }
}

fn sorted(mut position: Position) -> Position {
    position.waiting.sort_unstable();
    position
}

fn read_again(position: Position) -> Position {
    Position {
        unread: [position.waiting, position.unread].concat(),
        waiting: Vec::new(),
    }
}

fn behind(position: Position) -> Position {
    Position {
        unread: [position.unread, position.waiting].concat(),
        waiting: Vec::new(),
    }
}

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 7,
        name: "stop_and_go_on",
        properties: ex7_stop_and_go_on::properties,
    };
    let dealing = |redeal| Functions { redeal, ..right() };
    vec![
        of.planted(
            "what-waits-is-forgotten",
            Functions {
                stand_after: |epoch, before| stand(forgetful(stand_after(epoch, before))),
                resumed: |epoch, before| resumed(epoch, before, forgetful),
                ..right()
            },
        ),
        of.planted(
            "what-waits-comes-in-the-order-of-numbers",
            Functions {
                stand_after: |epoch, before| stand(sorted(stand_after(epoch, before))),
                resumed: |epoch, before| resumed(epoch, before, sorted),
                ..right()
            },
        ),
        of.planted(
            "what-waits-is-read-again-at-the-end",
            Functions {
                resumed: |epoch, before| resumed(epoch, before, behind),
                ..right()
            },
        ),
        of.planted(
            "what-waits-counts-as-unread",
            Functions {
                stand_after: |epoch, before| stand(read_again(stand_after(epoch, before))),
                resumed: |epoch, before| resumed(epoch, before, read_again),
                ..right()
            },
        ),
        of.planted(
            "from-the-beginning",
            Functions {
                resumed: |epoch, _| rows(&mut loader(epoch), usize::MAX),
                ..right()
            },
        ),
        of.planted(
            "the-old-buffer-stays",
            Functions {
                gone_back: |epoch, before, further| {
                    let mut loader = loader(epoch);
                    rows(&mut loader, before);
                    let mut position = loader.position();
                    rows(&mut loader, further);
                    position.waiting.extend(loader.position().waiting);
                    loader.resume(&position);
                    rows(&mut loader, usize::MAX)
                },
                ..right()
            },
        ),
        of.planted(
            "it-does-not-go-back",
            Functions {
                gone_back: |epoch, before, further| {
                    let mut loader = loader(epoch);
                    rows(&mut loader, before);
                    rows(&mut loader, further);
                    rows(&mut loader, usize::MAX)
                },
                ..right()
            },
        ),
        of.planted(
            "what-waits-is-lost-in-dealing",
            dealing(|stands, world| {
                let mut dealt = dealt(stands, world);
                dealt.iter_mut().for_each(|stand| stand.waiting.clear());
                dealt
            }),
        ),
        of.planted(
            "everybody-gets-what-waits",
            dealing(|stands, world| {
                let all: Vec<usize> = stands
                    .iter()
                    .flat_map(|stand| stand.waiting.clone())
                    .collect();
                let mut dealt = dealt(stands, world);
                dealt
                    .iter_mut()
                    .for_each(|stand| stand.waiting.clone_from(&all));
                dealt
            }),
        ),
        of.planted(
            "by-number-instead-of-one-by-one",
            dealing(|stands, world| {
                let mut dealt = vec![Stand::default(); world];
                for stand in stands {
                    for &number in &stand.waiting {
                        dealt[number % world].waiting.push(number);
                    }
                    for &number in &stand.unread {
                        dealt[number % world].unread.push(number);
                    }
                }
                dealt
            }),
        ),
        of.planted(
            "the-rest-in-the-ranks-order",
            dealing(|stands, world| {
                let mut dealt = dealt(stands, world);
                let rest = stands.iter().flat_map(|stand| &stand.unread);
                dealt.iter_mut().for_each(|stand| stand.unread.clear());
                for (card, &number) in rest.enumerate() {
                    dealt[card % world].unread.push(number);
                }
                dealt
            }),
        ),
        of.planted(
            "more-ranks-get-nothing",
            dealing(|stands, world| {
                let mut dealt = dealt(stands, world.min(stands.len()));
                dealt.resize(world, Stand::default());
                dealt
            }),
        ),
        of.constant(
            "zeros",
            Functions {
                stand_after: |_, _| Stand::default(),
                resumed: |_, _| Vec::new(),
                gone_back: |_, _, _| Vec::new(),
                redeal: |_, _| Vec::new(),
            },
        ),
        of.constant(
            "the-first-document",
            Functions {
                stand_after: |_, _| Stand {
                    waiting: vec![0],
                    unread: vec![0],
                },
                resumed: |_, _| vec![vec![0]],
                gone_back: |_, _, _| vec![vec![0]],
                redeal: |_, world| vec![Stand::default(); world],
            },
        ),
    ]
}
