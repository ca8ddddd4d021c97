// ANCHOR: head
//! What is compared with what.

use crate::method::{OptimizerRecipe, ScheduleRecipe};
use crate::recipe::{Model, Recipe};
use muon::Refinements;
use transformer::{Initialisation, Switches};
// ANCHOR_END: head

// ANCHOR: variant
/// Which table a variant belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Model,
    Optimizer,
}

/// A recipe with something changed.
pub struct Variant {
    pub name: String,
    pub family: Family,
    /// What changes, as the tables print it; the same words where it is on alone and off alone.
    pub change: &'static str,
    /// The name of the variant that this one is compared with; `None` for the bases.
    pub base: Option<&'static str>,
    apply: Box<dyn Fn(&mut Recipe) + Send + Sync>,
    /// AdamW in Muon's place, at this rate.
    pub adamw: Option<f64>,
}

impl Variant {
    /// The recipe that this variant trains.
    pub fn recipe(&self, recipe: &Recipe) -> Recipe {
        let mut recipe = recipe.clone();
        (self.apply)(&mut recipe);
        recipe
    }
}
// ANCHOR_END: variant

// ANCHOR: names
pub const SEED: &str = "seed";
pub const ALL_SWITCHES: &str = "all switches";
pub const ALL_REFINEMENTS: &str = "all refinements";
// ANCHOR_END: names

