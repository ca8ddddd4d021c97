//! Where ranks come from: variables of the environment, and programs that are started and looked after.

use std::ffi::OsString;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hopper::ranks::{Place, launch};

/// `A=1 B=2`.
fn read(variables: &str) -> Result<Option<Place>, String> {
    let table: Vec<(&str, &str)> = variables
        .split_whitespace()
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let found = |name: &str| {
        let known = table.iter().find(|(known, _)| *known == name);
        known.map(|(_, value)| value.to_string())
    };
    Place::from_variables(&found).map_err(|error| error.to_string())
}

fn place(rank: usize, world: usize, local: (usize, Option<usize>), at: (&str, u16)) -> Place {
    Place {
        rank,
        world,
        local_rank: local.0,
        local_world: local.1,
        host: at.0.to_string(),
        port: at.1,
    }
}

const TORCHRUN: &str =
    "RANK=9 WORLD_SIZE=16 LOCAL_RANK=1 LOCAL_WORLD_SIZE=8 MASTER_ADDR=gpu1 MASTER_PORT=29500";
const SLURM: &str = "SLURM_STEP_ID=0 SLURM_JOB_ID=4321987 SLURM_PROCID=5 SLURM_NTASKS=8 SLURM_LOCALID=1 \
                     SLURM_JOB_NODELIST=gpu[07-08,12]";

#[test]
fn a_place_is_read_from_what_torchrun_and_slurm_set() {
    let tables = [
        (
            TORCHRUN.to_string(),
            place(9, 16, (1, Some(8)), ("gpu1", 29500)),
        ),
        // torchrun's own ranks meet at the port itself.
        (
            format!("{TORCHRUN} TORCHELASTIC_USE_AGENT_STORE=True"),
            place(9, 16, (1, Some(8)), ("gpu1", 29501)),
        ),
        (
            "RANK=0 WORLD_SIZE=2 LOCAL_RANK=0 MASTER_ADDR=127.0.0.1 MASTER_PORT=4000".to_string(),
            place(0, 2, (0, None), ("127.0.0.1", 4000)),
        ),
        (SLURM.to_string(), place(5, 8, (1, None), ("gpu07", 21987))),
        (
            format!("{SLURM} SLURM_STEP_NUM_TASKS=6 MASTER_ADDR=head MASTER_PORT=5000"),
            place(5, 6, (1, None), ("head", 5000)),
        ),
        (
            format!("SLURM_STEP_NODELIST=a2,b[1-3] SLURM_NTASKS_PER_NODE=4 {SLURM}"),
            place(5, 8, (1, Some(4)), ("a2", 21987)),
        ),
        (
            format!("SLURM_STEP_NODELIST=rack[2-3]-ib,x {SLURM}"),
            place(5, 8, (1, None), ("rack2-ib", 21987)),
        ),
        // What torchrun says inside a SLURM job counts.
        (
            format!("{SLURM} {TORCHRUN}"),
            place(9, 16, (1, Some(8)), ("gpu1", 29500)),
        ),
    ];
    for (variables, expected) in tables {
        assert_eq!(read(&variables), Ok(Some(expected)), "{variables}");
    }
    let alone = [
        "",
        "HOME=/home/somebody",
        "RANK=0 WORLD_SIZE=1",
        "SLURM_STEP_ID=0 SLURM_PROCID=0 SLURM_NTASKS=1",
        // A batch script, before `srun`: the eight tasks are still to come.
        "SLURM_JOB_ID=7 SLURM_PROCID=0 SLURM_NTASKS=8 SLURM_LOCALID=0",
    ];
    for variables in alone {
        assert_eq!(read(variables), Ok(None), "{variables}");
    }
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let complaints = [
        ("RANK=1", "WORLD_SIZE is not set, and RANK is"),
        ("WORLD_SIZE=2", "RANK is not set, and WORLD_SIZE is"),
        ("RANK=1 WORLD_SIZE=2", "MASTER_PORT is not set"),
        ("RANK=1 WORLD_SIZE=2 MASTER_PORT=1", "LOCAL_RANK is not set"),
        (
            "RANK=1 WORLD_SIZE=2 MASTER_PORT=1 LOCAL_RANK=1",
            "MASTER_ADDR is not set",
        ),
        (
            "RANK=one WORLD_SIZE=2",
            "RANK is `one`, which is no number that it can be",
        ),
        ("RANK=-1 WORLD_SIZE=2", "RANK is `-1`"),
        (
            "RANK=1 WORLD_SIZE=2 MASTER_PORT=70000",
            "MASTER_PORT is `70000`",
        ),
        (
            "RANK=2 WORLD_SIZE=2 LOCAL_RANK=0 MASTER_ADDR=a MASTER_PORT=1",
            "rank 2 of 2: ranks count from 0",
        ),
        ("SLURM_STEP_ID=0 SLURM_PROCID=1", "SLURM_NTASKS is not set"),
        (
            "SLURM_STEP_ID=0 SLURM_PROCID=1 SLURM_NTASKS=2 SLURM_JOB_ID=1 SLURM_LOCALID=0",
            "MASTER_ADDR is not set",
        ),
    ];
    for (variables, start) in complaints {
        let error = read(variables).expect_err(variables);
        assert!(error.starts_with(start), "{variables}: {error}");
    }
}

