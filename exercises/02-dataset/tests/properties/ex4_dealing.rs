use dataset::deal::{GroupAt, Plan};
use judge::{Case, Property, example, property};
use proptest::prelude::*;

pub type Sides = Result<(Vec<String>, String), String>;

pub struct Functions {
    pub dealt: fn(&[u32], usize, usize) -> Vec<GroupAt>,
    pub two_sides: fn(&[String], &str) -> Sides,
}

/// Groups of each file, and a number of ranks.
fn files() -> impl Strategy<Value = (Vec<u32>, usize)> {
    (proptest::collection::vec(0u32..5, 1..6), 1usize..5)
}

/// The groups of all files, in order.
fn all(files: &[u32]) -> Vec<GroupAt> {
    let mut all = Vec::new();
    for (file, &count) in files.iter().enumerate() {
        for group in 0..count {
            let file = file as u32;
            all.push(GroupAt { file, group });
        }
    }
    all
}

/// One epoch of the chapter's plan.
fn planned(all: &[GroupAt], rank: usize, world: usize) -> Vec<GroupAt> {
    let plan = Plan::new(all, &[], rank, world).expect("without changes there is a plan");
    let steps = (0..plan.round()).filter_map(|number| plan.step(number));
    steps.map(|step| step.at).collect()
}

/// Every group goes to one rank, and no rank gets two more than another.
fn is_fair(files: &[u32], world: usize, dealt: &[Vec<GroupAt>]) -> Result<(), String> {
    for at in all(files) {
        let readers: Vec<usize> = (0..world)
            .filter(|&rank| dealt[rank].contains(&at))
            .collect();
        match readers.as_slice() {
            [_] => {}
            [] => {
                return Err(format!(
                    "group {} of file {} is read by nobody",
                    at.group, at.file
                ));
            }
            several => {
                return Err(format!(
                    "group {} of file {} is read by the ranks {several:?}",
                    at.group, at.file
                ));
            }
        }
    }
    let counts: Vec<usize> = dealt.iter().map(Vec::len).collect();
    match counts.iter().max().zip(counts.iter().min()) {
        Some((most, least)) if most - least > 1 => Err(format!("the ranks get {counts:?} groups")),
        _ => Ok(()),
    }
}

/// Names of shards as a folder might list them, and how many of them there were last week.
fn shards() -> impl Strategy<Value = (Vec<String>, usize)> {
    let numbers = proptest::collection::btree_set(0u32..120, 3..9);
    let listed = numbers.prop_map(|numbers| {
        let name = |number: &u32| format!("shard_{number}.parquet");
        numbers.iter().map(name).collect::<Vec<String>>()
    });
    (listed.prop_shuffle(), 2usize..9)
}

fn sides(names: &[String], validation: &str) -> Sides {
    let mut training: Vec<String> = names.to_vec();
    training.retain(|name| name != validation);
    training.sort();
    Ok((training, validation.to_string()))
}

/// An error that says which shard was wanted.
fn is_refused(found: &Sides, validation: &str) -> Result<(), String> {
    match found {
        Ok((training, held_out)) => Err(format!(
            "you train on {training:?} and validate on {held_out:?}"
        )),
        Err(said) if said.contains(validation) => Ok(()),
        Err(said) => Err(format!("your error does not say which shard: {said:?}")),
    }
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "files of 3, 2 and 1 groups, two ranks: the counting goes on from file to file",
            |f: &Functions| {
                let files = [3, 2, 1];
                let at = |file, group| GroupAt { file, group };
                let expected = vec![at(0, 1), at(1, 0), at(2, 0)];
                Case::of(&[("files", &files), ("rank", &1), ("world", &2)])
                    .same(&expected, || (f.dealt)(&files, 1, 2))
            },
        ),
        property(
            "each group is read by one rank, and none reads two more than another",
            || files().prop_filter("a group", |(files, _)| files.iter().any(|&count| count > 0)),
            |f: &Functions, (files, world)| {
                Case::of(&[("files", &files), ("world", &world)]).obeys(|| {
                    let dealt: Vec<Vec<GroupAt>> = (0..world)
                        .map(|rank| (f.dealt)(&files, rank, world))
                        .collect();
                    is_fair(&files, world, &dealt)
                })
            },
        ),
        property(
            "the groups are those of the chapter's plan, in its order",
            || (files(), 0usize..4),
            |f: &Functions, ((files, world), rank)| {
                let rank = rank % world;
                let expected = planned(&all(&files), rank, world);
                Case::of(&[("files", &files), ("rank", &rank), ("world", &world)])
                    .same(&expected, || (f.dealt)(&files, rank, world))
            },
        ),
        property(
            "the named shard is for validation, all others are for training, by name",
            || (shards(), 0usize..9),
            |f: &Functions, ((names, _), chosen)| {
                let validation = &names[chosen % names.len()];
                Case::of(&[("names", &names), ("validation", validation)])
                    .same(&sides(&names, validation), || {
                        (f.two_sides)(&names, validation)
                    })
            },
        ),
        property(
            "what was for validation last week is so this week, and is not trained on",
            shards,
            |f: &Functions, (names, before)| {
                let before = &names[..before.min(names.len())];
                let validation = &before[0];
                let case = Case::of(&[
                    ("last week", &before),
                    ("this week", &names),
                    ("validation", validation),
                ]);
                case.obeys(|| {
                    let (_, was) = (f.two_sides)(before, validation)?;
                    let (trained, held_out) = (f.two_sides)(&names, validation)?;
                    match (trained.contains(&was), held_out == was) {
                        _ if was.is_empty() => Err("nothing was for validation".into()),
                        (true, _) => Err(format!("{was} is trained on this week")),
                        (_, false) => Err(format!("this week it is {held_out}")),
                        _ => Ok(()),
                    }
                })
            },
        ),
        property(
            "without the named shard there is no corpus, and the error names it",
            shards,
            |f: &Functions, (mut names, _)| {
                let validation = names.remove(0);
                Case::of(&[("names", &names), ("validation", &validation)])
                    .obeys(|| is_refused(&(f.two_sides)(&names, &validation), &validation))
            },
        ),
        property(
            "one shard cannot serve both sides, and the error names it",
            || 0u32..100,
            |f: &Functions, number| {
                let names = [format!("shard_{number}.parquet")];
                Case::of(&[("names", &names), ("validation", &names[0])])
                    .obeys(|| is_refused(&(f.two_sides)(&names, &names[0]), &names[0]))
            },
        ),
    ]
}
