//! What rank 0 does alone reaches the others, or its reason does, however long it takes.

use anyhow::{Context, Result, bail};
use muon::{Collective, Solo, Threads};
use speedrun::rank_0::by_rank_0;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[test]
fn rank_0_works_once_and_all_have_what_it_found() {
    let times = AtomicUsize::new(0);
    let work = || -> Result<Option<(String, u64)>> {
        times.fetch_add(1, Ordering::SeqCst);
        Ok(Some(("crabs".to_string(), u64::MAX)))
    };
    for world in [1, 2, 3] {
        times.store(0, Ordering::SeqCst);
        for found in Threads::run(world, |rank| by_rank_0(&rank, work)) {
            assert_eq!(found.expect("found"), work().expect("found"));
        }
        assert_eq!(times.load(Ordering::SeqCst), 1 + world, "once, and ours");
    }
    assert!(by_rank_0(&Solo, work).expect("found").is_some());
}

#[test]
fn what_rank_0_cannot_do_is_said_by_all() {
    let errors = Threads::run(3, |rank| {
        let work = || -> Result<()> {
            let read: Result<()> = (|| bail!("no such shard"))();
            read.context("cannot read documents")
        };
        format!("{:#}", by_rank_0(&rank, work).expect_err("it failed"))
    });
    let reason = "cannot read documents: no such shard";
    assert_eq!(errors[0], reason);
    for other in &errors[1..] {
        assert_eq!(*other, format!("rank 0 could not go on: {reason}"));
    }
}

#[test]
fn the_others_wait_longer_than_for_an_operation() {
    let patience = Duration::from_secs(3);
    std::thread::scope(|scope| {
        for rank in Threads::with_patience(2, patience) {
            scope.spawn(move || {
                let long = || {
                    std::thread::sleep(patience * 3 / 2);
                    Ok(7)
                };
                assert_eq!(by_rank_0(&rank, long).expect("it comes"), 7);
                rank.barrier().expect("together");
            });
        }
    });
}

#[test]
fn a_rank_that_panics_at_its_work_stops_the_others() {
    let said = std::thread::scope(|scope| {
        let ranks = Threads::with_patience(2, Duration::from_secs(10));
        let ended: Vec<_> = ranks
            .into_iter()
            .map(|rank| {
                scope.spawn(move || by_rank_0(&rank, || -> Result<()> { panic!("a crab") }))
            })
            .collect();
        let ended: Vec<_> = ended.into_iter().map(|rank| rank.join()).collect();
        assert!(ended[0].is_err(), "the panic goes on");
        let other = ended[1].as_ref().expect("no panic here");
        format!("{:#}", other.as_ref().expect_err("rank 0 is gone"))
    });
    assert!(
        said.contains("rank 0") && said.contains("panicked"),
        "{said}"
    );
}
