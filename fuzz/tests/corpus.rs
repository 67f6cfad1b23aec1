//! The seed corpus holds without libFuzzer: `cargo test --manifest-path fuzz/Cargo.toml --no-default-features`.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use std::path::Path;

/// Each target has seeds, and each seed, cut off anywhere, keeps its property.
#[test]
fn seeds_keep_their_properties() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, check) in gateway_fuzz::TARGETS {
        assert!(root.join(format!("fuzz_targets/{name}.rs")).is_file(), "{name} has no target");
        let folder = root.join("corpus").join(name);
        let seeds = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut count = 0;
        for seed in seeds {
            let seed = std::fs::read(seed.expect("an entry").path()).expect("a seed");
            count += 1;
            for end in 0..=seed.len() {
                check(&seed[..end]);
            }
        }
        assert!(count > 0, "{name} has no seeds");
    }
}
