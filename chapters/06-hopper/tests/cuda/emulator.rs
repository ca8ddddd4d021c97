//! A CPU in the place of the GPU: compiles the kernels' own sources with the C++ compiler and runs them thread by thread.
//!
//! Every tensor is handed over as a copy that ends where a page ends, and the next page may not be touched: a kernel that reads or
//! writes past an end does not pass unnoticed, it ends the test program. Reads and writes of 16 bytes trap where they are
//! not aligned, as a GPU does.

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hopper::cuda::Error;
use hopper::cuda::kernel::{Element, Kernel, SOURCES, Source};
use hopper::cuda::launch::{Argument, Grid, Launch};
use libloading::Library;
use tch::Device;

/// The order in which the threads of a block take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Forward,
    Backward,
}

#[derive(Clone)]
pub struct Emulator {
    pub order: Order,
    /// A text in the sources, and what stands there instead: for tests that break a kernel.
    pub change: Option<(&'static str, &'static str)>,
    /// What was run, for tests that ask whether something was.
    pub runs: Arc<Mutex<Vec<Kernel>>>,
}

impl Emulator {
    pub fn new(order: Order) -> Emulator {
        Emulator {
            order,
            change: None,
            runs: Arc::default(),
        }
    }
}

impl Launch for Emulator {
    fn reaches(&self, device: Device) -> bool {
        device == Device::Cpu
    }

    fn launch(&self, kernel: Kernel, grid: Grid, arguments: &[Argument]) -> Result<(), Error> {
        self.runs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(kernel);
        let mut copies: HashMap<usize, Guarded> = HashMap::new();
        let mut values: Vec<u64> = arguments
            .iter()
            .map(|argument| match argument {
                Argument::Tensor(tensor) => {
                    assert!(
                        tensor.is_contiguous(),
                        "{} is given a tensor out of order",
                        kernel.function
                    );
                    let bytes = tensor.numel() * tensor.kind().elt_size_in_bytes();
                    let from = tensor.data_ptr() as usize;
                    let copy = copies
                        .entry(from)
                        .or_insert_with(|| Guarded::of(from, bytes));
                    assert_eq!(copy.bytes, bytes, "two sizes of one tensor");
                    copy.start() as u64
                }
                other => other.bits(),
            })
            .collect();
        let mut addresses: Vec<*mut c_void> = values
            .iter_mut()
            .map(|value| std::ptr::from_mut(value).cast())
            .collect();
        let name = CString::new(kernel.function).unwrap();
        let library = self.library(kernel);
        // One at a time: the emulator's threads and shared memory are globals of its library.
        let wrong = {
            static ONE: Mutex<()> = Mutex::new(());
            let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
            type Emulate = unsafe extern "C" fn(
                *const c_char,
                u32,
                u32,
                u32,
                *mut *mut c_void,
                c_int,
            ) -> *const c_char;
            unsafe {
                let emulate = library.get::<Emulate>(c"emulate").unwrap();
                let wrong = emulate(
                    name.as_ptr(),
                    grid.blocks.0,
                    grid.blocks.1,
                    grid.threads,
                    addresses.as_mut_ptr(),
                    (self.order == Order::Backward).into(),
                );
                wrong
                    .as_ref()
                    .map(|text| CStr::from_ptr(text).to_string_lossy().into_owned())
            }
        };
        assert_eq!(wrong, None, "{} at {grid:?}", kernel.function);
        for (to, copy) in copies {
            copy.take_back(to, kernel.function);
        }
        Ok(())
    }
}

impl Emulator {
    /// The kernels for one element and width, compiled at the first call; a changed source on its own.
    fn library(&self, kernel: Kernel) -> &'static Library {
        type Key = (
            &'static str,
            Element,
            usize,
            Option<(&'static str, &'static str)>,
        );
        static LIBRARIES: OnceLock<Mutex<HashMap<Key, &'static Library>>> = OnceLock::new();
        let change = self
            .change
            .filter(|(from, _)| kernel.source.text().contains(from));
        let (name, sources) = match change {
            Some(_) => (kernel.source.name, vec![kernel.source]),
            None => ("", SOURCES.to_vec()),
        };
        let mut libraries = LIBRARIES
            .get_or_init(Mutex::default)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        libraries
            .entry((name, kernel.element, kernel.width, change))
            .or_insert_with(|| {
                let folder = tempfile::tempdir().unwrap();
                let library = compile(&sources, kernel, change, folder.path());
                Box::leak(Box::new(library))
            })
    }
}

