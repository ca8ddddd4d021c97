//! Ways to make rows of conversations: the right one, four that fail, and one per row, beside which padding is to be seen.

use sft::Supervise;

/// What one run does differently.
pub struct Way {
    pub name: &'static str,
    pub colour: &'static str,
    pub layout: Layout,
    pub supervise: Supervise,
    /// Whether `<|assistant_end|>` is trained on.
    pub end: bool,
    pub padding_counted: bool,
}

#[derive(PartialEq)]
pub enum Layout {
    /// Best fit, the rest of a row padded.
    Packed,
    /// Best fit, the rest of a row filled with the beginning of a conversation.
    Cropped,
    OnePerRow,
}

const RIGHT: Way = Way {
    name: "right",
    colour: "#2e8b57",
    layout: Layout::Packed,
    supervise: Supervise::Assistant,
    end: true,
    padding_counted: false,
};

pub const WAYS: [Way; 6] = [
    RIGHT,
    Way {
        name: "no mask",
        colour: "#c0392b",
        supervise: Supervise::Everything,
        ..RIGHT
    },
    Way {
        name: "one per row",
        colour: "#7a8699",
        layout: Layout::OnePerRow,
        ..RIGHT
    },
    Way {
        name: "padding counted",
        colour: "#2f6fb0",
        layout: Layout::OnePerRow,
        padding_counted: true,
        ..RIGHT
    },
    Way {
        name: "cropped",
        colour: "#b8860b",
        layout: Layout::Cropped,
        ..RIGHT
    },
    Way {
        name: "no end",
        colour: "#a35fd0",
        end: false,
        ..RIGHT
    },
];
