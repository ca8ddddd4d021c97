use judge::{Case, Property, property};

pub struct Functions {
    pub first_loss: fn(i64) -> f64,
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![property(
        "the loss is ln V",
        || 2i64..1000,
        |f: &Functions, vocab_size| {
            let expected = (vocab_size as f64).ln();
            Case::of(&[("V", &vocab_size)]).close(expected, 1e-6, || (f.first_loss)(vocab_size))
        },
    )]
}
