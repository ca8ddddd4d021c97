//! Best-fit packing and the older stream give nanochat's batches, id for id.

mod fixtures;

use std::path::{Path, PathBuf};

use dataset::{BatchSource, MemoryDocuments, PackingSettings, PretrainBatches, StreamBatches};
use fixtures::{golden, number_encoder, numbers_as_text};
use safetensors::SafeTensors;
use serde_json::Value;

fn only_file(folder: &Path, extension: &str) -> PathBuf {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    assert_eq!(
        files.len(),
        1,
        "one .{extension} file in {}",
        folder.display()
    );
    files.remove(0)
}

fn number(value: &Value, key: &str) -> usize {
    value[key]
        .as_u64()
        .unwrap_or_else(|| panic!("a number `{key}`")) as usize
}

/// The documents of a case in groups, as they reach the loader: each refill is a row group of its own.
fn groups(case: &Value) -> Vec<Vec<String>> {
    let documents: Vec<Vec<u32>> = serde_json::from_value(case["documents"].clone()).unwrap();
    let texts: Vec<String> = documents.iter().map(|ids| numbers_as_text(ids)).collect();
    texts
        .chunks(number(case, "documents_per_refill"))
        .map(<[String]>::to_vec)
        .collect()
}

fn tensor(tensors: &SafeTensors, name: &str) -> Option<Vec<i64>> {
    let view = tensors.tensor(name).ok()?;
    Some(
        view.data()
            .chunks_exact(8)
            .map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap()))
            .collect(),
    )
}

fn settings(case: &Value) -> PackingSettings {
    let refill = number(case, "documents_per_refill");
    let buffer = case
        .get("buffer_size")
        .map_or(1, |_| number(case, "buffer_size"));
    PackingSettings {
        rows: number(case, "B"),
        time: number(case, "T"),
        buffer,
        refill,
    }
}

/// Draw as many batches as the golden file has; each must be equal, and zeros must not be.
fn compare(
    loader: &mut dyn BatchSource,
    tensors: &SafeTensors,
    prefix: &str,
    mut after: impl FnMut(usize, &dataset::Batch),
) {
    let mut compared = 0;
    while let Some(inputs) = tensor(tensors, &format!("{prefix}.inputs{compared}")) {
        let targets =
            tensor(tensors, &format!("{prefix}.targets{compared}")).expect("targets beside inputs");
        let batch = loader.next_batch().unwrap();
        assert_eq!(batch.inputs, inputs, "{prefix}.inputs{compared}");
        assert_eq!(batch.targets, targets, "{prefix}.targets{compared}");
        assert_eq!(batch.supervised, targets.len());
        assert_ne!(
            vec![0; inputs.len()],
            inputs,
            "zeros must not pass for inputs"
        );
        assert_ne!(
            vec![0; targets.len()],
            targets,
            "zeros must not pass for targets"
        );
        after(compared, &batch);
        compared += 1;
    }
    assert!(compared > 0, "no tensors named {prefix}.inputs0");
}

#[test]
fn best_fit_parity() {
    let folder = golden("packing");
    let file: Value =
        serde_json::from_slice(&std::fs::read(only_file(&folder, "json")).unwrap()).unwrap();
    let bytes = std::fs::read(only_file(&folder, "safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();

    for (index, case) in file["cases"].as_array().unwrap().iter().enumerate() {
        let groups = groups(case);
        let group_count = groups.len() as u32;
        let source = MemoryDocuments::open(groups, 0, 1).unwrap();
        let encoder = number_encoder(number(case, "bos") as u32);
        let mut loader = PretrainBatches::new(Box::new(source), encoder, settings(case)).unwrap();
        let states = case["states_after_batch"].as_array().unwrap();
        compare(
            &mut loader,
            &tensors,
            &format!("case{index}"),
            |batch_index, batch| {
                // nanochat reports the group it read last, we the one that comes next.
                let next = batch.position.source;
                assert_eq!(next.row, 0, "a refill is a whole group here");
                let (group, epoch) = match next.group {
                    0 => (group_count - 1, next.epoch - 1),
                    group => (group - 1, next.epoch),
                };
                let state = &states[batch_index];
                assert_eq!(
                    (next.file as usize, group as usize),
                    (number(state, "pq_idx"), number(state, "rg_idx"))
                );
                assert_eq!(epoch as usize, number(state, "epoch"));
            },
        );
    }
}

#[test]
fn stream_parity() {
    let folder = golden("packing");
    let file: Value =
        serde_json::from_slice(&std::fs::read(only_file(&folder, "json")).unwrap()).unwrap();
    let bytes = std::fs::read(only_file(&folder, "safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();

    let case = &file["october_stream"];
    let source = MemoryDocuments::open(groups(case), 0, 1).unwrap();
    let encoder = number_encoder(number(case, "bos") as u32);
    let mut loader = StreamBatches::new(Box::new(source), encoder, settings(case)).unwrap();
    compare(&mut loader, &tensors, "stream25", |_, _| {});
}
