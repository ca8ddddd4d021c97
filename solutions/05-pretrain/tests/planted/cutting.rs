//! Wrong answers to exercise 5.

use super::Of;
use crate::properties::ex5_power_cut::{Files, Functions, Loaded, properties};
use crate::properties::machine::{Machine, Off};
use crate::reference::tables::Disk;
use judge::program::Wrong;
use solutions_05::ex5_power_cut as right;

type Done = Result<(), Off>;

fn replace(machine: &mut Machine, name: &str, content: &[u8]) -> bool {
    right::replace(&mut Disk(machine), name, content).is_ok()
}

fn save(machine: &mut Machine, step: u64, files: &Files) -> bool {
    right::save(&mut Disk(machine), step, files).is_ok()
}

fn load(machine: &mut Machine) -> Loaded {
    right::load(&Disk(machine)).map_err(|_| "off".into())
}

/// A save that is done piece by piece.
struct Saving<'m> {
    machine: &'m mut Machine,
    step: u64,
}

impl Saving<'_> {
    fn write(&mut self, files: &Files, synced: bool) -> Done {
        for (name, content) in files {
            let name = format!("{}.{name}", self.step);
            self.machine.write(&name, content)?;
            if synced {
                self.machine.sync(&name)?;
            }
        }
        Ok(())
    }

    fn names(&mut self) -> Done {
        self.machine.sync_folder()
    }

    fn point(&mut self) -> Done {
        let step = self.step.to_string();
        self.machine.write("newest.new", step.as_bytes())?;
        self.machine.sync("newest.new")?;
        self.machine.rename("newest.new", "newest")
    }

    fn remove_others(&mut self) -> Done {
        let own = format!("{}.", self.step);
        for name in self.machine.names()? {
            if name != "newest" && !name.starts_with(&own) {
                self.machine.remove(&name)?;
            }
        }
        Ok(())
    }
}

