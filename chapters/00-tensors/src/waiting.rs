// ANCHOR: head
//! What OpenMP's threads do while they wait for the next operation.
//!
//! libtorch splits large operations over threads with OpenMP, and OpenMP's threads by default *spin*: they ask again and
//! again whether there is work, at full load. On a machine with free cores that saves a few microseconds per
//! operation. Beside any other process it is a disaster, because a spinning thread holds the core that the working
//! thread needs: 3.2 times slower in one measurement. `OMP_WAIT_POLICY=passive` makes them sleep.
//!
//! The catch: the library reads that variable when it is loaded, which is before `main`. Setting it from inside comes too
//! late; all a program can do is to begin anew with the variable set.
// ANCHOR_END: head

// ANCHOR: policy
/// The policy in force, as the environment states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Threads sleep.
    Passive,
    /// Threads spin.
    Active,
    /// Nothing was said: OpenMP spins for a while, then sleeps.
    Default,
}

impl Waiting {
    pub fn name(self) -> &'static str {
        match self {
            Waiting::Passive => "passive (threads sleep while they wait)",
            Waiting::Active => "active (threads spin while they wait)",
            Waiting::Default => "not set (threads spin, then sleep)",
        }
    }
}

pub fn policy() -> Waiting {
    match std::env::var("OMP_WAIT_POLICY")
        .map(|value| value.to_ascii_lowercase())
        .as_deref()
    {
        Ok("passive") => Waiting::Passive,
        Ok("active") => Waiting::Active,
        _ => Waiting::Default,
    }
}
// ANCHOR_END: policy

// ANCHOR: passive
/// Set in the second life of a program, so that there is never a third.
const BEGUN_ANEW: &str = "NANOCRAB_BEGUN_ANEW";

/// Begins the program anew with passive waiting, unless the user (or Cargo, through `.cargo/config.toml`) has already
/// chosen a policy. Same process, same arguments, same open files: nobody outside notices.
#[cfg(unix)]
pub(crate) fn make_passive() {
    use std::os::unix::process::CommandExt;

    // GOMP_SPINCOUNT and KMP_BLOCKTIME are the same choice in the words of the two common OpenMP libraries.
    let chosen = [
        "OMP_WAIT_POLICY",
        "GOMP_SPINCOUNT",
        "KMP_BLOCKTIME",
        BEGUN_ANEW,
    ];
    if chosen.iter().any(|name| std::env::var_os(name).is_some()) || !may_begin_anew() {
        return;
    }
    let mut arguments = std::env::args_os();
    let (Ok(program), Some(own_name)) = (std::env::current_exe(), arguments.next()) else {
        return;
    };
    // Returns only if it failed, and then the program goes on as it is: slower beside others, but right.
    let _failure = std::process::Command::new(program)
        .arg0(own_name)
        .args(arguments)
        .env("OMP_WAIT_POLICY", "passive")
        .env(BEGUN_ANEW, "1")
        .exec();
}

#[cfg(not(unix))]
pub(crate) fn make_passive() {}

/// Whether nothing is lost by beginning anew. Other threads would be cut down, so this must be the main thread (tests
/// run on others). And test and benchmark programs, which Cargo keeps in a folder `deps`, must not: with one test thread
/// they run their tests on the main thread, and would report the tests before this one twice.
#[cfg(unix)]
fn may_begin_anew() -> bool {
    let program = std::env::current_exe().unwrap_or_default();
    let folder = program.parent().and_then(|folder| folder.file_name());
    std::thread::current().name() == Some("main") && folder.is_some_and(|name| name != "deps")
}
// ANCHOR_END: passive
