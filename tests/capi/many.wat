;; What a tenant of a server is: two private globals, a table and a memory that it does not touch until
;; it is asked to, and functions, of which one is exported.
(module
  (global $total (mut i64) (i64.const 5))
  (global $calls (mut i32) (i32.const 0))
  (table $steps 2 funcref)
  (elem (i32.const 0) $add $count)
  (memory $notes 1)
  (func $add (param $n i64) (result i64)
    (global.set $total (i64.add (global.get $total) (local.get $n)))
    global.get $total)
  (func $count (param $n i64) (result i64)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    local.get $n)
  (func (export "go") (param $n i64) (result i64)
    (call_indirect $steps (param i64) (result i64)
      (call $count (local.get $n))
      (i32.const 0))))
