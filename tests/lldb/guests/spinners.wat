;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; Two threads that spin forever unless a debugger moves them elsewhere. The program's exit status
;; is the sum of what they return.
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (tag $error)
  (func $spin (export "spin") (result i32)
    (loop (br_if 0 (i32.eqz (i32.atomic.load (i32.const 0)))))
    i32.const 3
    i32.const 4
    i32.add)
  (func (export "wasi_thread_start") (param i32 i32)
    (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
    (drop (i32.atomic.rmw.add (i32.const 8) (call $spin)))
    (drop (i32.atomic.rmw.add (i32.const 12) (i32.const 1))))
  (func $all_there nop)
  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 0)))
    (loop (br_if 0 (i32.ne (i32.atomic.load (i32.const 4)) (i32.const 2))))
    (call $all_there)
    (loop (br_if 0 (i32.ne (i32.atomic.load (i32.const 12)) (i32.const 2))))
    (call $exit (i32.atomic.load (i32.const 8)))))
