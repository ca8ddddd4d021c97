//! Several ranks are one rank with more rows: same weights, same norm, same checkpoint. And when they are not, they say so.

mod world;

use muon::{
    Collective, Error, Sequence, Share, Solo, Threads, gather_bytes, gather_numbers, sum_over_ranks,
};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tch::{Device, Kind, Tensor};
use world::{
    MICRO_BATCHES, STEPS, apart, build, groups_named, one_rank, optimizer, train, weights_of,
};

const WORLDS: [usize; 5] = [1, 2, 3, 4, 8];
const RECIPES: [u32; 2] = [2025, 2026];

#[test]
fn any_number_of_ranks_trains_the_same_weights() {
    tch::set_num_threads(1);
    assert!(
        WORLDS
            .iter()
            .all(|world| MICRO_BATCHES.is_multiple_of(*world))
    );
    for recipe in RECIPES {
        let alone = one_rank(recipe, STEPS, None);
        for world in WORLDS {
            let shared = Threads::run(world, |rank| {
                let mut run = build(recipe, Box::new(rank));
                train(&mut run, 0..STEPS, None).expect("no rank is lost");
                weights_of(&run)
            });
            let difference = apart(&shared[0], &alone);
            println!("{recipe}, {world} ranks: {difference:.1e} apart after {STEPS} steps");
            assert!(difference < 1e-6, "{recipe}, {world} ranks: {difference:e}");
            for weights in &shared {
                assert_eq!(weights, &shared[0], "all ranks have the same bits");
            }
        }
    }
}

#[test]
fn two_runs_of_the_same_ranks_have_the_same_bits() {
    tch::set_num_threads(1);
    let run = || {
        Threads::run(3, |rank| {
            let hurry = rank.rank() as u64; // ranks arrive in another order each time
            let mut run = build(2026, Box::new(rank));
            for step in 0..5 {
                std::thread::sleep(Duration::from_millis((hurry * 7 + step as u64 * 5) % 11));
                train(&mut run, step..step + 1, None).expect("no rank is lost");
            }
            weights_of(&run)
        })
    };
    assert_eq!(run(), run());
}

#[test]
fn the_clipped_norm_is_that_of_the_mean_gradient() {
    tch::set_num_threads(1);
    for recipe in RECIPES {
        let alone = one_rank(recipe, 10, Some(0.05));
        let norms = |rank: Box<dyn Collective>| {
            let mut run = build(recipe, rank);
            let norms = train(&mut run, 0..10, Some(0.05)).expect("no rank is lost");
            (norms, weights_of(&run))
        };
        let (expected, _) = norms(Box::new(Solo));
        assert!(
            expected.iter().all(|norm| *norm > 0.05),
            "nothing was clipped: {expected:?}"
        );
        for world in WORLDS {
            for (norms, weights) in Threads::run(world, |rank| norms(Box::new(rank))) {
                for (ours, theirs) in norms.iter().zip(&expected) {
                    assert!(
                        (ours / theirs - 1.0).abs() < 1e-5,
                        "{ours} instead of {theirs}"
                    );
                }
                assert!(apart(&weights, &alone) < 1e-6);
            }
        }
    }
}

#[test]
fn a_checkpoint_goes_on_with_another_number_of_ranks() {
    tch::set_num_threads(1);
    for recipe in RECIPES {
        let alone = one_rank(recipe, 20, None);
        for (before, after) in [(3, 2), (8, 1), (1, 4)] {
            let saved = Threads::run(before, |rank| {
                let mut run = build(recipe, Box::new(rank));
                train(&mut run, 0..10, None).expect("no rank is lost");
                let state = run.optimizer.state().expect("no rank is lost");
                let state: Vec<(String, Tensor)> = state
                    .into_iter()
                    .map(|(name, t)| (name, t.copy()))
                    .collect();
                (weights_of(&run), state)
            });
            let mut saved = saved.into_iter();
            let (weights, state) = saved.next().expect("rank 0");
            assert!(
                saved.all(|(_, state)| state.is_empty()),
                "rank 0 alone writes"
            );
            let state = Mutex::new(state);
            let resumed = Threads::run(after, |rank| {
                let mut run = build(recipe, Box::new(rank));
                run.set_weights(&weights);
                let state = state.lock().expect("no panic").iter().map(copied).collect();
                run.optimizer.load_state(state).expect("the same model");
                train(&mut run, 10..20, None).expect("no rank is lost");
                weights_of(&run)
            });
            for weights in resumed {
                let difference = apart(&weights, &alone);
                assert!(
                    difference < 1e-6,
                    "{recipe}, {before} → {after}: {difference:e}"
                );
            }
        }
    }
}

