use judge::{Case, Checked, Property, example, property};
use proptest::collection::vec;

pub struct Functions {
    pub corrected_mean: fn(&[f64], f64) -> f64,
}

fn comes_to(f: &Functions, gradients: &[f64], beta: f64, expected: f64) -> Checked {
    let case = Case::of(&[("gradients", &gradients), ("beta", &beta)]);
    case.close(expected, 1e-9, || (f.corrected_mean)(gradients, beta))
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "the mean of one gradient is that gradient",
            |f: &Functions| comes_to(f, &[10.0], 0.8, 10.0),
        ),
        property(
            "it is the mean in which a gradient weighs β times as much as the one after it",
            || (vec(1u32..9, 1..6), 1u32..10),
            |f: &Functions, (gradients, tenths)| {
                let gradients: Vec<f64> = gradients.into_iter().map(f64::from).collect();
                let beta = f64::from(tenths) / 10.0;
                let ages = (0..gradients.len() as i32).rev();
                let weights: Vec<f64> = ages.map(|age| beta.powi(age)).collect();
                let pairs = gradients.iter().zip(&weights);
                let sum: f64 = pairs.map(|(gradient, weight)| gradient * weight).sum();
                let expected = sum / weights.iter().sum::<f64>();
                comes_to(f, &gradients, beta, expected)
            },
        ),
    ]
}
