// ANCHOR: head
//! What a call into `csrc/` answers: nothing, or a message.

use std::ffi::{CStr, c_char};

use crate::Error;
// ANCHOR_END: head

// ANCHOR: answered
/// Null is success; otherwise a C string from malloc, which is taken over and freed.
pub(crate) fn answered(doing: &'static str, message: *mut c_char) -> Result<(), Error> {
    match said(message) {
        None => Ok(()),
        Some(said) => Err(Error::Glue { doing, said }),
    }
}

/// The message itself, if there is one.
pub(crate) fn said(message: *mut c_char) -> Option<String> {
    if message.is_null() {
        return None;
    }
    // SAFETY: a C string from malloc, ours to free.
    let said = unsafe {
        let text = CStr::from_ptr(message).to_string_lossy().into_owned();
        libc::free(message.cast());
        text
    };
    // libtorch appends a stack of C++ frames, which says nothing to whoever reads this.
    Some(said.lines().next().unwrap_or_default().to_string())
}
// ANCHOR_END: answered
