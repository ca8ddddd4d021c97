// ANCHOR: head
//! The two tools: fetching real data sets, and tokenising shards beforehand.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use dataset::download::{Bars, Catalogue, Order, Settings, provide};
use dataset::parquet_documents::list_shards;
use dataset::token_writer::tokenise;
use tokenizer::Tokenizer;
// ANCHOR_END: head

// ANCHOR: download
/// Fetch real data sets into a data folder
///
/// Files are kept in $NANOCRAB_HOME (or the user's cache folder) and linked from the data folder. HF_TOKEN, HF_ENDPOINT,
/// HF_HUB_OFFLINE, HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are honoured. What was interrupted goes on where it stopped.
#[derive(Args)]
pub struct Download {
    /// Names of data sets; without any, and without --shards, the catalogue is listed
    names: Vec<String>,
    /// Pretraining text: a name, and how many training shards (all, if no number); validation comes along
    #[arg(long, value_name = "NAME[:COUNT]")]
    shards: Option<String>,
    /// The data folder
    #[arg(long, default_value = "data")]
    to: PathBuf,
    /// Take what is in the cache, ask nobody
    #[arg(long)]
    offline: bool,
    /// Files at a time
    #[arg(long, default_value_t = 4)]
    parallel: usize,
}

impl Download {
    pub fn run(self) -> Result<()> {
        let catalogue = Catalogue::built_in();
        if self.names.is_empty() && self.shards.is_none() {
            list(&catalogue);
            return Ok(());
        }
        let shards = match &self.shards {
            None => None,
            Some(text) => Some(match text.split_once(':') {
                None => (text.clone(), None),
                Some((name, count)) => {
                    let count = count.parse();
                    let count = count
                        .with_context(|| format!("--shards {text}: no number behind the colon"))?;
                    (name.to_owned(), Some(count))
                }
            }),
        };
        let mut settings = Settings::from_environment()?;
        settings.offline |= self.offline;
        settings.parallel = self.parallel;
        let order = Order {
            shards,
            sets: self.names,
        };
        let provided = provide(&catalogue, &order, &self.to, &settings, &Bars::default())?;
        for remark in &provided.remarks {
            println!("note: {remark}");
        }
        println!(
            "{} files in {}, {} of them fetched now; the cache is {}",
            provided.files,
            self.to.display(),
            provided.fetched,
            settings.cache.display()
        );
        Ok(())
    }
}

fn list(catalogue: &Catalogue) {
    println!("pretraining text (--shards NAME:COUNT)");
    for set in &catalogue.shards {
        println!("  {:14} {} (1 to {} shards)", set.name, set.about, set.last);
    }
    println!("other sets (NAME …)");
    let rows = catalogue.rows.iter().map(|set| (&set.name, &set.about));
    let files = catalogue.files.iter().map(|file| (&file.name, &file.about));
    for (name, about) in rows.chain(files) {
        println!("  {name:14} {about}");
    }
}
// ANCHOR_END: download

// ANCHOR: tokenize
/// Write parquet shards as token shards, which cost a nineteenth to read
#[derive(Args)]
pub struct Tokenize {
    /// A folder of parquet shards
    shards: PathBuf,
    /// Where the token shards go
    out: PathBuf,
    /// tokenizer.json
    #[arg(long)]
    tokenizer: PathBuf,
}

impl Tokenize {
    pub fn run(self) -> Result<()> {
        let tokenizer = Tokenizer::load(&self.tokenizer)?;
        std::fs::create_dir_all(&self.out)
            .with_context(|| format!("cannot make the folder {}", self.out.display()))?;
        let shards = list_shards(&self.shards)?;
        anyhow::ensure!(
            !shards.is_empty(),
            "{}: no .parquet files in it",
            self.shards.display()
        );
        for shard in &shards {
            let started = Instant::now();
            let done = tokenise(shard, &self.out, &tokenizer)?;
            let seconds = started.elapsed().as_secs_f64();
            let name = shard.file_name().unwrap_or_default().to_string_lossy();
            let how = if done.kept {
                "there already".to_owned()
            } else {
                format!("{:.2} million tokens/s", done.ids as f64 / seconds / 1e6)
            };
            println!(
                "{name}: {} documents, {} tokens, {how}",
                done.documents, done.ids
            );
        }
        Ok(())
    }
}
// ANCHOR_END: tokenize
