// ANCHOR: head
//! The same tokenizer, several times as fast.
//!
//! Each file replaces something that the chapter has explained, and gives exactly what that gives:
//!
//! | here | does the work of | how |
//! |---|---|---|
//! | `classes`, `scanner` | `pattern` | the seven rules as a loop, no regular expression |
//! | `packed`, `counting` | `count` | chunks as numbers, a table per core for the whole run |
//! | `merging`, `candidates` | `train` | flat lists, sums per neighbour, candidates in groups of equal count |
//! | `flat_table`, `chunk_cache`, `encoder` | `encode` | flat tables made beforehand, ranks kept instead of looked up again |
//! | `batch` | – | many texts on all cores |

pub mod batch;
pub mod candidates;
pub mod chunk_cache;
pub mod classes;
pub mod counting;
pub mod encoder;
pub mod flat_table;
pub mod merging;
pub mod packed;
pub mod scanner;
// ANCHOR_END: head