fn copied((name, tensor): &(String, Tensor)) -> (String, Tensor) {
    (name.clone(), tensor.copy())
}

#[test]
fn ranks_that_begin_apart_are_brought_together() {
    tch::set_num_threads(1);
    let weights = Threads::run(3, |rank| {
        let number = rank.rank() as f32;
        let mut run = build(2025, Box::new(rank));
        let mut own = weights_of(&run);
        own.iter_mut()
            .flatten()
            .for_each(|weight| *weight += number);
        run.set_weights(&own);
        run.optimizer.same_weights().expect("no rank is lost");
        weights_of(&run)
    });
    let fresh = weights_of(&build(2025, Box::new(Solo)));
    assert!(weights.iter().all(|weights| *weights == fresh));
}

#[test]
fn each_rank_keeps_its_share_of_the_buffers() {
    for total in 0..12 {
        for world in 1..9 {
            let shares: Vec<Share> = (0..world)
                .map(|r| Share::of_stack(total, r, world))
                .collect();
            let owned: Vec<usize> = shares.iter().flat_map(Share::range).collect();
            assert_eq!(
                owned,
                (0..total).collect::<Vec<_>>(),
                "each matrix has one owner"
            );
            assert!(
                shares
                    .iter()
                    .all(|share| share.count <= total.div_ceil(world))
            );
        }
    }
    let rows = |shape: &[i64], world| Share::of_table(shape, 1, world).range();
    assert_eq!(rows(&[512, 8], 4), 128..256, "rows that divide are cut");
    assert_eq!(
        rows(&[512, 8], 3),
        0..512,
        "rows that do not divide are everybody's"
    );
    assert_eq!(rows(&[12], 4), 0..12, "a small tensor is everybody's");
}

#[test]
fn sums_are_taken_in_the_order_of_the_ranks() {
    // In fp32 (1e8 − 1e8) + 1 is 1 and (1e8 + 1) − 1e8 is 0.
    let numbers = [1e8f32, -1e8, 1.0, 0.0];
    for _ in 0..20 {
        let sums = Threads::run(4, |rank| {
            let rank_number = rank.rank();
            std::thread::sleep(Duration::from_millis((4 - rank_number) as u64 % 3));
            let own = Tensor::from_slice(&[numbers[rank_number]]);
            rank.all_reduce(own)
                .wait()
                .expect("all are there")
                .double_value(&[0])
        });
        assert_eq!(sums, [0.25; 4]);
    }
}

