(module
  (import "env" "memory" (memory 1 1 shared))
  (import "env" "count" (func $count (param i32)))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (func (export "wasi_thread_start") (param i32 i32)
    (call $count (local.get 1))
    (i32.atomic.store (i32.const 0) (i32.const 1))
    (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
  ;; Starts a thread, and waits until it has run.
  (func (export "run") (param i32)
    (drop (call $spawn (local.get 0)))
    (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))
