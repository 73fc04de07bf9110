;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
(module
  (global $sum (mut i32) (i32.const 0))
  (func $twice (param $n i32) (result i32)
    local.get $n
    i32.const 2
    i32.mul)
  (func (export "_start")
    i32.const 21
    call $twice
    global.set $sum))
