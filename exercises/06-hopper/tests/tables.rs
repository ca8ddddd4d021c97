//! The tables of functions that the tests call, filled from one implementation: whatever crate the parent module calls
//! `implementation`.

use super::implementation::{
    ex1_first_green, ex2_step_on_paper, ex3_add_norm, ex4_turning_back, ex5_online_softmax,
    ex6_loss_on_the_way, ex7_bf16_bugs, ex8_by_chance, ex9_fusion_plan, ex10_relu_squared,
};
use crate::properties as of;
use judge::Exercise;

pub fn exercises() -> Vec<Exercise> {
    vec![
        Exercise::new(
            1,
            "first_green",
            of::ex1_first_green::properties(),
            of::ex1_first_green::Functions {
                seconds: ex1_first_green::seconds,
            },
        ),
        Exercise::new(
            2,
            "step_on_paper",
            of::ex2_step_on_paper::properties(),
            of::ex2_step_on_paper::Functions {
                estimate: |of_sizes, of_machine| {
                    let found = ex2_step_on_paper::estimate(sizes(of_sizes), machine(of_machine));
                    [found.products, found.attention, found.pointwise, found.loss]
                },
                fewest_positions: |k, m, of_machine| {
                    ex2_step_on_paper::fewest_positions(k, m, machine(of_machine))
                },
            },
        ),
        Exercise::new(
            3,
            "add_norm",
            of::ex3_add_norm::properties(),
            of::ex3_add_norm::Functions {
                forward: ex3_add_norm::forward,
                backward: ex3_add_norm::backward,
            },
        ),
        Exercise::new(
            4,
            "turning_back",
            of::ex4_turning_back::properties(),
            of::ex4_turning_back::Functions {
                forward: ex4_turning_back::forward,
                backward: ex4_turning_back::backward,
            },
        ),
        Exercise::new(
            5,
            "online_softmax",
            of::ex5_online_softmax::properties(),
            of::ex5_online_softmax::Functions {
                sweep: |numbers, exp| pair(ex5_online_softmax::sweep(numbers, exp)),
                merge: |one, other, exp| {
                    pair(ex5_online_softmax::merge(partial(one), partial(other), exp))
                },
                log_sum_exp: ex5_online_softmax::log_sum_exp,
            },
        ),
        Exercise::new(
            6,
            "loss_on_the_way",
            of::ex6_loss_on_the_way::properties(),
            of::ex6_loss_on_the_way::Functions {
                loss_and_gradients: ex6_loss_on_the_way::loss_and_gradients,
            },
        ),
        Exercise::new(
            7,
            "bf16_bugs",
            of::ex7_bf16_bugs::properties(),
            of::ex7_bf16_bugs::Functions {
                bf16: ex7_bf16_bugs::bf16,
                average: ex7_bf16_bugs::average,
                step: |[master, working, first, second], gradient, rate| {
                    let weight = ex7_bf16_bugs::Weight {
                        master,
                        working,
                        first,
                        second,
                    };
                    let next = ex7_bf16_bugs::step(weight, gradient, rate);
                    [next.master, next.working, next.first, next.second]
                },
            },
        ),
        Exercise::new(
            8,
            "by_chance",
            of::ex8_by_chance::properties(),
            of::ex8_by_chance::Functions {
                rounded: ex8_by_chance::rounded,
                sum: ex8_by_chance::sum,
            },
        ),
        Exercise::new(
            9,
            "fusion_plan",
            of::ex9_fusion_plan::properties(),
            of::ex9_fusion_plan::Functions {
                bytes: |of_passes, kernel| ex9_fusion_plan::bytes(&chain(of_passes), kernel),
                plan: |of_passes, room| ex9_fusion_plan::plan(&chain(of_passes), room),
            },
        ),
        Exercise::new(
            10,
            "relu_squared",
            of::ex10_relu_squared::properties(),
            of::ex10_relu_squared::Functions {
                forward: ex10_relu_squared::forward,
                backward: ex10_relu_squared::backward,
                relu_squared: ex10_relu_squared::relu_squared,
            },
        ),
    ]
}

fn sizes(
    [vocab_size, layers, width, context, rows, logit_passes]: of::ex2_step_on_paper::Sizes,
) -> ex2_step_on_paper::Sizes {
    ex2_step_on_paper::Sizes {
        vocab_size,
        layers,
        width,
        context,
        rows,
        logit_passes,
    }
}

fn machine(
    [peak, bandwidth, number_bytes]: of::ex2_step_on_paper::Machine,
) -> ex2_step_on_paper::Machine {
    ex2_step_on_paper::Machine {
        peak,
        bandwidth,
        number_bytes,
    }
}

fn partial((maximum, sum): of::ex5_online_softmax::Partial) -> ex5_online_softmax::Partial {
    ex5_online_softmax::Partial { maximum, sum }
}

fn pair(partial: ex5_online_softmax::Partial) -> of::ex5_online_softmax::Partial {
    (partial.maximum, partial.sum)
}

fn chain(chain: &of::ex9_fusion_plan::Chain) -> ex9_fusion_plan::Chain {
    let pass = |pass: &of::ex9_fusion_plan::Pass| ex9_fusion_plan::Pass {
        reads: pass.reads.clone(),
        writes: pass.writes.clone(),
        whole: pass.whole,
    };
    ex9_fusion_plan::Chain {
        bytes: chain.bytes.clone(),
        passes: chain.passes.iter().map(pass).collect(),
        keeps: chain.keeps.clone(),
    }
}
