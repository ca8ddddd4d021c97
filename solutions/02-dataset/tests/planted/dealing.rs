//! Wrong answers to exercise 4.

use super::Of;
use crate::properties::ex4_dealing::{self, Functions};
use dataset::deal::GroupAt;
use judge::program::Wrong;
use solutions_02::ex4_dealing as right;

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 4,
        name: "dealing",
        properties: ex4_dealing::properties,
    };
    let dealing = |dealt| Functions {
        dealt,
        two_sides: right::two_sides,
    };
    let dividing = |two_sides| Functions {
        dealt: right::dealt,
        two_sides,
    };
    vec![
        of.planted(
            "anew-in-each-file",
            dealing(|files, rank, world| {
                let of_file = |(file, &count): (usize, &u32)| {
                    let groups = (0..count).skip(rank).step_by(world);
                    groups.map(move |group| GroupAt {
                        file: file as u32,
                        group,
                    })
                };
                files.iter().enumerate().flat_map(of_file).collect()
            }),
        ),
        of.planted(
            "whole-files",
            dealing(|files, rank, world| {
                let all = right::dealt(files, 0, 1);
                all.into_iter()
                    .filter(|at| at.file as usize % world == rank)
                    .collect()
            }),
        ),
        of.planted(
            "in-blocks",
            dealing(|files, rank, world| {
                let all = right::dealt(files, 0, 1);
                let each = all.len().div_ceil(world).max(1);
                all.chunks(each).nth(rank).unwrap_or_default().to_vec()
            }),
        ),
        of.planted(
            "the-rest-for-nobody",
            dealing(|files, rank, world| {
                let all = right::dealt(files, 0, 1).len();
                let mut dealt = right::dealt(files, rank, world);
                dealt.truncate(all / world);
                dealt
            }),
        ),
        of.planted(
            "everything-for-everybody",
            dealing(|files, _, _| right::dealt(files, 0, 1)),
        ),
        of.planted(
            "the-last-is-for-validation",
            dividing(|names, validation| {
                right::two_sides(names, validation)?;
                let mut training = names.to_vec();
                training.sort();
                let last = training.pop().unwrap_or_default();
                Ok((training, last))
            }),
        ),
        of.planted(
            "validation-is-trained-on-too",
            dividing(|names, validation| {
                let (mut training, held_out) = right::two_sides(names, validation)?;
                training.push(held_out.clone());
                training.sort();
                Ok((training, held_out))
            }),
        ),
        of.planted(
            "in-the-folders-order",
            dividing(|names, validation| {
                let (_, held_out) = right::two_sides(names, validation)?;
                let training = names.iter().filter(|name| **name != held_out);
                Ok((training.cloned().collect(), held_out))
            }),
        ),
        of.planted(
            "one-shard-for-both",
            dividing(|names, validation| match names {
                [only] if only == validation => Ok((names.to_vec(), only.clone())),
                names => right::two_sides(names, validation),
            }),
        ),
        of.planted(
            "another-one-if-it-is-missing",
            dividing(|names, validation| {
                let is_there = names.iter().any(|name| name == validation);
                let last = names.last().map_or("", String::as_str);
                right::two_sides(names, if is_there { validation } else { last })
            }),
        ),
        of.planted(
            "an-error-without-the-name",
            dividing(|names, validation| {
                right::two_sides(names, validation).map_err(|_| "no corpus".to_string())
            }),
        ),
        of.constant(
            "zeros",
            Functions {
                dealt: |_, _, _| Vec::new(),
                two_sides: |_, _| Ok((Vec::new(), String::new())),
            },
        ),
        of.constant(
            "the-first-group",
            Functions {
                dealt: |_, _, _| vec![GroupAt { file: 0, group: 0 }],
                two_sides: |_, _| Err("no".to_string()),
            },
        ),
    ]
}
