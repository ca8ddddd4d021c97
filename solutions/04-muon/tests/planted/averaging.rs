//! Wrong answers to exercises 1 and 2.

use super::Of;
use crate::properties::ex2_adamw::Settings;
use crate::properties::{ex1_first_green, ex2_adamw};
use judge::program::Wrong;
use solutions_04::{ex1_first_green as green, ex2_adamw as right};

pub fn wrong() -> Vec<Wrong> {
    let mut wrong = first_green();
    wrong.extend(adamw());
    wrong
}

fn first_green() -> Vec<Wrong> {
    use ex1_first_green::Functions;
    let of = Of {
        number: 1,
        name: "first_green",
        properties: ex1_first_green::properties,
    };
    vec![
        of.planted(
            "the-marker-stays",
            Functions {
                corrected_mean: |gradients, beta| {
                    green::corrected_mean(gradients, beta)
                        * (1.0 - beta.powi(gradients.len() as i32))
                },
            },
        ),
        of.planted(
            "all-weigh-the-same",
            Functions {
                corrected_mean: |gradients, _| {
                    gradients.iter().sum::<f64>() / gradients.len() as f64
                },
            },
        ),
        of.constant(
            "zeros",
            Functions {
                corrected_mean: |_, _| 0.0,
            },
        ),
        of.constant(
            "ones",
            Functions {
                corrected_mean: |_, _| 1.0,
            },
        ),
    ]
}

fn settings([rate, beta1, beta2, eps, decay]: Settings) -> right::Settings {
    right::Settings {
        rate,
        betas: (beta1, beta2),
        eps,
        decay,
    }
}

fn step(
    weights: &mut [f32],
    gradients: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    number: i32,
    of_settings: Settings,
) {
    right::step(
        weights,
        gradients,
        first,
        second,
        number,
        settings(of_settings),
    );
}

fn adamw() -> Vec<Wrong> {
    use ex2_adamw::Functions;
    let of = Of {
        number: 2,
        name: "adamw",
        properties: ex2_adamw::properties,
    };
    let stepping = |step| Functions {
        step,
        coasting: right::coasting,
    };
    let going = |coasting| Functions { step, coasting };
    vec![
        of.planted(
            "no-correction",
            stepping(|weights, gradients, first, second, _, settings| {
                step(weights, gradients, first, second, 1000, settings)
            }),
        ),
        of.planted(
            "steps-counted-from-two",
            stepping(|weights, gradients, first, second, number, settings| {
                step(weights, gradients, first, second, number + 1, settings)
            }),
        ),
        of.planted(
            "decay-added-to-the-gradient",
            stepping(|weights, gradients, first, second, number, mut settings| {
                let decay = std::mem::take(&mut settings[4]);
                let pairs = gradients.iter().zip(weights.iter());
                let gradients: Vec<f32> = pairs.map(|(g, w)| g + decay * w).collect();
                step(weights, &gradients, first, second, number, settings)
            }),
        ),
        of.planted(
            "decay-without-the-rate",
            stepping(|weights, gradients, first, second, number, mut settings| {
                settings[4] /= settings[0];
                step(weights, gradients, first, second, number, settings)
            }),
        ),
        of.planted(
            "decays-after-the-step",
            stepping(|weights, gradients, first, second, number, mut settings| {
                let kept = 1.0 - settings[0] * settings[4];
                settings[4] = 0.0;
                step(weights, gradients, first, second, number, settings);
                weights.iter_mut().for_each(|weight| *weight *= kept);
            }),
        ),
        of.planted(
            "eps-inside-the-root",
            stepping(
                |weights, gradients, first, second, number, [rate, beta1, beta2, eps, decay]| {
                    let numbers = weights.iter_mut().zip(gradients);
                    for ((weight, g), (m, v)) in numbers.zip(first.iter_mut().zip(second)) {
                        *weight *= 1.0 - rate * decay;
                        *m = beta1 * *m + (1.0 - beta1) * g;
                        *v = beta2 * *v + (1.0 - beta2) * g * g;
                        let root = (*v / (1.0 - beta2.powi(number)) + eps).sqrt();
                        *weight -= rate * *m / (1.0 - beta1.powi(number)) / root;
                    }
                },
            ),
        ),
        of.planted(
            "corrected-means-kept",
            stepping(|weights, gradients, first, second, number, settings| {
                step(weights, gradients, first, second, number, settings);
                let [_, beta1, beta2, _, _] = settings;
                first
                    .iter_mut()
                    .for_each(|m| *m /= 1.0 - beta1.powi(number));
                second
                    .iter_mut()
                    .for_each(|v| *v /= 1.0 - beta2.powi(number));
            }),
        ),
        of.planted(
            "the-first-step-alone",
            going(|beta1, beta2| (1.0 - beta1) / (1.0 - beta2).sqrt()),
        ),
        of.planted(
            "the-second-mean-forgotten",
            going(|_, beta2| 1.0 / (1.0 - beta2).sqrt()),
        ),
        of.planted(
            "negative-for-ever",
            going(|beta1, beta2| {
                (1.0 - beta1) / (1.0 - beta2).sqrt() / (1.0 - beta1 / beta2.sqrt())
            }),
        ),
        of.constant(
            "zeros",
            Functions {
                step: |weights, _, first, second, _, _| {
                    weights.fill(0.0);
                    first.fill(0.0);
                    second.fill(0.0);
                },
                coasting: |_, _| 0.0,
            },
        ),
        of.constant(
            "nothing-happens",
            Functions {
                step: |_, _, _, _, _, _| (),
                coasting: |_, _| 1.0,
            },
        ),
    ]
}
