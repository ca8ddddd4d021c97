//! A real browser for the tests: Chromium without a window, driven over its DevTools protocol.
//!
//! `chromium` starts it and carries messages, `page` is one page in it with a storage of its own, `scripted` is a server
//! that says what a test wants to hear.

#![allow(dead_code, unused_imports)] // each test binary uses a part of it

mod chromium;
mod page;
mod scripted;

pub use chromium::chromium;
pub use page::{CONTROL, Page, SHIFT};
pub use scripted::{Answer, Asked, Scripted, token};

/// A page of the browser, or `None` after saying that the test was skipped.
pub fn open(address: &str) -> Option<Page> {
    chromium().map(|chromium| Page::open(chromium, address))
}
