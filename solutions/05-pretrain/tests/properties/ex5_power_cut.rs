use super::machine::{Found, Machine, shown};
use judge::{Case, Property, example, property_of};
use proptest::prelude::*;

/// Inputs per property: each is tried with a cut after every operation, and with everything that may be on the disk then.
const CASES: u32 = 24;

/// More operations than this are a loop.
const MOST: usize = 200;

/// Files with their names, in the order of the names.
pub type Files = Vec<(String, Vec<u8>)>;

/// What is loaded: the step, and its files. An error: the machine was said to be off, and is not.
pub type Loaded = Result<Option<(u64, Files)>, String>;

/// Each says whether it was done; `false`: the machine is off.
pub struct Functions {
    pub replace: fn(&mut Machine, &str, &[u8]) -> bool,
    pub save: fn(&mut Machine, u64, &Files) -> bool,
    pub load: fn(&mut Machine) -> Loaded,
}

/// Letters, so that what is found is easy to read. Never zeros, and no half of another.
fn content(first: char) -> impl Strategy<Value = Vec<u8>> {
    (2usize..6).prop_map(move |length| {
        let mut text = vec![b'.'; length];
        text[0] = first as u8;
        text[length - 1] = b'!';
        text
    })
}

fn files(first: char) -> impl Strategy<Value = Files> {
    (content(first), content(first), content(first), 1usize..4).prop_map(|(a, b, c, count)| {
        let named = [("buffers", a), ("loader", b), ("weights", c)];
        let named = named.into_iter().take(count);
        named
            .map(|(name, content)| (name.to_string(), content))
            .collect()
    })
}

/// A disk with one file, which is there or not.
fn disk_of(old: Option<&Vec<u8>>) -> Found {
    old.map(|old| ("a".to_string(), old.clone()))
        .into_iter()
        .collect()
}

/// Cuts the power after each operation of `work` in turn, and lets `judge` look at everything that may be on the disk then. The last
/// time the power goes when the work is done.
fn cut_everywhere(
    before: &Found,
    work: impl Fn(&mut Machine) -> bool,
    judge: impl Fn(&Found, bool) -> Result<(), String>,
) -> Result<(), String> {
    for lasts in 0..MOST {
        let mut machine = Machine::with(before, Some(lasts));
        let done = work(&mut machine);
        for found in machine.after_a_cut() {
            judge(&found, done).map_err(|wrong| {
                let when = match done {
                    true => "the power is cut when it is done",
                    false => "the power is cut",
                };
                format!(
                    "{}; then {when}, and the disk may hold {}: {wrong}",
                    machine.journal(),
                    shown(&found)
                )
            })?;
        }
        if done {
            return Ok(());
        }
        if machine.operations() < lasts {
            return Err("it gives up although the machine is on".into());
        }
    }
    Err(format!("it is not done after {MOST} operations"))
}

fn quoted(content: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(content))
}

fn of_replace(old: Option<&Vec<u8>>, new: &[u8]) -> Case {
    let old = old.map_or("nothing".to_string(), |old| quoted(old));
    Case::of(&[
        ("a before", &format_args!("{old}")),
        ("new", &format_args!("{}", quoted(new))),
    ])
}

fn replacing() -> impl Strategy<Value = (Option<Vec<u8>>, Vec<u8>)> {
    (prop::option::of(content('o')), content('n'))
}

/// What disks may hold after a save that came to its end, the power being cut then.
fn saved(f: &Functions, before: &Found, step: u64, files: &Files) -> Result<Vec<Found>, String> {
    let mut machine = Machine::with(before, None);
    match (f.save)(&mut machine, step, files) {
        true => Ok(machine.after_a_cut()),
        false => Err("it gives up although the machine is on".into()),
    }
}

fn load(f: &Functions, found: &Found) -> Loaded {
    (f.load)(&mut Machine::with(found, None))
}

fn said(loaded: &Option<(u64, Files)>) -> String {
    match loaded {
        None => "`load` finds none".to_string(),
        Some((step, files)) => {
            let files: Found = files.iter().cloned().collect();
            format!("`load` gives step {step} with {}", shown(&files))
        }
    }
}

fn of_saves(first: &Files, second: &Files) -> Case {
    let shown = |files: &Files| shown(&files.iter().cloned().collect());
    Case::of(&[
        ("step 8", &format_args!("{}", shown(first))),
        ("step 12", &format_args!("{}", shown(second))),
    ])
}

