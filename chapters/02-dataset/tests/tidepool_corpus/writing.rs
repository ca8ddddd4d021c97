//! How a corpus is written, reused and refused.

use super::*;

#[test]
fn the_same_settings_write_the_same_bytes() {
    let world = World::new(8, 40).unwrap();
    let smoke = CorpusSettings {
        bytes: 100_000,
        ..CorpusSettings::smoke()
    };
    let [one, two] = ["same-1", "same-2"].map(folder);
    write_corpus(&world, &one, &smoke).unwrap();
    write_corpus(&World::new(8, 40).unwrap(), &two, &smoke).unwrap();
    assert_eq!(files_below(&one), files_below(&two));
}

#[test]
fn a_complete_corpus_is_reused_and_a_damaged_or_different_one_written_again() {
    let world = World::new(8, 40).unwrap();
    let smoke = CorpusSettings {
        bytes: 100_000,
        ..CorpusSettings::smoke()
    };
    let dir = folder("reuse");
    let first = write_corpus(&world, &dir, &smoke).unwrap();
    let mark = dir.join("mark");
    fs::write(&mark, "still here").unwrap();
    assert_eq!(write_corpus(&world, &dir, &smoke).unwrap(), first);
    assert!(mark.exists(), "a complete corpus is left alone");

    fs::write(dir.join("gsm8k/test.jsonl"), "").unwrap();
    assert_eq!(write_corpus(&world, &dir, &smoke).unwrap(), first);
    assert!(!mark.exists() && !rows(&dir.join("gsm8k/test.jsonl")).is_empty());

    let other = write_corpus(&world, &dir, &CorpusSettings { seed: 2, ..smoke }).unwrap();
    assert_ne!(other, first);
    let neighbours = fs::read_dir(dir.parent().unwrap()).unwrap();
    let left = neighbours.filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with(".tidepool-reuse")
    });
    assert_eq!(left.count(), 0, "nothing temporary is left");
}

#[test]
fn a_folder_with_other_files_is_not_touched() {
    let dir = folder("occupied");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("thesis.txt"), "three years of work").unwrap();
    let error =
        write_corpus(&World::new(1, 40).unwrap(), &dir, &CorpusSettings::smoke()).unwrap_err();
    assert!(matches!(error, Error::Occupied(_)), "{error}");
    assert_eq!(files_below(&dir).len(), 1);
}

#[test]
fn settings_that_cannot_be_met_say_what_to_change() {
    let world = World::new(1, 40).unwrap();
    let smoke = CorpusSettings::smoke();
    let nothing = Mixture {
        stories: 0,
        encyclopedia: 0,
        questions: 0,
        sums: 0,
        letters: 0,
        programs: 0,
        binding: 0,
        lists: 0,
        close_lists: 0,
        single_letters: 0,
    };
    for (wrong, hint) in [
        (
            CorpusSettings {
                bytes: 10,
                ..smoke.clone()
            },
            "bytes",
        ),
        (
            CorpusSettings {
                shards: 0,
                ..smoke.clone()
            },
            "shards",
        ),
        (
            CorpusSettings {
                validation_percent: 0,
                ..smoke.clone()
            },
            "validation_percent",
        ),
        (
            CorpusSettings {
                mixture: nothing.clone(),
                ..smoke.clone()
            },
            "genres",
        ),
        (
            CorpusSettings {
                identity_conversations: 10_000_000,
                ..smoke.clone()
            },
            "ask for less",
        ),
    ] {
        let dir = folder("unmet");
        let error = write_corpus(&world, &dir, &wrong).unwrap_err().to_string();
        assert!(error.contains(hint), "{error}");
        assert!(!dir.exists(), "nothing is left behind");
    }
}
