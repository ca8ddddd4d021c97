//! Who reads which keys and values, for four query heads and K = 4, 2, 1.

use std::fmt::Write;

use crate::chart::page;
use crate::{ACCENT, SECOND};

const HEADS: usize = 4;
const BOX: f64 = 42.0;
const GAP: f64 = 14.0;

pub fn picture() -> String {
    let mut svg = String::new();
    for (panel, (kv_heads, name)) in [
        (4, "K = 4: each its own"),
        (2, "K = 2: grouped"),
        (1, "K = 1: multi-query"),
    ]
    .into_iter()
    .enumerate()
    {
        let left = 250.0 * panel as f64 + 8.0;
        let centre = |head: f64| left + head * (BOX + GAP) + BOX / 2.0;
        let _ = writeln!(
            svg,
            "<text x=\"{left}\" y=\"18\" font-size=\"13\" font-weight=\"600\" fill=\"currentColor\">{name}</text>"
        );
        let shared = HEADS / kv_heads;
        for head in 0..HEADS {
            let group = head / shared;
            let middle = (group * shared) as f64 + (shared - 1) as f64 / 2.0;
            let _ = writeln!(
                svg,
                "<line x1=\"{:.1}\" y1=\"78\" x2=\"{:.1}\" y2=\"130\" stroke=\"currentColor\" opacity=\"0.6\"/>",
                centre(head as f64),
                centre(middle)
            );
            label(
                &mut svg,
                centre(head as f64),
                36.0,
                ACCENT,
                &format!("q{head}"),
            );
            if head % shared == 0 {
                label(
                    &mut svg,
                    centre(middle),
                    130.0,
                    SECOND,
                    &format!("k{group} v{group}"),
                );
            }
        }
        let _ = writeln!(
            svg,
            "<text x=\"{left}\" y=\"198\" fill=\"currentColor\">{} numbers per token and layer</text>",
            match kv_heads {
                1 => "2 · D".to_string(),
                more => format!("2 · {more} · D"),
            }
        );
    }
    page(740.0, 208.0, &svg)
}

fn label(svg: &mut String, centre: f64, top: f64, colour: &str, text: &str) {
    let _ = writeln!(
        svg,
        "<rect x=\"{:.1}\" y=\"{top}\" width=\"{BOX}\" height=\"{BOX}\" rx=\"6\" fill=\"var(--figure-fill)\" stroke=\"{colour}\" stroke-width=\"2\"/>\n\
         <text x=\"{centre:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"currentColor\">{text}</text>",
        centre - BOX / 2.0,
        top + BOX / 2.0 + 4.0
    );
}
