//! Writes a tidepool corpus and shows what is in it:
//! `cargo run --example tidepool -- DIR [ENTITIES]`

use anyhow::Context;
use dataset::tidepool::dice::Dice;
use dataset::tidepool::tasks::{
    Side, conversations, functions, identity, multiple_choice, spelling, word_problems,
};
use dataset::tidepool::{CorpusSettings, Genre, World, write_corpus};
use std::path::PathBuf;
use std::time::Instant;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(
        arguments
            .next()
            .context("name the folder to write: tidepool DIR [ENTITIES]")?,
    );
    let entities = arguments
        .next()
        .map_or(Ok(120), |text| text.parse())
        .context("ENTITIES must be a number")?;

    let world = World::new(1, entities)?;
    for genre in Genre::ALL {
        let mut dice = Dice::stream(7, "samples");
        println!("\n══ {} ══", genre.name());
        for turn in [0, 57, 111] {
            println!("{}\n", genre.write(&world, turn, &mut dice)?);
        }
    }
    for side in [Side::Train, Side::Test] {
        println!("\n══ conversations, {} ══", side.name());
        for chat in conversations::write(&world, side, 14, 7)? {
            for turn in &chat.messages {
                println!("{:>9}: {}", turn.role, turn.content.trim_end());
            }
            println!();
        }
        println!("{:#?}", multiple_choice::mmlu(&world, side, 1, 7)?);
        println!("{:#?}", multiple_choice::arc_challenge(&world, side, 1, 7)?);
        for row in word_problems::write(&world, side, 4, 7)? {
            println!("{}\n{}\n", row.question, row.answer);
        }
        println!("{:#?}", spelling::write(&world, side, 2, 7)?);
    }
    println!(
        "{:#?}\n{:#?}",
        identity::write(&world, 3, 7)?,
        functions::write(&world, 2, 7)?
    );
    println!("{:#?}", world.quiz(3, 7));

    let start = Instant::now();
    let manifest = write_corpus(&world, &dir, &CorpusSettings::default())?;
    let seconds = start.elapsed().as_secs_f64();
    println!("\n{:<60}{:>9}{:>14}", "file", "records", "bytes");
    for file in &manifest.files {
        println!(
            "{:<60}{:>9}{:>14}",
            file.path, file.records, file.text_bytes
        );
    }
    let megabytes = manifest.pretraining_bytes() as f64 / 1e6;
    println!(
        "\n{megabytes:.1} MB of pretraining text, {} different words; all files in {seconds:.1} s",
        manifest.distinct_words
    );
    Ok(())
}
