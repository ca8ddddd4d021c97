// ANCHOR: head
//! Tensors in files: the safetensors format. Eight bytes give the length of a JSON header; the header gives each tensor's
//! element type, shape and place; then come the raw bytes. Nothing in such a file can be executed, which is why weights are
//! no longer shipped as pickles.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, View};
use tch::{Device, Kind, Tensor};

use crate::Error;
// ANCHOR_END: head

// ANCHOR: element_types
/// The element types that our files may hold, as safetensors and as libtorch call them.
const ELEMENT_TYPES: [(Dtype, Kind); 8] = [
    (Dtype::F32, Kind::Float),
    (Dtype::BF16, Kind::BFloat16),
    (Dtype::F16, Kind::Half),
    (Dtype::I64, Kind::Int64),
    (Dtype::F64, Kind::Double),
    (Dtype::I32, Kind::Int),
    (Dtype::U8, Kind::Uint8),
    (Dtype::BOOL, Kind::Bool),
];
// ANCHOR_END: element_types

// ANCHOR: read
/// Every tensor of a file, on the CPU, in the order in which they lie there.
pub fn read_tensors(path: &Path) -> Result<Vec<(String, Tensor)>, Error> {
    let in_file = |source| Error::File {
        path: path.to_path_buf(),
        source,
    };
    let damaged = |source| Error::Safetensors {
        path: path.to_path_buf(),
        source,
    };

    let file = File::open(path).map_err(in_file)?;
    // SAFETY: the mapping is read below and dropped at the end of this function. Another process that cut the file
    // short in between would end this one; nothing else ever writes to a finished file of ours.
    let bytes = unsafe { memmap2::Mmap::map(&file) }.map_err(in_file)?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(damaged)?;
    let mut found: Vec<_> = tensors.iter().collect();
    found.sort_by_key(|(_, view)| view.data().as_ptr());

    let mut read = Vec::new();
    for (name, view) in found {
        let Some((_, kind)) = ELEMENT_TYPES
            .iter()
            .find(|(dtype, _)| *dtype == view.dtype())
        else {
            let found = format!("{:?}", view.dtype());
            return Err(Error::ElementType {
                path: path.to_path_buf(),
                tensor: name.to_string(),
                found,
            });
        };
        let shape: Vec<i64> = view.shape().iter().map(|&size| size as i64).collect();
        read.push((
            name.to_string(),
            Tensor::f_from_data_size(view.data(), &shape, *kind)?,
        ));
    }
    Ok(read)
}
// ANCHOR_END: read

// ANCHOR: write
/// Writes the tensors beside `path` first and renames the finished file: under its final name it is always whole.
pub fn write_tensors(path: &Path, tensors: &[(String, &Tensor)]) -> Result<(), Error> {
    let in_file = |source| Error::File {
        path: path.to_path_buf(),
        source,
    };
    let views = views(path, tensors)?;
    let unfinished = path.with_extension("unfinished");
    let written = safetensors::serialize_to_file(views, note(), &unfinished)
        .map_err(|source| Error::Safetensors {
            path: path.to_path_buf(),
            source,
        })
        .and_then(|()| {
            File::open(&unfinished)
                .and_then(|file| file.sync_all())
                .map_err(in_file)
        })
        .and_then(|()| fs::rename(&unfinished, path).map_err(in_file));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished); // the first error is the one to report
    }
    written
}

/// The same file's content in memory, for whoever writes it by means of their own. `path` is what errors name.
pub fn to_bytes(path: &Path, tensors: &[(String, &Tensor)]) -> Result<Vec<u8>, Error> {
    safetensors::serialize(views(path, tensors)?, note()).map_err(|source| Error::Safetensors {
        path: path.to_path_buf(),
        source,
    })
}

/// "pt" tells transformers that the tensors are PyTorch's, weights [out, in].
fn note() -> Option<HashMap<String, String>> {
    Some(HashMap::from([("format".to_string(), "pt".to_string())]))
}

fn views<'a>(
    path: &Path,
    tensors: &'a [(String, &'a Tensor)],
) -> Result<Vec<(&'a str, Bytes<'a>)>, Error> {
    let mut views = Vec::new();
    for (name, tensor) in tensors {
        let kind = tensor.kind();
        let Some((dtype, _)) = ELEMENT_TYPES.iter().find(|(_, known)| *known == kind) else {
            let found = format!("{kind:?}");
            return Err(Error::ElementType {
                path: path.to_path_buf(),
                tensor: name.clone(),
                found,
            });
        };
        let shape = tensor.size().iter().map(|&size| size as usize).collect();
        views.push((
            name.as_str(),
            Bytes {
                tensor,
                dtype: *dtype,
                shape,
            },
        ));
    }
    Ok(views)
}

/// A tensor as the writer wants to see it. Its bytes are copied only when their turn comes, one tensor at a time.
struct Bytes<'a> {
    tensor: &'a Tensor,
    dtype: Dtype,
    shape: Vec<usize>,
}

impl View for Bytes<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let host = self.tensor.detach().to_device(Device::Cpu).contiguous();
        let mut bytes = vec![0; self.data_len()];
        host.copy_data_u8(&mut bytes, host.numel());
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        self.tensor.numel() * self.tensor.kind().elt_size_in_bytes()
    }
}
// ANCHOR_END: write
