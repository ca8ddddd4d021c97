// ANCHOR: head
//! Walking through groups of documents: sharding, wrapping and seeking, written once for every kind of file.
//!
//! A kind of file says which groups it has and how one is read ([`Groups`]); `deal` says which of them are this rank's; the
//! walk ([`Documents`]) does the rest. Documents are texts, or ids where a corpus was tokenised beforehand.

use std::collections::VecDeque;
use std::sync::Arc;

pub use crate::deal::GroupAt;
use crate::deal::Plan;
use crate::{Document, DocumentSource, Error, SourcePosition};
// ANCHOR_END: head

// ANCHOR: groups
/// The groups of one kind of file.
pub trait Groups: Send {
    /// A text, or its ids.
    type Content: Send;

    /// Every group of every file, in order; the same whenever the same files are opened.
    fn all(&self) -> Vec<GroupAt>;

    /// The documents of one group with their row numbers, which rise. Rows may be left out: empty texts, or documents that
    /// belong to the other side of a train/validation split.
    fn load(&mut self, at: GroupAt) -> Result<Vec<(u32, Self::Content)>, Error>;

    /// One line for logs.
    fn describe(&self) -> String;
}
// ANCHOR_END: groups

// ANCHOR: damage
/// What happens when a group cannot be read, because its file is damaged.
#[derive(Clone, Default)]
pub enum Damage {
    /// The run stops with the error. Training on less than was meant should be somebody's decision.
    #[default]
    Stop,
    /// The group is left out, in every epoch, and the error is reported each time.
    Skip(Arc<dyn Fn(&Error) + Send + Sync>),
}

impl Damage {
    /// Leave damaged groups out and say so on the standard error.
    pub fn skip_loudly() -> Self {
        Damage::Skip(Arc::new(|error| eprintln!("left out: {error}")))
    }

    /// The documents of a group, or none if it is damaged and that is accepted.
    fn accept<C>(&self, loaded: Result<Vec<C>, Error>) -> Result<Vec<C>, Error> {
        match (loaded, self) {
            (Err(error @ Error::DamagedGroup { .. }), Damage::Skip(report)) => {
                report(&error);
                Ok(Vec::new())
            }
            (loaded, _) => loaded,
        }
    }
}

impl std::fmt::Debug for Damage {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Damage::Stop => "Stop",
            Damage::Skip(_) => "Skip",
        })
    }
}
// ANCHOR_END: damage

// ANCHOR: documents
/// An endless walk through this rank's groups.
pub struct Documents<G: Groups> {
    groups: G,
    /// Every group of every rank, in order.
    all: Vec<GroupAt>,
    damage: Damage,
    rank: usize,
    world: usize,
    plan: Plan,
    /// Which step of the plan is being read.
    step: usize,
    /// The documents of that step's group that were not delivered yet, once it is loaded.
    loaded: Option<VecDeque<(u32, G::Content)>>,
    /// The first row that was not delivered yet.
    row: u32,
}

impl<G: Groups> Documents<G> {
    /// The share of rank `rank` of `world`.
    pub fn new(groups: G, rank: usize, world: usize) -> Result<Self, Error> {
        if rank >= world {
            let problem = format!(
                "rank {rank} of {world}: ranks count from 0 and stay below the number of ranks"
            );
            return Err(Error::Setting {
                name: "rank",
                problem,
            });
        }
        let all = groups.all();
        if all.len() <= rank {
            let what = groups.describe();
            return Err(match all.len() {
                0 => Error::Empty { what },
                groups => Error::TooFewGroups {
                    what,
                    groups,
                    rank,
                    world,
                },
            });
        }
        let plan = Plan::new(&all, &[], rank, world).expect("without changes there is a plan");
        Ok(Documents {
            groups,
            all,
            damage: Damage::Stop,
            rank,
            world,
            plan,
            step: 0,
            loaded: None,
            row: 0,
        })
    }

    /// With another answer to damaged groups.
    pub fn on_damage(mut self, damage: Damage) -> Self {
        self.damage = damage;
        self
    }
}
// ANCHOR_END: documents

// ANCHOR: advance
impl<G: Groups> Documents<G> {
    /// The next document, and where it stands.
    pub(crate) fn next(&mut self) -> Result<(SourcePosition, G::Content), Error> {
        // One visit more than there are groups: the walk may have started in the middle of one.
        for _ in 0..=self.plan.round() {
            let step = self.plan.step(self.step).expect("a plan is never empty");
            let mut rows = match self.loaded.take() {
                Some(rows) => rows,
                None => {
                    let loaded = self.damage.accept(self.groups.load(step.at))?;
                    let first = self.row.max(step.from);
                    loaded
                        .into_iter()
                        .filter(|(row, _)| *row >= first)
                        .collect()
                }
            };
            let found = rows.pop_front();
            if let Some((row, _)) = found {
                self.row = row + 1;
            }
            // Move on now rather than at the next call, so that `position` never points behind the end of a group.
            if rows.is_empty() {
                self.go_to(self.step + 1);
            } else {
                self.loaded = Some(rows);
            }
            if let Some((row, content)) = found {
                let place = SourcePosition {
                    epoch: step.epoch,
                    file: step.at.file,
                    group: step.at.group,
                    row,
                };
                return Ok((place, content));
            }
        }
        Err(Error::Empty {
            what: self.groups.describe(),
        })
    }

    fn go_to(&mut self, step: usize) {
        self.step = step;
        self.loaded = None;
        self.row = self.plan.step(step).map_or(0, |step| step.from);
    }

