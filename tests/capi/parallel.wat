(module
  (import "host" "add" (func $add (param i32 i32) (result i32)))
  (memory (export "memory") 1 64)
  (global $rounds (mut i32) (i32.const 0))
  ;; Adds up the numbers below n in the memory, each by a call of the host.
  (func (export "sum") (param $n i32) (result i32) (local $i i32)
    loop $again
      (i32.store (i32.const 64) (call $add (i32.load (i32.const 64)) (local.get $i)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n)))
    end
    (global.set $rounds (i32.add (global.get $rounds) (i32.const 1)))
    (i32.load (i32.const 64)))
  (func (export "grow") (param $pages i32) (result i32)
    (memory.grow (local.get $pages)))
  (func (export "divide") (param $by i32) (result i32)
    (i32.div_u (i32.const 100) (local.get $by)))
  (func (export "load") (param $at i32) (result i32)
    (i32.load (local.get $at)))
  (func (export "spin") (param i32) (result i32)
    (loop $again (br $again))
    unreachable))