// ANCHOR: switches
/// A change of the model: its name, and how it is made in a model that has the others as they are.
type Switch = (&'static str, fn(&mut Model, &Model));

/// Each takes its setting from the second model.
const SWITCHES: [Switch; 8] = [
    ("rotary base 100,000", |model, from| {
        model.rope_base = from.rope_base
    }),
    ("QK scale 1.2", |model, from| {
        model.switches.qk_scale = from.switches.qk_scale
    }),
    ("value embeddings", |model, from| {
        model.switches.value_embeddings = from.switches.value_embeddings;
    }),
    ("residual and x0 scalars", |model, from| {
        model.switches.residual_scalars = from.switches.residual_scalars;
    }),
    ("smear", |model, from| {
        model.switches.smear = from.switches.smear
    }),
    ("backout", |model, from| {
        model.switches.backout = from.switches.backout
    }),
    ("SSSL windows", |model, from| {
        model.switches.window_pattern = from.switches.window_pattern.clone();
    }),
    ("2026 initialisation", |model, from| {
        model.switches.initialisation = from.switches.initialisation;
    }),
];

fn seed_model(model: &Model) -> Model {
    Model {
        rope_base: 10_000.0,
        switches: Switches {
            initialisation: Initialisation::October2025,
            ..Switches::default()
        },
        ..model.clone()
    }
}

fn full_model(model: &Model) -> Model {
    Model {
        rope_base: 100_000.0,
        switches: Switches::july_2026(),
        ..model.clone()
    }
}
// ANCHOR_END: switches

// ANCHOR: refinements
/// A refinement of Muon, by the field that holds it.
type Refinement = (&'static str, fn(&mut Refinements, &Refinements));

const REFINEMENTS: [Refinement; 5] = [
    ("Polar Express", |to, from| {
        to.polar_express = from.polar_express
    }),
    ("row equilibration", |to, from| {
        to.equilibrate = from.equilibrate
    }),
    ("renormalisation", |to, from| {
        to.renormalise = from.renormalise
    }),
    ("NorMuon", |to, from| to.second_moment = from.second_moment),
    ("cautious decay", |to, from| to.cautious = from.cautious),
];

/// nanochat's 0.28 belongs to 2,520 steps at depth 12; for the same loss of weight over the whole run, each step of a short one
/// has to take more. In 100 steps at a mean rate of 0.016 a decay of 1 leaves e^−1.6 = 0.2 of a weight that is always decayed.
const DECAY: f64 = 1.0;

fn refine(recipe: &mut Recipe, refinements: Refinements) {
    if let OptimizerRecipe::October2025 {
        refinements: r,
        matrix_decay,
        ..
    } = &mut recipe.train.optimizer
    {
        *r = refinements;
        *matrix_decay = if refinements.cautious { DECAY } else { 0.0 };
    }
}
// ANCHOR_END: refinements

// ANCHOR: variants
/// All variants, bases first.
pub fn variants() -> Vec<Variant> {
    let new = |family, change: &'static str, name: String, base, apply| Variant {
        name,
        family,
        change,
        base,
        apply,
        adamw: None,
    };
    let mut variants = vec![
        new(
            Family::Model,
            "seed recipe",
            SEED.into(),
            None,
            Box::new(|recipe: &mut Recipe| recipe.model = seed_model(&recipe.model))
                as Box<dyn Fn(&mut Recipe) + Send + Sync>,
        ),
        new(
            Family::Model,
            "all switches",
            ALL_SWITCHES.into(),
            Some(SEED),
            Box::new(|recipe: &mut Recipe| recipe.model = full_model(&recipe.model)),
        ),
        new(
            Family::Optimizer,
            "all refinements",
            ALL_REFINEMENTS.into(),
            Some(SEED),
            Box::new(|recipe: &mut Recipe| refine(recipe, Refinements::JULY_2026)),
        ),
    ];
    for (change, set) in SWITCHES {
        variants.push(new(
            Family::Model,
            change,
            format!("{change}, on alone"),
            Some(SEED),
            Box::new(move |recipe: &mut Recipe| {
                let full = full_model(&recipe.model);
                recipe.model = seed_model(&recipe.model);
                set(&mut recipe.model, &full);
            }),
        ));
        variants.push(new(
            Family::Model,
            change,
            format!("{change}, off alone"),
            Some(ALL_SWITCHES),
            Box::new(move |recipe: &mut Recipe| {
                let seed = seed_model(&recipe.model);
                recipe.model = full_model(&recipe.model);
                set(&mut recipe.model, &seed);
            }),
        ));
    }
    for (change, set) in REFINEMENTS {
        variants.push(new(
            Family::Optimizer,
            change,
            format!("{change}, on alone"),
            Some(SEED),
            Box::new(move |recipe: &mut Recipe| {
                let mut refinements = Refinements::NONE;
                set(&mut refinements, &Refinements::JULY_2026);
                refine(recipe, refinements);
            }),
        ));
        variants.push(new(
            Family::Optimizer,
            change,
            format!("{change}, off alone"),
            Some(ALL_REFINEMENTS),
            Box::new(move |recipe: &mut Recipe| {
                let mut refinements = Refinements::JULY_2026;
                set(&mut refinements, &Refinements::NONE);
                refine(recipe, refinements);
            }),
        ));
    }
    // What the tiny recipe has.
    variants.push(new(
        Family::Model,
        "value embeddings, smear and QK scale",
        "value embeddings with smear and QK scale, on alone".into(),
        Some(SEED),
        Box::new(|recipe: &mut Recipe| {
            let full = full_model(&recipe.model);
            recipe.model = seed_model(&recipe.model);
            for (name, set) in SWITCHES {
                if ["value embeddings", "smear", "QK scale 1.2"].contains(&name) {
                    set(&mut recipe.model, &full);
                }
            }
        }),
    ));
    // The rates of the scalars belong to batches of 2¹⁹ tokens, 128 times as many as here.
    variants.push(new(
        Family::Model,
        "residual and x0 scalars at a tenth of their rates",
        "residual and x0 scalars at a tenth of their rates, on alone".into(),
        Some(SEED),
        Box::new(|recipe: &mut Recipe| {
            let full = full_model(&recipe.model);
            recipe.model = seed_model(&recipe.model);
            recipe.model.switches.residual_scalars = full.switches.residual_scalars;
            slow_scalars(recipe);
        }),
    ));
    variants.push(new(
        Family::Model,
        "all switches, scalars at a tenth of their rates",
        "all switches with scalars at a tenth of their rates".into(),
        Some(ALL_SWITCHES),
        Box::new(|recipe: &mut Recipe| {
            recipe.model = full_model(&recipe.model);
            slow_scalars(recipe);
        }),
    ));
    // AdamW has to be given a fair chance: a rate that suits Muon does not suit it.
    for rate in [0.001, 0.003, 0.01] {
        let mut variant = new(
            Family::Optimizer,
            "AdamW for the matrices",
            format!("AdamW for the matrices at {rate}, on alone"),
            Some(SEED),
            Box::new(|_: &mut Recipe| ()),
        );
        variant.adamw = Some(rate);
        variants.push(variant);
    }
    variants.push(new(
        Family::Optimizer,
        "2026 groups, rates and schedule",
        "2026 groups rates and schedule, on alone".into(),
        Some(SEED),
        Box::new(optimizer_2026),
    ));
    variants.push(new(
        Family::Optimizer,
        "everything of 2026",
        "everything of 2026, on alone".into(),
        Some(SEED),
        Box::new(|recipe: &mut Recipe| {
            recipe.model = full_model(&recipe.model);
            optimizer_2026(recipe);
        }),
    ));
    variants
}

fn slow_scalars(recipe: &mut Recipe) {
    if let OptimizerRecipe::October2025 { scalar_scale, .. } = &mut recipe.train.optimizer {
        *scalar_scale = 0.1;
    }
}

/// At the rates that suit this small batch, rather than √(4,096 / 2¹⁹) = 1/11 of nanochat's.
fn optimizer_2026(recipe: &mut Recipe) {
    recipe.train.optimizer = OptimizerRecipe::July2026 {
        rate_scale: Some(1.0),
        matrix_decay: Some(DECAY),
    };
    recipe.train.schedule = ScheduleRecipe::July2026 {
        warmup_steps: 10,
        warmdown_ratio: 0.65,
        final_fraction: 0.05,
    };
}
// ANCHOR_END: variants
