//! What it costs to share the optimizer of the seed model between ranks. Arithmetic: nothing is sent.
//!
//! `cargo run --example traffic`

use muon::traffic::{Link, Piece, Traffic};

/// d20 of October 2025.
const LAYERS: usize = 20;
const WIDTH: usize = 1280;
const VOCAB: usize = 65_536;
/// A step's tokens, and what one device of the node trains per second by itself (assumed: nanochat's 1.1 million over 8).
const BATCH: f64 = 524_288.0;
const TOKENS_PER_SECOND: f64 = 137_500.0;

fn main() {
    let pieces = Piece::of_seed(LAYERS, WIDTH, VOCAB);
    // NVLink 4: 450 GB/s each way by its data sheet, of which 80 % are assumed; 400 Gbit/s Ethernet or InfiniBand between
    // nodes. The latencies are assumed.
    let links = [
        (
            "NVLink",
            Link {
                bandwidth: 360e9,
                latency: 5e-6,
            },
        ),
        (
            "network",
            Link {
                bandwidth: 40e9,
                latency: 20e-6,
            },
        ),
    ];
    println!("d20, {BATCH} tokens a step, {TOKENS_PER_SECOND} tokens/s for each rank; arithmetic");
    println!(
        "ranks  sent per rank  rounds  buffers per rank  orthogonalised    computing     NVLink    of n×    network    of n×"
    );
    for world in [1, 2, 4, 8] {
        let traffic = Traffic::of_step(&pieces, world);
        let computing = BATCH / world as f64 / TOKENS_PER_SECOND;
        let costs: Vec<String> = links
            .iter()
            .map(|(_, link)| {
                let seconds = traffic.seconds(link);
                let share = 100.0 * computing / (computing + seconds);
                format!("{:6.1} ms  {share:5.1} %", 1000.0 * seconds)
            })
            .collect();
        println!(
            "{world:5}  {:10.3} GB  {:6}  {:13.3} GB  {:12.1} %  {:8.1} ms  {}",
            traffic.bytes / 1e9,
            traffic.rounds,
            traffic.buffers / 1e9,
            100.0 * traffic.orthogonalised,
            1000.0 * computing,
            costs.join("  "),
        );
    }
    println!("\nthe last line, piece by piece (each goes round twice, scattered and gathered)");
    println!("piece                  slots  sent, MB  NVLink, ms  network, ms");
    let names = ["head", "embedding", "q, k, v, o", "up", "down"];
    for (name, piece) in names.iter().zip(pieces) {
        let traffic = Traffic::of_step(&[piece], 8);
        let slots = match piece {
            Piece::Stack { count, .. } => format!("{count} → {}", count.next_multiple_of(8)),
            Piece::Table { rows, .. } => rows.to_string(),
        };
        println!(
            "{name:<15}{slots:>12}  {:8.0}  {:10.1}  {:11.1}",
            traffic.bytes / 1e6,
            1000.0 * traffic.seconds(&links[0].1),
            1000.0 * traffic.seconds(&links[1].1),
        );
    }
}