    /// Where the next document will come from.
    pub(crate) fn place(&self) -> SourcePosition {
        let step = self.plan.step(self.step).expect("a plan is never empty");
        SourcePosition {
            epoch: step.epoch,
            file: step.at.file,
            group: step.at.group,
            row: self.row,
        }
    }

    /// The files, for messages.
    pub(crate) fn groups(&self) -> &G {
        &self.groups
    }
}
// ANCHOR_END: advance

// ANCHOR: seek
impl<G: Groups> Documents<G> {
    /// Go to a place, so that the next document is the one that stands there.
    pub(crate) fn go_back_to(&mut self, place: &SourcePosition) -> Result<(), Error> {
        let Some(step) = self.plan.find(place) else {
            return Err(self.no_such_place(place, "no such group among those of this rank"));
        };
        self.go_to(step);
        self.row = self.row.max(place.row);
        Ok(())
    }

    /// Go on after changes of the number of ranks (none: the usual plan), at the beginning of what is left.
    pub(crate) fn deal(&mut self, changes: &[Vec<SourcePosition>]) -> Result<(), Error> {
        let Some(plan) = Plan::new(&self.all, changes, self.rank, self.world) else {
            let stood = changes.iter().flatten().next().copied().unwrap_or_default();
            return Err(self.no_such_place(&stood, "the earlier ranks did not read these files"));
        };
        self.plan = plan;
        self.go_to(0);
        Ok(())
    }

    /// Documents again, given their places; in the order of `places`. Each group is read once.
    pub(crate) fn again(&mut self, places: &[SourcePosition]) -> Result<Vec<G::Content>, Error> {
        let mut order: Vec<usize> = (0..places.len()).collect();
        // The content of a place is the same in every epoch: the file comes first. Of two equal places (one text in two
        // epochs, both waiting) each needs a copy of its own, so the group is read once for each epoch.
        order.sort_by_key(|&index| {
            let at = places[index];
            (at.file, at.group, at.epoch, at.row)
        });
        let mut found: Vec<Option<G::Content>> = places.iter().map(|_| None).collect();
        let same = |a: &usize, b: &usize| {
            let (a, b) = (places[*a], places[*b]);
            (a.file, a.group, a.epoch) == (b.file, b.group, b.epoch)
        };
        for of_one_group in order.chunk_by(same) {
            let SourcePosition { file, group, .. } = places[of_one_group[0]];
            let at = GroupAt { file, group };
            if self.all.binary_search(&at).is_err() || !self.plan.may_fetch(at) {
                let problem = "no such group among those of this rank";
                return Err(self.no_such_place(&places[of_one_group[0]], problem));
            }
            let mut rows = self.groups.load(at)?.into_iter().peekable();
            for &index in of_one_group {
                let wanted = places[index].row;
                while rows.next_if(|(row, _)| *row < wanted).is_some() {}
                let Some((_, content)) = rows.next_if(|(row, _)| *row == wanted) else {
                    return Err(
                        self.no_such_place(&places[index], "there is no document in this row")
                    );
                };
                found[index] = Some(content);
            }
        }
        Ok(found.into_iter().flatten().collect())
    }

    fn no_such_place(&self, place: &SourcePosition, problem: &str) -> Error {
        Error::Position {
            position: place.to_string(),
            what: self.groups.describe(),
            problem: problem.to_owned(),
        }
    }
}
// ANCHOR_END: seek

// ANCHOR: text
/// A walk through texts is a source of documents.
impl<G: Groups<Content = String>> DocumentSource for Documents<G> {
    fn next_document(&mut self) -> Result<Document, Error> {
        let (at, text) = self.next()?;
        Ok(Document { text, at })
    }

    fn position(&self) -> SourcePosition {
        self.place()
    }

    fn seek(&mut self, position: &SourcePosition) -> Result<(), Error> {
        self.go_back_to(position)
    }

    fn fetch(&mut self, places: &[SourcePosition]) -> Result<Vec<Document>, Error> {
        let texts = self.again(places)?;
        let documents = texts.into_iter().zip(places);
        Ok(documents.map(|(text, &at)| Document { text, at }).collect())
    }

    fn redeal(&mut self, changes: &[Vec<SourcePosition>]) -> Result<(), Error> {
        self.deal(changes)
    }

    fn describe(&self) -> String {
        self.groups.describe()
    }
}
// ANCHOR_END: text

// ANCHOR: memory
/// Documents that are in memory already, for tests and small demonstrations: one file, groups as given.
pub type MemoryDocuments = Documents<MemoryGroups>;

pub struct MemoryGroups {
    groups: Vec<Vec<String>>,
}

impl MemoryDocuments {
    pub fn open(groups: Vec<Vec<String>>, rank: usize, world: usize) -> Result<Self, Error> {
        Documents::new(MemoryGroups { groups }, rank, world)
    }
}

impl Groups for MemoryGroups {
    type Content = String;

    fn all(&self) -> Vec<GroupAt> {
        (0..self.groups.len() as u32)
            .map(|group| GroupAt { file: 0, group })
            .collect()
    }

    fn load(&mut self, at: GroupAt) -> Result<Vec<(u32, String)>, Error> {
        let texts = &self.groups[at.group as usize];
        let rows = texts
            .iter()
            .enumerate()
            .map(|(row, text)| (row as u32, text.clone()));
        Ok(rows.filter(|(_, text)| !text.is_empty()).collect())
    }

    fn describe(&self) -> String {
        let documents: usize = self.groups.iter().map(Vec::len).sum();
        format!("{documents} documents in memory")
    }
}
// ANCHOR_END: memory
