// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program in Rust: collections, files, and a panic when it is asked for one. `collections.wasm` beside it is made by
//
//   rustc --target wasm32-wasip1 --edition 2021 -C opt-level=z -C lto -C codegen-units=1 -C debuginfo=line-tables-only
//         --remap-path-prefix "$PWD=." --remap-path-prefix "$(rustc --print sysroot)=rust" collections.rs
//   llvm-objcopy --remove-section=.debug_str --remove-section=.debug_info --remove-section=.debug_abbrev
//         --remove-section=.debug_ranges --remove-section=.debug_loc collections.wasm
use std::collections::{BTreeMap, HashMap, VecDeque};

mod depths {
    pub fn dive(depth: usize) -> usize {
        if depth == 0 {
            panic!("as deep as it goes");
        }
        std::hint::black_box(dive(depth - 1)) + 1
    }
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("panic") {
        println!("{}", depths::dive(2));
    }
    let text = "the quick brown fox jumps over the lazy dog and the cat";
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in text.split(' ') {
        *counts.entry(word).or_default() += 1;
    }
    let sorted: BTreeMap<_, _> = counts.into_iter().filter(|(_, count)| *count > 1).collect();
    for (word, count) in &sorted {
        println!("{word} {count}");
    }
    let mut queue: VecDeque<u64> = (1..=10).collect();
    while queue.len() > 1 {
        let sum = queue.pop_front().unwrap() + queue.pop_front().unwrap();
        queue.push_back(sum);
    }
    println!("{}", queue[0]);
    std::fs::write("note.txt", format!("{}\n", queue[0])).unwrap();
    println!("{}", std::fs::read_to_string("note.txt").unwrap().trim());
    std::fs::remove_file("note.txt").unwrap();
}
