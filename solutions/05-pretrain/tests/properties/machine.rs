//! A machine with a disk, for exercise 5: what is on the disk after a power cut is what Unix allows, and a cut may come after any operation.
//!
//! Names point at files, as in a real file system. What the running machine sees and what has surely reached the disk are kept apart:
//! of a file its content, of the folder its list of names.

use std::collections::{BTreeMap, BTreeSet};

/// The machine has no power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Off;

/// What the next start finds: names and contents.
pub type Found = BTreeMap<String, Vec<u8>>;

#[derive(Debug, Clone, Default)]
struct File {
    content: Vec<u8>,
    /// What has surely reached the disk.
    durable: Vec<u8>,
}

/// A change to the list of names that may not have reached the disk.
#[derive(Debug, Clone)]
enum Change {
    Appears(String, usize),
    /// From, to, and the file.
    Renamed(String, String, usize),
    Removed(String),
}

#[derive(Debug, Clone, Default)]
pub struct Machine {
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    pending: Vec<Change>,
    /// So many operations are done before the power goes; `None`: it stays on.
    lasts: Option<usize>,
    /// What was done, in words.
    journal: Vec<String>,
}

impl Machine {
    /// A disk with these files, all of them surely on it.
    pub fn with(found: &Found, lasts: Option<usize>) -> Machine {
        let mut machine = Machine {
            lasts,
            ..Machine::default()
        };
        for (name, content) in found {
            machine
                .durable_names
                .insert(name.clone(), machine.files.len());
            machine.files.push(File {
                content: content.clone(),
                durable: content.clone(),
            });
        }
        machine.names = machine.durable_names.clone();
        machine
    }

    /// What was done since the start: `write a, sync a`.
    pub fn journal(&self) -> String {
        match self.journal.is_empty() {
            true => "nothing".to_string(),
            false => self.journal.join(", "),
        }
    }

    pub fn operations(&self) -> usize {
        self.journal.len()
    }

    fn is_off(&self) -> bool {
        self.lasts.is_some_and(|lasts| self.journal.len() >= lasts)
    }

    /// Notes an operation, if there is power for it.
    fn spend(&mut self, what: String) -> Result<(), Off> {
        if self.is_off() {
            // From here on nothing is done, whatever is asked for.
            return Err(Off);
        }
        self.journal.push(what);
        Ok(())
    }

    pub fn write(&mut self, name: &str, content: &[u8]) -> Result<(), Off> {
        self.spend(format!("write {name}"))?;
        let file = match self.names.get(name) {
            Some(&file) => file,
            None => {
                let file = self.files.len();
                self.files.push(File::default());
                self.names.insert(name.to_string(), file);
                self.pending.push(Change::Appears(name.to_string(), file));
                file
            }
        };
        self.files[file].content = content.to_vec();
        Ok(())
    }

    pub fn sync(&mut self, name: &str) -> Result<(), Off> {
        self.spend(format!("sync {name}"))?;
        if let Some(&file) = self.names.get(name) {
            self.files[file].durable = self.files[file].content.clone();
        }
        Ok(())
    }

    pub fn sync_folder(&mut self) -> Result<(), Off> {
        self.spend("sync_folder".to_string())?;
        self.durable_names = self.names.clone();
        self.pending.clear();
        Ok(())
    }

    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), Off> {
        self.spend(format!("rename {from} to {to}"))?;
        if let Some(file) = self.names.remove(from) {
            self.names.insert(to.to_string(), file);
            let change = Change::Renamed(from.to_string(), to.to_string(), file);
            self.pending.push(change);
        }
        Ok(())
    }

    pub fn remove(&mut self, name: &str) -> Result<(), Off> {
        self.spend(format!("remove {name}"))?;
        if self.names.remove(name).is_some() {
            self.pending.push(Change::Removed(name.to_string()));
        }
        Ok(())
    }

    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Off> {
        if self.is_off() {
            return Err(Off);
        }
        let file = self.names.get(name);
        Ok(file.map(|&file| self.files[file].content.clone()))
    }

    pub fn names(&self) -> Result<Vec<String>, Off> {
        match self.is_off() {
            true => Err(Off),
            false => Ok(self.names.keys().cloned().collect()),
        }
    }

    /// Everything that the next start may find if the power goes now.
    pub fn after_a_cut(&self) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        for names in self.possible_names() {
            for possible in self.possible_contents(&names) {
                if !found.contains(&possible) {
                    found.push(possible);
                }
            }
        }
        found
    }

    /// The lists of names: any of the changes that are pending may have reached the disk. Of many, each alone, all but each, and all
    /// up to each.
    fn possible_names(&self) -> Vec<BTreeMap<String, usize>> {
        let count = self.pending.len();
        let all: u64 = (1 << count.min(63)) - 1;
        let choices: BTreeSet<u64> = match count {
            0..=6 => (0..=all).collect(),
            _ => (0..count.min(63))
                .flat_map(|at| [1 << at, all & !(1 << at), (1 << at) - 1])
                .chain([0, all])
                .collect(),
        };
        let chosen = |choice: u64| {
            let mut names = self.durable_names.clone();
            let changes = self.pending.iter().enumerate();
            for (_, change) in changes.filter(|(at, _)| choice >> at.min(&63) & 1 == 1) {
                match change {
                    Change::Appears(name, file) => {
                        names.insert(name.clone(), *file);
                    }
                    Change::Renamed(from, to, file) => {
                        names.remove(from);
                        names.insert(to.clone(), *file);
                    }
                    Change::Removed(name) => {
                        names.remove(name);
                    }
                }
            }
            names
        };
        choices.into_iter().map(chosen).collect()
    }

    /// The contents under these names: what was not synced is old, new, half or zeros, all in the same way, or one of them new alone.
    fn possible_contents(&self, names: &BTreeMap<String, usize>) -> Vec<Found> {
        type Reached = fn(&File) -> Vec<u8>;
        let ways: [Reached; 4] = [
            |file| file.durable.clone(),
            |file| file.content.clone(),
            |file| file.content[..file.content.len() / 2].to_vec(),
            |file| vec![0; file.content.len()],
        ];
        let with = |way: &dyn Fn(usize) -> Vec<u8>| -> Found {
            let files = names.iter();
            files
                .map(|(name, &file)| (name.clone(), way(file)))
                .collect()
        };
        let is_synced = |file: usize| self.files[file].durable == self.files[file].content;
        let mut found: Vec<Found> = ways
            .iter()
            .map(|way| {
                with(&|file| match is_synced(file) {
                    true => self.files[file].content.clone(),
                    false => way(&self.files[file]),
                })
            })
            .collect();
        let unsynced = names.values().filter(|&&file| !is_synced(file));
        found.extend(unsynced.map(|&alone| {
            with(&|file| match file == alone {
                true => self.files[file].content.clone(),
                false => self.files[file].durable.clone(),
            })
        }));
        found
    }
}

/// What is on a disk, in words: `a = "old"`.
pub fn shown(found: &Found) -> String {
    let file = |(name, content): (&String, &Vec<u8>)| {
        let zeros = !content.is_empty() && content.iter().all(|&byte| byte == 0);
        match zeros {
            true => format!("{name} = zeros"),
            false => format!("{name} = {:?}", String::from_utf8_lossy(content)),
        }
    };
    match found.is_empty() {
        true => "nothing".to_string(),
        false => found.iter().map(file).collect::<Vec<_>>().join(", "),
    }
}
