;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; Traps beside a shared memory of its own, which has bytes at address 0.
(module
  (memory 1 1 shared)
  (data (i32.const 0) "\11\22\33\44")
  (func (export "_start") unreachable))
