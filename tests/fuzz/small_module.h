// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

namespace vitrine::fuzz {

/*
(module $fuzzed
  (memory 1)
  (table 2 funcref)
  (elem (i32.const 0) func $triple)
  (tag $odd (param i32))
  (global $sum (mut i64) (i64.const 0))
  (func $triple (param $n i32) (result i32)
    local.get $n
    i32.const 3
    i32.mul)
  (func $check (param $n i32)
    local.get $n
    i32.const 1
    i32.and
    if
      local.get $n
      throw $odd
    end)
  (func $run (export "run") (param $n i32) (result i32) (local $i i32)
    loop $again
      block $caught (result i32)
        try_table (catch $odd $caught)
          local.get $i
          call $check
        end
        i32.const 0
      end
      local.get $i
      i32.const 0
      call_indirect (param i32) (result i32)
      i32.add
      local.tee $n
      i64.extend_i32_u
      global.get $sum
      i64.add
      global.set $sum
      local.get $i
      i32.const 4
      i32.mul
      local.get $n
      i32.store
      local.get $i
      i32.const 1
      i32.add
      local.tee $i
      i32.const 12
      i32.lt_u
      br_if $again
    end
    local.get $n))
*/
constexpr uint8_t module_bytes[] = { 0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 0x0a, 2, 0x60, 1, 0x7f, 0, 0x60, 1,
    0x7f, 1, 0x7f, 3, 4, 3, 1, 0, 1, 4, 4, 1, 0x70, 0, 2, 5, 3, 1, 0, 1, 0x0d, 3, 1, 0, 0, 6, 6, 1, 0x7e, 1,
    0x42, 0, 0x0b, 7, 7, 1, 3, 0x72, 0x75, 0x6e, 0, 2, 9, 7, 1, 0, 0x41, 0, 0x0b, 1, 0, 0x0a, 0x58, 3, 7, 0,
    0x20, 0, 0x41, 3, 0x6c, 0x0b, 0x0e, 0, 0x20, 0, 0x41, 1, 0x71, 4, 0x40, 0x20, 0, 8, 0, 0x0b, 0x0b, 0x3f,
    1, 1, 0x7f, 3, 0x40, 2, 0x7f, 0x1f, 0x40, 1, 0, 0, 0, 0x20, 1, 0x10, 1, 0x0b, 0x41, 0, 0x0b, 0x20, 1,
    0x41, 0, 0x11, 1, 0, 0x6a, 0x22, 0, 0xad, 0x23, 0, 0x7c, 0x24, 0, 0x20, 1, 0x41, 4, 0x6c, 0x20, 0, 0x36,
    2, 0, 0x20, 1, 0x41, 1, 0x6a, 0x22, 1, 0x41, 0x0c, 0x49, 0x0d, 0, 0x0b, 0x20, 0, 0x0b, 0, 0x5e, 4, 0x6e,
    0x61, 0x6d, 0x65, 0, 7, 6, 0x66, 0x75, 0x7a, 0x7a, 0x65, 0x64, 1, 0x15, 3, 0, 6, 0x74, 0x72, 0x69, 0x70,
    0x6c, 0x65, 1, 5, 0x63, 0x68, 0x65, 0x63, 0x6b, 2, 3, 0x72, 0x75, 0x6e, 2, 0x13, 3, 0, 1, 0, 1, 0x6e, 1,
    1, 0, 1, 0x6e, 2, 2, 0, 1, 0x6e, 1, 1, 0x69, 3, 0x12, 1, 2, 2, 0, 5, 0x61, 0x67, 0x61, 0x69, 0x6e, 1, 6,
    0x63, 0x61, 0x75, 0x67, 0x68, 0x74, 7, 6, 1, 0, 3, 0x73, 0x75, 0x6d, 0x0b, 6, 1, 0, 3, 0x6f, 0x64, 0x64 };

} // namespace vitrine::fuzz
