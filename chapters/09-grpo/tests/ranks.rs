//! Rollouts that several ranks share are the rollouts of one, and so are their rewards.

use evals::Shared;
use grpo::{Distribution, Group, Prompts, Rollouts, lessons, sample_seed, sums};
use muon::{Collective, Solo, Threads};
use pretrain::Interrupt;
use std::sync::Mutex;
use transformer::{NaiveSampler, Plain, Sampler};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Three questions with five answers each, two of them side by side.
fn rollouts(ranks: &dyn Collective) -> Vec<Group> {
    let tokenizer = sums::tokenizer();
    let gpt = {
        // libtorch's random numbers belong to the whole program, and threads would draw each other's.
        let _turn = ONE_AT_A_TIME.lock().expect("no panic");
        lessons::taught(&tokenizer, 1, 6, 16).expect("a model that answers")
    };
    let make_sampler = |gpt| -> Box<dyn Sampler + '_> {
        let own = NaiveSampler::new(gpt, &Plain);
        Box::new(Shared { own, ranks })
    };
    let adder = || -> Box<dyn transformer::Tool + '_> { Box::new(sums::Adder::new(&tokenizer)) };
    let rollouts = Rollouts {
        gpt: &gpt,
        make_sampler: &make_sampler,
        make_tool: Some(&adder),
        tokenizer: &tokenizer,
        distribution: Distribution {
            temperature: 0.9,
            top_k: 40,
            top_p: 1.0,
        },
        max_tokens: 8,
        train_stop: true,
        rows: 7,
    };
    let mut prompts = Prompts::new(&sums::Sums, &tokenizer, 32, 3, 0).expect("questions");
    let draws: Vec<_> = (0..3)
        .map(|_| prompts.draw().expect("a question"))
        .collect();
    let seed = |draw, sample| sample_seed(5, 1, draw, sample);
    rollouts
        .collect(&sums::Sums, &draws, 5, &seed, &Interrupt::never())
        .expect("answers")
        .expect("nobody interrupts")
}

#[test]
fn rollouts_are_the_same_for_any_number_of_ranks() {
    tch::set_num_threads(1);
    let alone = rollouts(&Solo);
    let answers = |groups: &[Group]| -> Vec<Vec<u32>> {
        let all = groups.iter().flat_map(|group| &group.rollouts);
        all.map(|rollout| rollout.ids.clone()).collect()
    };
    let mut different = answers(&alone);
    different.sort_unstable();
    different.dedup();
    assert!(
        different.len() > 3,
        "answers that are all the same prove nothing"
    );
    for world in [1, 2, 3, 4, 8] {
        for shared in Threads::run(world, |rank| rollouts(&rank)) {
            assert_eq!(shared, alone, "{world} ranks");
        }
    }
}