#[test]
fn every_operation_does_what_it_says() {
    let results = Threads::run(3, |rank| {
        let r = rank.rank() as i64;
        let own = Tensor::arange(6, (Kind::Float, Device::Cpu)).view([6, 1]) * (r + 1) as f64;
        let scattered = rank.reduce_scatter(own.shallow_clone());
        let gathered = rank.all_gather(Tensor::from_slice(&[r, 10 * r]));
        let reduced = rank.all_reduce(own.shallow_clone());
        let sent = rank.broadcast(Tensor::from_slice(&[r]), 2);
        rank.barrier().expect("all come");
        let _ = own.shallow_clone().fill_(99.0); // what was started has been sent already
        let words = gather_bytes(&rank, "wave ".repeat(rank.rank()).as_bytes()).expect("all");
        let mine: Vec<f64> = (rank.rank()..7)
            .step_by(3)
            .map(|i| i as f64 / 10.0)
            .collect();
        let numbers = gather_numbers(&rank, &mine, 7).expect("all");
        let sums = sum_over_ranks(&rank, [1.0, r as f64]).expect("all");
        let vector = |handle: muon::Handle| {
            Vec::<f64>::try_from(handle.wait().expect("all").to_kind(Kind::Double).view([-1]))
                .expect("numbers")
        };
        assert_eq!(
            vector(scattered),
            [4.0 * r as f64, 2.0 * (2 * r + 1) as f64]
        );
        assert_eq!(vector(gathered), [0.0, 0.0, 1.0, 10.0, 2.0, 20.0]);
        assert_eq!(vector(reduced), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(vector(sent), [2.0]);
        assert_eq!(
            words,
            [b"".to_vec(), b"wave ".to_vec(), b"wave wave ".to_vec()]
        );
        assert_eq!(numbers, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
        assert_eq!(sums, [3.0, 3.0]);
    });
    assert_eq!(results.len(), 3);
}

/// What the ranks 0 … say whose thread ran `work`; rank 1 does `fail` after two operations.
fn messages(patience: Duration, fail: fn(Threads)) -> Vec<String> {
    let ranks = Threads::with_patience(3, patience);
    std::thread::scope(|scope| {
        let threads = ranks.into_iter().map(|rank| {
            scope.spawn(move || {
                let one = || Tensor::from_slice(&[1.0f32, 2.0]);
                for number in 0.. {
                    if rank.rank() == 1 && number == 2 {
                        fail(rank);
                        return None;
                    }
                    if let Err(error) = rank.all_reduce(one()).wait() {
                        return Some(error.to_string());
                    }
                }
                None
            })
        });
        let threads: Vec<_> = threads.collect();
        let ended = threads.into_iter().map(|thread| thread.join());
        ended.filter_map(|ended| ended.unwrap_or(None)).collect()
    })
}

#[test]
fn a_rank_that_dies_stops_the_others_and_is_named() {
    let start = Instant::now();
    let patience = Duration::from_secs(60);
    let ended = messages(patience, drop);
    let said = messages(patience, |rank| rank.leave("the disk is full"));
    let panicked = messages(patience, |rank| {
        let _rank = rank; // dropped while the panic unwinds
        panic!("as this test wants it")
    });
    for (messages, why) in [
        (ended, "ended"),
        (said, "disk is full"),
        (panicked, "panicked"),
    ] {
        assert_eq!(messages.len(), 2, "both of the others stop");
        for message in messages {
            // Of the two others, one may have stopped first because of rank 1, and the other because of that one.
            let named = message.contains("rank 1") && message.contains(why);
            let chained = message.contains("it has ended");
            assert!(named || chained, "{message}");
            assert!(message.contains("all_reduce of [2] Float"), "{message}");
            assert!(message.contains("operation 2"), "{message}");
        }
    }
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "nobody waited for a dead rank"
    );
}

#[test]
fn a_rank_that_hangs_is_named() {
    let hung = |rank: Threads| {
        std::thread::sleep(Duration::from_millis(900));
        drop(rank);
    };
    let messages = messages(Duration::from_millis(200), hung);
    assert!(
        messages.iter().any(|message| message.contains("[1]")
            && message.contains("all_reduce of [2] Float")
            && message.contains("0.2 seconds")),
        "{messages:?}"
    );
}

#[test]
fn ranks_that_start_different_things_are_told() {
    let messages = Threads::run(2, |rank| {
        let tensor = Tensor::from_slice(&[1.0f32, 2.0]);
        let handle = match rank.rank() {
            0 => rank.all_reduce(tensor),
            _ => rank.all_gather(tensor),
        };
        handle.wait().expect_err("not the same").to_string()
    });
    for message in messages {
        assert!(
            message.contains("all_reduce") && message.contains("all_gather"),
            "{message}"
        );
    }
}

#[test]
fn another_order_is_found_before_the_first_step() {
    // Rank 1 takes two matrices of one shape for each other: nothing but their names tells them apart.
    let messages = Threads::run(3, |rank| {
        let swapped = rank.rank() == 1;
        let mut run = optimizer(groups_named(2025, swapped), Box::new(rank));
        let before = weights_of(&run);
        let error = train(&mut run, 0..1, None).expect_err("another order");
        assert_eq!(before, weights_of(&run), "no weight has changed");
        assert!(matches!(error, Error::Order { rank: 1, .. }), "{error}");
        error.to_string()
    });
    println!("{}", messages[0]);
    for message in messages {
        assert!(
            message.contains("h.0.c_fc") && message.contains("rank 1"),
            "{message}"
        );
    }
}

#[test]
fn ranks_in_order_pass_the_comparison_of_every_hundred_steps() {
    tch::set_num_threads(1);
    Threads::run(2, |rank| {
        let mut run = build(2025, Box::new(rank));
        train(&mut run, 0..101, None).expect("the same operations on both");
    });
}

#[test]
fn the_first_operation_that_differs_is_named() {
    let tensor = |rows| Tensor::zeros([rows, 2], (Kind::Float, Device::Cpu));
    let errors = Threads::run(2, |rank| {
        let mut sequence = Sequence::default();
        sequence.note("reduce_scatter", "head", &tensor(4));
        sequence.compare(&rank).expect("the same so far");
        let order = match rank.rank() {
            0 => ["embedding", "matrices"],
            _ => ["matrices", "embedding"],
        };
        sequence.note("reduce_scatter", "head", &tensor(4));
        for name in order {
            sequence.note("reduce_scatter", name, &tensor(6));
        }
        sequence
            .compare(&rank)
            .expect_err("another order")
            .to_string()
    });
    for error in errors {
        assert!(error.contains("operation 2"), "{error}");
        assert!(
            error.contains("`reduce_scatter of `embedding` [6, 2] Float` on rank 0"),
            "{error}"
        );
        assert!(
            error.contains("`reduce_scatter of `matrices` [6, 2] Float` on rank 1"),
            "{error}"
        );
    }
}
