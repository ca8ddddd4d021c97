use judge::{Case, Property, example};

pub struct Functions {
    pub crab_ids: fn() -> Vec<u32>,
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![example(
        "🦀 is the four bytes f0 9f a6 80",
        |f: &Functions| {
            Case::of(&[("text", &"🦀")]).same(&vec![0xf0, 0x9f, 0xa6, 0x80], f.crab_ids)
        },
    )]
}