/// The files of two steps, under the same names.
fn two_steps() -> impl Strategy<Value = (Files, Files)> {
    (files('o'), files('n')).prop_map(|(first, second)| {
        let count = first.len().min(second.len());
        (first[..count].to_vec(), second[..count].to_vec())
    })
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        property_of(
            CASES,
            "what replace has written is there, and nothing else",
            replacing,
            |f: &Functions, (old, new)| {
                of_replace(old.as_ref(), &new).same(&disk_of(Some(&new)), || {
                    let mut machine = Machine::with(&disk_of(old.as_ref()), None);
                    (f.replace)(&mut machine, "a", &new);
                    let names = machine.names().unwrap_or_default();
                    let content = |name: &String| machine.read(name).ok().flatten();
                    let read = |name: String| content(&name).map(|content| (name, content));
                    names.into_iter().filter_map(read).collect()
                })
            },
        ),
        property_of(
            CASES,
            "a power cut anywhere in replace leaves the old content or the new",
            || (content('o'), content('n')),
            |f: &Functions, (old, new)| {
                of_replace(Some(&old), &new).obeys(|| {
                    cut_everywhere(
                        &disk_of(Some(&old)),
                        |machine| (f.replace)(machine, "a", &new),
                        |found, done| match found.get("a") {
                            None => Err("a is gone".into()),
                            Some(content) if *content == new => Ok(()),
                            // When it is done: see the next property.
                            Some(content) if *content == old && !done => Ok(()),
                            Some(content) if *content == old => {
                                Err("a is the old one still".into())
                            }
                            Some(_) => Err("a is neither the old nor the new one".into()),
                        },
                    )
                })
            },
        ),
        property_of(
            CASES,
            "when replace says that it is done, no power cut takes it back",
            replacing,
            |f: &Functions, (old, new)| {
                of_replace(old.as_ref(), &new).obeys(|| {
                    let mut machine = Machine::with(&disk_of(old.as_ref()), None);
                    if !(f.replace)(&mut machine, "a", &new) {
                        return Err("it gives up although the machine is on".into());
                    }
                    let lost = machine
                        .after_a_cut()
                        .into_iter()
                        .find(|it| it.get("a") != Some(&new));
                    lost.map_or(Ok(()), |found| {
                        Err(format!(
                            "{}; then the power is cut, and the disk may hold {}",
                            machine.journal(),
                            shown(&found)
                        ))
                    })
                })
            },
        ),
        property_of(
            CASES,
            "after a cut, the next replace works, and leaves one file",
            replacing,
            |f: &Functions, (old, new)| {
                of_replace(old.as_ref(), &new).obeys(|| {
                    cut_everywhere(
                        &disk_of(old.as_ref()),
                        |machine| (f.replace)(machine, "a", b"not this"),
                        |found, _| {
                            let mut machine = Machine::with(found, None);
                            (f.replace)(&mut machine, "a", &new);
                            let names = machine.names().unwrap_or_default();
                            match (
                                names == ["a"],
                                machine.read("a").ok().flatten() == Some(new.clone()),
                            ) {
                                (true, true) => Ok(()),
                                (false, _) => Err(format!(
                                    "after the next replace these files are there: {names:?}"
                                )),
                                _ => Err("after the next replace a is not the new one".into()),
                            }
                        },
                    )
                })
            },
        ),
        property_of(
            CASES,
            "load gives what was saved last",
            two_steps,
            |f: &Functions, (first, second)| {
                of_saves(&first, &second).same(&Ok(Some((12, second.clone()))), || {
                    let mut machine = Machine::default();
                    (f.save)(&mut machine, 8, &first);
                    (f.save)(&mut machine, 12, &second);
                    (f.load)(&mut machine)
                })
            },
        ),
        example("on an empty disk there is none", |f: &Functions| {
            let case = Case::of(&[("the disk", &format_args!("empty"))]);
            case.same(&Ok(None), || (f.load)(&mut Machine::default()))
        })
        .holds_for_constants(),
        property_of(
            CASES,
            "a power cut anywhere in a save leaves all files of the save before, or all of this one",
            two_steps,
            |f: &Functions, (first, second)| {
                of_saves(&first, &second).obeys(|| {
                    for before in saved(f, &Found::new(), 8, &first)? {
                        cut_everywhere(
                            &before,
                            |machine| (f.save)(machine, 12, &second),
                            |found, done| {
                                let loaded = load(f, found)?;
                                let is_new = loaded == Some((12, second.clone()));
                                let is_old = loaded == Some((8, first.clone())) && !done;
                                match is_old || is_new {
                                    true => Ok(()),
                                    false => Err(said(&loaded)),
                                }
                            },
                        )?;
                    }
                    Ok(())
                })
            },
        ),
        property_of(
            CASES,
            "a power cut in the first save leaves none, or all of it",
            || files('n'),
            |f: &Functions, files| {
                let found: Found = files.iter().cloned().collect();
                let case = Case::of(&[("step 12", &format_args!("{}", shown(&found)))]);
                case.obeys(|| {
                    cut_everywhere(
                        &Found::new(),
                        |machine| (f.save)(machine, 12, &files),
                        |found, done| {
                            let loaded = load(f, found)?;
                            match loaded == Some((12, files.clone())) || (loaded.is_none() && !done)
                            {
                                true => Ok(()),
                                false => Err(said(&loaded)),
                            }
                        },
                    )
                })
            },
        ),
        property_of(
            CASES,
            "when a save has come to its end, nothing of earlier ones is left, nor of those that were cut off",
            two_steps,
            |f: &Functions, (first, second)| {
                of_saves(&first, &second).obeys(|| {
                    let alone = saved(f, &Found::new(), 16, &second)?;
                    let most = alone.iter().map(Found::len).max().unwrap_or(0);
                    for before in saved(f, &Found::new(), 8, &first)? {
                        cut_everywhere(
                            &before,
                            |machine| (f.save)(machine, 12, &second),
                            |found, _| {
                                for after in saved(f, found, 16, &second)? {
                                    let loaded = load(f, &after)?;
                                    if loaded != Some((16, second.clone())) {
                                        return Err(format!(
                                            "after the save of step 16, {}",
                                            said(&loaded)
                                        ));
                                    }
                                    if after.len() > most {
                                        return Err(format!(
                                            "after the save of step 16 the disk holds {}",
                                            shown(&after)
                                        ));
                                    }
                                }
                                Ok(())
                            },
                        )?;
                    }
                    Ok(())
                })
            },
        ),
    ]
}
