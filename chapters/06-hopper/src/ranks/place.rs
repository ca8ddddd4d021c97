//! Which rank is this program? What starts programs on many machines says so in the environment.
//!
//! | | `torchrun`, and ourselves | SLURM's `srun` |
//! |---|---|---|
//! | number of this program | `RANK` | `SLURM_PROCID` |
//! | how many there are | `WORLD_SIZE` | `SLURM_STEP_NUM_TASKS`, `SLURM_NTASKS` |
//! | number on this machine, and so its GPU | `LOCAL_RANK` | `SLURM_LOCALID` |
//! | where rank 0 waits for the others | `MASTER_ADDR`, `MASTER_PORT` | the same if set, else the step's first machine and a port made from the job's number |

use super::Error;

// ANCHOR: place
/// One rank's place in its world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its number, from 0.
    pub rank: usize,
    /// How many there are.
    pub world: usize,
    /// Its number among those on this machine: the number of its GPU.
    pub local_rank: usize,
    /// How many ranks share this machine, where that is known.
    pub local_world: Option<usize>,
    /// Where rank 0 waits for the others.
    pub host: String,
    /// The TCP port at which it does.
    pub port: u16,
}
// ANCHOR_END: place

// ANCHOR: read
impl Place {
    /// From the environment of this program; `None` if nobody started it as one of several.
    ///
    /// # Errors
    /// Variables that are missing, are no numbers, or contradict each other.
    pub fn of_this_program() -> Result<Option<Place>, Error> {
        Place::from_variables(&|name| std::env::var(name).ok())
    }

    /// The same from any table of variables.
    ///
    /// # Errors
    /// Those of [`Place::of_this_program`].
    pub fn from_variables(
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Place>, Error> {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let place = if set("RANK").is_some() || set("WORLD_SIZE").is_some() {
            by_torchrun(&set)?
        } else if set("SLURM_STEP_ID").is_some() && set("SLURM_PROCID").is_some() {
            // A batch script has SLURM's other variables too, before `srun` has started a step of several tasks.
            by_slurm(&set)?
        } else {
            return Ok(None);
        };
        if place.rank >= place.world {
            let Place { rank, world, .. } = place;
            return Err(Error::Beyond { rank, world });
        }
        Ok(Some(place).filter(|place| place.world > 1))
    }
}

type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

fn by_torchrun(set: Variables) -> Result<Place, Error> {
    const REMEDY: &str =
        "start with `torchrun`, `srun` or `nanocrab train --nproc N`, which set all of them";
    let needed = |name, because| -> Result<String, Error> {
        let remedy = REMEDY;
        set(name).ok_or(Error::Unset {
            name,
            because,
            remedy,
        })
    };
    let rank = number("RANK", &needed("RANK", "WORLD_SIZE is")?)?;
    let world = number("WORLD_SIZE", &needed("WORLD_SIZE", "RANK is")?)?;
    if world <= 1 {
        return Ok(Place::alone(rank, world));
    }
    let local = "so this rank's GPU is not known";
    let place = "so it is not known where rank 0 waits";
    let mut port: u16 = number("MASTER_PORT", &needed("MASTER_PORT", place)?)?;
    // torchrun itself listens at MASTER_PORT then, for its own ranks.
    if set("TORCHELASTIC_USE_AGENT_STORE").as_deref() == Some("True") {
        port = port.checked_add(1).unwrap_or(port - 1);
    }
    Ok(Place {
        rank,
        world,
        local_rank: number("LOCAL_RANK", &needed("LOCAL_RANK", local)?)?,
        local_world: local_world(set, "LOCAL_WORLD_SIZE")?,
        host: needed("MASTER_ADDR", place)?,
        port,
    })
}

fn by_slurm(set: Variables) -> Result<Place, Error> {
    let needed = |name| -> Result<String, Error> {
        set(name).ok_or(Error::Unset {
            name,
            because: "SLURM_PROCID is",
            remedy: "start with `srun`, which sets both, or set RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT",
        })
    };
    let rank = number("SLURM_PROCID", &needed("SLURM_PROCID")?)?;
    let world = match set("SLURM_STEP_NUM_TASKS") {
        Some(tasks) => number("SLURM_STEP_NUM_TASKS", &tasks)?,
        None => number("SLURM_NTASKS", &needed("SLURM_NTASKS")?)?,
    };
    if world <= 1 {
        return Ok(Place::alone(rank, world));
    }
    let nodes = || set("SLURM_STEP_NODELIST").or_else(|| set("SLURM_JOB_NODELIST"));
    let host = set("MASTER_ADDR").or_else(|| nodes().map(|nodes| first_host(&nodes)));
    let port = match set("MASTER_PORT") {
        Some(port) => number("MASTER_PORT", &port)?,
        None => {
            // Two jobs that share a machine have other numbers, and so other ports.
            let job: u64 = number("SLURM_JOB_ID", &needed("SLURM_JOB_ID")?)?;
            20_000 + (job % 10_000) as u16
        }
    };
    Ok(Place {
        rank,
        world,
        local_rank: number("SLURM_LOCALID", &needed("SLURM_LOCALID")?)?,
        local_world: local_world(set, "SLURM_NTASKS_PER_NODE")?,
        host: match host {
            Some(host) => host,
            None => needed("MASTER_ADDR")?,
        },
        port,
    })
}

fn local_world(set: Variables, name: &'static str) -> Result<Option<usize>, Error> {
    set(name).map(|value| number(name, &value)).transpose()
}

fn number<N: std::str::FromStr>(name: &'static str, value: &str) -> Result<N, Error> {
    value.trim().parse().map_err(|_| Error::Variable {
        name,
        value: value.to_string(),
        problem: "no number that it can be",
        remedy: "set it to one, or unset it and the others to run alone",
    })
}

impl Place {
    /// A rank that has nobody to talk to.
    fn alone(rank: usize, world: usize) -> Place {
        Place {
            rank,
            world,
            local_rank: 0,
            local_world: Some(1),
            host: "127.0.0.1".to_string(),
            port: 0,
        }
    }
}

/// Of SLURM's shorthand: `gpu[03-05,9],login` is `gpu03`.
fn first_host(nodes: &str) -> String {
    let Some((name, rest)) = nodes.split_once('[') else {
        return nodes.split(',').next().unwrap_or(nodes).to_string();
    };
    if let Some((first, _)) = name.split_once(',') {
        return first.to_string(); // the bracket belongs to a later machine
    }
    let inside = rest.split(']').next().unwrap_or(rest);
    let first = inside.split([',', '-']).next().unwrap_or(inside);
    let after = rest.split_once(']').map_or("", |(_, after)| after);
    let after = after.split(',').next().unwrap_or(after);
    format!("{name}{first}{after}")
}
// ANCHOR_END: read
