;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; Values that exist in no source language that LLDB supports.
(module
  (type $pair (struct (field (mut i32)) (field (ref null $pair))))
  (memory $wide i64 65537)
  (data (i64.const 0x100000000) "high")
  (global $base (mut i32) (i32.const 1))
  (func $inner (param $p (ref null $pair)) (param $e externref) (param $n i64) (param $v v128) (result i32)
    (i32.add (struct.get $pair 0 (local.get $p)) (struct.get $pair 0 (struct.get $pair 1 (local.get $p)))))
  (func $run (export "run") (result i32)
    (i32.add
      (call $inner
        (struct.new $pair (i32.const 1) (struct.new $pair (i32.const 2) (ref.null $pair)))
        (ref.null extern) (i64.const 7) (v128.const i32x4 1 2 3 4))
      (global.get $base))))
