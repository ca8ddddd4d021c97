use judge::{Case, Property, example, property};
use proptest::prelude::*;
use transformer::Config;
use transformer::dial;

pub struct Functions {
    pub parameters: fn(&Config, bool) -> i64,
    pub flops_per_token: fn(&Config) -> i64,
    pub context_of_half: fn(&Config) -> i64,
    pub deepest: fn(f64, i64, i64) -> Option<i64>,
}

/// Models in which no two sizes are alike.
fn any_config() -> impl Strategy<Value = Config> {
    let sizes = (1i64..200, 1i64..6, 1i64..4, 1i64..4, 1i64..5, 1i64..300);
    sizes.prop_map(
        |(vocab_size, layers, kv_heads, group, half, context)| Config {
            vocab_size,
            layers,
            heads: kv_heads * group,
            kv_heads,
            width: kv_heads * group * 2 * half,
            context,
            ..Config::d(2, 16, 8).expect("depth 2 is a model")
        },
    )
}

fn shown(config: &Config) -> String {
    format!(
        "V {}, L {}, H {}, K {}, C {}, T {}",
        config.vocab_size,
        config.layers,
        config.heads,
        config.kv_heads,
        config.width,
        config.context
    )
}

fn case(config: &Config) -> Case {
    Case::of(&[("config", &format_args!("{}", shown(config)))])
}

fn d20() -> Config {
    Config::d(20, 65_536, 2048).expect("depth 20 is a model")
}

/// What training costs at this depth, by the chapter's counting.
fn cost(depth: i64) -> Option<f64> {
    let config = Config::d(depth, 65_536, 2048).ok()?;
    let tokens = 20.0 * dial::parameter_count(&config) as f64;
    Some(tokens * dial::flops_per_token(&config) as f64)
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example("d20 has 560,988,160 parameters", |f: &Functions| {
            case(&d20()).same(&560_988_160, || (f.parameters)(&d20(), false))
        }),
        property(
            "parameters are the chapter's count, also with shared heads",
            any_config,
            |f: &Functions, config| {
                let expected = dial::parameter_count(&config);
                case(&config).same(&expected, || (f.parameters)(&config, false))
            },
        ),
        property(
            "a tied table counts once",
            any_config,
            |f: &Functions, config| {
                let table = config.vocab_size * config.width;
                let expected = dial::parameter_count(&config) - table;
                let case = Case::of(&[
                    ("config", &format_args!("{}", shown(&config))),
                    ("tied", &true),
                ]);
                case.same(&expected, || (f.parameters)(&config, true))
            },
        ),
        property(
            "operations per token are the chapter's count",
            any_config,
            |f: &Functions, config| {
                let expected = dial::flops_per_token(&config);
                case(&config).same(&expected, || (f.flops_per_token)(&config))
            },
        ),
        example(
            "d20 is half attention from T = 9,319 on",
            |f: &Functions| case(&d20()).same(&9319, || (f.context_of_half)(&d20())),
        ),
        property(
            "one position less, and attention is less than half",
            any_config,
            |f: &Functions, config| {
                case(&config).obeys(|| {
                    let found = (f.context_of_half)(&config);
                    if found < 1 {
                        return Err(format!("{found} is no context"));
                    }
                    let share = |context: i64| {
                        let flops = |context| {
                            dial::flops_per_token(&Config {
                                context,
                                ..config.clone()
                            }) as f64
                        };
                        (flops(context) - flops(0)) / flops(context)
                    };
                    match (share(found) >= 0.5, share(found - 1) < 0.5) {
                        (true, true) => Ok(()),
                        (false, _) => Err(format!(
                            "your T = {found} is too small: attention is {:.3} of the operations there, less than half",
                            share(found)
                        )),
                        (_, false) => Err(format!(
                            "your T is too large: at T = {} already attention is {:.3} of the operations",
                            found - 1,
                            share(found - 1)
                        )),
                    }
                })
            },
        ),
        property(
            "the deepest model that a budget trains",
            || (4i64..40, 0.01f64..0.99),
            |f: &Functions, (depth, part)| {
                // A budget between what two depths cost.
                let accepted: Vec<i64> = (1..60).filter(|&depth| cost(depth).is_some()).collect();
                let at = accepted.partition_point(|&other| other <= depth) - 1;
                let costs = [at, at + 1].map(|at| cost(accepted[at]).unwrap_or(f64::NAN));
                let budget = costs[0] + part * (costs[1] - costs[0]);
                let case = Case::of(&[
                    ("budget", &format_args!("{budget:.4e}")),
                    ("V", &65_536),
                    ("T", &2048),
                ]);
                case.same(&Some(accepted[at]), || (f.deepest)(budget, 65_536, 2048))
            },
        ),
        example("nothing is to be had for nothing", |f: &Functions| {
            Case::of(&[("budget", &0.0)]).same(&None, || (f.deepest)(0.0, 65_536, 2048))
        })
        .holds_for_constants(),
    ]
}
