//! The tables of functions that the tests call, filled from one implementation: whatever crate the parent module calls
//! `implementation`.

use super::implementation::{
    ex1_first_green, ex2_fill_a_row, ex3_what_is_lost, ex4_dealing, ex5_targets_in_rows,
    ex6_contamination, ex7_stop_and_go_on, ex8_three_bugs, ex9_token_shard, ex10_near_duplicates,
    ex11_patient_download,
};
use crate::properties as of;
use judge::Exercise;

pub fn exercises() -> Vec<Exercise> {
    vec![
        Exercise::new(
            1,
            "first_green",
            of::ex1_first_green::properties(),
            of::ex1_first_green::Functions {
                inputs_and_targets: ex1_first_green::inputs_and_targets,
            },
        ),
        Exercise::new(
            2,
            "fill_a_row",
            of::ex2_fill_a_row::properties(),
            of::ex2_fill_a_row::Functions {
                longest_that_fits: ex2_fill_a_row::longest_that_fits,
                fill_row: ex2_fill_a_row::fill_row,
            },
        ),
        Exercise::new(
            3,
            "what_is_lost",
            of::ex3_what_is_lost::properties(),
            of::ex3_what_is_lost::Functions {
                stream: |lengths, capacity| tally(ex3_what_is_lost::stream(lengths, capacity)),
                best_fit: |lengths, capacity, buffer| {
                    tally(ex3_what_is_lost::best_fit(lengths, capacity, buffer))
                },
            },
        ),
        Exercise::new(
            4,
            "dealing",
            of::ex4_dealing::properties(),
            of::ex4_dealing::Functions {
                dealt: ex4_dealing::dealt,
                two_sides: ex4_dealing::two_sides,
            },
        ),
        Exercise::new(
            5,
            "targets_in_rows",
            of::ex5_targets_in_rows::properties(),
            of::ex5_targets_in_rows::Functions {
                rendered: ex5_targets_in_rows::rendered,
                targets: ex5_targets_in_rows::targets,
                rows: ex5_targets_in_rows::rows,
            },
        ),
        Exercise::new(
            6,
            "contamination",
            of::ex6_contamination::properties(),
            of::ex6_contamination::Functions {
                words: ex6_contamination::words,
                contaminated: |training, items, n| {
                    ex6_contamination::contaminated(training, items, n)
                },
            },
        ),
        Exercise::new(
            7,
            "stop_and_go_on",
            of::ex7_stop_and_go_on::properties(),
            of::ex7_stop_and_go_on::Functions {
                stand_after: |epoch, before| {
                    let mut loader = loader(epoch);
                    rows(&mut loader, before);
                    stand(loader.position())
                },
                resumed: |epoch, before| {
                    let mut loader = loader(epoch);
                    rows(&mut loader, before);
                    let position = loader.position();
                    let mut fresh = self::loader(epoch);
                    fresh.resume(&position);
                    rows(&mut fresh, usize::MAX)
                },
                gone_back: |epoch, before, further| {
                    let mut loader = loader(epoch);
                    rows(&mut loader, before);
                    let position = loader.position();
                    rows(&mut loader, further);
                    loader.resume(&position);
                    rows(&mut loader, usize::MAX)
                },
                redeal: |stands, world| {
                    let positions: Vec<ex7_stop_and_go_on::Position> = stands
                        .iter()
                        .map(|stand| ex7_stop_and_go_on::Position {
                            waiting: stand.waiting.clone(),
                            unread: stand.unread.clone(),
                        })
                        .collect();
                    let dealt = ex7_stop_and_go_on::redeal(&positions, world);
                    dealt.into_iter().map(stand).collect()
                },
            },
        ),
        Exercise::new(
            8,
            "three_bugs",
            of::ex8_three_bugs::properties(),
            of::ex8_three_bugs::Functions {
                rows: |reader, count| {
                    let mut loader =
                        ex8_three_bugs::Loader::new(reader.files, reader.rank, reader.world);
                    let rows = (0..count).map(|_| loader.next_row(reader.capacity));
                    rows.collect()
                },
                resumed: |reader, before, count| {
                    let new =
                        || ex8_three_bugs::Loader::new(reader.files, reader.rank, reader.world);
                    let mut loader = new();
                    (0..before).for_each(|_| drop(loader.next_row(reader.capacity)));
                    let mut fresh = new();
                    fresh.resume(loader.place());
                    let rows = (0..count).map(|_| fresh.next_row(reader.capacity));
                    rows.collect()
                },
            },
        ),
        Exercise::new(
            9,
            "token_shard",
            of::ex9_token_shard::properties(),
            of::ex9_token_shard::Functions {
                write: ex9_token_shard::write,
                read: |bytes| ex9_token_shard::read(bytes).map_err(|fault| format!("{fault:?}")),
            },
        ),
        Exercise::new(
            10,
            "near_duplicates",
            of::ex10_near_duplicates::properties(),
            of::ex10_near_duplicates::Functions {
                hash: ex10_near_duplicates::hash,
                shingles: ex10_near_duplicates::shingles,
                signature: ex10_near_duplicates::signature,
                agreement: ex10_near_duplicates::agreement,
                candidates: ex10_near_duplicates::candidates,
                counted: ex10_near_duplicates::candidates,
                found: ex10_near_duplicates::found,
            },
        ),
        Exercise::new(
            11,
            "patient_download",
            of::ex11_patient_download::properties(),
            of::ex11_patient_download::Functions {
                wait_before: ex11_patient_download::wait_before,
                fetch: |server| fetch(server),
            },
        ),
    ]
}

