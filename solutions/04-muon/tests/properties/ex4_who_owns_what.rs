use super::arrays::array;
use judge::{Case, Checked, Property, example, property, property_of};
use muon::{Collective, Threads};
use proptest::collection::vec;
use proptest::prelude::*;
use std::ops::Range;
use tch::Tensor;

/// How many matrices, and what one of them costs.
pub type Stack = (usize, u64);

/// Of one stack, what each rank owns.
pub type Owned = Vec<Range<usize>>;

pub struct Functions {
    pub deal: fn(&[Stack], usize) -> Vec<Owned>,
    pub slots: fn(&[Range<usize>]) -> Vec<Option<usize>>,
    pub places: fn(&[Range<usize>]) -> Vec<usize>,
}

fn stacks() -> impl Strategy<Value = (Vec<Stack>, usize)> {
    (vec((0usize..12, 1u64..5), 1..4), 1usize..6)
}

fn case(stacks: &[Stack], world: usize) -> Case {
    Case::of(&[("stacks (count, cost)", &stacks), ("world", &world)])
}

/// Of every stack and rank, as many matrices as the rule gives it.
fn counts(stacks: &[Stack], world: usize) -> Vec<Vec<usize>> {
    let mut work = vec![0; world];
    let of_stack = |&(count, cost): &Stack| {
        let mut counts = vec![count / world; world];
        for _ in 0..count % world {
            // The least busy of those that have no more than their share yet.
            let waiting = (0..world).filter(|&rank| counts[rank] == count / world);
            let least = waiting.min_by_key(|&rank| (work[rank], rank));
            counts[least.expect("fewer are left over than there are ranks")] += 1;
        }
        for (work, count) in work.iter_mut().zip(&counts) {
            *work += *count as u64 * cost;
        }
        counts
    };
    stacks.iter().map(of_stack).collect()
}

/// The ranges of so many matrices, one behind the other.
fn ranges(counts: &[usize]) -> Vec<Range<usize>> {
    let mut start = 0;
    let range = |&count: &usize| {
        start += count;
        start - count..start
    };
    counts.iter().map(range).collect()
}

fn one_owner_each(
    stacks: &[Stack],
    world: usize,
    owned: &[Vec<Range<usize>>],
) -> Result<(), String> {
    if owned.len() != stacks.len() {
        return Err(format!(
            "{} stacks were dealt of {}",
            owned.len(),
            stacks.len()
        ));
    }
    for (number, (&(count, _), ranges)) in stacks.iter().zip(owned).enumerate() {
        if ranges.len() != world {
            return Err(format!(
                "stack {number} has ranges for {} ranks",
                ranges.len()
            ));
        }
        let found: Vec<usize> = ranges.iter().cloned().flatten().collect();
        if found != (0..count).collect::<Vec<_>>() {
            return Err(format!(
                "of stack {number} the ranks own {found:?}, one after the other"
            ));
        }
    }
    Ok(())
}

/// Ranges as `deal` makes them: lengths differ by one at most.
fn dealt() -> impl Strategy<Value = Vec<Range<usize>>> {
    (0usize..4, vec(any::<bool>(), 1..6)).prop_map(|(least, more)| {
        let counts: Vec<usize> = more.iter().map(|more| least + usize::from(*more)).collect();
        ranges(&counts)
    })
}