fn compile(
    sources: &[&Source],
    kernel: Kernel,
    change: Option<(&str, &str)>,
    folder: &Path,
) -> Library {
    let mut text = include_str!("emulator.hpp").to_string();
    let mut entries = Vec::new();
    for source in sources {
        let (from, to) = change.unwrap_or_default();
        let own = if from.is_empty() {
            source.text()
        } else {
            source.text().replace(from, to)
        };
        text += &format!(
            "
namespace of_{} {{
{own}
}}
",
            source.name
        );
        for function in source.functions {
            entries.push(format!(
                "{{\"{function}\", emulator::call<&of_{}::{function}>}}",
                source.name
            ));
        }
    }
    text += &format!(
        "const emulator::Entry entries[] = {{{}}};\nconst size_t entry_count = {};\n",
        entries.join(", "),
        entries.len()
    );
    let (source, library) = (folder.join("kernels.cpp"), folder.join("kernels.so"));
    std::fs::write(&source, text).unwrap();
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    let output = Command::new(compiler)
        .args([
            "-std=c++17",
            "-O1",
            "-shared",
            "-fPIC",
            "-Wno-unknown-pragmas",
        ])
        // An unaligned access of 16 bytes is fine on most CPUs, and an error on every GPU.
        .args(["-fsanitize=alignment", "-fsanitize-undefined-trap-on-error"])
        .arg(format!("-DELEMENT={}", kernel.element.name()))
        .arg(format!("-DWIDTH={}", kernel.width))
        .arg("-o")
        .args([&library, &source])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "the kernels do not compile for the CPU:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    unsafe { Library::new(&library) }.unwrap()
}

/// A copy of a tensor's bytes between two pages that may not be touched.
struct Guarded {
    pages: *mut u8,
    size: usize,
    offset: usize,
    bytes: usize,
}

const PAGE: usize = 4096;
const UNTOUCHED: u8 = 0xa5;

impl Guarded {
    /// The copy begins as far behind a multiple of 16 as the original.
    fn of(from: usize, bytes: usize) -> Guarded {
        let inner = (bytes + 15).div_ceil(PAGE) * PAGE;
        let size = inner + 2 * PAGE;
        unsafe {
            let pages = libc::mmap(
                std::ptr::null_mut(),
                size,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            assert_ne!(pages, libc::MAP_FAILED);
            let pages = pages.cast::<u8>();
            pages.add(PAGE).write_bytes(UNTOUCHED, inner);
            assert_eq!(libc::mprotect(pages.cast(), PAGE, libc::PROT_NONE), 0);
            assert_eq!(
                libc::mprotect(pages.add(PAGE + inner).cast(), PAGE, libc::PROT_NONE),
                0
            );
            let mut offset = PAGE + inner - bytes;
            while offset % 16 != from % 16 {
                offset -= 1;
            }
            std::ptr::copy_nonoverlapping(from as *const u8, pages.add(offset), bytes);
            Guarded {
                pages,
                size,
                offset,
                bytes,
            }
        }
    }

    fn start(&self) -> *mut u8 {
        unsafe { self.pages.add(self.offset) }
    }

    fn take_back(&self, to: usize, kernel: &str) {
        let inside =
            unsafe { std::slice::from_raw_parts(self.pages.add(PAGE), self.size - 2 * PAGE) };
        let (before, rest) = inside.split_at(self.offset - PAGE);
        let (ours, behind) = rest.split_at(self.bytes);
        let untouched = |bytes: &[u8]| bytes.iter().all(|&byte| byte == UNTOUCHED);
        assert!(
            untouched(before) && untouched(behind),
            "{kernel} has written beside a tensor"
        );
        unsafe { std::ptr::copy_nonoverlapping(ours.as_ptr(), to as *mut u8, self.bytes) };
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        unsafe { libc::munmap(self.pages.cast(), self.size) };
    }
}
