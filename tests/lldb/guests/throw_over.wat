;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A call whose exception the caller catches, and one whose exception the caller's caller catches.
(module
  (tag $e (param i32))
  (global $n (mut i32) (i32.const 0))
  (func $thrower (param $x i32) (result i32)
    (if (i32.gt_s (local.get $x) (i32.const 2)) (then (throw $e (local.get $x))))
    (i32.mul (local.get $x) (i32.const 10)))
  (func $mid (param $x i32) (result i32)
    (i32.add (call $thrower (local.get $x)) (i32.const 1)))
  (func $safe (param $x i32) (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $e $h)
        (call $mid (local.get $x)))
      (return))
    (i32.const 1000)
    (i32.add))
  (func (export "_start")
    (global.set $n (i32.add (call $safe (i32.const 1)) (call $safe (i32.const 5))))))