fn shared_like_the_chapter(f: &Functions, world: usize, count: usize) -> Checked {
    let case = Case::of(&[("matrices", &count), ("world", &world)]);
    // Rank r has the gradient 10 · matrix + r for each; the mean is 10 · matrix + (world − 1) / 2.
    let mean = |matrix: usize| 10.0 * matrix as f32 + (world - 1) as f32 / 2.0;
    let expected: Vec<f32> = (0..count).map(|matrix| -mean(matrix)).collect();
    let expected = Tensor::from_slice(&expected).view([-1, 1]);
    case.near(&array(&expected), 1e-5, || {
        let ranges = (f.deal)(&[(3, 1), (count, 1)], world).swap_remove(1);
        let (slots, places) = ((f.slots)(&ranges), (f.places)(&ranges));
        let ranks = Threads::run(world, |ranks| {
            let rank = ranks.rank();
            let sent = |slot: &Option<usize>| slot.map_or(0.0, |m| 10.0 * m as f32 + rank as f32);
            let sent: Vec<f32> = slots.iter().map(sent).collect();
            let own = ranks.reduce_scatter(Tensor::from_slice(&sent).view([-1, 1]));
            let own = own.wait().map_err(|error| error.to_string())?;
            // What is no gradient must not have become one: each rank updates its own matrices, and sends the rest as it is.
            let count = ranges[rank].len() as i64;
            let _ = own.narrow(0, 0, count).neg_();
            let all = ranks
                .all_gather(own)
                .wait()
                .map_err(|error| error.to_string())?;
            let places: Vec<i64> = places.iter().map(|place| *place as i64).collect();
            Ok::<Tensor, String>(all.index_select(0, &Tensor::from_slice(&places)))
        });
        let first = ranks.into_iter().next().expect("rank 0");
        array(&first.unwrap_or_else(|error| panic!("{error}")))
    })
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        property(
            "every matrix has one owner, in the order of the ranks",
            stacks,
            |f: &Functions, (stacks, world)| {
                case(&stacks, world).obeys(|| {
                    one_owner_each(&stacks, world, &(f.deal)(&stacks, world))
                })
            },
        ),
        example(
            "two stacks of 20 over eight ranks: five matrices for everybody",
            |f: &Functions| {
                let stacks = [(20, 1), (20, 1)];
                case(&stacks, 8).same(&vec![5; 8], || {
                    let owned = (f.deal)(&stacks, 8);
                    let of_rank = |rank| owned.iter().map(|ranges: &Vec<Range<usize>>| {
                        ranges.get(rank).map_or(0, ExactSizeIterator::len)
                    }).sum::<usize>();
                    (0..8).map(of_rank).collect::<Vec<_>>()
                })
            },
        ),
        property(
            "what is left over goes to the least busy, of equally busy ones to the lower number",
            stacks,
            |f: &Functions, (stacks, world)| {
                let expected = counts(&stacks, world);
                case(&stacks, world).same(&expected, || {
                    let lengths = |ranges: &Vec<Range<usize>>| {
                        ranges.iter().map(|range| range.len()).collect::<Vec<_>>()
                    };
                    (f.deal)(&stacks, world).iter().map(lengths).collect::<Vec<_>>()
                })
            },
        ),
        example(
            "1, 2 and 1 matrices in slots: 0 · 1 2 3 ·",
            |f: &Functions| {
                let ranges = [0..1, 1..3, 3..4];
                let expected = vec![Some(0), None, Some(1), Some(2), Some(3), None];
                Case::of(&[("ranges", &ranges)]).same(&expected, || (f.slots)(&ranges))
            },
        ),
        property(
            "every rank has as many slots as the others, its own matrices first, and no slot to spare",
            dealt,
            |f: &Functions, ranges| {
                Case::of(&[("ranges", &ranges)]).obeys(|| {
                    let slots = (f.slots)(&ranges);
                    let each = ranges.iter().map(|range| range.len()).max().unwrap_or(0);
                    if slots.len() != each * ranges.len() {
                        return Err(format!(
                            "{} slots, where {} ranks need {each} each",
                            slots.len(),
                            ranges.len()
                        ));
                    }
                    for (rank, range) in ranges.iter().enumerate() {
                        let own = &slots[rank * each..(rank + 1) * each];
                        let first: Vec<usize> = own.iter().copied().flatten().collect();
                        let padded = own[range.len()..].iter().all(Option::is_none);
                        if first != range.clone().collect::<Vec<_>>() || !padded {
                            return Err(format!("rank {rank} owns {range:?} and gets {own:?}"));
                        }
                    }
                    Ok(())
                })
            },
        )
        .holds_for_constants(),
        property(
            "a matrix is found in the slot it was sent in",
            dealt,
            |f: &Functions, ranges| {
                let count = ranges.last().map_or(0, |range| range.end);
                Case::of(&[("ranges", &ranges)]).obeys(|| {
                    let (slots, places) = ((f.slots)(&ranges), (f.places)(&ranges));
                    if places.len() != count {
                        return Err(format!("places for {} matrices of {count}", places.len()));
                    }
                    let lost = (0..count).find(|&m| slots.get(places[m]) != Some(&Some(m)));
                    match lost {
                        None => Ok(()),
                        Some(m) => Err(format!(
                            "matrix {m} is looked for in slot {}, and the slots are {slots:?}",
                            places[m]
                        )),
                    }
                })
            },
        )
        .holds_for_constants(),
        example(
            "of 1, 2 and 1 matrices the third is found in slot 3",
            |f: &Functions| {
                let ranges = [0..1, 1..3, 3..4];
                Case::of(&[("ranges", &ranges)]).same(&vec![0, 2, 3, 4], || (f.places)(&ranges))
            },
        ),
        property_of(
            12,
            "between real ranks: every rank gets the update of every matrix's mean",
            || (1usize..5, 1usize..9),
            |f: &Functions, (world, count)| shared_like_the_chapter(f, world, count),
        ),
    ]
}
