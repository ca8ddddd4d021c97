use judge::{Case, Checked, Property, example, property};

pub struct Functions {
    /// Minutes between checkpoints, waited for one, between kills.
    pub share_lost: fn(f64, f64, f64) -> f64,
}

fn costs(f: &Functions, every: f64, waiting: f64, between_kills: f64) -> Checked {
    let case = Case::of(&[
        ("every", &every),
        ("waiting", &waiting),
        ("between_kills", &between_kills),
    ]);
    let expected = waiting / every + 0.5 * every / between_kills;
    case.close(expected, 1e-9, || {
        (f.share_lost)(every, waiting, between_kills)
    })
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "half a minute of waiting every 30 minutes, and a kill every 25 hours: 1 part in 60, and 1 in 100",
            |f: &Functions| costs(f, 30.0, 0.5, 1500.0),
        ),
        property(
            "a run loses what it waits, and half of the way to the next checkpoint for each kill",
            || (1u32..100, 1u32..20, 100u32..10_000),
            |f: &Functions, (every, waiting, between_kills)| {
                costs(
                    f,
                    f64::from(every),
                    f64::from(waiting) / 10.0,
                    f64::from(between_kills),
                )
            },
        ),
    ]
}
