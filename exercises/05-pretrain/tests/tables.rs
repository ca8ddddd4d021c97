//! The tables of functions that the tests call, filled from one implementation: whatever crate the parent module calls
//! `implementation`.

use super::implementation::{
    ex1_first_green, ex2_trapezoid, ex3_uneven_batches, ex4_which_is_better, ex5_power_cut,
    ex6_not_the_same_run,
};
use crate::properties as of;
use crate::properties::machine::Machine;
use judge::Exercise;

pub fn exercises() -> Vec<Exercise> {
    vec![
        Exercise::new(
            1,
            "first_green",
            of::ex1_first_green::properties(),
            of::ex1_first_green::Functions {
                share_lost: ex1_first_green::share_lost,
            },
        ),
        Exercise::new(
            2,
            "trapezoid",
            of::ex2_trapezoid::properties(),
            of::ex2_trapezoid::Functions {
                multiplier: ex2_trapezoid::multiplier,
                can_be: ex2_trapezoid::can_be,
            },
        ),
        Exercise::new(
            3,
            "uneven_batches",
            of::ex3_uneven_batches::properties(),
            of::ex3_uneven_batches::Functions {
                counted: |batches| ex3_uneven_batches::counted(&micro_batches(batches)),
                accumulate: |weight, batches, count, ranks| {
                    let batches = micro_batches(batches);
                    ex3_uneven_batches::accumulate(weight, &batches, count, ranks)
                },
            },
        ),
        Exercise::new(
            4,
            "which_is_better",
            of::ex4_which_is_better::properties(),
            of::ex4_which_is_better::Functions {
                add: |losses, targets, token_bytes| {
                    let found = ex4_which_is_better::add(losses, targets, token_bytes);
                    (found.nats, found.bytes)
                },
                bits_per_byte: |batches| ex4_which_is_better::bits_per_byte(&sums(batches)),
                difference: |first, second| {
                    ex4_which_is_better::difference(&sums(first), &sums(second))
                },
            },
        ),
        Exercise::new(
            5,
            "power_cut",
            of::ex5_power_cut::properties(),
            of::ex5_power_cut::Functions {
                replace: |machine, name, content| {
                    ex5_power_cut::replace(&mut Disk(machine), name, content).is_ok()
                },
                save: |machine, step, files| {
                    ex5_power_cut::save(&mut Disk(machine), step, files).is_ok()
                },
                load: |machine| {
                    let loaded = ex5_power_cut::load(&Disk(machine));
                    loaded.map_err(|_| "`load` says that the machine is off, and it is on".into())
                },
            },
        ),
        Exercise::new(
            6,
            "not_the_same_run",
            of::ex6_not_the_same_run::properties(),
            of::ex6_not_the_same_run::Functions { losses },
        ),
    ]
}

fn micro_batches(
    batches: Vec<of::ex3_uneven_batches::Tensors>,
) -> Vec<ex3_uneven_batches::MicroBatch> {
    let one = |batch: of::ex3_uneven_batches::Tensors| ex3_uneven_batches::MicroBatch {
        inputs: batch.inputs,
        targets: batch.targets,
        counted: batch.counted,
    };
    batches.into_iter().map(one).collect()
}

fn sums(batches: &[of::ex4_which_is_better::Sums]) -> Vec<ex4_which_is_better::Sums> {
    let one = |&(nats, bytes): &(f64, f64)| ex4_which_is_better::Sums { nats, bytes };
    batches.iter().map(one).collect()
}

/// The judge's machine as the exercise's disk.
pub struct Disk<'m>(pub &'m mut Machine);

type Answer<T> = Result<T, ex5_power_cut::Off>;

impl ex5_power_cut::Disk for Disk<'_> {
    fn write(&mut self, name: &str, content: &[u8]) -> Answer<()> {
        self.0.write(name, content).map_err(off)
    }

    fn sync(&mut self, name: &str) -> Answer<()> {
        self.0.sync(name).map_err(off)
    }

    fn sync_folder(&mut self) -> Answer<()> {
        self.0.sync_folder().map_err(off)
    }

    fn rename(&mut self, from: &str, to: &str) -> Answer<()> {
        self.0.rename(from, to).map_err(off)
    }

    fn remove(&mut self, name: &str) -> Answer<()> {
        self.0.remove(name).map_err(off)
    }

    fn read(&self, name: &str) -> Answer<Option<Vec<u8>>> {
        self.0.read(name).map_err(off)
    }

    fn names(&self) -> Answer<Vec<String>> {
        self.0.names().map_err(off)
    }
}

fn off(_: of::machine::Off) -> ex5_power_cut::Off {
    ex5_power_cut::Off
}

/// Runs the plan, and stops and loads where it says so.
fn losses(plan: &of::ex6_not_the_same_run::Plan) -> Vec<f64> {
    use ex6_not_the_same_run::{Run, Settings};
    let settings = Settings {
        data: plan.data.clone(),
        seed: plan.seed,
        ahead: plan.ahead,
        noise: plan.noise,
        spike: plan.spike,
    };
    let mut run = Run::new(&settings);
    let one = |step: usize| {
        let loss = run.step();
        if plan.stops.contains(&(step + 1)) {
            run = Run::load(&settings, &run.save());
        }
        loss
    };
    (0..plan.steps).map(one).collect()
}