fn saving(machine: &mut Machine, step: u64, work: impl Fn(&mut Saving) -> Done) -> bool {
    work(&mut Saving { machine, step }).is_ok()
}

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 5,
        name: "power_cut",
        properties,
    };
    let replacing = |replace| Functions {
        replace,
        save,
        load,
    };
    let saving_by = |save| Functions {
        replace,
        save,
        load,
    };
    vec![
        of.planted(
            "overwritten-in-place",
            replacing(|machine, name, content| {
                let work = |machine: &mut Machine| -> Done {
                    machine.write(name, content)?;
                    machine.sync(name)?;
                    machine.sync_folder()
                };
                work(machine).is_ok()
            }),
        ),
        of.planted(
            "renamed-and-not-synced",
            replacing(|machine, name, content| {
                let work = |machine: &mut Machine| -> Done {
                    machine.write("new", content)?;
                    machine.rename("new", name)?;
                    machine.sync_folder()
                };
                work(machine).is_ok()
            }),
        ),
        of.planted(
            "synced-after-the-rename",
            replacing(|machine, name, content| {
                let work = |machine: &mut Machine| -> Done {
                    machine.write("new", content)?;
                    machine.rename("new", name)?;
                    machine.sync(name)?;
                    machine.sync_folder()
                };
                work(machine).is_ok()
            }),
        ),
        of.planted(
            "the-folder-is-not-synced",
            replacing(|machine, name, content| {
                let work = |machine: &mut Machine| -> Done {
                    machine.write("new", content)?;
                    machine.sync("new")?;
                    machine.rename("new", name)
                };
                work(machine).is_ok()
            }),
        ),
        of.planted(
            "the-old-one-is-removed-first",
            replacing(|machine, name, content| {
                let work = |machine: &mut Machine| -> Done {
                    machine.write("new", content)?;
                    machine.sync("new")?;
                    machine.remove(name)?;
                    machine.sync_folder()?;
                    machine.rename("new", name)?;
                    machine.sync_folder()
                };
                work(machine).is_ok()
            }),
        ),
        of.planted(
            "a-new-name-each-time",
            replacing(|machine, name, content| {
                let work = |machine: &mut Machine| -> Done {
                    let mut new = "new".to_string();
                    while machine.read(&new)?.is_some() {
                        new.push('!');
                    }
                    machine.write(&new, content)?;
                    machine.sync(&new)?;
                    machine.rename(&new, name)?;
                    machine.sync_folder()
                };
                work(machine).is_ok()
            }),
        ),
        of.planted(
            "one-file-after-the-other",
            Functions {
                replace,
                save: |machine, step, files| {
                    files
                        .iter()
                        .all(|(name, content)| replace(machine, name, content))
                        && replace(machine, "newest", step.to_string().as_bytes())
                },
                load: |machine| {
                    let read = |machine: &Machine| -> Result<Option<(u64, Files)>, Off> {
                        let Some(step) = machine.read("newest")? else {
                            return Ok(None);
                        };
                        let step = String::from_utf8_lossy(&step).parse().unwrap_or(0);
                        let mut files = Vec::new();
                        for name in machine.names()?.into_iter().filter(|name| name != "newest") {
                            if let Some(content) = machine.read(&name)? {
                                files.push((name, content));
                            }
                        }
                        Ok(Some((step, files)))
                    };
                    read(machine).map_err(|_| "off".into())
                },
            },
        ),
        of.planted(
            "published-before-the-names-are-there",
            saving_by(|machine, step, files| {
                saving(machine, step, |it| {
                    it.write(files, true)?;
                    it.point()?;
                    it.names()?;
                    it.remove_others()?;
                    it.names()
                })
            }),
        ),
        of.planted(
            "published-before-the-content-is-there",
            saving_by(|machine, step, files| {
                saving(machine, step, |it| {
                    it.write(files, false)?;
                    it.names()?;
                    it.point()?;
                    it.names()?;
                    it.remove_others()?;
                    it.names()
                })
            }),
        ),
        of.planted(
            "the-old-ones-are-removed-before-the-new-one-counts",
            saving_by(|machine, step, files| {
                saving(machine, step, |it| {
                    it.write(files, true)?;
                    it.names()?;
                    it.point()?;
                    it.remove_others()?;
                    it.names()
                })
            }),
        ),
        of.planted(
            "the-old-ones-stay",
            saving_by(|machine, step, files| {
                saving(machine, step, |it| {
                    it.write(files, true)?;
                    it.names()?;
                    it.point()?;
                    it.names()
                })
            }),
        ),
        of.planted(
            "the-pointer-is-overwritten-in-place",
            saving_by(|machine, step, files| {
                saving(machine, step, |it| {
                    it.write(files, true)?;
                    it.names()?;
                    it.machine.write("newest", it.step.to_string().as_bytes())?;
                    it.machine.sync("newest")?;
                    it.names()?;
                    it.remove_others()?;
                    it.names()
                })
            }),
        ),
        of.planted(
            "the-highest-step-is-loaded",
            Functions {
                replace,
                save,
                load: |machine| {
                    let read = |machine: &Machine| -> Result<Option<(u64, Files)>, Off> {
                        let names = machine.names()?;
                        let step = |name: &String| name.split('.').next()?.parse::<u64>().ok();
                        let Some(highest) = names.iter().filter_map(step).max() else {
                            return Ok(None);
                        };
                        let own = format!("{highest}.");
                        let mut files = Vec::new();
                        for name in &names {
                            if let (Some(plain), Some(content)) =
                                (name.strip_prefix(&own), machine.read(name)?)
                            {
                                files.push((plain.to_string(), content));
                            }
                        }
                        Ok(Some((highest, files)))
                    };
                    read(machine).map_err(|_| "off".into())
                },
            },
        ),
        of.constant(
            "zeros",
            Functions {
                replace: |_, _, _| true,
                save: |_, _, _| true,
                load: |_| Ok(None),
            },
        ),
        of.constant(
            "ones",
            Functions {
                replace: |_, _, _| false,
                save: |_, _, _| false,
                load: |_| Ok(Some((1, Vec::new()))),
            },
        ),
    ]
}
