//! A machine that refuses something: how a container or an old kernel looks from inside.

use seccompiler::{SeccompAction, SeccompFilter};
use std::collections::BTreeMap;

/// What `make` says on a thread, and in processes it starts, where the kernel refuses `calls` with `error`.
pub fn where_refused<T: Send>(calls: &[i64], error: i32, make: impl FnOnce() -> T + Send) -> T {
    let rules: BTreeMap<_, _> = calls.iter().map(|&call| (call, vec![])).collect();
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let refuse = SeccompAction::Errno(error as u32);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch).unwrap();
    let filter: seccompiler::BpfProgram = filter.try_into().unwrap();
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            seccompiler::apply_filter(&filter).unwrap();
            make()
        });
        thread.join().unwrap()
    })
}