fn tally(tally: ex3_what_is_lost::Tally) -> of::ex3_what_is_lost::Tally {
    of::ex3_what_is_lost::Tally {
        rows: tally.rows,
        at_start: tally.at_start,
        blind: tally.blind,
        cropped: tally.cropped,
        left: tally.left,
    }
}

fn loader(epoch: &of::ex7_stop_and_go_on::Epoch) -> ex7_stop_and_go_on::Loader<'_> {
    ex7_stop_and_go_on::Loader::new(&epoch.documents, &epoch.order, epoch.capacity, epoch.buffer)
}

/// Up to so many rows.
fn rows(loader: &mut ex7_stop_and_go_on::Loader, most: usize) -> Vec<Vec<u32>> {
    let rows = std::iter::from_fn(|| loader.next_row());
    rows.take(most).collect()
}

fn stand(position: ex7_stop_and_go_on::Position) -> of::ex7_stop_and_go_on::Stand {
    of::ex7_stop_and_go_on::Stand {
        waiting: position.waiting,
        unread: position.unread,
    }
}

/// Lets a download and a server talk to each other. Chance is always in the middle.
fn fetch(server: of::ex11_patient_download::Server) -> of::ex11_patient_download::End {
    use ex11_patient_download::{Answer, Download, Step};
    use of::ex11_patient_download as judge;
    let mut download = Download::default();
    let mut request = judge::Request::FIRST;
    for _ in 0..judge::MOST_REQUESTS {
        let answer = match server(request) {
            judge::Answer::Bytes {
                from,
                tag,
                size,
                bytes,
            } => Answer::Bytes {
                from,
                tag,
                size,
                bytes,
            },
            judge::Answer::Busy { retry_after } => Answer::Busy { retry_after },
            judge::Answer::Silence => Answer::Silence,
            judge::Answer::Missing => Answer::Missing,
        };
        request = match download.hear(answer, 0.5) {
            Step::Ask { wait, from, tag } => judge::Request { wait, from, tag },
            Step::Done(bytes) => return judge::End::Done(bytes),
            Step::GiveUp => return judge::End::GaveUp,
        };
    }
    judge::End::StillAsking
}
