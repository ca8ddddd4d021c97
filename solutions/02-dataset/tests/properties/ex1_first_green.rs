use judge::{Case, Property, example};

pub struct Functions {
    pub inputs_and_targets: fn() -> (Vec<u32>, Vec<u32>),
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![example(
        "four inputs, and at each of them the id that comes next",
        |f: &Functions| {
            let row = [0, 71, 72, 0, 73];
            let expected = (row[..4].to_vec(), row[1..].to_vec());
            Case::of(&[("row", &row)]).same(&expected, || (f.inputs_and_targets)())
        },
    )]
}
