use judge::{Case, Checked, Property, example, property};

pub struct Functions {
    /// Operations, bytes, operations per second, bytes per second.
    pub seconds: fn(f64, f64, f64, f64) -> f64,
}

fn takes(f: &Functions, operations: f64, bytes: f64, peak: f64, bandwidth: f64) -> Checked {
    let case = Case::of(&[
        ("operations", &operations),
        ("bytes", &bytes),
        ("peak", &peak),
        ("bandwidth", &bandwidth),
    ]);
    let (computing, moving) = (operations / peak, bytes / bandwidth);
    let expected = if computing > moving {
        computing
    } else {
        moving
    };
    case.close(expected, 1e-9, || {
        (f.seconds)(operations, bytes, peak, bandwidth)
    })
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "a product of many operations takes the time of its operations",
            |f: &Functions| takes(f, 8e9, 2e6, 1e12, 1e11),
        ),
        example(
            "an addition takes the time of its bytes",
            |f: &Functions| takes(f, 1e6, 12e6, 1e12, 1e11),
        ),
        property(
            "an operation lasts as long as the slower of its two halves",
            || (1u32..1000, 1u32..1000, 1u32..20, 1u32..20),
            |f: &Functions, (operations, bytes, peak, bandwidth)| {
                takes(
                    f,
                    f64::from(operations),
                    f64::from(bytes),
                    f64::from(peak),
                    f64::from(bandwidth),
                )
            },
        ),
    ]
}
