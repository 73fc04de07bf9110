(module $stops
  (import "host" "call" (func $host (param i32)))
  (memory $memory 1)
  (global $total (mut i64) (i64.const 5))
  (table $table 4 funcref)
  (tag $failed (param i32))
  (elem declare func $store)
  (start $start)
  (func $start nop)
  (func $store (export "store") (param $at i32) (param $value i32)
    (i32.store (local.get $at) (local.get $value))
    nop)
  (func $load (export "load") (param $at i32) (result i32) (i32.load (local.get $at)))
  (func $add (export "add") (param $n i64)
    (global.set $total (i64.add (global.get $total) (local.get $n)))
    nop)
  (func $put (export "put") (param $at i32) (table.set (local.get $at) (ref.func $store)))
  (func $twice (param $n i32) (result i32)
    local.get $n
    local.get $n
    i32.add)
  (func $run (export "run") (param $n i32) (result i32)
    (local $i i32)
    loop $again
      local.get $i
      i32.const 1
      i32.add
      local.set $i
      local.get $i
      call $host
      local.get $i
      local.get $n
      i32.lt_s
      br_if $again
    end
    local.get $i
    call $twice)
  (func $divide (export "divide") (param $a i32) (param $b i32) (result i32)
    (i32.div_s (local.get $a) (local.get $b)))
  (func $throw (export "throw") (param $n i32) (throw $failed (local.get $n)))
  (func $catch (export "catch") (param $n i32) (result i32)
    (block $caught (result i32)
      (try_table (catch $failed $caught)
        (call $throw (local.get $n)))
      (i32.const -1)))
  (func $spin (export "spin") (loop $again (br $again))))
