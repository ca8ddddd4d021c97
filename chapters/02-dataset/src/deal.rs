// ANCHOR: head
//! Who reads what: groups dealt out to ranks like cards, and dealt anew when the number of ranks changes.
//!
//! ```text
//! groups   (file 0, group 0)  (0, 1)  (0, 2)  (1, 0)  (1, 1)  (2, 0)   counted through all files
//! rank 0       x                        x               x              of 2 ranks
//! rank 1                        x               x               x
//! ```
//!
//! Counting goes on from file to file. Starting again in each file would be simpler, but would give rank 0 the larger half
//! every time, and rank 1 nothing at all from files of one group.
//!
//! A run that was stopped on 8 ranks may go on with 2. What is left of the epoch then lies in eight places, and not where
//! two ranks would look for it. So the rest is collected, put in order, and dealt to the new ranks:
//!
//! ```text
//! rank 0 of 2 stood in the middle of (0, 2)      left: the rest of (0, 2), (1, 1)
//! rank 1 of 2 stood at the beginning of (1, 0)   left: (1, 0), (2, 0)
//! one rank goes on with: the rest of (0, 2), (1, 0), (1, 1), (2, 0); and then with whole epochs
//! ```
//!
//! Each document of an epoch is still read once, however often the number of ranks changes in it.

use crate::SourcePosition;
// ANCHOR_END: head

// ANCHOR: step
/// Group `group` of file `file`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupAt {
    pub file: u32,
    pub group: u32,
}

/// A group to be read, in a pass, from a row on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    pub epoch: u32,
    pub at: GroupAt,
    pub from: u32,
}

// ANCHOR_END: step

// ANCHOR: plan
/// What one rank reads, without end: some steps left over from other numbers of ranks (usually none), then whole epochs of
/// its own groups.
#[derive(Clone, Debug)]
pub struct Plan {
    left: Vec<Step>,
    first_whole: u32,
    groups: Vec<GroupAt>,
}

impl Plan {
    /// The plan of rank `rank` of `world`. For each earlier change of the number of ranks, `changes` holds the places
    /// where all ranks stood then; `None` if one of them is no place of its rank.
    pub fn new(
        all: &[GroupAt],
        changes: &[Vec<SourcePosition>],
        rank: usize,
        world: usize,
    ) -> Option<Plan> {
        let groups = all.iter().copied().skip(rank).step_by(world).collect();
        let Some((stood, before)) = changes.split_last() else {
            return Some(Plan {
                left: Vec::new(),
                first_whole: 1,
                groups,
            });
        };
        let mut old = Vec::with_capacity(stood.len());
        for (rank, position) in stood.iter().enumerate() {
            let plan = Plan::new(all, before, rank, stood.len())?;
            let number = plan.find(position)?;
            old.push((plan, number, position.row));
        }
        // Up to the last epoch that anybody has begun; from then on nothing is left over.
        let first_whole = old
            .iter()
            .map(|(plan, number, row)| plan.untouched(*number, *row))
            .max()?;
        let mut left: Vec<Step> = Vec::new();
        for (plan, number, row) in &old {
            let rest = (*number..).map(|number| plan.step(number));
            let rest = rest.take_while(|step| step.is_some_and(|step| step.epoch < first_whole));
            let mut rest: Vec<Step> = rest.flatten().collect();
            if let Some(first) = rest.first_mut() {
                first.from = first.from.max(*row);
            }
            left.extend(rest);
        }
        left.sort_unstable();
        Some(Plan {
            left: left.into_iter().skip(rank).step_by(world).collect(),
            first_whole,
            groups,
        })
    }

    // ANCHOR_END: plan

    // ANCHOR: find
    /// How many steps there are before the same groups come again.
    pub fn round(&self) -> usize {
        self.left.len() + self.groups.len()
    }

    /// Step number `number`, counted from 0; `None` only if the rank has no groups.
    pub fn step(&self, number: usize) -> Option<Step> {
        if let Some(step) = self.left.get(number) {
            return Some(*step);
        }
        let number = number - self.left.len();
        let at = *self.groups.get(number % self.groups.len().max(1))?;
        let epoch = self.first_whole + (number / self.groups.len()) as u32;
        Some(Step { epoch, at, from: 0 })
    }

    /// The number of the step in which a place lies. The beginning is a place for every rank, although group 0 belongs to
    /// rank 0.
    pub fn find(&self, place: &SourcePosition) -> Option<usize> {
        if *place == SourcePosition::START {
            return Some(0);
        }
        let wanted = GroupAt {
            file: place.file,
            group: place.group,
        };
        let is_it = |step: &Step| step.epoch == place.epoch && step.at == wanted;
        if let Some(number) = self.left.iter().position(is_it) {
            return Some(number);
        }
        let epochs = place.epoch.checked_sub(self.first_whole)? as usize;
        let slot = self.groups.iter().position(|group| *group == wanted)?;
        Some(self.left.len() + epochs * self.groups.len() + slot)
    }

    /// Whether this rank may be asked for a document of this group: its own, and after a change anyone's.
    pub fn may_fetch(&self, group: GroupAt) -> bool {
        self.first_whole > 1 || !self.left.is_empty() || self.groups.binary_search(&group).is_ok()
    }

    /// The first epoch of which nothing was read by a rank that stands at row `row` of step `number`.
    fn untouched(&self, number: usize, row: u32) -> u32 {
        let Some(whole) = number.checked_sub(self.left.len()) else {
            return self.first_whole;
        };
        let groups = self.groups.len().max(1);
        let at_its_beginning = whole % groups == 0 && row == 0;
        self.first_whole + (whole / groups) as u32 + u32::from(!at_its_beginning)
    }
}
// ANCHOR_END: find
