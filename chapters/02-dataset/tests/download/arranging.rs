//! From a catalogue to a data folder that the loaders of every chapter read.

use std::collections::HashSet;
use std::path::Path;

use dataset::download::{Catalogue, Error, Form, Order, Provided, Settings, Silent, provide};
use dataset::schemas::WordList;
use dataset::{DocumentSource, OpenSettings, ParquetDocuments, open_corpus};

use super::hub::{bundle, catalogue, files, hub};
use super::server::Server;
use super::settings;

fn shards(count: Option<usize>) -> Order {
    Order {
        shards: Some(("owner/text".to_owned(), count)),
        sets: Vec::new(),
    }
}

fn sets(names: &[&str]) -> Order {
    Order {
        shards: None,
        sets: names.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn order(
    server: &Server,
    order: &Order,
    folder: &Path,
    settings: &Settings,
) -> Result<Provided, Error> {
    provide(&catalogue(server), order, folder, settings, &Silent)
}

/// The documents of one epoch.
fn documents(mut source: Box<dyn DocumentSource>) -> HashSet<String> {
    let mut texts = HashSet::new();
    loop {
        let document = source.next_document().unwrap();
        if document.at.epoch > 1 {
            return texts;
        }
        texts.insert(document.text);
    }
}

#[test]
fn training_and_validation_never_overlap_with_one_shard_two_or_all() {
    let server = hub(files());
    let scratch = tempfile::tempdir().unwrap();
    let settings = settings(scratch.path(), &server.address);
    let folder = scratch.path().join("run");
    // Up and down again: an order for less must not leave the links of an order for more.
    for count in [Some(1), Some(2), Some(3), None, Some(2), Some(1)] {
        order(&server, &shards(count), &folder, &settings).unwrap();
        let corpus = open_corpus(
            &folder.join("pretrain"),
            &OpenSettings {
                validation_shard: Some("shard_00003.parquet".to_owned()),
                ..OpenSettings::default()
            },
        )
        .unwrap();
        let (train, validation) = (documents(corpus.train), documents(corpus.validation));
        assert!(train.is_disjoint(&validation));
        assert_eq!(train.len(), 40 * count.unwrap_or(3));
        // Always the same text to measure with, however much is trained on.
        assert!(validation.iter().all(|text| text.starts_with("shard 3 ")));
        assert_eq!(validation.len(), 40);
        // Not even if somebody forgets to name it.
        let unnamed = open_corpus(&folder.join("pretrain"), &OpenSettings::default()).unwrap();
        assert_eq!(documents(unnamed.validation), validation);
    }
}

#[test]
fn a_single_shard_on_the_disk_is_shared_by_document() {
    let server = hub(files());
    let scratch = tempfile::tempdir().unwrap();
    let settings = settings(scratch.path(), &server.address);
    order(
        &server,
        &shards(Some(1)),
        &scratch.path().join("run"),
        &settings,
    )
    .unwrap();
    let pretrain = scratch.path().join("run/pretrain");
    std::fs::remove_file(pretrain.join("shard_00003.parquet")).unwrap();
    let corpus = open_corpus(&pretrain, &OpenSettings::default()).unwrap();
    let (train, validation) = (documents(corpus.train), documents(corpus.validation));
    assert!(train.is_disjoint(&validation) && !validation.is_empty());
    assert_eq!(train.len() + validation.len(), 40);
    // With the pinned shard named, its absence is an error and not a guess.
    let pinned = OpenSettings {
        validation_shard: Some("shard_00003.parquet".to_owned()),
        ..OpenSettings::default()
    };
    let error = open_corpus(&pretrain, &pinned).err().unwrap().to_string();
    assert!(error.contains("shard_00003.parquet"), "{error}");
}

#[test]
fn validation_comes_first() {
    let server = hub(files());
    let scratch = tempfile::tempdir().unwrap();
    let mut settings = settings(scratch.path(), &server.address);
    settings.parallel = 1;
    order(
        &server,
        &shards(None),
        &scratch.path().join("run"),
        &settings,
    )
    .unwrap();
    assert!(server.seen()[0].path.ends_with("shard_00003.parquet"));
}

#[test]
fn more_shards_than_there_are_is_an_error_with_the_number() {
    let server = hub(files());
    let scratch = tempfile::tempdir().unwrap();
    let settings = settings(scratch.path(), &server.address);
    for count in [0, 4] {
        let error = order(&server, &shards(Some(count)), scratch.path(), &settings).unwrap_err();
        assert!(
            error.to_string().contains("has 3 training shards"),
            "{error}"
        );
    }
}

#[test]
fn rows_become_lines_or_stay_files_in_a_folder_through_a_mirror() {
    let server = hub(files());
    let scratch = tempfile::tempdir().unwrap();
    let settings = settings(scratch.path(), &server.address);
    let folder = scratch.path().join("run");
    let first = order(&server, &sets(&["rows"]), &folder, &settings).unwrap();
    assert_eq!((first.files, first.fetched, first.remarks.len()), (4, 4, 0));
    let lines = std::fs::read_to_string(folder.join("rows/train.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 10);
    assert_eq!(lines.lines().nth(5), Some(r#"{"text":"train 1 0"}"#));
    let kept: Vec<_> = ["00000", "00001"]
        .iter()
        .map(|name| folder.join(format!("rows/test/{name}.parquet")))
        .collect();
    let mut test = ParquetDocuments::open(&kept, 0, 1).unwrap();
    assert_eq!(test.next_document().unwrap().text, "test 0 0");

    // A second run asks nobody, not even for the list.
    let before = server.seen().len();
    let mut offline = settings;
    offline.offline = true;
    let again = order(
        &server,
        &sets(&["rows"]),
        &scratch.path().join("other"),
        &offline,
    )
    .unwrap();
    assert_eq!((again.files, again.fetched), (4, 0));
    assert_eq!(server.seen().len(), before);
}

#[test]
fn another_number_of_rows_is_said() {
    let mut content = files();
    let short = content["/convert/train/0.parquet"].clone();
    content.insert("/convert/train/1.parquet".into(), short);
    let server = hub(content);
    let scratch = tempfile::tempdir().unwrap();
    let mut catalogue = catalogue(&server);
    catalogue.rows[0].splits[0].rows = 11;
    let settings = settings(scratch.path(), &server.address);
    let provided = provide(
        &catalogue,
        &sets(&["rows"]),
        scratch.path(),
        &settings,
        &Silent,
    )
    .unwrap();
    assert!(
        provided.remarks[0].contains("has 10 rows; 11 were published"),
        "{:?}",
        provided.remarks
    );
}

#[test]
fn a_list_that_is_empty_is_reported_with_the_page() {
    let server = hub(files());
    let scratch = tempfile::tempdir().unwrap();
    let settings = settings(scratch.path(), &server.address);
    let error = order(&server, &sets(&["empty"]), scratch.path(), &settings).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("an empty list") && error.contains("datasets/owner/empty"),
        "{error}"
    );
}

#[test]
fn a_bundle_is_unpacked_and_a_word_list_is_linked() {
    let server = hub(files());
    let scratch = tempfile::tempdir().unwrap();
    let settings = settings(scratch.path(), &server.address);
    let folder = scratch.path().join("run");
    order(&server, &sets(&["bundle", "words"]), &folder, &settings).unwrap();
    assert!(folder.join("core/core.yaml").is_file());
    assert!(folder.join("core/eval_data/a/b.jsonl").is_file());
    assert!(WordList::open(&folder.join("words/words_alpha.txt")).is_ok());
    // And again, when everything is there.
    order(&server, &sets(&["bundle", "words"]), &folder, &settings).unwrap();
}

#[test]
fn a_bundle_that_climbs_out_of_its_folder_is_refused_and_leaves_nothing() {
    let mut content = files();
    content.insert(
        "/plain/bundle.zip".into(),
        bundle(&["eval_bundle/a", "../../escaped"]),
    );
    let server = hub(content);
    let scratch = tempfile::tempdir().unwrap();
    let settings = settings(scratch.path(), &server.address);
    let folder = scratch.path().join("deep/run");
    std::fs::create_dir_all(&folder).unwrap();
    let error = order(&server, &sets(&["bundle"]), &folder, &settings).unwrap_err();
    assert!(error.to_string().contains("leads out"), "{error}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn what_a_user_put_there_himself_is_not_overwritten() {
    let server = hub(files());
    let scratch = tempfile::tempdir().unwrap();
    let settings = settings(scratch.path(), &server.address);
    let place = scratch.path().join("run/words/words_alpha.txt");
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(&place, "mine\n").unwrap();
    let error = order(
        &server,
        &sets(&["words"]),
        &scratch.path().join("run"),
        &settings,
    )
    .unwrap_err();
    assert!(matches!(error, Error::InTheWay { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&place).unwrap(), "mine\n");
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let server = hub(files());
    let scratch = tempfile::tempdir().unwrap();
    let settings = settings(scratch.path(), &server.address);
    let error = order(&server, &sets(&["wrods"]), scratch.path(), &settings).unwrap_err();
    assert!(
        error.to_string().contains("wrods") && error.to_string().contains("bundle"),
        "{error}"
    );
}

#[test]
fn the_built_in_catalogue_has_every_set_of_the_recipes() {
    let catalogue = Catalogue::built_in();
    assert_eq!(
        catalogue
            .shard_set("karpathy/fineweb-edu-100b-shuffle")
            .unwrap()
            .last,
        1822
    );
    assert_eq!(
        catalogue.shard_set("climbmix").unwrap().validation(),
        "shard_06542.parquet"
    );
    let names = catalogue.names();
    let distinct: HashSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
    for name in [
        "smoltalk",
        "mmlu",
        "arc-easy",
        "arc-challenge",
        "gsm8k",
        "humaneval",
        "core",
        "identity",
        "words",
    ] {
        assert!(names.iter().any(|other| other == name), "{name}");
    }
    for file in &catalogue.files {
        assert_eq!(file.address.scheme(), "https");
        let ends = file.address.path();
        assert_eq!(file.form == Form::Bundle, ends.ends_with(".zip"), "{ends}");
    }
}