#[test]
fn nproc_is_a_number_or_auto() {
    assert_eq!(launch::how_many("3").expect("a number"), 3);
    assert!(launch::how_many("auto").expect("as many as GPUs") >= 1);
    for word in ["0", "-1", "all", "1.5", "2000"] {
        let error = launch::how_many(word).expect_err(word).to_string();
        assert!(
            error.starts_with(&format!("--nproc is `{word}`")),
            "{error}"
        );
    }
}

/// A signal is for all of a program's ranks: so the tests that start some take turns.
static TURN: Mutex<()> = Mutex::new(());

/// Three shells as ranks; the exit code and how long it took.
fn shells(script: &str) -> (u8, Duration) {
    let arguments: Vec<OsString> = vec!["-c".into(), script.into()];
    let since = Instant::now();
    let code = launch::run(
        Path::new("/bin/sh"),
        &arguments,
        3,
        Duration::from_millis(400),
    );
    (code.expect("starts"), since.elapsed())
}

#[test]
fn every_rank_gets_its_place_and_the_first_failure_is_the_exit_code() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().display();
    let (code, _) = shells(&format!(
        "echo $WORLD_SIZE $LOCAL_RANK $LOCAL_WORLD_SIZE $MASTER_ADDR > {path}/$RANK; echo $MASTER_PORT > {path}/port$RANK"
    ));
    assert_eq!(code, 0);
    let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("written");
    for rank in 0..3 {
        assert_eq!(text(&rank.to_string()), format!("3 {rank} 3 127.0.0.1\n"));
        assert_eq!(text(&format!("port{rank}")), text("port0"));
    }

    // One fails, the others would sleep for a minute: they are ended.
    let (code, took) = shells("if [ $RANK = 1 ]; then exit 7; else exec sleep 60; fi");
    assert_eq!(code, 7);
    assert!(took < Duration::from_secs(10), "{took:?}");
    let (code, took) = shells("if [ $RANK = 2 ]; then kill -SEGV $$; else exec sleep 60; fi");
    assert_eq!(code, 128 + 11);
    assert!(took < Duration::from_secs(10), "{took:?}");
    // Two fail: the first counts. One that has done its work ends nobody.
    let (code, _) = shells("case $RANK in 0) sleep 0.2; exit 3;; 1) exit 4;; esac");
    assert_eq!(code, 4);
    let (code, took) = shells("if [ $RANK = 0 ]; then sleep 0.8; fi");
    assert_eq!(code, 0);
    assert!(took >= Duration::from_millis(800));
}

#[test]
fn a_signal_reaches_every_rank_once() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_path_buf();
    let script = format!(
        "trap 'echo heard >> {0}/$RANK; exit 5' TERM; touch {0}/ready$RANK; while :; do sleep 0.05; done",
        path.display()
    );
    let running = thread::spawn(move || shells(&script));
    let since = Instant::now();
    while (0..3).any(|rank| !path.join(format!("ready{rank}")).exists()) {
        assert!(since.elapsed() < Duration::from_secs(20), "not ready");
        thread::sleep(Duration::from_millis(10));
    }
    // SAFETY: sends a signal, which `launch::run` listens to.
    unsafe { libc::kill(libc::getpid(), libc::SIGTERM) };
    let (code, _) = running.join().expect("no panic");
    assert_eq!(code, 5);
    for rank in 0..3 {
        let heard = std::fs::read_to_string(path.join(rank.to_string()));
        assert_eq!(heard.expect("written"), "heard\n", "rank {rank}");
    }
}
