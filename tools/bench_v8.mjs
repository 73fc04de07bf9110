// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs a WASI command in Node and prints the CPU seconds of the guest alone, on descriptor 3:
//   node bench_v8.mjs FOLDER FILE.wasm [ARGS...]
// The module is compiled and warmed before the clock starts (run with --no-liftoff --no-wasm-lazy-compilation).

import { readFileSync, writeSync } from 'node:fs';
import { WASI } from 'node:wasi';

const [folder, file, ...args] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(file));
const version = WebAssembly.Module.imports(module).some(({ module }) => module === 'wasi_unstable') ? 'unstable' : 'preview1';
const wasi = new WASI({ version, args: [file, ...args], preopens: { '.': folder }, returnOnExit: true });
const instance = new WebAssembly.Instance(module, wasi.getImportObject());

const before = process.cpuUsage();
wasi.start(instance);
const used = process.cpuUsage(before);
writeSync(3, `${(used.user + used.system) / 1e6}\n`);
